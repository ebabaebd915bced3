// The whole FPGA with the pin checker on its pins. What the converters read is noise. damage_i spoils one thing between
// the two, each a guard or a driver that has failed: the checker has to see it.

module hostile_tb #(
    parameter int unsigned ClockHz = 460_800  // 4 clocks a bit, 460 a millisecond
) (
    input logic clk_i,
    input logic rst_ni,
    input logic uart_rx_i,
    input logic overcurrent_i,
    input logic [7:0] damage_i,

    output logic              running_o,
    output logic [31:0]       violations_o,
    output logic [ 8:0][31:0] seen_o,        // SEEN of test_hostile.py
    output logic [ 7:0]       fault_o
);
  logic adc_cnv_n, dac_sclk, dac_sdi, sw_sclk, set_en, reset_en, safe_n, armed;
  logic [1:0] dac_sync_n;
  logic [7:0] sw_data;
  logic [4:0] sw_sync_n;
  logic [31:0] noise_q = 32'h1;
  logic rst_nq;  // as behind a board's synchroniser

  typedef enum logic [7:0] {
    DamageNone,
    DamageLongPulses,  // a clock more
    DamageBothEnables,
    DamageStuckDacData,
    DamageStuckSwitchData,
    DamageDeafToTrip,
    DamageDeafToSilence,
    DamageHigherLimits,  // of pulses than those that the host wrote
    DamageChipsStayOn,
    DamageAlwaysArmed,
    DamageShortRest,  // chips on again, for a clock, before their rails have fallen
    DamageLatePulses,  // by more than a recovery
    DamageWeakInhibit,  // its DAC gets next to nothing of a code
    DamageLaxInhibit,  // further from the bit line than the host wrote
    DamageDeafToReads,  // no conversion seen
    DamageLaxReads  // word lines on in READ for longer than the host wrote
  } damage_e;

  damage_e damage;
  logic set_q, safe_nq, seen_set, seen_reset, seen_safe_n;
  logic [31:0] seen_data;
  assign damage = damage_e'(damage_i);
  localparam int unsigned Late = 4;
  logic [Late-1:0] set_late_q;
  logic [4:0] low_q;  // clocks with the chips off
  localparam int unsigned HeadClocks = 10;  // of a DAC's frame, before its code
  logic [4:0] frame_q;  // clocks since a code for the inhibit rail was passed
  logic is_code;
  assign is_code = damage == DamageWeakInhibit && 32'(frame_q) > HeadClocks && frame_q != '1;
  assign seen_set = damage == DamageLatePulses ? set_late_q[Late-1] :
      set_en || (damage == DamageLongPulses && set_q);
  assign seen_reset = reset_en || (damage == DamageBothEnables && set_en);
  assign seen_safe_n = safe_n || (damage == DamageChipsStayOn && safe_nq) ||
      (damage == DamageShortRest && low_q == 5'd20);
  logic is_time;  // none of a pulse
  assign is_time = u_top.u_core.reg_addr inside {8'(ohm_guard_pkg::RegControl),
                                          8'(ohm_guard_pkg::RegWatchdog),
                                          8'(ohm_guard_pkg::RegMaxRead)};
  always_comb begin
    seen_data = u_top.u_core.reg_data >> (damage == DamageHigherLimits && !is_time);
    if (damage == DamageLaxInhibit && u_top.u_core.reg_addr == 8'(ohm_guard_pkg::RegMaxHalfSelect))
      seen_data = '0;
    if (damage == DamageLaxReads && u_top.u_core.reg_addr == 8'(ohm_guard_pkg::RegMaxRead))
      seen_data = '0;
  end

  always_ff @(posedge clk_i) begin
    if (u_top.car_cmd_valid && u_top.car_cmd_ready &&
        u_top.car_cmd.kind == ohm_carrier_pkg::CmdRail)
      frame_q <= u_top.car_cmd.rail == ohm_carrier_pkg::RailSlInhibit ? '0 : '1;
    else frame_q <= frame_q + 5'(frame_q != '1);
    set_q <= set_en;
    set_late_q <= {set_late_q[Late-2:0], set_en};
    safe_nq <= seen_safe_n;
    rst_nq <= rst_ni;
    low_q <= safe_n ? '0 : low_q + 5'(low_q != '1);
    noise_q <= {noise_q[30:0], noise_q[31] ^ noise_q[21] ^ noise_q[1] ^ noise_q[0]};
  end

  ohm_top #(
      .ClockHz(ClockHz)
  ) u_top (
      .clk_i,
      .rst_ni(rst_nq),
      .uart_rx_i,
      .uart_tx_o(),
      .dac_sclk_o(dac_sclk),
      .dac_sdi_o(dac_sdi),
      .dac_sync_no(dac_sync_n),
      .sw_sclk_o(sw_sclk),
      .sw_data_o(sw_data),
      .sw_sync_no(sw_sync_n),
      .adc_cnv_no(adc_cnv_n),
      .adc_sck_o(),
      .adc_sdo_i(ohm_carrier_pkg::Columns'(noise_q)),
      .set_en_o(set_en),
      .reset_en_o(reset_en),
      .safe_no(safe_n),
      .overcurrent_ni(!overcurrent_i || damage == DamageDeafToTrip),
      .running_o,
      .armed_o(armed),
      .fault_o()
  );
  assign fault_o = u_top.u_core.fault;

  pin_checker #(
      .TicksPerMs(ClockHz / 1000)
  ) u_checker (
      .clk_i,
      .rst_ni(rst_nq),
      .dac_sclk_i(dac_sclk),
      .dac_sdi_i((dac_sdi && !is_code) || damage == DamageStuckDacData),
      .dac_sync_ni(dac_sync_n),
      .sw_sclk_i(sw_sclk),
      .sw_data_i(damage == DamageStuckSwitchData ? '1 : sw_data),
      .sw_sync_ni(sw_sync_n),
      .adc_cnv_ni(adc_cnv_n || damage == DamageDeafToReads),
      .set_en_i(seen_set),
      .reset_en_i(seen_reset),
      .safe_ni(seen_safe_n),
      .overcurrent_ni(!overcurrent_i),
      .armed_i(armed && damage != DamageAlwaysArmed),
      .reg_valid_i(u_top.u_core.reg_valid),
      .reg_addr_i(u_top.u_core.reg_addr),
      .reg_data_i(seen_data),
      .lines_i(u_top.car_cmd_valid && u_top.car_cmd_ready &&
               u_top.car_cmd.kind == ohm_carrier_pkg::CmdLines),
      .good_frame_i(u_top.u_core.good_frame && damage != DamageDeafToSilence),
      .abort_i(u_top.u_core.abort),
      .violations_o,
      .pulses_o(seen_o[0]),
      .at_limit_o(seen_o[1]),
      .spent_o(seen_o[2]),
      .apart_o(seen_o[3]),
      .second_o(seen_o[4]),
      .left_on_o(seen_o[5]),
      .trips_o(seen_o[6]),
      .silences_o(seen_o[7]),
      .cut_rails_o(seen_o[8])
  );
endmodule
