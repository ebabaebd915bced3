// The whole FPGA, without its board: UART on one side, the X1 carrier's pins on the other.

module ohm_top #(
    parameter int unsigned ClockHz = ohm_carrier_pkg::ClockHz
) (
    input logic clk_i,
    input logic rst_ni,

    input logic [31:0] build_id_i,  // constant: a hash of RTL and firmware, which the host is told

    input  logic uart_rx_i,
    output logic uart_tx_o,

    output logic dac_sclk_o,
    output logic dac_sdi_o,
    output logic dac_sync_no,
    output logic scan_cc_o,
    output logic scan_dl_o,
    output logic scan_dr_o,
    output logic scan_tm_o,
    output logic chip_reset_o,
    output logic adc_cnv_no,
    output logic adc_sck_o,
    input  logic adc_sdo_i,
    output logic safe_no,
    input  logic overcurrent_ni,

    // lamps
    output logic running_o,
    output logic armed_o,
    output logic fault_o
);
  logic car_cmd_valid, car_cmd_ready, car_idle, sense_valid;
  logic set_en, reset_en, set_en_passed, reset_en_passed, lead, read, chip_reset;
  ohm_carrier_pkg::cmd_t car_cmd;
  logic [15:0] sense_code;
  logic unused_ready, unused_bias;

  ohm_core #(
      .ClockHz(ClockHz)
  ) u_core (
      .clk_i,
      .rst_ni,
      .build_id_i,
      .uart_rx_i,
      .uart_tx_o,
      .car_cmd_valid_o(car_cmd_valid),
      .car_cmd_ready_i(car_cmd_ready),
      .car_cmd_o      (car_cmd),
      .car_idle_i     (car_idle),
      .sense_valid_i  (sense_valid),
      .sense_ready_o  (unused_ready),
      .sense_data_i   ({16'h0, sense_code}),
      .set_en_i       (set_en),
      .reset_en_i     (reset_en),
      .set_en_o       (set_en_passed),
      .reset_en_o     (reset_en_passed),
      .safe_no,
      .overcurrent_ni,
      .running_o,
      .armed_o,
      .fault_o
  );

  ohm_carrier u_carrier (
      .clk_i,
      .rst_ni,
      .safe_i       (!safe_no),
      .cmd_valid_i  (car_cmd_valid),
      .cmd_ready_o  (car_cmd_ready),
      .cmd_i        (car_cmd),
      .idle_o       (car_idle),
      .sense_valid_o(sense_valid),
      .sense_code_o (sense_code),
      .dac_sclk_o,
      .dac_sdi_o,
      .dac_sync_no,
      .scan_cc_o,
      .scan_dl_o,
      .lead_o       (lead),
      .read_o       (read),
      .chip_reset_o (chip_reset),
      .adc_cnv_no,
      .adc_sck_o,
      .adc_sdo_i,
      .set_en_o     (set_en),
      .reset_en_o   (reset_en)
  );

  ohm_scan_pins u_pins (
      .clk_i,
      .rst_ni,
      .safe_ni     (safe_no),
      .set_en_i    (set_en_passed),
      .reset_en_i  (reset_en_passed),
      .lead_i      (lead),
      .read_i      (read),
      .chip_reset_i(chip_reset),
      .bias_o      (unused_bias),
      .scan_tm_o,
      .scan_dr_o,
      .chip_reset_o
  );
endmodule
