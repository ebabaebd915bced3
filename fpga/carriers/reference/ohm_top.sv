// The whole FPGA, without its board: UART on one side, the reference carrier's pins on the other.

module ohm_top #(
    parameter int unsigned ClockHz = ohm_carrier_pkg::ClockHz
) (
    input logic clk_i,
    input logic rst_ni,

    input logic [31:0] build_id_i,  // constant: a hash of RTL and firmware, which the host is told

    input  logic uart_rx_i,
    output logic uart_tx_o,

    output logic                                dac_sclk_o,
    output logic                                dac_sdi_o,
    output logic [                         1:0] dac_sync_no,
    output logic                                sw_sclk_o,
    output logic [                         7:0] sw_data_o,
    output logic [                         4:0] sw_sync_no,
    output logic                                adc_cnv_no,
    output logic                                adc_sck_o,
    input  logic [ohm_carrier_pkg::Columns-1:0] adc_sdo_i,
    output logic                                set_en_o,
    output logic                                reset_en_o,
    output logic                                safe_no,
    input  logic                                overcurrent_ni,

    // lamps
    output logic running_o,
    output logic armed_o,
    output logic fault_o
);
  logic car_cmd_valid, car_cmd_ready, car_idle, sense_valid, sense_ready, set_en, reset_en;
  ohm_carrier_pkg::cmd_t car_cmd;
  logic [31:0] sense_data;

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
      .sense_ready_o  (sense_ready),
      .sense_data_i   (sense_data),
      .set_en_i       (set_en),
      .reset_en_i     (reset_en),
      .set_en_o,
      .reset_en_o,
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
      .sense_valid_o(sense_valid),
      .sense_ready_i(sense_ready),
      .sense_data_o (sense_data),
      .idle_o       (car_idle),
      .dac_sclk_o,
      .dac_sdi_o,
      .dac_sync_no,
      .sw_sclk_o,
      .sw_data_o,
      .sw_sync_no,
      .adc_cnv_no,
      .adc_sck_o,
      .adc_sdo_i,
      .set_en_o     (set_en),
      .reset_en_o   (reset_en)
  );
endmodule
