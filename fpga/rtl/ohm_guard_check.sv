// What is wrong with the command that the sequencer shows, if anything, and what the carrier has been told so far.

`include "ohm_assert.svh"

module ohm_guard_check
  import ohm_guard_pkg::*;
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input logic armed_i,
    input logic on_i,  // low: the carrier is all off, whatever it was told

    input logic [Rails-1:0][15:0] max_rail_i,
    input logic [     15:0]       max_width_i,
    input logic [     15:0]       max_half_select_i,

    input cmd_t cmd_i,
    input logic taken_i,  // the carrier takes it in this clock
    input logic scanned_i,  // the counts of the pulse's cells have been looked at; with it:
    input logic over_budget_i,  // a cell would get more pulses than it may
    input logic no_cell_i,  // no column is selected
    output fault_e fault_o,
    output logic bad_o,  // the same as one bit, which comes sooner than the fault that it is
    output logic rail_over_o,  // a rail is above its limit, which has been tightened since

    // lines as the carrier has them
    output mode_e               mode_o,
    output logic                word_line_o,  // in READ, with a word line on
    output logic  [   RowW-1:0] row_o,        // of the word line that is on, in SET and RESET
    output logic  [Columns-1:0] columns_o
);
  localparam int unsigned Lines = Rows > Columns ? Rows : Columns;
  typedef logic [$clog2(Lines)-1:0] number_t;

  // Exactly one line is on if each bit of its number is 1 in some line that is on, or 0 in some, and not both; two are
  // if a bit is both. (wl & (wl - 1) is a carry through all its bits, too slow for a command that passes in its own
  // clock.) Returns the bits that are 1 in some, then those that are 0 in some.
  function automatic number_t [1:0] numbers(logic [Lines-1:0] on);
    numbers = '0;
    for (int unsigned i = 0; i < Lines; i++) begin
      if (on[i]) numbers |= {number_t'(i), ~number_t'(i)};
    end
  endfunction

  number_t row, not_row;
  logic one_wl, no_wl;
  assign {row, not_row} = numbers(Lines'(cmd_i.wl));
  assign one_wl = (row ^ not_row) == '1;
  assign no_wl = !(row[0] || not_row[0]);

  logic pulse_mode;
  assign pulse_mode = mode_o == ModeSet || mode_o == ModeReset;

  // In RESET with an empty bit line mask rail sl_inhibit is what RESETs, so that the limit of sl_reset holds for it too:
  // when the lines are asked for, when the rail moves under them, and when the limit is tightened.
  logic [Rails-1:0][15:0] rail_q;
  logic second, second_q, inhibit_over, second_over;
  assign second       = cmd_i.mode == ModeReset && cmd_i.bl == '0;
  assign inhibit_over = rail_q[RailSlInhibit] > max_rail_i[RailSlReset];
  assign second_over  = second && inhibit_over;

  // Where lines choose one cell at a time, more than one word line or column is a cell that nobody asked for.
  number_t column, not_column;
  logic many_cells;
  assign {column, not_column} = numbers(Lines'(cmd_i.col));
  assign many_cells = (column & not_column) != '0 || (row & not_row) != '0;

  logic over_limit, over_width, bad_lines;
  assign over_limit = cmd_i.value > max_rail_i[cmd_i.rail] ||
      (second_q && cmd_i.rail == RailSlInhibit && cmd_i.value > max_rail_i[RailSlReset]);
  assign over_width = cmd_i.value > max_width_i;
  // in SET a grounded bit line would put the inhibit voltage in reverse on the row's other cells
  assign bad_lines = (cmd_i.mode inside {ModeSet, ModeReset} && !one_wl) ||
      (cmd_i.mode == ModeSet && cmd_i.bl != cmd_i.wl) ||
      (OneCell && cmd_i.mode != ModeOff && many_cells);

  // The row's other cells get what is between the bit line and the inhibit rail. No rail moves while a pulse's counts
  // are looked at, so that the difference may come a clock late; the limit may be tightened meanwhile, so it may not.
  logic [15:0] line, inhibit, apart_q;
  assign line    = rail_q[RailBlSet];
  assign inhibit = rail_q[RailSlInhibit];
  always_ff @(posedge clk_i) begin
    if (!rst_ni || !on_i) apart_q <= '0;
    else apart_q <= line > inhibit ? line - inhibit : inhibit - line;
  end

  logic half_select, no_cell, over_budget;
  assign half_select = scanned_i && mode_o == ModeSet && apart_q > max_half_select_i;
  assign no_cell     = scanned_i && no_cell_i;
  assign over_budget = scanned_i && over_budget_i;

  always_comb begin
    fault_o = FaultNone;
    unique case (cmd_i.kind)
      CmdRail: begin
        if (!armed_i && cmd_i.value != '0) fault_o = FaultNotArmed;
        else if (over_limit) fault_o = FaultRailLimit;
      end
      CmdLines: begin
        if (!armed_i && cmd_i.mode != ModeOff) fault_o = FaultNotArmed;
        else if (bad_lines) fault_o = FaultBadLines;
        else if (second_over) fault_o = FaultRailLimit;
      end
      CmdPulse: begin
        if (!armed_i) fault_o = FaultNotArmed;
        else if (!pulse_mode) fault_o = FaultBadMode;
        else if (cmd_i.value == '0 || over_width) fault_o = FaultWidthLimit;
        else if (half_select) fault_o = FaultHalfSelect;
        else if (no_cell) fault_o = FaultBadLines;
        else if (over_budget) fault_o = FaultBudget;
      end
      CmdSense: begin
        if (!armed_i) fault_o = FaultNotArmed;
        else if (mode_o != ModeRead) fault_o = FaultBadMode;
      end
      default: fault_o = FaultBadMode;
    endcase
  end

  always_comb begin
    unique case (cmd_i.kind)
      CmdRail:  bad_o = over_limit || (!armed_i && cmd_i.value != '0);
      CmdLines: bad_o = bad_lines || second_over || (!armed_i && cmd_i.mode != ModeOff);
      CmdPulse: begin
        bad_o = over_width || half_select || no_cell || over_budget;
        if (!armed_i || !pulse_mode || cmd_i.value == '0) bad_o = 1'b1;
      end
      default:  bad_o = !armed_i || mode_o != ModeRead;
    endcase
  end

  logic rail_taken, lines_taken;
  assign rail_taken  = taken_i && cmd_i.kind == CmdRail;
  assign lines_taken = taken_i && cmd_i.kind == CmdLines;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !on_i) rail_q <= '0;
    else if (rail_taken) rail_q[cmd_i.rail] <= cmd_i.value;
  end
  always_comb begin
    rail_over_o = second_q && inhibit_over;
    for (int unsigned r = 0; r < Rails; r++) rail_over_o |= rail_q[r] > max_rail_i[r];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !on_i) begin
      mode_o      <= ModeOff;
      second_q    <= 1'b0;
      word_line_o <= 1'b0;
    end else if (lines_taken) begin
      mode_o      <= cmd_i.mode;
      second_q    <= second;
      // a line that is on sets each bit of one of the two
      word_line_o <= cmd_i.mode == ModeRead && !no_wl;
    end
  end

  // kept when all goes off: counts may still have to be given back
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      row_o     <= '0;
      columns_o <= '0;
    end else if (lines_taken) begin
      row_o     <= RowW'(row);
      columns_o <= cmd_i.col;
    end
  end

  logic pulse_taken, sense_taken, set_or_reset, width_good;
  assign pulse_taken  = taken_i && cmd_i.kind == CmdPulse;
  assign sense_taken  = taken_i && cmd_i.kind == CmdSense;
  assign set_or_reset = cmd_i.mode == ModeSet || cmd_i.mode == ModeReset;
  assign width_good   = cmd_i.value != '0 && cmd_i.value <= max_width_i;

  `OHM_ASSERT(BadIsFault_A, bad_o == (fault_o != FaultNone))
  `OHM_ASSERT(RailTakenInLimit_A, !rail_taken || cmd_i.value <= max_rail_i[cmd_i.rail])
  `OHM_ASSERT(RailInCeiling_A, !rail_taken || cmd_i.value <= RailCeiling[cmd_i.rail])
  `OHM_ASSERT(OneWordLine_A, !(lines_taken && set_or_reset) || one_wl)
  `OHM_ASSERT(OneCellOnly_A, !(lines_taken && OneCell && cmd_i.mode != ModeOff) || ($onehot0
              (cmd_i.wl) && $onehot0(cmd_i.col)))
  `OHM_ASSERT(PulseInMode_A, !pulse_taken || pulse_mode)
  `OHM_ASSERT(WidthInLimit_A, !pulse_taken || width_good)
  `OHM_ASSERT(PulseInBudget_A, !pulse_taken || !over_budget_i)
  `OHM_ASSERT(PulseOnCell_A, !pulse_taken || !no_cell_i)
  `OHM_ASSERT(ApartInLimit_A, !pulse_taken || mode_o != ModeSet || apart_q <= max_half_select_i)
  `OHM_ASSERT(SenseInRead_A, !sense_taken || mode_o == ModeRead)
endmodule
