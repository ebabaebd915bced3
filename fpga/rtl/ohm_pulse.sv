// The pulse timer. Taken at clock T: the enable is high in clocks T+1 .. T+width, ready again at
// T + width + PulseRecoveryCycles.
module ohm_pulse (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        safe_i,     // ends the pulse within the clock
    input  logic        start_i,    // only while ready_o
    input  logic        set_i,      // SET, else RESET
    input  logic [15:0] width_i,    // clocks
    output logic        ready_o,
    output logic        set_en_o,
    output logic        reset_en_o
);

  localparam int unsigned Recovery = ohm_carrier_pkg::PulseRecoveryCycles;
  localparam int unsigned CountW = $clog2(2 ** 16 + Recovery);

  logic [CountW-1:0] count_q;  // clocks until ready
  logic set_q, reset_q;

  assign ready_o    = count_q == '0;
  // Straight from flops but for the one gate, so that no other signal's hazard reaches the enables.
  assign set_en_o   = set_q && !safe_i;
  assign reset_en_o = reset_q && !safe_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      count_q <= '0;
      set_q   <= 1'b0;
      reset_q <= 1'b0;
    end else if (start_i) begin
      count_q <= CountW'(width_i) + CountW'(Recovery - 1);
      set_q   <= set_i && width_i != '0;
      reset_q <= !set_i && width_i != '0;
    end else if (count_q != '0) begin
      count_q <= count_q - 1'b1;
      if (count_q == CountW'(Recovery)) begin
        set_q   <= 1'b0;
        reset_q <= 1'b0;
      end
    end
  end

endmodule
