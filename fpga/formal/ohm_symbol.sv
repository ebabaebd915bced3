// A constant that the solver chooses: what is proved with it is proved for every value. Also has every proof begin
// in reset.

module ohm_symbol #(
    parameter int unsigned Width = 1
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    output logic [Width-1:0] value_o
);
  logic [Width-1:0] any;
  logic first_q = 1'b1;

  ohm_any #(.Width(Width)) u_any (.value_o(any));

  always_ff @(posedge clk_i) begin
    first_q <= 1'b0;
    if (first_q) value_o <= any;
`ifdef FORMAL
    if (first_q) assume (!rst_ni);
`endif
  end
endmodule
