// Stands for ohm_ram in the proofs of its users: what it reads is free but for ohm_ram_contract.

module ohm_ram_model #(
    parameter int unsigned Lanes = 1,
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
  ohm_any #(.Width(Lanes * LaneWidth)) u_any (.value_o(rdata_o));
endmodule
