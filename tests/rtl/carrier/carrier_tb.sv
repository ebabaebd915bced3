// ohm_carrier on the board model, with a run-time counter that counts every clock.
module carrier_tb (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,
    input logic cmd_valid_i,
    output logic cmd_ready_o,
    input logic [1:0] kind_i,
    input logic [2:0] rail_i,
    input logic [1:0] mode_i,
    input logic [15:0] value_i,
    input logic [31:0] wl_i,
    input logic [31:0] bl_i,
    input logic [31:0] col_i,
    output logic sense_valid_o,
    input logic sense_ready_i,
    output logic [31:0] sense_data_o,
    output logic idle_o,
    output logic set_en_o,
    output logic reset_en_o,
    output logic [63:0] now_o,
    output logic [31:0] error_o,
    output logic [7:0][15:0] code_o,
    output logic [4:0][63:0] closed_o
);

  logic dac_sclk, dac_sdi, sw_sclk, adc_cnv_n, adc_sck, overcurrent_n;
  logic [ 1:0] dac_sync_n;
  logic [ 7:0] sw_data;
  logic [ 4:0] sw_sync_n;
  logic [ohm_carrier_pkg::Columns-1:0] adc_sdo;

  always_ff @(posedge clk_i) now_o <= rst_ni ? now_o + 64'd1 : '0;

  ohm_carrier u_carrier (
      .clk_i,
      .rst_ni,
      .safe_i,
      .cmd_valid_i,
      .cmd_ready_o,
      .cmd_i(
      '{
          kind: ohm_carrier_pkg::kind_e'(kind_i),
          rail: ohm_carrier_pkg::rail_e'(rail_i),
          mode: ohm_carrier_pkg::mode_e'(mode_i),
          value: value_i,
          wl: ohm_carrier_pkg::Rows'(wl_i),
          bl: ohm_carrier_pkg::Rows'(bl_i),
          col: ohm_carrier_pkg::Columns'(col_i)
      }
      ),
      .sense_valid_o,
      .sense_ready_i,
      .sense_data_o,
      .idle_o,
      .dac_sclk_o(dac_sclk),
      .dac_sdi_o(dac_sdi),
      .dac_sync_no(dac_sync_n),
      .sw_sclk_o(sw_sclk),
      .sw_data_o(sw_data),
      .sw_sync_no(sw_sync_n),
      .adc_cnv_no(adc_cnv_n),
      .adc_sck_o(adc_sck),
      .adc_sdo_i(adc_sdo),
      .set_en_o,
      .reset_en_o
  );

  carrier_board u_board (
      .clk_i,
      .now_i(now_o),
      .force_overcurrent_i(1'b0),
      .dac_sclk_i(dac_sclk),
      .dac_sdi_i(dac_sdi),
      .dac_sync_ni(dac_sync_n),
      .sw_sclk_i(sw_sclk),
      .sw_data_i(sw_data),
      .sw_sync_ni(sw_sync_n),
      .adc_cnv_ni(adc_cnv_n),
      .adc_sck_i(adc_sck),
      .adc_sdo_o(adc_sdo),
      .set_en_i(set_en_o),
      .reset_en_i(reset_en_o),
      .safe_ni(rst_ni && !safe_i),
      .overcurrent_no(overcurrent_n),
      .error_o
  );

  assign code_o   = u_board.code;
  assign closed_o = u_board.closed;

  always_comb assert (overcurrent_n);

endmodule
