// The guard: what of a sequencer's commands and of a carrier's enables gets through. Both are free in every clock, so
// this holds for every program and for a carrier that does what it likes.

`include "ohm_assert.svh"

module ohm_guard_command_check
  import ohm_guard_pkg::*;
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input logic seq_cmd_valid_i,
    input cmd_t seq_cmd_i,
    input logic car_cmd_valid_o,
    input logic car_cmd_ready_i,
    input cmd_t car_cmd_o,
    input logic set_en_i,
    input logic reset_en_i,
    input logic set_en_o,
    input logic reset_en_o,
    input logic safe_no,

    input logic          reg_valid_i,
    input logic   [ 7:0] reg_addr_i,
    input logic   [31:0] reg_data_i,
    input logic          armed_o,
    input fault_e        fault_o
);
  logic [2:0] rail;  // any one
  ohm_symbol #(
      .Width(3)
  ) u_rail (
      .clk_i,
      .rst_ni,
      .value_o(rail)
  );

  logic [RegMaxRead:RegMaxRail][15:0] limit;
  ohm_guard_host u_host (
      .clk_i,
      .rst_ni,
      .reg_valid_i,
      .reg_addr_i,
      .reg_data_i,
      .armed_i(armed_o),
      .fault_i(fault_o != FaultNone),
      .limit_o(limit)
  );

  logic [Rails-1:0][15:0] max_rail;
  logic [15:0] max_width, max_half_select;
  assign max_rail = limit[RegMaxRail+:Rails];
  assign max_width = limit[RegMaxWidth];
  assign max_half_select = limit[RegMaxHalfSelect];

  // ---- commands

  logic one_wl, writes, writes_mode, on_mode;
  assign one_wl = $countones(car_cmd_o.wl) == 1;
  assign writes = car_cmd_o.kind == CmdLines && car_cmd_o.mode inside {ModeSet, ModeReset};

  // what the carrier has been told since it was last all off
  mode_e mode_q;
  logic [15:0] code_q;  // of the rail
  logic [15:0] line_q, inhibit_q, apart;  // of rails bl_set and sl_inhibit
  logic second, second_q;  // RESET from sl_inhibit: asked for, and told
  logic [Columns-1:0] col_q;
  logic over_q;
  logic taken;
  assign taken = car_cmd_valid_o && car_cmd_ready_i;
  always_ff @(posedge clk_i) begin
    over_q <= rst_ni && safe_no && code_q > max_rail[rail];
    if (!rst_ni || !safe_no) begin
      mode_q <= ModeOff;
      code_q <= '0;
      line_q <= '0;
      inhibit_q <= '0;
      second_q <= 1'b0;
    end else if (taken) begin
      if (car_cmd_o.kind == CmdLines) mode_q <= car_cmd_o.mode;
      if (car_cmd_o.kind == CmdLines) col_q <= car_cmd_o.col;
      if (car_cmd_o.kind == CmdLines) second_q <= second;
      if (car_cmd_o.kind == CmdRail) begin
        if (car_cmd_o.rail == rail_e'(rail)) code_q <= car_cmd_o.value;
        if (car_cmd_o.rail == RailBlSet) line_q <= car_cmd_o.value;
        if (car_cmd_o.rail == RailSlInhibit) inhibit_q <= car_cmd_o.value;
      end
    end
    if (!rst_ni) col_q <= '0;
  end
  assign apart = line_q > inhibit_q ? line_q - inhibit_q : inhibit_q - line_q;

  // what RESETs, or would, if the command is taken
  logic [15:0] reset_max;
  logic second_bad, second_over;
  assign reset_max = max_rail[RailSlReset];
  assign second = car_cmd_o.mode == ModeReset && car_cmd_o.bl == '0;
  assign second_over = safe_no && second_q && inhibit_q > reset_max;
  always_comb begin
    unique case (car_cmd_o.kind)
      CmdRail:
      second_bad = second_q && car_cmd_o.rail == RailSlInhibit && car_cmd_o.value > reset_max;
      CmdLines: second_bad = second && inhibit_q > reset_max;
      default: second_bad = 1'b0;
    endcase
  end

  logic rail_bad, lines_bad, pulse_bad, half_select_bad, column_bad, pulses, set_taken;
  assign pulses = mode_q inside {ModeSet, ModeReset};
  assign rail_bad = car_cmd_o.kind == CmdRail && car_cmd_o.rail == rail_e'(rail) &&
      car_cmd_o.value > max_rail[rail];
  assign lines_bad = writes &&
      (!one_wl || (car_cmd_o.mode == ModeSet && car_cmd_o.bl != car_cmd_o.wl));
  assign pulse_bad = car_cmd_o.kind == CmdPulse &&
      (!pulses || car_cmd_o.value == '0 || car_cmd_o.value > max_width);
  assign half_select_bad = car_cmd_o.kind == CmdPulse && mode_q == ModeSet &&
      apart > max_half_select;
  assign set_taken = taken && car_cmd_o.kind == CmdPulse && mode_q == ModeSet;
  assign column_bad = car_cmd_o.kind == CmdPulse && col_q == '0;

  // ---- pulses, at the enables themselves

  logic high, rises, granted_q, last_high_q;
  logic [15:0] high_q;  // clocks that an enable has been high before this one
  assign high  = set_en_o || reset_en_o;
  assign rises = high && !last_high_q;
  always_ff @(posedge clk_i) begin
    granted_q   <= rst_ni && taken && car_cmd_o.kind == CmdPulse;
    last_high_q <= rst_ni && high;
    high_q      <= rst_ni && high ? high_q + 16'd1 : '0;
  end

  `OHM_ASSERT(RailInLimit_A, !(car_cmd_valid_o && rail_bad))
  `OHM_ASSERT(
      RailsFollow_A,
      !(safe_no && code_q > max_rail[rail] && (high || car_cmd_valid_o)) && !(over_q && safe_no))
  `OHM_ASSERT(SecondInLimit_A,
              !(car_cmd_valid_o && second_bad) && !(second_over && (high || car_cmd_valid_o)))
  `OHM_ASSERT(OneRow_A, !(car_cmd_valid_o && lines_bad))
  `OHM_ASSERT(PulseAllowed_A, !(car_cmd_valid_o && pulse_bad))
  `OHM_ASSERT(InhibitFollows_A, !(car_cmd_valid_o && half_select_bad))
  `OHM_ASSERT(SomeColumn_A, !(car_cmd_valid_o && column_bad))
  `OHM_ASSERT(Unchanged_A, !car_cmd_valid_o || (seq_cmd_valid_i && car_cmd_o == seq_cmd_i))
  `OHM_COVER(
      RailAtLimit_C,
      taken && car_cmd_o.kind == CmdRail && car_cmd_o.value == max_rail[rail] && code_q != '0)
  `OHM_COVER(Tightened_C, over_q)
  `OHM_COVER(
      SecondAtLimit_C,
      taken && car_cmd_o.kind == CmdPulse && second_q && inhibit_q == reset_max && inhibit_q != '0)
  `OHM_COVER(ApartAtLimit_C, set_taken && apart != '0 && apart == max_half_select)
  `OHM_COVER(NoColumn_C, seq_cmd_valid_i && u_check.no_cell && safe_no && col_q == '0 && pulses)
  `OHM_COVER(SetLines_C, taken && car_cmd_o.kind == CmdLines && car_cmd_o.mode == ModeSet)

  `OHM_ASSERT_NEVER(OneEnable_A, set_en_o && reset_en_o, clk_i, 1'b0)
  `OHM_ASSERT(EachGranted_A, !rises || granted_q)
  `OHM_ASSERT(NoLonger_A, !high || high_q < max_width)
  `OHM_ASSERT(EnableOfMode_A, !high || mode_q == (set_en_o ? ModeSet : ModeReset))
  `OHM_ASSERT(NothingDuring_A, !(high && car_cmd_valid_o))
  `OHM_COVER(BothAsked_C, set_en_i && reset_en_i && last_high_q)
  `OHM_COVER(Pulse_C, rises)
  `OHM_COVER(SecondRise_C, set_en_i && !last_high_q && mode_q == ModeSet && !granted_q && safe_no)
  `OHM_COVER(CutAtLimit_C, last_high_q && !high && set_en_i && armed_o && high_q == 16'd2)
  `OHM_COVER(AskedDuring_C, high && seq_cmd_valid_i && high_q == 16'd1)

  logic [15:0] rtl_apart;
  assign rtl_apart = u_check.line > u_check.inhibit ? u_check.line - u_check.inhibit :
      u_check.inhibit - u_check.line;

  `OHM_ASSERT(LemmaLimits_A, u_limits.limit_q == limit)
  `OHM_ASSERT(LemmaMode_A, !safe_no || u_check.mode_o == mode_q)
  `OHM_ASSERT(LemmaCode_A, !safe_no || u_check.rail_q[rail] == code_q)
  `OHM_ASSERT(LemmaCodes_A, !safe_no || (u_check.line == line_q && u_check.inhibit == inhibit_q))
  `OHM_ASSERT(LemmaSecond_A, !safe_no || u_check.second_q == second_q)
  `OHM_ASSERT(LemmaApart_A, u_budget.idle_o || u_check.apart_q == rtl_apart)
  `OHM_ASSERT(LemmaColumns_A,
              u_check.columns_o == col_q && (u_budget.idle_o || !u_budget.any_q || col_q != '0))
  `OHM_ASSERT(LemmaLive_A, u_pins.live_q == (granted_q || last_high_q))
  `OHM_ASSERT(LemmaHigh_A, u_pins.high_q == high_q && last_high_q == (high_q != '0))
endmodule

bind ohm_guard ohm_guard_command_check u_command_check (.*);
