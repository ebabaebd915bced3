// The switches' driver, as the five groups of switches see it; safe_i holds the chips in reset.

`include "ohm_assert.svh"

module ohm_spi_switch_check
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,
    input logic start_i,
    input mode_e mode_i,
    input logic [31:0] wl_i,
    input logic [31:0] bl_i,
    input logic [31:0] col_i,
    input logic ready_o,
    input logic settled_o,
    input logic sw_sclk_o,
    input logic [7:0] sw_data_o,
    input logic [Groups-1:0] sw_sync_no,

    input logic [2*Groups-1:0] frames_q,
    input logic load,
    input logic breaking,
    input logic [3:0] count_q,
    input logic [7:0][7:0] shift_q,
    input logic [260:0] new_q,
    input logic [260:0] kept_q,
    input logic [6:0] settle_q
);
  localparam logic [3:0] Frame = 4'(SwitchFrameCycles);

  logic unused_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_symbol)
  );

`ifdef FORMAL
  always_ff @(posedge clk_i) if (rst_ni && start_i) assume (ready_o);
`endif

  mode_e mode_q, was_mode_q;
  logic [31:0] wl_q, bl_q, col_q, was_wl_q, was_bl_q, was_col_q;
  logic off, off_q;
  assign off = !rst_ni || safe_i;
  always_ff @(posedge clk_i) begin
    off_q <= off;
    if (off) begin
      {mode_q, wl_q, bl_q, col_q} <= '0;
      {was_mode_q, was_wl_q, was_bl_q, was_col_q} <= '0;
    end else if (start_i) begin
      {mode_q, wl_q, bl_q, col_q} <= {mode_i, wl_i, bl_i, col_i};
      {was_mode_q, was_wl_q, was_bl_q, was_col_q} <= {mode_q, wl_q, bl_q, col_q};
    end
  end

  logic [Groups-1:0][63:0] old, new_lines, closed, next;
  logic [Groups-1:0][7:0][7:0] taken;
  logic [Groups-1:0][3:0] bits;
  logic [Groups-1:0] moves, two_sources;
  for (genvar i = 0; i < Groups; i++) begin : gen_group
    ohm_spi_switch_group #(
        .Group(3'(i))
    ) u_group (
        .clk_i,
        .rst_ni,
        .safe_i,
        .mode_i(mode_q),
        .wl_i(wl_q),
        .bl_i(bl_q),
        .col_i(col_q),
        .was_mode_i(was_mode_q),
        .was_wl_i(was_wl_q),
        .was_bl_i(was_bl_q),
        .was_col_i(was_col_q),
        .sclk_i(sw_sclk_o),
        .data_i(sw_data_o),
        .sync_ni(sw_sync_no[i]),
        .old_o(old[i]),
        .new_o(new_lines[i]),
        .closed_o(closed[i]),
        .taken_o(taken[i]),
        .bits_o(bits[i]),
        .moves_o(moves[i]),
        .next_o(next[i]),
        .two_sources_o(two_sources[i])
    );
  end

  // ---- promises

  logic [Groups-1:0] closes, opens_yet, resets, wrong;
  for (genvar i = 0; i < Groups; i++) begin : gen_promise
    assign closes[i]    = moves[i] && (next[i] & ~closed[i]) != '0;
    assign opens_yet[i] = (closed[i] & ~new_lines[i]) != '0;
    assign resets[i]    = i >= 32'(GroupColLo) && (closed[i] & {16{4'b1000}}) != '0;
    assign wrong[i]     = closed[i] != new_lines[i];
    `OHM_ASSERT(WholeFrames_A, !moves[i] || bits[i] == 4'd8)
  end

  `OHM_ASSERT(LinesAsAsked_A, !(settled_o && !off_q) || wrong == '0)
  `OHM_ASSERT(OneSource_A, two_sources == '0)
  `OHM_ASSERT(BreakFirst_A, closes == '0 || opens_yet == '0)
  `OHM_ASSERT(NoSetAndReset_A, !(closed[GroupBus][0] && resets != '0))
  `OHM_COVER(Settled_C, settled_o && closed[GroupColHi] != '0)
  `OHM_COVER(Closes_C, closes[GroupWl] && was_mode_q != ModeOff)
  `OHM_COVER(Closed_C, moves[GroupWl] && next[GroupWl] != '0)
  `OHM_COVER(Reset_C, resets != '0)

  // ---- where the driver is

  logic [Groups-1:0] breaks, makes, fly;  // frames that wait; one of the group is on its way
  logic breaks_q;  // what is on its way breaks
  logic made_q;  // a frame that makes has left
  logic [Groups-1:0][63:0] kept;
  logic [3:0] sent;
  assign kept            = old & new_lines;
  assign fly             = ~sw_sync_no | moves;
  assign sent            = Frame - 4'd1 - count_q;
  assign {makes, breaks} = frames_q;
  always_ff @(posedge clk_i) begin
    if (off || start_i) made_q <= 1'b0;
    else if (load && !breaking) made_q <= 1'b1;
    if (load) breaks_q <= breaking;
  end

  logic [260:0] want, held;
  function automatic logic [260:0] lines(mode_e mode, logic [31:0] wl, logic [31:0] bl,
                                         logic [31:0] col);
    logic [31:0] driven;
    driven = mode == ModeReset ? '0 : bl;
    unique case (mode)
      ModeRead:  return {32'h0, 32'h0, 32'h0, ~32'h0, ~bl, bl, ~wl, wl, 5'b10010};
      ModeSet:   return {32'h0, ~col, col, 32'h0, ~bl, bl, ~wl, wl, 5'b00101};
      ModeReset: return {col, 32'h0, ~col, 32'h0, ~driven, driven, ~wl, wl, 5'b01000};
      default:   return '0;
    endcase
  endfunction
  assign want = lines(mode_q, wl_q, bl_q, col_q);
  assign held = want & lines(was_mode_q, was_wl_q, was_bl_q, was_col_q);

  `OHM_ASSERT(LemmaNew_A, new_q == want && (frames_q == '0 && count_q == '0 || kept_q == held))
  `OHM_ASSERT(LemmaCount_A, count_q < Frame)
  `OHM_ASSERT(LemmaOrder_A, !made_q || frames_q[Groups-1:0] == '0)
  `OHM_ASSERT(LemmaBreaks_A, !(made_q && (count_q != '0 || fly != '0) && breaks_q))
  `OHM_ASSERT(LemmaFlies_A, $countones(~sw_sync_no) == (count_q != '0 ? 1 : 0))
  `OHM_ASSERT(LemmaOne_A, $countones(moves) <= 1)
  `OHM_ASSERT(LemmaClock_A, off_q || sw_sclk_o == (count_q != '0))
  `OHM_ASSERT(LemmaOff_A, !off_q || (frames_q == '0 && count_q == '0))
  `OHM_ASSERT(LemmaSettle_A,
              (frames_q == '0 && count_q == '0 && moves == '0) || 32'(settle_q) >= $countones
              (frames_q) * SwitchFrameCycles + 32'(count_q) + SwitchSettleCycles)
  for (genvar i = 0; i < Groups; i++) begin : gen_lemmas
    `OHM_ASSERT(LemmaBreaksNeeded_A, !breaks[i] || (old[i] & ~new_lines[i]) != '0)
    `OHM_ASSERT(LemmaMakesNeeded_A, makes[i] || made_q || (new_lines[i] & ~old[i]) == '0)
    // the frame on its way, chip by chip: what has been sent and what is left of it
    logic [7:0][7:0] frame, gone, left, got;
    assign frame = breaks_q ? kept[i] : new_lines[i];
    for (genvar c = 0; c < 8; c++) begin : gen_chip
      assign gone[c] = frame[c] & ~(8'hff >> sent);
      assign left[c] = frame[c] << sent;
      assign got[c]  = taken[i][c] << (4'd8 - sent);
    end
    `OHM_ASSERT(LemmaFlight_A, !fly[i] || (bits[i] == sent && got == gone))
    `OHM_ASSERT(LemmaLeft_A, sw_sync_no[i] || shift_q == left)
    `OHM_ASSERT(LemmaMoves_A, !moves[i] || count_q == '0)
    `OHM_ASSERT(LemmaOnce_A, !fly[i] || !(breaks[i] || (makes[i] && !breaks_q)))
    `OHM_ASSERT(LemmaClosed_A,
                closed[i] ==
                (breaks[i] || (fly[i] && breaks_q) ? old[i] :
                 makes[i] || fly[i] ? kept[i] : new_lines[i]))
  end
endmodule

bind ohm_spi_switch ohm_spi_switch_check u_check (.*);
