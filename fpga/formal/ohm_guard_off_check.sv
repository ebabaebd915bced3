// The guard: its limits, what turns all off, and what is left latched. Every input is free in every clock, the
// carrier's enables too.

`include "ohm_assert.svh"

module ohm_guard_off_check
  import ohm_guard_pkg::*;
#(
    parameter int unsigned TicksPerMs = 48000,
    parameter int unsigned SafeClocks = 384
) (
    input logic clk_i,
    input logic rst_ni,

    input logic          car_cmd_valid_o,
    input logic          set_en_o,
    input logic          reset_en_o,
    input logic          safe_no,
    input logic          overcurrent_ni,
    input logic          reg_valid_i,
    input logic   [ 7:0] reg_addr_i,
    input logic   [31:0] reg_data_i,
    input logic          reg_refused_o,
    input logic          good_frame_i,
    input logic          abort_i,
    input logic          armed_o,
    input fault_e        fault_o,

    input logic [$clog2(TicksPerMs + 1)-1:0] tick_q,
    input logic [                      15:0] silence_ms_q,
    input logic [$clog2(SafeClocks + 1)-1:0] rest_q
);
  localparam int unsigned TickW = $clog2(TicksPerMs + 1);
  localparam int unsigned RestW = $clog2(SafeClocks + 1);

  logic unused_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_symbol)
  );

  logic [RegMaxRead:RegMaxRail][15:0] limit, ceiling;
  logic [RegMaxRead:RegMaxRail] write;
  logic fits, tighter, refused, arm, disarm, clear_fault;
  ohm_guard_host u_host (
      .clk_i,
      .rst_ni,
      .reg_valid_i,
      .reg_addr_i,
      .reg_data_i,
      .armed_i(armed_o),
      .fault_i(fault_o != FaultNone),
      .limit_o(limit),
      .ceiling_o(ceiling),
      .write_o(write),
      .fits_o(fits),
      .tighter_o(tighter),
      .refused_o(refused),
      .arm_o(arm),
      .disarm_o(disarm),
      .clear_fault_o(clear_fault),
      .clear_counts_o()
  );

  logic high, works;
  assign high  = set_en_o || reset_en_o;
  assign works = high || car_cmd_valid_o;  // something reaches the array in this clock

  // ---- limits

  logic [RegMaxRead:RegMaxRail][15:0] rtl_limit, last_limit_q;
  assign rtl_limit = u_limits.limit_q;
  logic [RegMaxRead:RegMaxRail] is_above, has_grown, is_not_taken;
  logic last_armed_q, last_tight_q;
  logic [RegMaxRead:RegMaxRail] last_write_q;
  logic [15:0] last_data_q;
  for (genvar i = RegMaxRail; i <= RegMaxRead; i++) begin : gen_limit
    assign is_above[i]     = rtl_limit[i] > ceiling[i];
    assign has_grown[i]    = rtl_limit[i] > last_limit_q[i];
    assign is_not_taken[i] = last_write_q[i] && rtl_limit[i] != last_data_q;
  end
  always_ff @(posedge clk_i) begin
    last_limit_q <= rtl_limit;
    last_armed_q <= rst_ni && armed_o;
    last_tight_q <= rst_ni && fits && tighter;
    last_write_q <= write;
    last_data_q  <= reg_data_i[15:0];
  end

  `OHM_ASSERT(CeilingHolds_A, is_above == '0)
  `OHM_ASSERT(OnlyTighter_A, !last_armed_q || has_grown == '0)
  `OHM_ASSERT(TightensAlways_A, !last_tight_q || is_not_taken == '0)
  `OHM_ASSERT(RefusedKeepsLimits_A, rtl_limit == limit && reg_refused_o == refused)
  `OHM_COVER(AtCeiling_C, limit[RegMaxRail] == ceiling[RegMaxRail])
  `OHM_COVER(TightenedArmed_C, last_armed_q && last_tight_q && last_write_q[RegMaxWidth] && armed_o)
  `OHM_COVER(LooserRefused_C, armed_o && refused && write[RegMaxWidth])

  // ---- all off

  logic last_reset_q, off_q, last_trip_q, trip_q, silent_q, fault_q;
  logic on_q, was_on_q;  // on in the clock before; and off again since
  // time since the last good frame: whole milliseconds, and clocks of the next one
  logic [15:0] quiet_ms_q;
  logic [TickW-1:0] quiet_q;
  logic [RestW-1:0] low_q;  // clocks that safe_no has been low
  logic trip, silent;
  assign silent = armed_o && quiet_ms_q >= limit[RegWatchdog];
  assign trip   = armed_o && trip_q;

  always_ff @(posedge clk_i) begin
    last_reset_q <= !rst_ni;
    off_q        <= rst_ni && (abort_i || disarm);
    last_trip_q  <= rst_ni && !overcurrent_ni;
    trip_q       <= rst_ni && last_trip_q;
    silent_q     <= rst_ni && silent;
    fault_q      <= rst_ni && (trip || silent);
    on_q         <= safe_no;
    was_on_q     <= rst_ni && (was_on_q || (on_q && !safe_no));
    if (!rst_ni || good_frame_i) begin
      quiet_ms_q <= '0;
      quiet_q    <= '0;
    end else if (quiet_q + TickW'(1) != TickW'(TicksPerMs)) begin
      quiet_q <= quiet_q + TickW'(1);
    end else if (quiet_ms_q != '1) begin  // longer than any watchdog
      quiet_ms_q <= quiet_ms_q + 16'd1;
      quiet_q    <= '0;
    end
    if (!rst_ni || safe_no) low_q <= '0;
    else if (low_q != RestW'(SafeClocks)) low_q <= low_q + RestW'(1);
  end

  `OHM_ASSERT(ResetOff_A, rst_ni || !(works || safe_no), clk_i, 1'b0)
  `OHM_ASSERT(OffAfterReset_A, !last_reset_q || !(works || safe_no || armed_o))
  `OHM_ASSERT(OffUnarmed_A, armed_o || !(works || safe_no))
  `OHM_ASSERT(OffAtOnce_A,
              !((abort_i || disarm) && works) && !(off_q && (works || safe_no || armed_o)))
  `OHM_ASSERT(TripEnds_A, !(trip_q && works))
  `OHM_ASSERT(TripLatches_A, !fault_q || (fault_o != FaultNone && !armed_o && !safe_no))
  `OHM_ASSERT(SilenceEnds_A, !(silent && works) && !(silent_q && (armed_o || fault_o == FaultNone)))
  `OHM_COVER(ResetWorks_C, !rst_ni && !last_reset_q && u_pins.live_q && u_pins.set_en_i, clk_i,
             1'b0)
  `OHM_COVER(WorksAgain_C, high && was_on_q)
  `OHM_COVER(AbortPulse_C, abort_i && u_pins.live_q && u_pins.high_q != '0)
  `OHM_COVER(TripPulse_C, trip && u_pins.live_q && u_pins.high_q != '0)
  `OHM_COVER(Tripped_C, fault_o == FaultOvercurrent)
  `OHM_COVER(Silent_C, silent && u_pins.live_q && u_pins.high_q != '0)

  // ---- armed and faulty

  fault_e last_fault_q;
  logic last_clear_q, last_arm_q;
  always_ff @(posedge clk_i) begin
    last_fault_q <= rst_ni ? fault_o : FaultNone;
    last_clear_q <= rst_ni && clear_fault;
    last_arm_q   <= rst_ni && arm;
  end

  `OHM_ASSERT(FaultStays_A, last_fault_q == FaultNone || last_clear_q || fault_o == last_fault_q)
  `OHM_ASSERT(FaultOff_A, fault_o == FaultNone || !(works || safe_no || armed_o))
  `OHM_ASSERT(ArmedByHost_A, !armed_o || last_armed_q || last_arm_q)
  `OHM_ASSERT(RestsFirst_A, !safe_no || low_q == '0 || low_q == RestW'(SafeClocks))
  `OHM_COVER(Cleared_C, last_clear_q && last_fault_q != FaultNone && fault_o == FaultNone)
  `OHM_COVER(FaultAsks_C, fault_o != FaultNone && reg_valid_i && reg_refused_o && reg_addr_i == '0)
  `OHM_COVER(On_C, safe_no)

  `OHM_ASSERT(LemmaQuiet_A, quiet_ms_q == silence_ms_q && quiet_q == tick_q)
  `OHM_ASSERT(LemmaTick_A, 32'(tick_q) < TicksPerMs)
  `OHM_ASSERT(LemmaTrip_A, u_pins.trip_q == {trip_q, last_trip_q})
  `OHM_ASSERT(LemmaRest_A, safe_no || 32'(low_q) + 32'(rest_q) == SafeClocks)
endmodule

bind ohm_guard ohm_guard_off_check #(
    .TicksPerMs(TicksPerMs),
    .SafeClocks(SafeClocks)
) u_off_check (.*);
