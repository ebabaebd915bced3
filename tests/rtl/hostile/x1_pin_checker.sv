// Watches the X1 carrier's pins for what docs/guard.md promises, whatever the program, and knows nothing of what is
// inside. It decodes the packets as the chip does, and the DAC's frames as the DAC. What the host has asked for, and which
// lines were set, it hears where the guard does.

module x1_pin_checker
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned TicksPerMs = 48000
) (
    input logic clk_i,
    input logic rst_ni,

    input logic dac_sclk_i,
    input logic dac_sdi_i,
    input logic dac_sync_ni,
    input logic scan_cc_i,
    input logic scan_dl_i,
    input logic scan_dr_i,
    input logic scan_tm_i,
    input logic chip_reset_i,
    input logic safe_ni,
    input logic overcurrent_ni,
    input logic armed_i,         // the lamp

    input logic        reg_valid_i,
    input logic [ 7:0] reg_addr_i,
    input logic [31:0] reg_data_i,
    input logic        good_frame_i,
    input logic        abort_i,
    input logic        lines_i,       // lines are set in this clock
    input cmd_t        cmd_i,

    output logic [31:0] violations_o,
    // what was seen, so that a test can tell that it tested something
    output logic [31:0] pulses_o,
    output logic [31:0] at_limit_o,    // pulses as long as the limit
    output logic [31:0] spent_o,       // pulses that were the last of a cell's budget
    output logic [31:0] second_o,      // RESET pulses from the second rail
    output logic [31:0] reads_o,       // biases of reads
    output logic [31:0] trips_o,
    output logic [31:0] silences_o,
    output logic [31:0] cut_rails_o    // off since a limit was set below a supply
);
  localparam int unsigned Bits = 18;  // of a packet

  logic last_high, high;

  `include "host_side.svh"

  // ---- lines, as they were set last

  mode_e mode;
  logic  second;
  function automatic void lines();
    mode   = cmd_i.mode;
    second = cmd_i.mode == ModeReset && cmd_i.bl == '0;
    rails_moved();
  endfunction

  // ---- the DAC: Vcc_set is channel 0, Vcc_wl_set channel 1

  logic [1:0][15:0] code;
  longint unsigned moved[2];
  logic [23:0] dac_word;
  int unsigned dac_bits;
  logic last_dac_sync_n, half_dac_sync_n;

  // SCLK is high in the first half of a clock; the chip takes the data as it falls.
  always @(negedge clk_i) begin
    if (dac_sclk_i) dac_word <= {dac_word[22:0], dac_sdi_i};
    dac_bits <= (half_dac_sync_n && !dac_sync_ni ? 0 : dac_bits) + 32'(dac_sclk_i);
    half_dac_sync_n <= dac_sync_ni;
  end

  // limits of what each supply does in this mode
  logic [1:0][15:0] most;
  function automatic void rails_moved();
    unique case (mode)
      ModeRead:  most = {max_rail[RailWlRead], max_rail[RailBlRead]};
      ModeSet:   most = {max_rail[RailWlSet], max_rail[RailBlSet]};
      ModeReset: most = {max_rail[RailWlReset], max_rail[RailSlReset]};
      default:   most = '0;
    endcase
    if (second && max_rail[RailSlInhibit] < most[0]) most[0] = max_rail[RailSlInhibit];
    over = code[0] > most[0] || code[1] > most[1];
    over_since = now;
  endfunction

  function automatic void dac_moves();
    logic channel;
    if (dac_bits != 24) fail("DAC frame not of 24 bits");
    if (dac_word[23:20] != 4'b0011 || !(dac_word[19:16] inside {4'b0001, 4'b0010}))
      fail("DAC told other than one channel's code");
    channel = dac_word[17];
    code[channel] = dac_word[15:0];
    moved[channel] = now;
    rails_moved();
  endfunction

  // ---- the chip's scan port

  logic [Bits-1:0] word;
  int unsigned bits;
  logic last_cc, last_tm;
  function automatic void scan();
    if (scan_tm_i && !last_tm) bits = 0;
    if (!scan_cc_i || last_cc) return;
    if (!scan_tm_i || scan_dr_i != ScanShiftLevel) fail("a scan clock outside of a packet");
    word = {scan_dl_i, word[Bits-1:1]};
    bits = bits + 1;
  endfunction

  // ---- biases

  logic bias, last_bias, reading;
  longint unsigned bias_start;
  logic [15:0] count[1024];  // pulses of each cell
  logic [15:0] budget_was;  // in force when the pulse was granted: in the clock before
  assign bias = scan_tm_i && scan_dr_i != ScanShiftLevel;
  assign high = bias && !reading;
  assign reading = mode == ModeRead;

  function automatic void bias_begins();
    int unsigned at;
    at = {22'd0, word[5:1], word[10:6]};
    if (bits != Bits) fail("a bias without a whole word");
    if (word[15:11] != word[5:1]) fail("two rows in a packet");
    if (mode == ModeOff) fail("a bias with lines off");
    if (word[16] != (mode == ModeSet)) fail("a packet that SETs, or does not, in another mode");
    for (int c = 0; c < 2; c++)
    if (now - moved[c] < 64'(DacSettleCycles)) fail("bias before a supply has settled");
    if (cmd_wl != 32'd1 << word[5:1]) fail("another row than the lines'");
    if (cmd_col != 32'd1 << word[10:6]) fail("another column than the lines'");
    bias_start = now;
    if (reading) reads_o = reads_o + 1;
    else begin
      pulses_o = pulses_o + 1;
      if (second) second_o = second_o + 1;
      if (count[at] >= budget_was) fail("pulse on a cell whose budget is spent");
      count[at] = count[at] + 1;
      if (count[at] == budget_was) spent_o = spent_o + 1;
    end
  endfunction

  logic [31:0] cmd_wl, cmd_col;

  always @(posedge clk_i) begin
    now <= now + 1;
    if (!rst_ni) begin
      if (bias || scan_tm_i || safe_ni) fail("on in reset");
      host_reset();
      {budget_was, word, cmd_wl, cmd_col} = '0;
      count = '{default: '0};
      mode = ModeOff;
      second = 1'b0;
      bits = 0;
      {last_high, last_bias} <= '0;
    end else begin
      host_rules();
      if (scan_tm_i && !safe_ni) fail("TM high while all is off");
      if (!safe_ni && chip_reset_i != ScanResetLevel)
        fail("the chip out of reset while all is off");
      if (bias && !dac_sync_ni) fail("a supply is written during a bias");

      scan();
      if (bias && !last_bias) bias_begins();
      if (high && now - bias_start >= 64'(max_width)) fail("a pulse longer than the limit");
      if (bias && reading && now - bias_start > 64'(ScanHoldCycles))
        fail("a read longer than its hold");
      if (bias && over && now - over_since > 2) fail("a supply above its limit");
      if (!high && last_high && now - bias_start == 64'(max_width)) at_limit_o = at_limit_o + 1;
      last_high <= high;
      last_bias <= bias;
      if (last_safe_n && !safe_ni && over && now - over_since <= 3 && mode != ModeOff)
        cut_rails_o = cut_rails_o + 1;

      if (safe_ni && dac_sync_ni && !last_dac_sync_n) dac_moves();
      if (lines_i) begin
        cmd_wl  = cmd_i.wl;
        cmd_col = cmd_i.col;
        lines();
      end
      budget_was = budget;
      host_moves();
    end
    if (!safe_ni) begin
      code = '0;
      moved = '{default: 0};
      mode = ModeOff;
      {second, over} = '0;
    end
    if (last_safe_n && !safe_ni) safe_since = now;
    last_safe_n <= safe_ni;
    last_dac_sync_n <= !safe_ni || dac_sync_ni;
    last_cc <= scan_cc_i;
    last_tm <= scan_tm_i;
  end

  initial begin
    {violations_o, pulses_o, at_limit_o, spent_o, second_o, reads_o} = '0;
    {trips_o, silences_o, cut_rails_o} = '0;
    {last_safe_n, last_dac_sync_n, last_cc, last_tm} = '0;
    safe_since = 0;
    bias_start = 0;
  end
endmodule
