// The X1 carrier board around the array model: one AD5686R whose channels A and B are Vcc_set and Vcc_wl_set, the chip
// behind its scan port, and one channel of an LTC2320-16 over the shunt. Ports are the carrier's pins and
//   now_i    run time of the sequencer in clocks, passed on to the array model
//   error_o  violations of a datasheet or of the board's own rules so far; each is printed once
//
// The array model hears of two events, with now_i as it stands right after the clock edge at which the pin moves:
//   CNV falls: ohm_dpi_scan_sense, of the cell that is biased, if one is
//   a bias ends in which nothing was converted: ohm_dpi_scan_pulse, a SET or a RESET by the word's OP_SET
module x1_board (
    input logic clk_i,  // only the models' time
    input logic [63:0] now_i,
    input logic force_overcurrent_i,
    input logic dac_sclk_i,
    input logic dac_sdi_i,
    input logic dac_sync_ni,
    input logic scan_cc_i,
    input logic scan_dl_i,
    input logic scan_dr_i,
    input logic scan_tm_i,
    input logic chip_reset_i,
    input logic adc_cnv_ni,
    input logic adc_sck_i,
    output logic adc_sdo_o,
    input logic safe_ni,
    output logic overcurrent_no,
    output logic [31:0] error_o
);

  import model_pkg::half_t;

  import "DPI-C" function void ohm_dpi_scan_pulse(
    input int is_set,
    input int row,
    input int column,
    input int line_code,
    input int gate_code,
    input int width_clocks,
    input longint unsigned now_clocks
  );
  import "DPI-C" function int ohm_dpi_scan_sense(
    input int is_on,
    input int row,
    input int column,
    input int line_code,
    input int gate_code,
    input int hold_clocks,
    input longint unsigned now_clocks
  );

  typedef struct packed {
    logic dac_sclk;
    logic dac_sdi;
    logic dac_sync_n;
    logic tm;
    logic dr;
    logic cnv_n;
    logic sck;
    logic safe_n;
  } pins_t;

  pins_t pins, pin;  // now, and as last sampled
  assign pins = '{
          dac_sclk: dac_sclk_i,
          dac_sdi: dac_sdi_i,
          dac_sync_n: dac_sync_ni,
          tm: scan_tm_i,
          dr: scan_dr_i,
          cnv_n: adc_cnv_ni,
          sck: adc_sck_i,
          safe_n: safe_ni
      };

  half_t half, sampled;  // time in half clocks, and of the last sample with a move
  logic powered;  // the first sample is no move
  logic dac_tick, adc_tick, dac_fell, sck_fell, sdi_moved, dac_moved;

  logic [3:0][15:0] code;  // of each channel
  half_t [3:0] settled;
  logic [7:0][15:0] adc_codes;
  logic [7:0] sdo;
  logic op_set;
  logic [4:0] row, column;
  logic unused_sdo, unused_settled;

  ad5686r u_dac (
      .tick_i(dac_tick),
      .half_i(sampled),
      .sclk_fell_i(dac_fell),
      .sdi_i(pin.dac_sdi),
      .sdi_moved_i(sdi_moved),
      .sync_ni(pin.dac_sync_n),
      .reset_ni(pin.safe_n),
      .code_o(code),
      .settled_o(settled)
  );

  ltc2320 u_adc (
      .tick_i(adc_tick),
      .half_i(sampled),
      .cnv_ni(pin.cnv_n),
      .sck_fell_i(sck_fell),
      .abandon_i(!pin.safe_n),
      .codes_i(adc_codes),
      .sdo_o(sdo)
  );

  neuromorphic_x1 u_chip (
      .clk_i,
      .half_i(half),
      .reset_i(chip_reset_i),
      .tm_i(scan_tm_i),
      .cc_i(scan_cc_i),
      .dl_i(scan_dl_i),
      .dr_i(scan_dr_i),
      .op_set_o(op_set),
      .row_o(row),
      .column_o(column)
  );

  assign adc_sdo_o = sdo[0];
  assign unused_sdo = ^sdo[7:1];
  assign unused_settled = ^settled[3:2];
  assign overcurrent_no = !force_overcurrent_i;
  assign error_o = model_pkg::errors;

  initial begin
    half = '0;
    sampled = '0;
    pin = '0;
    powered = 1'b0;
    {dac_tick, adc_tick, dac_fell, sck_fell, sdi_moved, dac_moved} = '0;
    adc_codes = '0;
  end

  logic is_biased, was_biased;
  assign is_biased  = pins.tm && pins.dr;
  assign was_biased = pin.tm && pin.dr;

  always @(posedge clk_i, negedge clk_i) begin
    half <= half + 1;
    if (dac_moved) watch_channels();
    dac_moved <= 1'b0;
    powered   <= 1'b1;
    if (!powered) pin <= pins;
    else if (pins != pin) begin
      pin <= pins;
      sampled <= half;
      dac_fell <= pin.dac_sclk && !pins.dac_sclk;
      sck_fell <= pin.sck && !pins.sck;
      sdi_moved <= pin.dac_sdi != pins.dac_sdi;
      if (pins.dac_sync_n != pin.dac_sync_n || pins.safe_n != pin.safe_n) begin
        dac_tick  <= !dac_tick;
        dac_moved <= 1'b1;
      end else if (pin.dac_sclk && !pins.dac_sclk) dac_tick <= !dac_tick;
      if (pins.cnv_n != pin.cnv_n || (pin.sck && !pins.sck)) adc_tick <= !adc_tick;
      if (!was_biased && is_biased) begin_bias();
      if (pin.cnv_n && !pins.cnv_n) convert();
      if (was_biased && !is_biased) end_bias();
    end
  end

  function automatic void fail(string rule);
    model_pkg::report("x1_board", rule, half);
  endfunction

  // --- bias ------------------------------------------------------------------------------------

  logic [1:0][15:0] code_was = '0;
  logic [15:0] line_code, gate_code;
  half_t bias_began = model_pkg::LongAgo;
  logic  converted = 1'b0;

  // The DAC has had half a clock since the sample that moved it.
  function automatic void watch_channels();
    if (code[1:0] != code_was && is_biased) fail("rail moves during a bias");
    code_was = code[1:0];
  endfunction

  function automatic void begin_bias();
    if (!pins.safe_n) fail("bias in the safe state");
    if (half < settled[0] || half < settled[1]) fail("bias before a rail has settled");
    line_code  = code[0];
    gate_code  = code[1];
    bias_began = half;
    converted  = 1'b0;
  endfunction

  function automatic void end_bias();
    if (!converted) begin
      ohm_dpi_scan_pulse(int'(op_set), int'(row), int'(column), int'(line_code), int'(gate_code),
                         int'((half - bias_began) / 2), now_i);
    end
  endfunction

  // --- conversions -----------------------------------------------------------------------------

  function automatic void convert();
    logic on = was_biased && is_biased;
    if (!pins.safe_n) fail("conversion in the safe state");
    if (on && op_set) fail("conversion during a SET");
    if (on && converted) fail("two conversions in a bias");
    if (on) converted = 1'b1;
    adc_codes[0] = 16'(ohm_dpi_scan_sense(
        int'(on),
        int'(row),
        int'(column),
        int'(line_code),
        int'(gate_code),
        int'((half - bias_began) / 2),
        now_i
    ));
  endfunction

endmodule
