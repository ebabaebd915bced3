// The whole FPGA with the pin checker on its pins. What the converters read is noise.

module hostile_tb #(
    parameter int unsigned ClockHz = 460_800  // 4 clocks a bit at the default rate, 460 clocks a millisecond
) (
    input logic clk_i,
    input logic rst_ni,
    input logic uart_rx_i,
    input logic overcurrent_i,

    output logic        running_o,
    output logic [31:0] violations_o,
    output logic [31:0] pulses_o,
    output logic [31:0] at_limit_o,
    output logic [31:0] spent_o,
    output logic [31:0] trips_o,
    output logic [31:0] silences_o,
    output logic [31:0] cut_rails_o,
    output logic [ 7:0] fault_o
);
  logic dac_sclk, dac_sdi, sw_sclk, set_en, reset_en, safe_n, armed;
  logic [1:0] dac_sync_n;
  logic [7:0] sw_data;
  logic [4:0] sw_sync_n;
  logic [31:0] noise_q = 32'h1;
  logic rst_nq;  // as behind a board's synchroniser

  always_ff @(posedge clk_i) begin
    rst_nq  <= rst_ni;
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
      .adc_cnv_no(),
      .adc_sck_o(),
      .adc_sdo_i(noise_q),
      .set_en_o(set_en),
      .reset_en_o(reset_en),
      .safe_no(safe_n),
      .overcurrent_ni(!overcurrent_i),
      .running_o,
      .armed_o(armed),
      .fault_o()
  );
  assign fault_o = u_top.fault;

  pin_checker #(
      .TicksPerMs(ClockHz / 1000)
  ) u_checker (
      .clk_i,
      .rst_ni(rst_nq),
      .dac_sclk_i(dac_sclk),
      .dac_sdi_i(dac_sdi),
      .dac_sync_ni(dac_sync_n),
      .sw_sclk_i(sw_sclk),
      .sw_data_i(sw_data),
      .sw_sync_ni(sw_sync_n),
      .set_en_i(set_en),
      .reset_en_i(reset_en),
      .safe_ni(safe_n),
      .overcurrent_ni(!overcurrent_i),
      .armed_i(armed),
      .reg_valid_i(u_top.reg_valid),
      .reg_addr_i(u_top.reg_addr),
      .reg_data_i(u_top.reg_data),
      .good_frame_i(u_top.good_frame),
      .abort_i(u_top.abort),
      .violations_o,
      .pulses_o,
      .at_limit_o,
      .spent_o,
      .trips_o,
      .silences_o,
      .cut_rails_o
  );
endmodule
