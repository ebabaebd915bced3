// Watches the pins of the FPGA for what docs/guard.md promises, whatever the program, and knows nothing of what is
// inside. What the host has asked for it hears where the guard does (register writes, good frames, aborts), and when lines
// are set to what they are already.
// Chips are modelled as far as the promises need: which switches are closed, what code each DAC channel has.

module pin_checker
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned TicksPerMs = 48000
) (
    input logic clk_i,
    input logic rst_ni,

    input logic       dac_sclk_i,
    input logic       dac_sdi_i,
    input logic [1:0] dac_sync_ni,
    input logic       sw_sclk_i,
    input logic [7:0] sw_data_i,
    input logic [4:0] sw_sync_ni,
    input logic       adc_cnv_ni,
    input logic       set_en_i,
    input logic       reset_en_i,
    input logic       safe_ni,
    input logic       overcurrent_ni,
    input logic       armed_i,         // the lamp

    input logic        reg_valid_i,
    input logic [ 7:0] reg_addr_i,
    input logic [31:0] reg_data_i,
    input logic        good_frame_i,
    input logic        abort_i,
    input logic        lines_i,       // lines are set in this clock

    output logic [31:0] violations_o,
    // what was seen, so that a test can tell that it tested something
    output logic [31:0] pulses_o,
    output logic [31:0] at_limit_o,  // pulses as long as the limit
    output logic [31:0] spent_o,  // pulses that were the last of a cell's budget
    output logic [31:0] apart_o,       // SET pulses with the inhibit rail away from the bit line, within the limit
    output logic [31:0] second_o,  // RESET pulses from the second rail
    output logic [31:0] left_on_o,  // off since word lines were left on in READ
    output logic [31:0] trips_o,
    output logic [31:0] silences_o,
    output logic [31:0] cut_rails_o  // off since a limit was set below a rail
);
  localparam int unsigned LateClocks = 3;  // from the limit of a read until safe_no is low
  // switches of the buses in a pulse
  localparam logic [63:0] InSet = 64'd1 << SwBusBlSet | 64'd1 << SwBusWlSet;
  localparam logic [63:0] InReset = 64'd1 << SwBusWlReset | 64'd1 << SwBusSlReset;
  localparam logic [63:0] InSecond = 64'd1 << SwBusWlReset | 64'd1 << SwBusSlInhibit;
  localparam int unsigned Half = 64 / SwColumnStride;  // columns of a group

  logic last_high, high;
  logic [15:0] count[1024];  // pulses of each cell

  `include "host_side.svh"

  // ---- chips

  logic [7:0][15:0] code;
  longint unsigned rail_moved[8];
  logic [23:0] dac_word;
  int unsigned dac_bits, sw_bits;
  logic [7:0][7:0] sw_word;
  logic [4:0][63:0] closed;
  longint unsigned lines_moved;
  logic [1:0] last_dac_sync_n;
  logic [4:0] last_sw_sync_n;

  // SCLK is high in the first half of a clock; the chips take the data as it falls.
  always @(negedge clk_i) begin
    if (dac_sclk_i) begin
      dac_word <= {dac_word[22:0], dac_sdi_i};
    end
    if (sw_sclk_i) begin
      for (int c = 0; c < 8; c++) sw_word[c] <= {sw_word[c][6:0], sw_data_i[c]};
    end
    // from the fall of SYNC on; the number stands until the next
    dac_bits <= (dac_begins ? 0 : dac_bits) + 32'(dac_sclk_i);
    sw_bits <= (sw_begins ? 0 : sw_bits) + 32'(sw_sclk_i);
    half_dac_sync_n <= dac_sync_ni;
    half_sw_sync_n <= sw_sync_ni;
  end
  logic dac_begins, sw_begins;
  logic [1:0] half_dac_sync_n;
  logic [4:0] half_sw_sync_n;
  assign dac_begins = half_dac_sync_n == '1 && dac_sync_ni != '1;
  assign sw_begins  = half_sw_sync_n == '1 && sw_sync_ni != '1;

  function automatic void rails_moved();
    over = 1'b0;
    for (int r = 0; r < 8; r++) over |= code[r] > max_rail[r];
    if (closed[0][SwBusSlInhibit] && code[2] > max_rail[1])
      over = 1'b1;  // it RESETs as sl_reset does
    over_since = now;
  endfunction

  function automatic void dac_moves(logic chip);
    int unsigned channel;
    if (dac_bits != 24) fail("DAC frame not of 24 bits");
    if (dac_word[23:20] != 4'b0011 || $countones(dac_word[19:16]) != 1)
      fail("DAC told other than one channel's code");
    if (set_en_i || reset_en_i) fail("a rail moves during a pulse");
    for (channel = 0; channel < 4; channel++) if (dac_word[16+channel]) break;
    code[{chip, channel[1:0]}] = dac_word[15:0];
    rail_moved[{chip, channel[1:0]}] = now;
    rails_moved();
  endfunction

  function automatic logic two_sources(int unsigned g, logic [63:0] c);
    logic two;
    two = 1'b0;
    if (g == 0) begin
      two = !$onehot0({c[SwBusBlSet], c[SwBusBlRead]});
      if (!$onehot0({c[SwBusWlSet], c[SwBusWlReset], c[SwBusWlRead]})) two = 1'b1;
      if (c[SwBusSlReset] && c[SwBusSlInhibit]) two = 1'b1;
    end else if (g < 3) begin
      for (int unsigned i = 0; i < 64 / SwRowStride; i++)
      if (!$onehot0(c[SwRowStride*i+:SwRowStride])) two = 1'b1;
    end else begin
      for (int unsigned j = 0; j < Half; j++)
      if (!$onehot0(c[SwColumnStride*j+:SwColumnStride])) two = 1'b1;
    end
    return two;
  endfunction

  longint unsigned opened_at[5];
  logic [4:0][63:0] opened;

  function automatic void switches_move(int unsigned g);
    logic [63:0] was;
    was = closed[g];
    if (sw_bits != 8) fail("switch frame not of 8 bits");
    if (set_en_i || reset_en_i) fail("switches move during a pulse");
    closed[g] = sw_word;
    if (g == 0 && (was ^ closed[0]) >> SwBusSlInhibit & 1'b1 != '0) rails_moved();
    if (two_sources(g, closed[g])) fail("a line with two sources");
    if (now - opened_at[g] >= 64'(SwitchFrameCycles)) opened[g] = '0;
    if ((was & ~closed[g]) != '0) begin
      opened[g] |= was & ~closed[g];
      opened_at[g] = now;
    end
    if ((closed[g] & ~was) != '0 && two_sources(g, closed[g] | opened[g]))
      fail("make before break");
    for (int unsigned j = 0; j < Half; j++) begin
      if (closed[0][SwBusBlSet] && (closed[3][SwColumnStride*j+SwColumnReset] ||
                                    closed[4][SwColumnStride*j+SwColumnReset]))
        fail("SET and RESET path at once");
    end
    lines_moved = now;
  endfunction

  // ---- pulses

  longint unsigned pulse_start, pulse_end;
  assign high = set_en_i || reset_en_i;

  // What a pulse needs closed is written out on purpose, not taken from the carrier's table of modes.
  function automatic void pulse_begins();
    logic [31:0] wl, bl, on, idle_columns;
    logic [SwColumnStride-1:0] column;
    logic [15:0] apart;
    int unsigned row;
    logic second;
    logic [7:0] rails;
    second = reset_en_i && closed[0] == InSecond;
    rails  = second ? 8'b0010_0100 : ModeRails[set_en_i?ModeSet : ModeReset];
    for (int unsigned i = 0; i < 32; i++) begin
      wl[i] = closed[1][SwRowStride*i+SwRowBus];
      bl[i] = closed[2][SwRowStride*i+SwRowBus];
    end
    for (int unsigned j = 0; j < 32; j++) begin
      column = closed[j<Half?3 : 4][SwColumnStride*(j%Half)+:SwColumnStride];
      on[j] = set_en_i ? column[SwColumnGround] : column[SwColumnReset];
      idle_columns[j] = set_en_i ? column[SwColumnInhibit] : column[SwColumnGround];
    end
    if ($countones(wl) != 1) fail("pulse on other than one row");
    if (set_en_i && (bl != wl || closed[0] != InSet)) fail("SET with other lines than its row's");
    if (reset_en_i && (bl != '0 || !(closed[0] inside {InReset, InSecond})))
      fail("RESET with a bit line driven, or from no rail");
    if (second && code[2] > max_rail[1]) fail("RESET above the limit of sl_reset");
    if (second) second_o = second_o + 1;
    if ((on ^ idle_columns) != '1) fail("a column with other than one connection");
    if (now - lines_moved < 64'(SwitchSettleCycles)) fail("pulse before the switches have settled");
    for (int r = 0; r < 8; r++) begin
      if (rails[r] && now - rail_moved[r] < 64'(DacSettleCycles))
        fail("pulse before a rail has settled");
    end
    // codes of bl_set and sl_inhibit, as the chips have them
    apart = code[0] > code[2] ? code[0] - code[2] : code[2] - code[0];
    if (set_en_i && apart > half_select_was) fail("the inhibit rail away from the bit line");
    if (set_en_i && apart != '0) apart_o = apart_o + 1;
    if (on == '0) fail("pulse with no column");
    for (row = 0; row < 31; row++) if (wl[row]) break;
    for (int j = 0; j < 32; j++) begin
      if (on[j]) begin
        if (count[32*row+j] >= budget_was) fail("pulse on a cell whose budget is spent");
        count[32*row+j] = count[32*row+j] + 1;
        if (count[32*row+j] == budget_was) spent_o = spent_o + 1;
      end
    end
    pulse_start = now;
    pulses_o = pulses_o + 1;
  endfunction

  // ---- reads

  longint unsigned read_since;  // lines set, or a conversion begun
  int unsigned late_for;  // clocks with word lines left on in READ beyond the limit
  logic last_adc_cnv_n, read_on, late;
  always_comb begin
    read_on = 1'b0;
    for (int unsigned i = 0; i < 32; i++)
    read_on |= closed[0][SwBusWlRead] && closed[1][SwRowStride*i+SwRowBus];
  end
  assign late = safe_ni && read_on && now - read_since >= 64'(max_read_ms) * 64'(TicksPerMs);

  logic [15:0]
      budget_was, half_select_was;  // in force when the pulse was granted: in the clock before
  logic written;  // a chip is
  assign written = dac_sync_ni != '1 || sw_sync_ni != '1;

  always @(posedge clk_i) begin
    now <= now + 1;
    if (!rst_ni) begin
      if (high || safe_ni) fail("on in reset");
      host_reset();
      {budget_was, half_select_was} = '0;
      late_for = 0;
      count = '{default: '0};
      last_high <= 1'b0;
    end else begin
      host_rules();
      if (set_en_i && reset_en_i) fail("both enables");
      if (high && written) fail("a chip is written during a pulse");
      if (sw_sync_ni != '1 && last_sw_sync_n == '1 && now - pulse_end <= 64'(PulseRecoveryCycles))
        fail("switches written before the pulse has decayed");
      if (safe_ni && over && now - over_since > 2) fail("rail above its limit");
      if (late_for > LateClocks) fail("word lines left on in READ");
      if (last_safe_n && !safe_ni && late_for != 0) left_on_o = left_on_o + 1;
      late_for = late ? late_for + 1 : 0;
      if (lines_i || (last_adc_cnv_n && !adc_cnv_ni)) read_since = now;
      last_adc_cnv_n <= adc_cnv_ni;
      if (last_safe_n && !safe_ni && over) cut_rails_o = cut_rails_o + 1;

      if (high && !last_high) pulse_begins();
      if (high && now - pulse_start >= 64'(max_width)) fail("enable longer than the limit");
      if (!high && last_high) begin
        pulse_end = now;
        if (now - pulse_start == 64'(max_width)) at_limit_o = at_limit_o + 1;
      end
      last_high <= high;

      for (int c = 0; c < 2; c++)
      if (safe_ni && dac_sync_ni[c] && !last_dac_sync_n[c]) dac_moves(c[0]);
      for (int g = 0; g < 5; g++)
      if (safe_ni && sw_sync_ni[g] && !last_sw_sync_n[g]) switches_move(g);

      budget_was = budget;
      half_select_was = max_half_select;
      host_moves();
    end
    if (!safe_ni) begin
      code = '0;
      closed = '0;
      opened = '0;
      over = 1'b0;
      rail_moved = '{default: 0};
      lines_moved = 0;
    end
    if (last_safe_n && !safe_ni) safe_since = now;
    last_safe_n <= safe_ni;
    last_dac_sync_n <= safe_ni ? dac_sync_ni : '1;
    last_sw_sync_n <= safe_ni ? sw_sync_ni : '1;
  end

  initial begin
    {violations_o, pulses_o, at_limit_o, spent_o, apart_o, second_o, left_on_o} = '0;
    {trips_o, silences_o, cut_rails_o} = '0;
    pulse_end = 0;
    safe_since = 0;
  end
endmodule
