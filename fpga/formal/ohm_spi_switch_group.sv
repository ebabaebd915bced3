// One group of eight ADG1414 as its pins show it, and what carrier.toml says of it: chip c, switch s is bit 8c + s.
// Bits are taken with SCLK while SYNC is low; the switches move when it rises.

module ohm_spi_switch_group
  import ohm_carrier_pkg::*;
#(
    parameter logic [2:0] Group = 3'd0
) (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,

    // the last command and the one before
    input mode_e mode_i,
    input logic [31:0] wl_i,
    input logic [31:0] bl_i,
    input logic [31:0] col_i,
    input mode_e was_mode_i,
    input logic [31:0] was_wl_i,
    input logic [31:0] was_bl_i,
    input logic [31:0] was_col_i,

    input logic sclk_i,
    input logic [7:0] data_i,
    input logic sync_ni,

    output logic [63:0] old_o,
    output logic [63:0] new_o,
    output logic [63:0] closed_o,
    output logic [7:0][7:0] taken_o,  // bits since SYNC fell
    output logic [3:0] bits_o,
    output logic moves_o,  // in this clock, to
    output logic [63:0] next_o,
    output logic two_sources_o
);
  function automatic logic [63:0] pattern(logic [2:0] group, mode_e mode, logic [31:0] wl,
                                          logic [31:0] bl, logic [31:0] col);
    logic [63:0] p;
    logic [31:0] driven;
    logic [15:0] half;
    p = '0;
    driven = mode == ModeReset ? '0 : bl;
    half = group == GroupColLo ? col[15:0] : col[31:16];
    if (mode != ModeOff) begin
      for (int i = 0; i < 32; i++) begin
        if (group == GroupWl) p[2*i+:2] = {!wl[i], wl[i]};
        if (group == GroupBl) p[2*i+:2] = {!driven[i], driven[i]};
      end
      for (int j = 0; j < 16; j++) begin
        if (group == GroupColLo || group == GroupColHi) begin
          if (mode == ModeRead) p[4*j+:4] = 4'b0001;
          else if (mode == ModeSet) p[4*j+:4] = half[j] ? 4'b0010 : 4'b0100;
          else p[4*j+:4] = half[j] ? 4'b1000 : 4'b0010;
        end
      end
    end
    if (group == GroupBus) begin
      if (mode == ModeRead) p[4:0] = 5'b10010;
      if (mode == ModeSet) p[4:0] = 5'b00101;
      if (mode == ModeReset) p[4:0] = 5'b01000;
    end
    return p;
  endfunction

  assign old_o = pattern(Group, was_mode_i, was_wl_i, was_bl_i, was_col_i);
  assign new_o = pattern(Group, mode_i, wl_i, bl_i, col_i);

  logic low_q;
  assign next_o  = taken_o;
  assign moves_o = sync_ni && low_q;
  always_ff @(posedge clk_i) begin
    low_q <= rst_ni && !safe_i && !sync_ni;
    if (sync_ni) bits_o <= '0;
    else if (sclk_i) bits_o <= bits_o + 4'(bits_o != '1);
    if (!sync_ni && sclk_i) for (int c = 0; c < 8; c++) taken_o[c] <= {taken_o[c][6:0], data_i[c]};
    if (!rst_ni || safe_i) closed_o <= '0;
    else if (moves_o) closed_o <= next_o;
  end

  // a line with two of its switches closed
  always_comb begin
    two_sources_o = 1'b0;
    unique case (Group)
      GroupBus:
      two_sources_o = &closed_o[1:0] || &closed_o[3:2] || (closed_o[4] && closed_o[3:2] != '0);
      GroupWl, GroupBl: for (int i = 0; i < 32; i++) two_sources_o |= &closed_o[2*i+:2];
      default: for (int j = 0; j < 16; j++) two_sources_o |= $countones(closed_o[4*j+:4]) > 1;
    endcase
  end
endmodule
