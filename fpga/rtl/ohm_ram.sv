// Memory with one write and one read port, for block RAM: the read data come a clock after the address.
// Lanes of the word are written separately. A read of the word that is being written gives the old one
// here, anything in hardware (fpga/boards/build.py): nobody may use it.

module ohm_ram #(
    parameter int unsigned Lanes = 1,  // parts of a word with a write enable of their own
    parameter int unsigned LaneWidth = 32,
    parameter int unsigned Depth = 512,
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input logic clk_i,

    input logic [          Lanes-1:0] we_i,
    input logic [          AddrW-1:0] waddr_i,
    input logic [Lanes*LaneWidth-1:0] wdata_i,

    input  logic [          AddrW-1:0] raddr_i,
    output logic [Lanes*LaneWidth-1:0] rdata_o
);
  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic [LaneWidth-1:0] mem[Depth];
    always_ff @(posedge clk_i) begin
      rdata_o[l*LaneWidth+:LaneWidth] <= mem[raddr_i];
      if (we_i[l]) mem[waddr_i] <= wdata_i[l*LaneWidth+:LaneWidth];
    end
  end
endmodule
