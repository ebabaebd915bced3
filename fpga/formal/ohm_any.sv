// A value that the solver chooses anew in each clock. Proofs cut it open (`cutpoint`), so it has no content.

module ohm_any #(
    parameter int unsigned Width = 1
) (
    output logic [Width-1:0] value_o
);
  assign value_o = '0;
endmodule
