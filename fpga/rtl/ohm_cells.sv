// A pulse or a conversion of several columns, cell by cell, for a carrier that can choose one cell at a time. The
// sequencer shows a command as ever and goes on when its last cell was taken; others see lines with one column, then
// the pulse or the conversion, for each column of the mask from the lowest. What the guard refuses is refused there.
//
//   lines   are passed with the lowest of their columns alone.
//   pulse, sense: for each column lines, unless these are what was passed last, and the command. An empty mask: the
//           command alone, with no cell.
// A command after another is shown in the clock after that was taken. The twin's times: sim/twin/ohm_scan.c.
//
// Columns that were not converted read 0. Codes can be had, two columns a beat, when the last has come.
module ohm_cells
  import ohm_carrier_pkg::*;
  import ohm_isa_pkg::Lanes;
(
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,  // all off: no lines, and codes are 0

    // from the sequencer; held until it is taken
    input  logic seq_valid_i,
    output logic seq_ready_o,
    input  cmd_t seq_cmd_i,

    // to the guard
    output logic cmd_valid_o,
    input  logic cmd_ready_i,
    output cmd_t cmd_o,

    // from the carrier, once after each conversion
    input logic        code_valid_i,
    input logic [15:0] code_i,

    // to the vector unit
    output logic codes_valid_o,
    input logic codes_ready_i,  // low between two times of 16 beats
    output logic [31:0] codes_o  // {code of column 2k+1, code of column 2k}, 0 above the last
);

  function automatic logic [Columns-1:0] lowest(logic [Columns-1:0] mask);
    return mask & (~mask + 1'b1);
  endfunction

  cmd_t lines_q;  // as the sequencer set them
  logic [Columns-1:0] at_q;  // the column that was passed
  logic [Columns-1:0] left_q;  // of a pulse or a conversion: columns that have not had it
  logic [Columns-1:0] first_q;  // the lowest of the lines' columns
  logic [Columns-1:0] next_q;  // the lowest of those that are left
  logic is_at_next_q;  // kept: to compare columns takes too long for a command that passes at once
  logic [Columns-1:0] open_q;  // the column whose code is to come
  logic is_lines, is_each, moves, taken, is_last;

  logic [Columns-1:0] lines_first, rest;
  assign lines_first = lowest(seq_cmd_i.col);
  assign rest        = left_q & ~next_q;

  assign is_lines    = seq_cmd_i.kind == CmdLines;
  assign is_each     = seq_cmd_i.kind == CmdPulse || seq_cmd_i.kind == CmdSense;
  assign moves       = is_each && !is_at_next_q;
  assign is_last     = rest == '0;

  always_comb begin
    cmd_o = seq_cmd_i;
    if (is_lines) cmd_o.col = lines_first;
    if (moves) begin
      cmd_o     = lines_q;
      cmd_o.col = next_q;
    end
  end
  assign cmd_valid_o = seq_valid_i;
  assign taken       = cmd_valid_o && cmd_ready_i;
  assign seq_ready_o = taken && !moves && (!is_each || is_last);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      lines_q      <= '0;
      at_q         <= '0;
      left_q       <= '0;
      first_q      <= '0;
      next_q       <= '0;
      is_at_next_q <= 1'b1;
    end else if (taken && is_lines) begin
      lines_q      <= seq_cmd_i;
      at_q         <= lines_first;
      left_q       <= seq_cmd_i.col;
      first_q      <= lines_first;
      next_q       <= lines_first;
      is_at_next_q <= 1'b1;
    end else if (taken && moves) begin
      at_q         <= next_q;
      is_at_next_q <= 1'b1;
    end else if (seq_ready_o || !seq_valid_i) begin
      left_q       <= lines_q.col;
      next_q       <= first_q;
      is_at_next_q <= at_q == first_q;
    end else if (taken) begin
      left_q       <= rest;
      next_q       <= lowest(rest);
      is_at_next_q <= 1'b0;
    end
  end

  // ---- codes

  logic [Columns-1:0][15:0] code_q;
  logic [  Lanes-1:0][15:0] lanes;
  logic [        3:0]       beat_q;
  logic                     waits_q;  // a conversion was taken whose code has not come
  logic is_sense, first;

  assign is_sense = taken && seq_cmd_i.kind == CmdSense && !moves;
  assign first    = left_q == lines_q.col;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      code_q  <= '0;
      open_q  <= '0;
      waits_q <= 1'b0;
    end else if (is_sense) begin
      if (first) code_q <= '0;
      open_q  <= next_q;
      waits_q <= 1'b1;
    end else if (code_valid_i) begin
      for (int unsigned j = 0; j < Columns; j++) if (open_q[j]) code_q[j] <= code_i;
      waits_q <= 1'b0;
    end
  end

  assign codes_valid_o = !waits_q;
  assign lanes         = (16 * Lanes)'(code_q);

  always_comb begin
    codes_o = '0;
    for (int unsigned b = 0; b < Lanes / 2; b++) begin
      codes_o |= {lanes[2*b+1], lanes[2*b]} & {32{beat_q == 4'(b)}};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !codes_ready_i) beat_q <= '0;
    else if (codes_valid_o) beat_q <= beat_q + 1'b1;
  end
endmodule
