// How long the X1's scan driver biases a cell for a read. What it is asked for stays as it is while it is asked.

`include "ohm_assert.svh"

module ohm_scan_check #(
    parameter int unsigned Packet  = 0,
    parameter int unsigned HoldFor = 0,
    parameter int unsigned CountW  = 0
) (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,
    input logic ask_i,
    input logic read_i,
    input logic ready_o,
    input logic read_o,
    input logic [CountW-1:0] count_q
);
  logic unused_start;  // begins in reset
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_start)
  );

  logic was_read_q, asked_q;
  logic [15:0] high_q;  // clocks that read_o has been high before this one
  always_ff @(posedge clk_i) begin
    asked_q    <= rst_ni && !safe_i && ask_i && !ready_o;
    was_read_q <= read_i;
    high_q     <= rst_ni && read_o ? high_q + 16'd1 : '0;
  end
`ifdef FORMAL
  always_ff @(posedge clk_i) if (asked_q && ask_i) assume (read_i == was_read_q);
`endif

  `OHM_ASSERT(ReadHold_A, !read_o || 32'(high_q) <= HoldFor)
  `OHM_COVER(Held_C, read_o && 32'(high_q) == HoldFor)

  `OHM_ASSERT(LemmaCount_A, 32'(count_q) <= Packet + HoldFor)
  `OHM_ASSERT(LemmaAsked_A, count_q == '0 || asked_q)
  `OHM_ASSERT(LemmaPulse_A, 32'(count_q) <= Packet || was_read_q)
  `OHM_ASSERT(LemmaHigh_A, !read_o || count_q == '0 || 32'(high_q) + Packet + 1 == 32'(count_q))
  `OHM_ASSERT(LemmaRead_A, 32'(count_q) <= Packet || read_o)
  `OHM_ASSERT(LemmaLow_A, read_o || high_q == '0 || 32'(count_q) <= 1)
endmodule

bind ohm_scan ohm_scan_check #(
    .Packet (Packet),
    .HoldFor(HoldFor),
    .CountW (CountW)
) u_check (.*);
