// The X1 carrier's ohm_top on a ULX3S: clock, reset, lamps.

module ohm_ulx3s #(
    parameter logic [31:0] BuildId = '0
) (
    input logic clk_25mhz_i,
    input logic btn_pwr_ni,   // reset, and with it all off

    input logic ftdi_txd_i,
    output logic ftdi_rxd_o,
    output logic wifi_en_o,  // the radio shares pins with the carrier: it stays off
    output logic [3:0] led_o,  // running, armed, fault, out of reset

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
    input  logic overcurrent_ni
);
  logic clk, rst_n;

  ohm_ulx3s_start u_start (
      .clk_25mhz_i,
      .btn_pwr_ni,
      .clk_o (clk),
      .rst_no(rst_n)
  );

  ohm_top u_top (
      .clk_i     (clk),
      .rst_ni    (rst_n),
      .build_id_i(BuildId),
      .uart_rx_i (ftdi_txd_i),
      .uart_tx_o (ftdi_rxd_o),
      .dac_sclk_o,
      .dac_sdi_o,
      .dac_sync_no,
      .scan_cc_o,
      .scan_dl_o,
      .scan_dr_o,
      .scan_tm_o,
      .chip_reset_o,
      .adc_cnv_no,
      .adc_sck_o,
      .adc_sdo_i,
      .safe_no,
      .overcurrent_ni,
      .running_o (led_o[0]),
      .armed_o   (led_o[1]),
      .fault_o   (led_o[2])
  );

  assign led_o[3]  = rst_n;
  assign wifi_en_o = 1'b0;
endmodule
