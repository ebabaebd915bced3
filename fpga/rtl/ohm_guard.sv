// Between the sequencer and the carrier, and between the carrier and the pulse pins: what no program, host or link
// error gets past. Commands pass through in their own clock, unchanged, or not at all; a pulse is shown to the
// carrier GuardScanCycles later, when its cells' counts have been looked at.
//
// Its promises are the assertions at the end of this file and of the modules that it is made of:
// ohm_guard_limits (registers), ohm_guard_check (commands), ohm_guard_budget (pulses a cell), ohm_guard_read (time
// under bias), ohm_guard_pins (the last gate).

`include "ohm_assert.svh"

module ohm_guard
  import ohm_guard_pkg::*;
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned TicksPerMs = ohm_carrier_pkg::ClockHz / 1000,  // less in tests
    // safe_no stays low at least this long, until the rails have fallen to 0 V: else arming right after disarming
    // could start from lines and rails that are still on. (The chips' reset inputs need less by far.)
    parameter int unsigned SafeClocks = ohm_carrier_pkg::DacSettleCycles,
    // whose pulses are counted; less in proofs
    parameter int unsigned Counted = ohm_carrier_pkg::Columns
) (
    input logic clk_i,
    input logic rst_ni,

    // from the sequencer
    input  logic seq_cmd_valid_i,
    output logic seq_cmd_ready_o,
    input  cmd_t seq_cmd_i,

    // to the carrier
    output logic car_cmd_valid_o,
    input  logic car_cmd_ready_i,
    output cmd_t car_cmd_o,
    input  logic set_en_i,
    input  logic reset_en_i,

    // pins
    output logic set_en_o,
    output logic reset_en_o,
    output logic safe_no,        // low: switches open, DACs at 0 V, the carrier's engines at rest
    input  logic overcurrent_ni,

    // from the host
    input  logic          reg_valid_i,
    input  logic   [ 7:0] reg_addr_i,
    input  logic   [31:0] reg_data_i,
    output logic          reg_refused_o,  // in the same clock
    input  logic          good_frame_i,
    input  logic          abort_i,
    output logic          armed_o,
    output fault_e        fault_o,

    output logic read_bias_o  // word lines are on in READ
);
  localparam int unsigned RestW = $clog2(SafeClocks + 1);

  logic arm, disarm, clear_fault, clear_counts;
  logic [Rails-1:0][15:0] max_rail;
  logic [15:0] max_width, max_half_select, max_read_ms, pulse_budget, watchdog_ms;
  mode_e mode;
  logic [RowW-1:0] row;
  logic [Columns-1:0] columns;
  logic scan_idle, scan_ready, over_budget, no_cell;
  logic trip, silent, rail_over, word_line, read_over;

  logic armed_q, armed_d;
  logic on_q;  // armed, and the chips have had their reset
  logic [RestW-1:0] rest_q;  // clocks that this still takes
  fault_e fault_q, fault_d;
  fault_e cmd_fault, fault_now;
  logic cmd_bad, ends, asked;
  logic live;  // on, and nothing in this clock ends that

  // ---- commands

  // While disarmed only what is already so can be asked for (a rail at 0, lines off): taken here, not passed on.
  logic is_pulse, taken, fire;
  assign is_pulse = seq_cmd_i.kind == CmdPulse;
  assign car_cmd_o = seq_cmd_i;
  // The terms of `live`, with cmd_bad at the end: it is known last in a clock, so that it gets the shortest way.
  assign car_cmd_valid_o = seq_cmd_valid_i && rst_ni && on_q && !ends && !asked &&
      (is_pulse ? scan_ready : scan_idle) && !cmd_bad;
  assign taken = car_cmd_valid_o && car_cmd_ready_i;
  assign fire = taken && is_pulse;
  assign seq_cmd_ready_o = taken || (seq_cmd_valid_i && !armed_q && !cmd_bad);

  // ---- silence

  localparam int unsigned TickW = $clog2(TicksPerMs + 1);
  logic [TickW-1:0] tick_q;
  logic [15:0] silence_ms_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || good_frame_i) begin
      tick_q       <= '0;
      silence_ms_q <= '0;
    end else if (tick_q != TickW'(TicksPerMs - 1)) begin
      tick_q <= tick_q + TickW'(1);
    end else if (silence_ms_q != '1) begin
      tick_q       <= '0;
      silence_ms_q <= silence_ms_q + 16'd1;
    end
  end
  assign silent = silence_ms_q >= watchdog_ms;

  // ---- armed, and what ends it

  always_comb begin
    fault_now = FaultNone;
    if (seq_cmd_valid_i && !abort_i) fault_now = cmd_fault;
    if (armed_q && read_over) fault_now = FaultReadTime;
    if (armed_q && rail_over) fault_now = FaultRailLimit;
    if (armed_q && silent) fault_now = FaultSilence;
    if (armed_q && trip) fault_now = FaultOvercurrent;
  end
  assign ends    = abort_i || disarm || (armed_q && (read_over || rail_over || silent || trip));
  assign live    = rst_ni && on_q && !ends && !(seq_cmd_valid_i && cmd_bad);
  assign armed_d = (armed_q || arm) && !ends && !(seq_cmd_valid_i && cmd_bad);

  // the first one stays until it is cleared
  always_comb begin
    fault_d = clear_fault ? FaultNone : fault_q;
    if (fault_d == FaultNone) fault_d = fault_now;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      armed_q <= 1'b0;
      on_q    <= 1'b0;
      rest_q  <= RestW'(SafeClocks);
      fault_q <= FaultNone;
    end else begin
      armed_q <= armed_d;
      on_q    <= armed_d && (on_q || rest_q == '0);
      fault_q <= fault_d;
      if (on_q) rest_q <= RestW'(SafeClocks);
      else if (rest_q != '0) rest_q <= rest_q - RestW'(1);
    end
  end

  assign safe_no = on_q && rst_ni;
  assign armed_o = armed_q;
  assign fault_o = fault_q;

  ohm_guard_limits u_limits (
      .clk_i,
      .rst_ni,
      .reg_valid_i,
      .reg_addr_i,
      .reg_data_i,
      .reg_refused_o,
      .armed_i(armed_q),
      .fault_i(fault_q != FaultNone),
      .arm_o(arm),
      .disarm_o(disarm),
      .clear_fault_o(clear_fault),
      .clear_counts_o(clear_counts),
      .max_rail_o(max_rail),
      .max_width_o(max_width),
      .pulse_budget_o(pulse_budget),
      .max_half_select_o(max_half_select),
      .max_read_ms_o(max_read_ms),
      .watchdog_ms_o(watchdog_ms)
  );

  ohm_guard_check u_check (
      .clk_i,
      .rst_ni,
      .armed_i(armed_q),
      .on_i(on_q),
      .max_rail_i(max_rail),
      .max_width_i(max_width),
      .max_half_select_i(max_half_select),
      .cmd_i(seq_cmd_i),
      .taken_i(taken),
      .scanned_i(scan_ready),
      .over_budget_i(over_budget),
      .no_cell_i(no_cell),
      .fault_o(cmd_fault),
      .bad_o(cmd_bad),
      .mode_o(mode),
      .word_line_o(word_line),
      .row_o(row),
      .columns_o(columns),
      .rail_over_o(rail_over)
  );

  ohm_guard_budget #(
      .Counted(Counted)
  ) u_budget (
      .clk_i,
      .rst_ni,
      .clear_i(clear_counts),
      .ask_i(seq_cmd_valid_i && is_pulse && live),
      .fire_i(fire),
      .row_i(row),
      .columns_i(columns),
      .budget_i(pulse_budget),
      .idle_o(scan_idle),
      .ready_o(scan_ready),
      .over_o(over_budget),
      .none_o(no_cell)
  );

  ohm_guard_read #(
      .TicksPerMs(TicksPerMs)
  ) u_read (
      .clk_i,
      .rst_ni,
      .on_i(on_q),
      .word_line_i(word_line),
      .restart_i(taken && seq_cmd_i.kind inside {CmdLines, CmdSense}),
      .max_read_ms_i(max_read_ms),
      .bias_o(read_bias_o),
      .over_o(read_over)
  );

  ohm_guard_pins u_pins (
      .clk_i,
      .rst_ni,
      .permit_i(live),
      .fire_i(fire),
      .mode_i(mode),
      .max_width_i(max_width),
      .set_en_i,
      .reset_en_i,
      .set_en_o,
      .reset_en_o,
      .asked_o(asked),
      .overcurrent_ni,
      .trip_o(trip)
  );

  // ---- promises; those of the parts are in the parts

  logic high, works, ended;
  assign high = set_en_o || reset_en_o;
  assign works = high || car_cmd_valid_o;
  assign ended = abort_i || disarm || trip || silent || rail_over || read_over || !safe_no ||
      !armed_o;

  `OHM_ASSERT(OffInReset_A, rst_ni || !works, clk_i, 1'b0)
  `OHM_ASSERT_NEVER(NeverBoth_A, set_en_o && reset_en_o, clk_i, 1'b0)
  `OHM_ASSERT(EndsAtOnce_A, !ended || !works)
  `OHM_ASSERT(BadIsNotPassed_A, !car_cmd_valid_o || cmd_fault == FaultNone)
  `OHM_ASSERT(BadEndsPulse_A, !seq_cmd_valid_i || cmd_fault == FaultNone || !high)
  `OHM_ASSERT(NothingDuringPulse_A, !(car_cmd_valid_o && high))
  `OHM_ASSERT(OnlyWhatWasAsked_A, !car_cmd_valid_o || (seq_cmd_valid_i && car_cmd_o == seq_cmd_i))
  `OHM_ASSERT(TakenByBoth_A, !taken || seq_cmd_ready_o)
  `OHM_ASSERT(FaultDisarms_A, fault_o == FaultNone || !armed_o)
  `OHM_ASSERT(FaultKept_A, fault_q == FaultNone || clear_fault || fault_d == fault_q)
  `OHM_ASSERT(SafeUnlessArmed_A, armed_o || !safe_no)
  `OHM_COVER(SetPulse_C, set_en_o)
  `OHM_COVER(ResetPulse_C, reset_en_o)
endmodule
