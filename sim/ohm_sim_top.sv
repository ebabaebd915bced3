// The bench in simulation: the whole FPGA and the carrier board, wired pin to pin as on a bench.
// What is left are the UART's pins and, for the simulation's own sake, what a lamp or a probe would show.
module ohm_sim_top (
    input logic clk_i,
    input logic rst_ni,

    input logic [31:0] build_id_i,

    input  logic uart_rx_i,
    output logic uart_tx_o,

    input logic force_overcurrent_i,  // as if a column's comparator tripped

    output logic running_o,
    output logic armed_o,
    output logic fault_o,
    output logic array_on_o,  // switches and DACs are out of reset
    output logic idle_o,  // nothing would happen without the host, but for clocks going by
    output logic [31:0] error_o,  // violations of a chip's datasheet so far
    output logic [63:0] run_cycles_o  // bench time of the array model
);
  logic dac_sclk, dac_sdi, sw_sclk, adc_cnv_n, adc_sck, set_en, reset_en, safe_n, overcurrent_n;
  logic [1:0] dac_sync_n;
  logic [7:0] sw_data;
  logic [4:0] sw_sync_n;
  logic [ohm_carrier_pkg::Columns-1:0] adc_sdo;

  // As behind a board's reset synchroniser. Without it Verilator takes all logic behind rst_ni for a path from
  // an input and evaluates it twice as often, a fifth of the whole time.
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
      .sw_sclk_o     (sw_sclk),
      .sw_data_o     (sw_data),
      .sw_sync_no    (sw_sync_n),
      .adc_cnv_no    (adc_cnv_n),
      .adc_sck_o     (adc_sck),
      .adc_sdo_i     (adc_sdo),
      .set_en_o      (set_en),
      .reset_en_o    (reset_en),
      .safe_no       (safe_n),
      .overcurrent_ni(overcurrent_n),
      .running_o,
      .armed_o,
      .fault_o
  );

  carrier_board u_board (
      .clk_i,
      .now_i         (run_cycles_o),
      .force_overcurrent_i,
      .dac_sclk_i    (dac_sclk),
      .dac_sdi_i     (dac_sdi),
      .dac_sync_ni   (dac_sync_n),
      .sw_sclk_i     (sw_sclk),
      .sw_data_i     (sw_data),
      .sw_sync_ni    (sw_sync_n),
      .adc_cnv_ni    (adc_cnv_n),
      .adc_sck_i     (adc_sck),
      .adc_sdo_o     (adc_sdo),
      .set_en_i      (set_en),
      .reset_en_i    (reset_en),
      .safe_ni       (safe_n),
      .overcurrent_no(overcurrent_n),
      .error_o
  );

`ifdef OHM_WAVES
  wave_probe u_probe (
      .clk_i,
      .now_i     (run_cycles_o),
      .armed_i   (armed_o),
      .set_en_i  (set_en),
      .reset_en_i(reset_en),
      .adc_cnv_ni(adc_cnv_n),
      .code_i    (u_board.code),
      .closed_i  (u_board.closed),
      .codes_i   (u_board.codes)
  );
`endif

  assign array_on_o   = safe_n;
  assign run_cycles_o = u_top.u_core.run_cycles;

  // The link's own timers: frames that the host has not acknowledged are sent again, and a new rate that
  // does not work is given up. Everything else ends within a few thousand clocks of the last byte.
  logic is_rate_on_trial;
  assign is_rate_on_trial = u_top.u_core.u_link.trial_q && u_top.u_core.u_link.next_div_q != '0;
  assign idle_o = !running_o && !armed_o && !is_rate_on_trial && !u_top.u_core.u_link.hold_q &&
                  u_top.u_core.u_link.u_window.kept == '0;
endmodule
