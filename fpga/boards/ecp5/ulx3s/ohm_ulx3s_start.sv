// Clock and reset of a ULX3S, whatever the carrier. Flops and block RAM are 0 after configuration: in reset from the first
// clock on, until the clock has been good and the button up for a millisecond.

module ohm_ulx3s_start (
    input  logic clk_25mhz_i,
    input  logic btn_pwr_ni,
    output logic clk_o,        // 48 MHz
    output logic rst_no
);
  localparam int unsigned ResetW = 16;
  logic locked;
  logic [1:0] good_q;
  logic [ResetW-1:0] count_q;

  ohm_ulx3s_pll u_pll (
      .clk_25mhz_i,
      .clk_48mhz_o(clk_o),
      .locked_o(locked)
  );

  always_ff @(posedge clk_o) begin
    good_q <= {good_q[0], locked && btn_pwr_ni};
    if (!good_q[1]) count_q <= '0;
    else if (!rst_no) count_q <= count_q + ResetW'(1);
    rst_no <= good_q[1] && (rst_no || count_q == '1);
  end
endmodule
