// What a waveform shows of the X1's carrier and of one cell that no pin does, and when one is written: as wave_probe.sv
// for the reference carrier, with its +cell and +pulse. Only in builds with OHM_WAVES.
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

  import "DPI-C" function void ohm_dpi_want_waves(input int wanted);
  import "DPI-C" function void ohm_dpi_pulse_cell(input int pulsed);
  import "DPI-C" function real ohm_dpi_usiemens(
    input int row,
    input int column,
    input longint unsigned now
  );

  // clocks after disarming in which all is seen to fall to 0: 10 us
  localparam int unsigned After = 480;

  int cell_row, cell_column, only_pulse;
  initial begin
    int cell_number;
    if (!$value$plusargs("cell=%d", cell_number)) cell_number = 0;
    if (!$value$plusargs("pulse=%d", only_pulse)) only_pulse = 0;
    cell_row = cell_number / int'(Columns);
    cell_column = cell_number % int'(Columns);
  end

  real vcc_set_v, vcc_wl_set_v, cell_v;
  assign vcc_set_v = real'(code_i[0]) * parts_pkg::DacFullScaleV / 65536.0;
  assign vcc_wl_set_v = real'(code_i[1]) * parts_pkg::DacFullScaleV / 65536.0;

  logic is_chosen, is_biased, cell_biased, cell_pulsed;
  logic [10:0] word;  // {OP_SET, row, column}
  assign word = {op_set_i, row_i, column_i};
  assign is_chosen = int'(row_i) == cell_row && int'(column_i) == cell_column;
  assign is_biased = tm_i && dr_i;
  assign cell_biased = is_biased && is_chosen;
  assign cell_pulsed = cell_biased && (mode_i == ModeSet || mode_i == ModeReset);
  assign cell_v = cell_biased ? vcc_set_v : 0.0;

  real cell_usiemens = 0.0;
  logic signed [15:0] cell_code = '0;  // of its last conversion
  logic [15:0] cell_pulses = '0;  // since the start
  logic cell_pulsed_q, cnv_nq, converts_q, asks_q, wanted, wanted_q, shown_q;
  logic [$clog2(After+1)-1:0] after_q;
  initial begin
    {cell_pulsed_q, converts_q, asks_q, wanted_q, shown_q} = '0;
    cnv_nq = 1'b1;
    after_q = '0;
  end

  always_comb begin
    wanted = armed_i || after_q != '0;
    if (only_pulse != 0) begin
      if (int'(cell_pulses) != only_pulse - 1 && int'(cell_pulses) != only_pulse) begin
        wanted = 1'b0;
      end
      if (int'(cell_pulses) == only_pulse && (cell_pulsed || cell_pulsed_q)) begin
        wanted = 1'b0;
      end
    end
  end

  always @(cell_pulsed) ohm_dpi_pulse_cell(int'(cell_pulsed));

  always_ff @(posedge clk_i) begin
    if (armed_i) after_q <= ($bits(after_q))'(After);
    else if (after_q != '0) after_q <= after_q - 1'b1;
    cnv_nq <= adc_cnv_ni;
    cell_pulsed_q <= cell_pulsed;
    if (cell_pulsed_q && !cell_pulsed) cell_pulses <= cell_pulses + 1'b1;
    // a clock after the event, when the array model has heard of it
    converts_q <= cell_biased && cnv_nq && !adc_cnv_ni;
    asks_q <= wanted && (!wanted_q || (cell_pulsed_q && !cell_pulsed) || (cnv_nq && !adc_cnv_ni));
    if (asks_q) cell_usiemens <= ohm_dpi_usiemens(cell_row, cell_column, now_i);
    if (converts_q) cell_code <= adc_code_i;
    wanted_q <= wanted;
    shown_q  <= wanted_q;
    if (wanted_q != shown_q)
      ohm_dpi_want_waves(int'(wanted_q));  // once the cell's conductance is there
  end

endmodule
