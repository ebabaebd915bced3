// The guard and the carrier as ohm_top joins them: from a sequencer and a host that do what they like to the pins.

module ohm_guarded
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned SafeClocks = DacSettleCycles,
    parameter int unsigned Counted = ohm_carrier_pkg::Columns
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic seq_cmd_valid_i,
    output logic seq_cmd_ready_o,
    input  cmd_t seq_cmd_i,

    input  logic                         reg_valid_i,
    input  logic                  [ 7:0] reg_addr_i,
    input  logic                  [31:0] reg_data_i,
    input  logic                         good_frame_i,
    input  logic                         abort_i,
    input  logic                         overcurrent_ni,
    input  logic                         sense_ready_i,
    output logic                         reg_refused_o,
    output logic                         armed_o,
    output ohm_guard_pkg::fault_e        fault_o,

    output logic              dac_sclk_o,
    output logic              dac_sdi_o,
    output logic [       1:0] dac_sync_no,
    output logic              sw_sclk_o,
    output logic [       7:0] sw_data_o,
    output logic [Groups-1:0] sw_sync_no,
    output logic              set_en_o,
    output logic              reset_en_o,
    output logic              safe_no
);
  logic car_cmd_valid, car_cmd_ready, set_en, reset_en;
  cmd_t car_cmd;

  ohm_guard #(
      .SafeClocks(SafeClocks),
      .Counted(Counted)
  ) u_guard (
      .clk_i,
      .rst_ni,
      .seq_cmd_valid_i,
      .seq_cmd_ready_o,
      .seq_cmd_i,
      .car_cmd_valid_o(car_cmd_valid),
      .car_cmd_ready_i(car_cmd_ready),
      .car_cmd_o(car_cmd),
      .set_en_i(set_en),
      .reset_en_i(reset_en),
      .set_en_o,
      .reset_en_o,
      .safe_no,
      .overcurrent_ni,
      .reg_valid_i,
      .reg_addr_i,
      .reg_data_i,
      .reg_refused_o,
      .good_frame_i,
      .abort_i,
      .armed_o,
      .fault_o,
      .read_bias_o()
  );

  ohm_carrier u_carrier (
      .clk_i,
      .rst_ni,
      .safe_i(!safe_no),
      .cmd_valid_i(car_cmd_valid),
      .cmd_ready_o(car_cmd_ready),
      .cmd_i(car_cmd),
      .sense_valid_o(),
      .sense_ready_i,
      .sense_data_o(),
      .idle_o(),
      .dac_sclk_o,
      .dac_sdi_o,
      .dac_sync_no,
      .sw_sclk_o,
      .sw_data_o,
      .sw_sync_no,
      .adc_cnv_no(),
      .adc_sck_o(),
      .adc_sdo_i('0),
      .set_en_o(set_en),
      .reset_en_o(reset_en)
  );
endmodule
