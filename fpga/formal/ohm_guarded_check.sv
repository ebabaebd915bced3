// The pulse pins beside the pins of switches and DACs.

`include "ohm_assert.svh"

module ohm_guarded_check
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input logic        reg_valid_i,
    input logic [31:0] reg_data_i,
    input cmd_t        seq_cmd_i,
    input logic        good_frame_i,
    input logic        abort_i,
    input logic        overcurrent_ni,
    input logic        car_cmd_valid,
    input logic        car_cmd_ready,
    input cmd_t        car_cmd,
    input logic [ 1:0] dac_sync_no,
    input logic [ 4:0] sw_sync_no,
    input logic        set_en_o,
    input logic        reset_en_o,
    input logic        safe_no
);
  localparam int unsigned DacSettle = DacSettleCycles;
  localparam int unsigned StillW = $clog2(DacSettle + 1);

  logic [2:0] rail;  // any one
  ohm_symbol #(
      .Width(3)
  ) u_rail (
      .clk_i,
      .rst_ni,
      .value_o(rail)
  );

`ifdef SEARCH
  // a host that sets limits, arms and then leaves it alone; small numbers
  logic [3:0] age_q = '0;
  always_ff @(posedge clk_i) begin
    if (age_q != '1) age_q <= age_q + 4'd1;
    assume (rst_ni || age_q == '0);
    assume (good_frame_i && overcurrent_ni && !abort_i);
    assume (!reg_valid_i || (age_q < 4'd5 && reg_data_i[31:4] == '0));
    assume (seq_cmd_i.wl == 32'd1 && seq_cmd_i.bl[31:1] == '0 && seq_cmd_i.col[31:1] == '0);
    assume (seq_cmd_i.value[15:4] == '0 && seq_cmd_i.mode == ModeSet);
    assume (seq_cmd_i.kind != CmdSense && seq_cmd_i.rail == rail_e'(rail));
  end
`endif

  logic high, last_high_q, rises, off, taken;
  logic [15:0] high_q, width_q;  // clocks that the enable has been high; that were asked for
  logic [4:0] still_q;  // clocks that no switch has been written
  logic [2:0] low_q;  // clocks since an enable was high
  mode_e mode_q;
  logic second_q;
  logic [7:0] needed;  // rails
  assign needed = second_q ? SecondRails : ModeRails[mode_q];
  assign off = !rst_ni || !safe_no;
  assign high = set_en_o || reset_en_o;
  assign rises = high && !last_high_q;
  assign taken = car_cmd_valid && car_cmd_ready;

  // the rail's DAC: clocks since its last frame ended
  logic dac_low, last_dac_low_q, told_q, written, written_q;
  logic [StillW-1:0] rail_still_q;
  logic [2:0] sent_q;  // clocks since any rail was written
  assign dac_low = !dac_sync_no[rail[2]];
  assign written = last_dac_low_q ? written_q : told_q;  // the frame is the rail's
  always_ff @(posedge clk_i) begin
    last_high_q <= rst_ni && high;
    high_q      <= rst_ni && high ? high_q + 16'd1 : '0;
    if (!rst_ni) low_q <= '1;
    else if (high) low_q <= '0;
    else if (low_q != '1) low_q <= low_q + 3'd1;
    if (off) still_q <= '1;
    else if (sw_sync_no != '1) still_q <= '0;
    else if (still_q != '1) still_q <= still_q + 5'd1;
    if (dac_sync_no != '1) sent_q <= '0;
    else if (sent_q != '1) sent_q <= sent_q + 3'd1;
    if (taken && car_cmd.kind == CmdPulse) width_q <= car_cmd.value;
    if (off) begin
      mode_q         <= ModeOff;
      second_q       <= 1'b0;
      last_dac_low_q <= 1'b0;
      rail_still_q   <= StillW'(DacSettle);
    end else begin
      if (taken && car_cmd.kind == CmdLines) mode_q <= car_cmd.mode;
      if (taken && car_cmd.kind == CmdLines)
        second_q <= car_cmd.mode == ModeReset && car_cmd.bl == '0;
      last_dac_low_q <= dac_low;
      written_q <= written;
      told_q <= taken && car_cmd.kind == CmdRail && car_cmd.rail == rail_e'(rail);
      if (dac_low && written) rail_still_q <= '0;
      else if (rail_still_q != StillW'(DacSettle)) rail_still_q <= rail_still_q + StillW'(1);
    end
  end

  logic ended, waits, lines_settled;
  assign lines_settled = 32'(still_q) >= SwitchSettleCycles;
  assign waits = car_cmd_valid && !car_cmd_ready && car_cmd.kind == CmdPulse;
  assign ended = last_high_q && !high && safe_no;

  `OHM_ASSERT(SwitchesStill_A, !high || sw_sync_no == '1)
  `OHM_ASSERT(RailsStill_A, !high || dac_sync_no == '1)
  `OHM_ASSERT(LinesSettled_A, !rises || lines_settled)
  `OHM_ASSERT(RailsSettled_A, !(rises && needed[rail]) || 32'(rail_still_q) >= DacSettle)
  `OHM_ASSERT(NotLonger_A, !high || high_q < width_q)
  `OHM_ASSERT(Decayed_A, sw_sync_no == '1 || off || 32'(low_q) > PulseRecoveryCycles)
  `OHM_COVER(Pulse_C, ended && high_q == 16'd2 && width_q == 16'd2)
  `OHM_COVER(Rises_C, rises)
  `OHM_COVER(RailSoon_C, rises && sent_q <= 3'd3)
  `OHM_COVER(LinesSoon_C, sw_sync_no != '1 && 32'(low_q) <= PulseRecoveryCycles + 2)

  `OHM_COVER(RailWaits_C, needed[rail] && rail_still_q == StillW'(20) && waits && lines_settled)

  logic [6:0] dac_left;
  logic [31:0] rail_count, rail_rest, settle, sw_left;
  logic [16:0] pulse_left;
  logic all_sent, dac_first, dac_ended, sends_rail, asked;
  logic [2:0] dac_rail_q;  // of the frame that is sent
  assign rail_count = 32'(u_carrier.rail_count_q[rail]);
  assign rail_rest  = rail_count + 32'(rail_still_q);
  assign settle     = 32'(u_carrier.u_switch.settle_q);
  assign sw_left    = 32'(u_carrier.u_switch.count_q);
  assign pulse_left = u_carrier.u_pulse.count_q;
  assign asked      = u_carrier.u_pulse.set_q || u_carrier.u_pulse.reset_q;
  assign all_sent   = u_carrier.u_switch.ready_o;
  assign dac_first  = dac_left == 7'(DacFrameCycles) - 7'd1;
  assign dac_ended  = dac_left == 7'd1 && dac_rail_q[2] == rail[2];
  assign sends_rail = dac_left >= 7'd2 && dac_rail_q == rail;
  always_ff @(posedge clk_i) if (u_carrier.dac_start) dac_rail_q <= car_cmd.rail;
  assign dac_left = 7'(u_carrier.u_dac.count_q);

  `OHM_ASSERT(LemmaOff_A, !u_guard.on_q || u_guard.armed_q)
  `OHM_ASSERT(LemmaMode_A, off || (u_guard.u_check.mode_o == mode_q && u_carrier.mode_q == mode_q))
  `OHM_ASSERT(LemmaSecond_A, off || u_carrier.second_q == second_q)
  `OHM_ASSERT(LemmaSettle_A, sw_left == '0 || settle >= sw_left + SwitchSettleCycles)
  `OHM_ASSERT(LemmaStill_A, off || !all_sent || settle + 32'(still_q) >= SwitchSettleCycles)
  `OHM_ASSERT(LemmaSync_A, (sw_sync_no == '1) == (u_carrier.u_switch.count_q == '0))
  `OHM_ASSERT(LemmaDacSync_A, (dac_sync_no == '1) == (dac_left < 7'd2))
  `OHM_ASSERT(LemmaFrame_A, dac_left < 7'(DacFrameCycles))
  `OHM_ASSERT(LemmaLive_A,
              off || !u_guard.u_pins.live_q || (dac_left == '0 && u_carrier.u_switch.settled_o))
  `OHM_ASSERT(LemmaDacLow_A,
              off || dac_left == '0 || dac_first || last_dac_low_q == (dac_low || dac_ended))
  `OHM_ASSERT(LemmaDacRail_A, off || dac_left < 7'd2 || dac_low == (dac_rail_q[2] == rail[2]))
  `OHM_ASSERT(LemmaDacIdle_A,
              off || !(dac_left == '0 || dac_left == 7'(DacFrameCycles) - 7'd1) || !last_dac_low_q)
  `OHM_ASSERT(LemmaTold_A,
              off || dac_left < 7'd2 || dac_low == 1'b0 || written == (dac_rail_q == rail))
  `OHM_ASSERT(
      LemmaRail_A,
      off || (sends_rail ? rail_count == 32'(dac_left) + DacSettle : rail_rest >= DacSettle))
  `OHM_ASSERT(LemmaSaturates_A, off || rail_still_q <= StillW'(DacSettle))
  `OHM_ASSERT(LemmaPulse_A, off || !asked || pulse_left >= 17'(PulseRecoveryCycles))
  `OHM_ASSERT(
      LemmaWidth_A,
      off || !(u_guard.u_pins.live_q && asked) || 17'(high_q) + pulse_left == 17'(width_q) + 17'd1)
  `OHM_ASSERT(LemmaLow_A, off || low_q > 3'd1 || (all_sent && (low_q != '0 || last_high_q)))
  `OHM_ASSERT(LemmaRecovers_A, off || !last_high_q || u_carrier.u_pulse.count_q != '0)
  `OHM_ASSERT(LemmaHigh_A, u_guard.u_pins.high_q == high_q && last_high_q == (high_q != '0))
endmodule

bind ohm_guarded ohm_guarded_check u_check (.*);
