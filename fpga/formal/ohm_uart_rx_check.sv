// What ohm_link_rx_frame_check assumes of the receiver.

`include "ohm_assert.svh"

module ohm_uart_rx_check (
    input logic clk_i,
    input logic rst_ni,
    input logic valid_o,
    input logic error_o
);
  logic any_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(any_symbol)
  );

  logic been_lost_q;
  always_ff @(posedge clk_i) been_lost_q <= rst_ni && (been_lost_q || error_o);

  `OHM_ASSERT(OneOrNone_A, !(valid_o && error_o))
  `OHM_COVER(AfterLost_C, been_lost_q && valid_o)
endmodule

bind ohm_uart_rx ohm_uart_rx_check u_check (.*);
