// The packet to the X1, as its chip takes it: under every bias it has had a whole word, of the cell that lines were set to.
// How a bias comes to the pins is ohm_scan_pins_check's.

`include "ohm_assert.svh"

module ohm_scan_packet_check
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned Half   = 0,
    parameter int unsigned Packet = 0
) (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,
    input logic cmd_valid_i,
    input logic cmd_ready_o,
    input cmd_t cmd_i,
    input logic read_o,
    input logic set_en_o,
    input logic reset_en_o,
    input logic scan_cc_o,
    input logic scan_dl_o,
    input logic lead_o,

    // for the steps
    input mode_e mode_q,
    input logic [Rows-1:0] wl_q,
    input logic [Rows-1:0] bl_q,
    input logic [Columns-1:0] col_q
);
  localparam int unsigned Bits = 18;

  logic unused_start;  // begins in reset
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_start)
  );

  logic off, biased;
  assign off = !rst_ni || safe_i;
  assign biased = !off && (set_en_o || reset_en_o || read_o);

  logic [Rails-1:0][15:0] told_code;
  mode_e told_mode;
  logic [Rows-1:0] told_wl, told_bl;
  logic [Columns-1:0] told_col;
  ohm_scan_told u_told (
      .clk_i,
      .off_i(off),
      .cmd_valid_i,
      .cmd_ready_i(cmd_ready_o),
      .cmd_i,
      .code_o(told_code),
      .mode_o(told_mode),
      .wl_o(told_wl),
      .bl_o(told_bl),
      .col_o(told_col)
  );

`ifdef SEARCH
  // lines, then a pulse, as soon as it goes
  always_ff @(posedge clk_i) begin
    assume (!safe_i && cmd_valid_i);
    assume (cmd_i.kind == (told_mode == ModeOff ? CmdLines : CmdPulse));
    assume (cmd_i.value == 16'd3 && cmd_i.mode inside {ModeSet, ModeReset});
    assume (cmd_i.wl == 32'd1 << 5 && cmd_i.col == 32'd1 << 18);
  end
`endif

  // ---- the chip: a bit with each rise of ScanInCC since TM rose

  logic cc_q, lead_q, rises;
  logic [4:0] bits, bits_q;
  logic [Bits-1:0] word, word_q;
  assign rises = scan_cc_o && !cc_q;
  assign bits  = (lead_o && !lead_q ? '0 : bits_q) + 5'(rises);
  assign word  = rises ? {scan_dl_o, word_q[Bits-1:1]} : word_q;
  always_ff @(posedge clk_i) begin
    cc_q   <= rst_ni && scan_cc_o;
    lead_q <= rst_ni && lead_o;
    bits_q <= bits;
    word_q <= word;
  end

  logic of_cell;  // a dummy bit, WL, BL, SL, OP_SET, a tail bit
  assign of_cell = told_wl == 32'd1 << word[5:1] && told_col == 32'd1 << word[10:6] &&
      word[15:11] == word[5:1] && word[16] == (told_mode == ModeSet);

  `OHM_ASSERT(CellAsAsked_A, !biased || (bits == 5'(Bits) && of_cell))
  `OHM_COVER(SetCell_C, biased && told_mode == ModeSet)

  // ---- steps to it

  logic [31:0] count, left, halves;
  logic in_packet, chosen;
  logic [4:0] shifts, row, column;
  logic [Bits-1:0] frame;
  always_comb begin
    row    = '0;
    column = '0;
    for (int unsigned i = 0; i < 32; i++) begin
      if (told_wl[i]) row |= 5'(i);
      if (told_col[i]) column |= 5'(i);
    end
  end
  assign frame = {1'b0, told_mode == ModeSet, row, column, row, 1'b0};
  assign count = 32'(u_scan.count_q);
  assign left = 32'(u_scan.half_q);
  // halves of scan clocks that have begun, but for the first
  assign halves = (32'(bits) << 1) - 32'(scan_cc_o);
  assign shifts = bits - 5'(scan_cc_o);
  assign chosen = bits == 5'(Bits) && word == frame && told_wl != '0 && told_col != '0 &&
      told_mode inside {ModeSet, ModeReset};
  assign in_packet = count > ScanResetCycles && count <= Packet;

  `OHM_ASSERT(
      LemmaTold_A,
      off || (mode_q == told_mode && wl_q == told_wl && bl_q == told_bl && col_q == told_col))
  `OHM_ASSERT(LemmaOneCell_A, $onehot0(told_wl) && $onehot0(told_col)
              && (!(told_mode inside {ModeSet, ModeReset}) || told_wl != '0))
  `OHM_ASSERT(LemmaLead_A, off || lead_o || !in_packet)
  `OHM_ASSERT(LemmaNoLead_A, off || !lead_o || in_packet || count == Packet + 1 || !u_pulse.ready_o)
  `OHM_ASSERT(LemmaLeadWas_A, off || count <= ScanResetCycles + 1 || count > Packet || lead_q)
  `OHM_ASSERT(LemmaHalf_A, off || !in_packet || left < Half)
  `OHM_ASSERT(LemmaHalves_A,
              off || !in_packet || count == ScanResetCycles + 32'(Half) * (halves + 32'd1) - left)
  `OHM_ASSERT(LemmaShift_A, off || !in_packet || u_scan.shift_q == frame >> shifts)
  `OHM_ASSERT(LemmaBits_A, off || !in_packet || bits <= 5'(Bits))
  `OHM_ASSERT(LemmaWord_A,
              off || !in_packet || word >> (5'(Bits) - bits) == (frame & ~('1 << bits)))
  `OHM_ASSERT(LemmaClock_A, off || in_packet || !scan_cc_o)
  `OHM_ASSERT(LemmaHeld_A, off || count <= Packet || (bits == 5'(Bits) && word == frame))
  `OHM_ASSERT(LemmaCellOn_A,
              off || count == '0 || (told_col != '0 && told_wl != '0 && told_mode != ModeOff))
  `OHM_ASSERT(LemmaReads_A,
              off || !read_o || (told_mode == ModeRead && (count == '0 || count > Packet)))
  `OHM_ASSERT(
      LemmaPulse_A,
      off || !(u_pulse.set_q || u_pulse.reset_q) || 32'(u_pulse.count_q) >= PulseRecoveryCycles)
  `OHM_ASSERT(LemmaPulses_A, off || u_pulse.ready_o || (count == '0 && chosen))
endmodule

bind ohm_carrier ohm_scan_packet_check #(
    .Half  (Half),
    .Packet(Packet)
) u_packet_check (.*);
