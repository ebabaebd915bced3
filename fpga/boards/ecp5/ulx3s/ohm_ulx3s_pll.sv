// 48 MHz, exactly, from 25 MHz: phases are compared at 25 / 5 = 5 MHz, the oscillator runs at 5 * 8 * 12 = 480 MHz, and
// CLKOP is only for the feedback, since 48 MHz is no multiple of 5 MHz. Project Trellis's ecppll has the limits:
// comparison 3.125 to 400 MHz, oscillator 400 to 800 MHz.

module ohm_ulx3s_pll (
    input  logic clk_25mhz_i,
    output logic clk_48mhz_o,
    output logic locked_o      // asynchronous
);
  logic feedback;

  // the analogue settings that ecppll gives every ECP5 PLL
  (* ICP_CURRENT = "12", LPF_RESISTOR = "8", MFG_ENABLE_FILTEROPAMP = "1", MFG_GMCREF_SEL = "2" *)
  EHXPLLL #(
      .CLKI_DIV(5),
      .CLKFB_DIV(8),
      .CLKOP_DIV(12),
      .CLKOP_CPHASE(5),
      .CLKOP_ENABLE("ENABLED"),
      .CLKOS_DIV(10),
      .CLKOS_CPHASE(5),
      .CLKOS_ENABLE("ENABLED"),
      .FEEDBK_PATH("CLKOP")
  ) u_pll (
      .CLKI (clk_25mhz_i),
      .CLKFB(feedback),
      .RST  (1'b0),
      .STDBY(1'b0),
      .CLKOP(feedback),
      .CLKOS(clk_48mhz_o),
      .LOCK (locked_o)
  );
endmodule
