// The cell that a waveform is of, its pulses, and when a waveform is written at all. Only in builds with OHM_WAVES.
//   +cell=N     the cell: row * Columns + column, of the carrier's lines; 0 if not given
//   +pulse=N    only from the cell's pulse N - 1 to its pulse N + 1; not given: all the time that the bench is armed
module wave_window
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic armed_i,
    input logic cell_pulsed_i,
    input logic adc_cnv_ni,
    output int cell_row_o,
    output int cell_column_o,
    output logic [15:0] cell_pulses_o,  // since the start
    // a clock after something may have moved the cell, when the array model has heard of it
    output logic asks_o
);

  import "DPI-C" function void ohm_dpi_want_waves(input int wanted);
  import "DPI-C" function void ohm_dpi_pulse_cell(input int pulsed);

  // clocks after disarming in which all is seen to fall to 0: 10 us
  localparam int unsigned After = 480;

  int only_pulse;
  initial begin
    int cell_number;
    if (!$value$plusargs("cell=%d", cell_number)) cell_number = 0;
    if (!$value$plusargs("pulse=%d", only_pulse)) only_pulse = 0;
    cell_row_o = cell_number / int'(Columns);
    cell_column_o = cell_number % int'(Columns);
  end

  logic cell_pulsed_q, cnv_nq, wanted, wanted_q, shown_q;
  logic [$clog2(After+1)-1:0] after_q;
  initial begin
    {cell_pulsed_q, asks_o, wanted_q, shown_q} = '0;
    cnv_nq = 1'b1;
    after_q = '0;
    cell_pulses_o = '0;
  end

  always_comb begin
    wanted = armed_i || after_q != '0;
    if (only_pulse != 0) begin
      if (int'(cell_pulses_o) != only_pulse - 1 && int'(cell_pulses_o) != only_pulse) begin
        wanted = 1'b0;
      end
      if (int'(cell_pulses_o) == only_pulse && (cell_pulsed_i || cell_pulsed_q)) begin
        wanted = 1'b0;
      end
    end
  end

  always @(cell_pulsed_i) ohm_dpi_pulse_cell(int'(cell_pulsed_i));

  always_ff @(posedge clk_i) begin
    if (armed_i) after_q <= ($bits(after_q))'(After);
    else if (after_q != '0) after_q <= after_q - 1'b1;
    cnv_nq <= adc_cnv_ni;
    cell_pulsed_q <= cell_pulsed_i;
    if (cell_pulsed_q && !cell_pulsed_i) cell_pulses_o <= cell_pulses_o + 1'b1;
    asks_o <= wanted && (!wanted_q || (cell_pulsed_q && !cell_pulsed_i) || (cnv_nq && !adc_cnv_ni));
    wanted_q <= wanted;
    shown_q <= wanted_q;
    if (wanted_q != shown_q)
      ohm_dpi_want_waves(int'(wanted_q));  // once the cell's conductance is there
  end
endmodule
