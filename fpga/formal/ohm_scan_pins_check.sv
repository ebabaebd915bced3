// The pins of the X1's scan port, as the chip sees them: a cell is biased while TM is high and ScanInDR is not at the
// level of shifting. The carrier and the guard's enables are free.

`include "ohm_assert.svh"

module ohm_scan_pins_check (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_ni,
    input logic set_en_i,
    input logic reset_en_i,
    input logic lead_i,
    input logic read_i,
    input logic scan_tm_o,
    input logic scan_dr_o,
    input logic chip_reset_o
);
  logic biased, biased_q, passed;
  assign biased = scan_tm_o && scan_dr_o != ohm_carrier_pkg::ScanShiftLevel;
  assign passed = set_en_i || reset_en_i || read_i;
  always_ff @(posedge clk_i) biased_q <= rst_ni && biased;

  `OHM_ASSERT(BiasPassed_A, biased == (safe_ni && passed))
  `OHM_ASSERT(OffPins_A, safe_ni || (!scan_tm_o && chip_reset_o == ohm_carrier_pkg::ScanResetLevel))
  `OHM_COVER(Pulse_C, biased_q && !biased && !scan_tm_o && lead_i && safe_ni)
  `OHM_COVER(Off_C, biased_q && !safe_ni)
endmodule

bind ohm_scan_pins ohm_scan_pins_check u_check (.*);
