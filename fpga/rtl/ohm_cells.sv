// A pulse or a conversion of several columns, cell by cell, for a carrier that can choose one cell at a time. The
// sequencer shows a command as ever and goes on when its last cell was taken; others see lines with one column, then
// the pulse or the conversion, for each column of the mask from the lowest. What the guard refuses is refused there.
//
//   lines   are passed with the lowest of their columns alone.
//   pulse, sense: for each column lines, unless these are what was passed last, and the command. An empty mask: the
//           command alone, with no cell.
// A command is passed from the clock after it was shown, since guard and carrier answer in the clock in which they see
// it; one that follows in it, from the clock after the one before it was taken. The twin's times: sim/twin/ohm_commands.c.
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

  // ---- commands

  logic valid_q, is_step_q, is_last_q;
  cmd_t cmd_q, cmd_d;  // what is passed; in a step: lines that a pulse or a conversion needs first
  cmd_t lines_q;  // as the sequencer set them
  logic [Columns-1:0] at_q;  // the column that was passed
  logic [Columns-1:0] left_q;  // of a pulse or a conversion: columns that have not had it
  logic [Columns-1:0] next_q;  // the lowest of these
  logic [Columns-1:0] first_q;  // the lowest of the lines' columns
  logic is_each, is_step_d, taken;

  logic [Columns-1:0] rest, follows, step_to;
  assign rest    = left_q & ~next_q;
  assign follows = lowest(rest);
  assign step_to = valid_q ? follows : next_q;

  assign is_each   = seq_cmd_i.kind == CmdPulse || seq_cmd_i.kind == CmdSense;
  assign is_step_d = is_each && (valid_q ? !is_step_q : at_q != next_q);

  always_comb begin
    cmd_d = seq_cmd_i;
    if (seq_cmd_i.kind == CmdLines) cmd_d.col = lowest(seq_cmd_i.col);
    if (is_step_d) begin
      cmd_d     = lines_q;
      cmd_d.col = step_to;
    end
  end
  assign cmd_o       = cmd_q;
  assign cmd_valid_o = valid_q && seq_valid_i;
  assign taken       = cmd_valid_o && cmd_ready_i;
  assign seq_ready_o = taken && is_last_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= seq_valid_i && !seq_ready_o;
    if (taken || !valid_q) begin
      cmd_q     <= cmd_d;
      is_step_q <= is_step_d;
      is_last_q <= !is_step_d && (!is_each || rest == '0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      lines_q <= '0;
      at_q    <= '0;
      left_q  <= '0;
      next_q  <= '0;
      first_q <= '0;
    end else if (taken && seq_cmd_i.kind == CmdLines) begin
      lines_q <= seq_cmd_i;
      at_q    <= cmd_q.col;
      left_q  <= seq_cmd_i.col;
      next_q  <= cmd_q.col;
      first_q <= cmd_q.col;
    end else if (taken && is_step_q) begin
      at_q <= cmd_q.col;
    end else if (!valid_q) begin
      left_q <= lines_q.col;
      next_q <= first_q;
    end else if (taken) begin
      left_q <= rest;
      next_q <= follows;
    end
  end

  // ---- codes

  logic [Columns-1:0][15:0] code_q;
  logic [  Lanes-1:0][15:0] lanes;
  logic [        3:0]       beat_q;
  logic                     waits_q;  // a conversion was taken whose code has not come
  logic [Columns-1:0]       open_q;  // its column
  logic                     is_first_q;  // it is the first of its command
  logic                     clear_q;
  logic                     sense_taken;

  assign sense_taken = taken && cmd_q.kind == CmdSense;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) waits_q <= 1'b0;
    else if (sense_taken) waits_q <= 1'b1;
    else if (code_valid_i) waits_q <= 1'b0;
  end

  // It is known late in a clock that a conversion was taken. So the column goes with the commands until one is, and
  // codes are cleared a clock later: none comes so soon.
  always_ff @(posedge clk_i) begin
    if (!waits_q) begin
      open_q     <= next_q;
      is_first_q <= left_q == lines_q.col;
    end
    clear_q <= sense_taken && is_first_q;
    if (!rst_ni || safe_i || clear_q) begin
      code_q <= '0;
    end else if (code_valid_i) begin
      for (int unsigned j = 0; j < Columns; j++) if (open_q[j]) code_q[j] <= code_i;
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
