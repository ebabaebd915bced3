// hostile_tb of the X1 carrier: the whole FPGA with the pin checker on the carrier's pins. damage_i spoils one thing
// between the two: the checker has to see it.

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
    output logic [ 7:0][31:0] seen_o,        // X1_SEEN of test_hostile.py
    output logic [ 7:0]       fault_o
);
  typedef enum logic [7:0] {
    DamageNone,
    DamageLongBias,  // TM a clock more
    DamageStuckDacData,
    DamageStuckScanData,
    DamageDeafToTrip,
    DamageDeafToSilence,
    DamageHigherLimits,  // of pulses than those that the host wrote
    DamageChipsStayOn,
    DamageAlwaysArmed,
    DamageShortRest,  // on again, for a clock, before the supplies have fallen
    DamageLostClock,  // a scan clock that does not come to the chip
    DamageNoReset,  // of the chip
    DamageBusyDac,  // its SYNC low in a bias
    DamageOtherRow,  // word line and source line, one more than the packet's
    DamageTailOfTm  // TM stays high for some clocks when all goes off
  } damage_e;

  damage_e damage;
  assign damage = damage_e'(damage_i);

  logic
      dac_sclk, dac_sdi, dac_sync_n, scan_cc, scan_dl, scan_dr, scan_tm, chip_reset, safe_n, armed;
  logic [31:0] noise_q = 32'h1;
  logic rst_nq;  // as behind a board's synchroniser
  logic safe_nq, seen_safe_n, seen_tm, seen_cc, bias_q, is_time;
  logic [4:0] low_q;  // clocks with all off
  logic [4:0] scan_q;  // scan clocks of this packet
  logic cc_q, tm_q;
  logic [31:0] seen_data;

  assign seen_safe_n = safe_n || (damage == DamageChipsStayOn && safe_nq) ||
      (damage == DamageShortRest && low_q == 5'd20);
  assign seen_tm = scan_tm || (damage == DamageLongBias && bias_q) ||
      (damage == DamageTailOfTm && tm_q && !safe_n);
  assign seen_cc = scan_cc && !(damage == DamageLostClock && scan_q == 5'd7);
  assign is_time = u_top.u_core.reg_addr inside {8'(ohm_guard_pkg::RegControl),
                                          8'(ohm_guard_pkg::RegWatchdog),
                                          8'(ohm_guard_pkg::RegMaxRead)};
  assign seen_data = u_top.u_core.reg_data >> (damage == DamageHigherLimits && !is_time);

  always_ff @(posedge clk_i) begin
    bias_q <= scan_tm && scan_dr != ohm_carrier_pkg::ScanShiftLevel;
    tm_q   <= scan_tm;
    cc_q   <= scan_cc;
    if (!scan_tm) scan_q <= '0;
    else if (cc_q && !scan_cc) scan_q <= scan_q + 5'd1;
    safe_nq <= seen_safe_n;
    rst_nq  <= rst_ni;
    low_q   <= safe_n ? '0 : low_q + 5'(low_q != '1);
    noise_q <= {noise_q[30:0], noise_q[31] ^ noise_q[21] ^ noise_q[1] ^ noise_q[0]};
  end

  ohm_top #(
      .ClockHz(ClockHz)
  ) u_top (
      .clk_i,
      .rst_ni(rst_nq),
      .build_id_i('0),
      .uart_rx_i,
      .uart_tx_o(),
      .dac_sclk_o(dac_sclk),
      .dac_sdi_o(dac_sdi),
      .dac_sync_no(dac_sync_n),
      .scan_cc_o(scan_cc),
      .scan_dl_o(scan_dl),
      .scan_dr_o(scan_dr),
      .scan_tm_o(scan_tm),
      .chip_reset_o(chip_reset),
      .adc_cnv_no(),
      .adc_sck_o(),
      .adc_sdo_i(noise_q[0]),
      .safe_no(safe_n),
      .overcurrent_ni(!overcurrent_i || damage == DamageDeafToTrip),
      .running_o,
      .armed_o(armed),
      .fault_o()
  );
  assign fault_o = u_top.u_core.fault;

  x1_pin_checker #(
      .TicksPerMs(ClockHz / 1000)
  ) u_checker (
      .clk_i,
      .rst_ni(rst_nq),
      .dac_sclk_i(dac_sclk),
      .dac_sdi_i(dac_sdi || damage == DamageStuckDacData),
      .dac_sync_ni(dac_sync_n && !(damage == DamageBusyDac && bias_q)),
      .scan_cc_i(seen_cc),
      .scan_dl_i(scan_dl || damage == DamageStuckScanData ||
                 (damage == DamageOtherRow && scan_q inside {5'd1, 5'd11})),
      .scan_dr_i(scan_dr),
      .scan_tm_i(seen_tm),
      .chip_reset_i(chip_reset ^ (damage == DamageNoReset)),
      .safe_ni(seen_safe_n),
      .overcurrent_ni(!overcurrent_i),
      .armed_i(armed && damage != DamageAlwaysArmed),
      .reg_valid_i(u_top.u_core.reg_valid),
      .reg_addr_i(u_top.u_core.reg_addr),
      .reg_data_i(seen_data),
      .good_frame_i(u_top.u_core.good_frame && damage != DamageDeafToSilence),
      .abort_i(u_top.u_core.abort),
      .lines_i(u_top.car_cmd_valid && u_top.car_cmd_ready &&
               u_top.car_cmd.kind == ohm_carrier_pkg::CmdLines),
      .cmd_i(u_top.car_cmd),
      .violations_o,
      .pulses_o(seen_o[0]),
      .at_limit_o(seen_o[1]),
      .spent_o(seen_o[2]),
      .second_o(seen_o[3]),
      .reads_o(seen_o[4]),
      .trips_o(seen_o[5]),
      .silences_o(seen_o[6]),
      .cut_rails_o(seen_o[7])
  );
endmodule
