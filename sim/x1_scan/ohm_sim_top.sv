// The bench in simulation: the whole FPGA and the X1 carrier board, wired pin to pin as on a bench.
// What is left are the UART's pins and, for the simulation's own sake, what a lamp or a probe would show.
module ohm_sim_top (
    input logic clk_i,
    input logic rst_ni,

    input logic [31:0] build_id_i,

    input  logic uart_rx_i,
    output logic uart_tx_o,

    input logic force_overcurrent_i,  // as if the comparator tripped

    output logic running_o,
    output logic armed_o,
    output logic fault_o,
    output logic array_on_o,  // the chip and the DAC are out of reset
    output logic idle_o,  // nothing would happen without the host, but for clocks going by
    output logic [31:0] error_o,  // violations of a chip's datasheet so far
    output logic [63:0] run_cycles_o  // bench time of the array model
);
  logic dac_sclk, dac_sdi, dac_sync_n, scan_cc, scan_dl, scan_dr, scan_tm, chip_reset;
  logic adc_cnv_n, adc_sck, adc_sdo, safe_n, overcurrent_n;

  // As behind a board's reset synchroniser: see sim/ohm_sim_top.sv.
  logic rst_nq;
  always_ff @(posedge clk_i) rst_nq <= rst_ni;

  ohm_top u_top (
      .clk_i,
      .rst_ni        (rst_nq),
      .build_id_i,
      .uart_rx_i,
      .uart_tx_o,
      .dac_sclk_o    (dac_sclk),
      .dac_sdi_o     (dac_sdi),
      .dac_sync_no   (dac_sync_n),
      .scan_cc_o     (scan_cc),
      .scan_dl_o     (scan_dl),
      .scan_dr_o     (scan_dr),
      .scan_tm_o     (scan_tm),
      .chip_reset_o  (chip_reset),
      .adc_cnv_no    (adc_cnv_n),
      .adc_sck_o     (adc_sck),
      .adc_sdo_i     (adc_sdo),
      .safe_no       (safe_n),
      .overcurrent_ni(overcurrent_n),
      .running_o,
      .armed_o,
      .fault_o
  );

  x1_board u_board (
      .clk_i,
      .now_i         (run_cycles_o),
      .force_overcurrent_i,
      .dac_sclk_i    (dac_sclk),
      .dac_sdi_i     (dac_sdi),
      .dac_sync_ni   (dac_sync_n),
      .scan_cc_i     (scan_cc),
      .scan_dl_i     (scan_dl),
      .scan_dr_i     (scan_dr),
      .scan_tm_i     (scan_tm),
      .chip_reset_i  (chip_reset),
      .adc_cnv_ni    (adc_cnv_n),
      .adc_sck_i     (adc_sck),
      .adc_sdo_o     (adc_sdo),
      .safe_ni       (safe_n),
      .overcurrent_no(overcurrent_n),
      .error_o
  );

`ifdef OHM_WAVES
  x1_probe u_probe (
      .clk_i,
      .now_i     (run_cycles_o),
      .armed_i   (armed_o),
      .tm_i      (scan_tm),
      .dr_i      (scan_dr),
      .adc_cnv_ni(adc_cnv_n),
      .code_i    (u_board.code),
      .mode_i    (u_top.u_carrier.mode_q),
      .op_set_i  (u_board.op_set),
      .row_i     (u_board.row),
      .column_i  (u_board.column),
      .adc_code_i(u_board.adc_codes[0])
  );
`endif

  assign array_on_o   = safe_n;
  assign run_cycles_o = u_top.u_core.run_cycles;

  // The link's own timers, as in sim/ohm_sim_top.sv.
  logic is_rate_on_trial;
  assign is_rate_on_trial = u_top.u_core.u_link.trial_q && u_top.u_core.u_link.next_div_q != '0;
  assign idle_o = !running_o && !armed_o && !is_rate_on_trial && !u_top.u_core.u_link.hold_q &&
                  u_top.u_core.u_link.u_window.kept == '0;
endmodule
