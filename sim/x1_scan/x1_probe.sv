// What a waveform shows of the X1's carrier and of one cell that no pin does. Which cell, and when, is wave_window's.
// Only in builds with OHM_WAVES.
// cell_v is across the cell and its shunt, while the chip biases that cell. Edges are ideal: a supply steps when its DAC
// does. The model moves a cell when its pulse ends.
module x1_probe
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic [63:0] now_i,
    input logic armed_i,
    input logic tm_i,
    input logic dr_i,
    input logic adc_cnv_ni,
    input logic [3:0][15:0] code_i,  // of the DAC's channels
    input mode_e mode_i,
    input logic op_set_i,  // the last word that the chip took
    input logic [4:0] row_i,
    input logic [4:0] column_i,
    input logic signed [15:0] adc_code_i
);

  import "DPI-C" function real ohm_dpi_usiemens(
    input int row,
    input int column,
    input longint unsigned now
  );

  int cell_row, cell_column;
  logic [15:0] cell_pulses;
  logic cell_pulsed, asks;
  wave_window u_window (
      .clk_i,
      .armed_i,
      .cell_pulsed_i(cell_pulsed),
      .adc_cnv_ni,
      .cell_row_o(cell_row),
      .cell_column_o(cell_column),
      .cell_pulses_o(cell_pulses),
      .asks_o(asks)
  );

  real vcc_set_v, vcc_wl_set_v, cell_v;
  assign vcc_set_v = real'(code_i[0]) * parts_pkg::DacFullScaleV / 65536.0;
  assign vcc_wl_set_v = real'(code_i[1]) * parts_pkg::DacFullScaleV / 65536.0;

  logic is_chosen, is_biased, cell_biased;
  logic [10:0] word;  // {OP_SET, row, column}
  assign word = {op_set_i, row_i, column_i};
  assign is_chosen = int'(row_i) == cell_row && int'(column_i) == cell_column;
  assign is_biased = tm_i && dr_i;
  assign cell_biased = is_biased && is_chosen;
  assign cell_pulsed = cell_biased && (mode_i == ModeSet || mode_i == ModeReset);
  assign cell_v = cell_biased ? vcc_set_v : 0.0;

  real cell_usiemens = 0.0;
  logic signed [15:0] cell_code = '0;  // of its last conversion
  logic cnv_nq, converts_q;
  initial begin
    cnv_nq = 1'b1;
    converts_q = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    cnv_nq <= adc_cnv_ni;
    // a clock after the event, as asks
    converts_q <= cell_biased && cnv_nq && !adc_cnv_ni;
    if (asks) cell_usiemens <= ohm_dpi_usiemens(cell_row, cell_column, now_i);
    if (converts_q) cell_code <= adc_code_i;
  end

endmodule
