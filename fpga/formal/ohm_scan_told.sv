// What the X1's carrier has been told since all was off. Of the commands only what the guard passes: OneCell_A of cell;
// OneRow_A and SomeColumn_A of command.

module ohm_scan_told
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic off_i,
    input logic cmd_valid_i,
    input logic cmd_ready_i,
    input cmd_t cmd_i,
    output logic [Rails-1:0][15:0] code_o,
    output mode_e mode_o,
    output logic [Rows-1:0] wl_o,
    output logic [Rows-1:0] bl_o,
    output logic [Columns-1:0] col_o
);
  logic taken;
  assign taken = cmd_valid_i && cmd_ready_i;
  always_ff @(posedge clk_i) begin
    if (off_i) begin
      code_o <= '0;
      mode_o <= ModeOff;
      wl_o   <= '0;
      bl_o   <= '0;
      col_o  <= '0;
    end else if (taken && cmd_i.kind == CmdRail) code_o[cmd_i.rail] <= cmd_i.value;
    else if (taken && cmd_i.kind == CmdLines) begin
      mode_o <= cmd_i.mode;
      wl_o   <= cmd_i.wl;
      bl_o   <= cmd_i.bl;
      col_o  <= cmd_i.col;
    end
  end

`ifdef FORMAL
  logic lines, pulses;
  assign lines  = cmd_valid_i && cmd_i.kind == CmdLines;
  assign pulses = cmd_i.mode inside {ModeSet, ModeReset};
  always_ff @(posedge clk_i) begin
    assume (!lines || ($onehot0(cmd_i.wl) && $onehot0(cmd_i.col)));
    assume (!lines || !pulses || cmd_i.wl != '0);
    assume (!(cmd_valid_i && cmd_i.kind == CmdPulse) || col_o != '0);
  end
`endif
endmodule
