// Stands for ohm_clk_gate where a proof knows whole clocks only: high in a clock in which the serial clock has its
// pulse. That pulse ends in the middle of the clock, so a chip takes what the data lines have in this clock.

module ohm_clk_gate_model (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic en_i,
    output logic clk_o
);
  logic any;  // a reset may cost a pulse, or give one more
  ohm_any u_any (.value_o(any));
  logic high_q, reset_q;
  always_ff @(posedge clk_i) begin
    high_q  <= en_i;
    reset_q <= !rst_ni;
  end
  assign clk_o = reset_q ? any : high_q;
endmodule
