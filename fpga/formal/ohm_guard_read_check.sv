// The guard: what a read may do to cells, and how long. The sequencer's commands are free in every clock, and the host's
// registers; time is counted here from what was passed to the carrier.

`include "ohm_assert.svh"

module ohm_guard_read_check
  import ohm_guard_pkg::*;
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned TicksPerMs = 48000
) (
    input logic clk_i,
    input logic rst_ni,

    input logic car_cmd_valid_o,
    input logic car_cmd_ready_i,
    input cmd_t car_cmd_o,
    input logic set_en_o,
    input logic reset_en_o,
    input logic safe_no,

    input logic          reg_valid_i,
    input logic   [ 7:0] reg_addr_i,
    input logic   [31:0] reg_data_i,
    input logic          armed_o,
    input fault_e        fault_o,
    input logic          read_bias_o
);
  localparam int unsigned TickW = $clog2(TicksPerMs + 1);

  logic unused_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_symbol)
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

  logic taken, sets, converts, works;
  assign taken    = car_cmd_valid_o && car_cmd_ready_i;
  assign sets     = taken && car_cmd_o.kind == CmdLines;
  assign converts = taken && car_cmd_o.kind == CmdSense;
  assign works    = set_en_o || reset_en_o || car_cmd_valid_o;

  // what the carrier has been told since it was last all off
  logic on_q;  // a word line, in READ
  logic [15:0] bl_q, wl_q;  // codes of rails bl_read and wl_read
  always_ff @(posedge clk_i) begin
    if (!rst_ni || !safe_no) begin
      on_q <= 1'b0;
      bl_q <= '0;
      wl_q <= '0;
    end else begin
      if (sets) on_q <= car_cmd_o.mode == ModeRead && car_cmd_o.wl != '0;
      if (taken && car_cmd_o.kind == CmdRail) begin
        if (car_cmd_o.rail == RailBlRead) bl_q <= car_cmd_o.value;
        if (car_cmd_o.rail == RailWlRead) wl_q <= car_cmd_o.value;
      end
    end
  end

  // time under bias since lines were last set or a conversion was taken, up to the longest limit
  logic bias, over, late, over_q, late_q;
  logic [15:0] ms_q;
  logic [TickW-1:0] clocks_q;  // of the next millisecond
  assign bias = on_q && safe_no;
  assign over = bias && !sets && !converts && ms_q >= limit[RegMaxRead];
  assign late = over_q && armed_o;
  always_ff @(posedge clk_i) begin
    over_q <= rst_ni && over;
    late_q <= rst_ni && late;
    if (!rst_ni || !bias || sets || converts) begin
      ms_q     <= '0;
      clocks_q <= '0;
    end else if (clocks_q + TickW'(1) != TickW'(TicksPerMs)) begin
      clocks_q <= clocks_q + TickW'(1);
    end else if (ms_q != ReadCeilingMs) begin
      ms_q     <= ms_q + 16'd1;
      clocks_q <= '0;
    end
  end

  logic read_bad;
  assign read_bad = car_cmd_o.kind == CmdSense &&
      (bl_q > limit[RegMaxRail+RailBlRead] || wl_q > limit[RegMaxRail+RailWlRead]);

  `OHM_ASSERT(ReadInLimit_A, !(car_cmd_valid_o && read_bad))
  `OHM_ASSERT(ReadEnds_A,
              !(late && works) && !(late_q && (armed_o || safe_no || fault_o == FaultNone)))
  `OHM_ASSERT(BiasTold_A, read_bias_o == bias)
  `OHM_COVER(ReadAtLimit_C, converts && bl_q != '0 && bl_q == limit[RegMaxRail+RailBlRead])
  `OHM_COVER(Late_C, late && limit[RegMaxRead] != '0)
  `OHM_COVER(LateTwice_C, late_q && fault_o == FaultReadTime)
  `OHM_COVER(Kept_C, converts && ms_q != '0 && ms_q >= limit[RegMaxRead])

  `OHM_ASSERT(LemmaLimits_A, u_limits.limit_q == limit)
  `OHM_ASSERT(LemmaOn_A, !safe_no || u_check.word_line_o == on_q)
  `OHM_ASSERT(LemmaBl_A, !safe_no || u_check.rail_q[RailBlRead] == bl_q)
  `OHM_ASSERT(LemmaWl_A, !safe_no || u_check.rail_q[RailWlRead] == wl_q)
  `OHM_ASSERT(LemmaTime_A, 16'(u_read.ms_q) == ms_q && u_read.tick_q == clocks_q)
  `OHM_ASSERT(LemmaTick_A, 32'(clocks_q) < TicksPerMs && ms_q <= ReadCeilingMs)
  `OHM_ASSERT(LemmaOver_A, u_read.over_o == over_q)
endmodule

bind ohm_guard ohm_guard_read_check #(.TicksPerMs(TicksPerMs)) u_read_check (.*);
