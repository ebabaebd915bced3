// A serial clock at the rate of the system clock: high in the first half of each clock that en_i
// asks for. Not `clk_i & en`, which glitches: two flops that change on different edges, so one
// input of the XOR at a time. A board with a DDR output cell that is as fast as a flop may replace this
// file (D0 = en_i, D1 = 0) to bring clock and data out alike; the ECP5's ODDRX1F is two clocks slower.
module ohm_clk_gate (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic en_i,    // taken at the rising edge that begins the clock
    output logic clk_o
);

  logic rise_q, fall_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) rise_q <= 1'b0;
    else if (en_i) rise_q <= !fall_q;
  end

  // No reset: a frame cut short by one still ends its last pulse.
  always_ff @(negedge clk_i) fall_q <= rise_q;

  assign clk_o = rise_q ^ fall_q;

endmodule
