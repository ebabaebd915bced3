// TM, ScanInDR and the chip's reset. The chip biases the chosen cell while TM is high and ScanInDR is not at the level of
// shifting: no longer than the guard's enables, or a read's bias while the guard lets all on, are high.
//
// TM is high before a bias already, and ScanInDR stays a clock longer than it, so that neither has a gap or a hazard
// within a packet: TM by lead_i, which lasts into the bias; ScanInDR by a flop, in whose clock lead_i does not count.
module ohm_scan_pins
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input logic safe_ni,      // as at the pin: low with all off
    input logic set_en_i,     // as at the guard's pins
    input logic reset_en_i,
    input logic lead_i,       // from the carrier
    input logic read_i,
    input logic chip_reset_i,

    output logic bias_o,       // a cell is biased
    output logic scan_tm_o,
    output logic scan_dr_o,
    output logic chip_reset_o
);
  logic tail_q;

  assign bias_o = safe_ni && (set_en_i || reset_en_i || read_i);
  assign scan_tm_o = bias_o || (safe_ni && lead_i && !tail_q);
  assign scan_dr_o = (bias_o || tail_q) ^ ScanShiftLevel;
  assign chip_reset_o = (chip_reset_i || !safe_ni) ^ !ScanResetLevel;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) tail_q <= 1'b0;
    else tail_q <= bias_o;
  end
endmodule
