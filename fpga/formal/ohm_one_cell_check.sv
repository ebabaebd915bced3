// What the guard passes to a carrier that chooses one cell at a time.

`include "ohm_assert.svh"

module ohm_one_cell_check
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic car_cmd_valid_o,
    input cmd_t car_cmd_o
);
  logic unused_start;  // begins in reset
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_start)
  );

  logic lines;
  assign lines = car_cmd_valid_o && car_cmd_o.kind == CmdLines && car_cmd_o.mode != ModeOff;

  `OHM_ASSERT(OneCell_A, !lines || ($onehot0(car_cmd_o.wl) && $onehot0(car_cmd_o.col)))
  `OHM_COVER(LastCell_C,
             lines && car_cmd_o.mode == ModeRead && car_cmd_o.wl[31] && car_cmd_o.col[31])
endmodule

bind ohm_guard ohm_one_cell_check u_one_cell_check (.*);
