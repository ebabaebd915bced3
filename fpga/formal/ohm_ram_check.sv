// The contract, asserted of the first lane of ohm_ram. The memory has no reset; here it is the start of the proof.

`include "ohm_assert.svh"

module ohm_ram_check #(
    parameter int unsigned Width = 9,
    parameter int unsigned AddrW = 4
) (
    input logic             clk_i,
    input logic             we_i,
    input logic [AddrW-1:0] waddr_i,
    input logic [Width-1:0] wdata_i,
    input logic [AddrW-1:0] raddr_i,
    input logic [Width-1:0] rdata_i
);
  logic started_q = 1'b0;
  logic [AddrW-1:0] addr;
  logic [Width-1:0] word;
  logic known;
  always_ff @(posedge clk_i) started_q <= 1'b1;

  ohm_symbol #(
      .Width(AddrW)
  ) u_addr (
      .clk_i,
      .rst_ni (started_q),
      .value_o(addr)
  );

  ohm_ram_contract #(
      .Assume(1'b0),
      .Width (Width),
      .AddrW (AddrW)
  ) u_contract (
      .clk_i,
      .rst_ni (started_q),
      .addr_i (addr),
      .we_i,
      .waddr_i,
      .wdata_i,
      .raddr_i,
      .rdata_i,
      .word_o (word),
      .known_o(known),
      .hit_o  (),
      .want_o ()
  );

  `OHM_ASSERT(Lemma_A, !known || gen_lane[0].mem[addr] == word, clk_i, !started_q)
endmodule

bind ohm_ram ohm_ram_check #(
    .Width(LaneWidth),
    .AddrW(AddrW)
) u_check (
    .clk_i,
    .we_i(we_i[0]),
    .waddr_i,
    .wdata_i(wdata_i[0+:LaneWidth]),
    .raddr_i,
    .rdata_i(rdata_o[0+:LaneWidth])
);
