// Memory with two ports that read or write, for true dual-port block RAM. Data come a clock after the
// address. Both ports writing one word in the same clock is the user's mistake: port b wins here, hardware
// may differ. So it is if one port reads the word that the other writes: the old one here, anything in hardware.

module ohm_ram_tdp #(
    parameter  int unsigned Lanes     = 2,
    parameter  int unsigned LaneWidth = 32,
    parameter  int unsigned Depth     = 512,
    localparam int unsigned AddrW     = $clog2(Depth)
) (
    input logic clk_i,

    input  logic [          Lanes-1:0] a_we_i,
    input  logic [          AddrW-1:0] a_addr_i,
    input  logic [Lanes*LaneWidth-1:0] a_wdata_i,
    output logic [Lanes*LaneWidth-1:0] a_rdata_o,

    input  logic [          Lanes-1:0] b_we_i,
    input  logic [          AddrW-1:0] b_addr_i,
    input  logic [Lanes*LaneWidth-1:0] b_wdata_i,
    output logic [Lanes*LaneWidth-1:0] b_rdata_o
);
  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic [LaneWidth-1:0] mem[Depth];
    always_ff @(posedge clk_i) begin
      a_rdata_o[l*LaneWidth+:LaneWidth] <= mem[a_addr_i];
      b_rdata_o[l*LaneWidth+:LaneWidth] <= mem[b_addr_i];
      if (a_we_i[l]) mem[a_addr_i] <= a_wdata_i[l*LaneWidth+:LaneWidth];
      if (b_we_i[l]) mem[b_addr_i] <= b_wdata_i[l*LaneWidth+:LaneWidth];
    end
  end
endmodule
