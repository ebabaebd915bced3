// The reference carrier board around the array model: two AD5686R, five groups of ADG1414, and
// LTC2320-16 for all columns, wired as fpga/carriers/reference/carrier.toml says. Ports are the carrier's pins and
//   now_i    run time of the sequencer in clocks, passed on to the array model
//   error_o  violations of a datasheet or of the board's own rules so far; each is printed once
// What a line is connected to follows from the states of the chips, never from what was meant.
//
// The array model hears of two events, with now_i as it stands right after the clock edge at which
// the pin moves (so for a pulse taken by ohm_carrier at clock T: now_i of clock T + width + 1, for
// a conversion: of clock T + 1):
//   an enable falls: ohm_dpi_pulse; wl has the rows whose word line is on and, in SET, whose bit
//     line is driven; col the columns at ground (SET) or at the RESET bus (RESET)
//   CNV falls: ohm_dpi_rails, ohm_dpi_sense; wl and bl have the rows on their bus
module carrier_board (
    input logic clk_i,  // only the models' time
    input logic [63:0] now_i,
    input logic force_overcurrent_i,
    input logic dac_sclk_i,
    input logic dac_sdi_i,
    input logic [1:0] dac_sync_ni,
    input logic sw_sclk_i,
    input logic [7:0] sw_data_i,
    input logic [4:0] sw_sync_ni,
    input logic adc_cnv_ni,
    input logic adc_sck_i,
    output logic [ohm_carrier_pkg::Columns-1:0] adc_sdo_o,
    input logic set_en_i,
    input logic reset_en_i,
    input logic safe_ni,
    output logic overcurrent_no,
    output logic [31:0] error_o
);

  import model_pkg::half_t;

  import "DPI-C" function void ohm_dpi_pulse(
    input int mode,
    input int unsigned wl,
    input int unsigned col,
    input int line_code,
    input int inhibit_code,
    input int wl_code,
    input int width_clocks,
    input longint unsigned now_clocks
  );
  import "DPI-C" function void ohm_dpi_rails(
    input shortint unsigned codes[8],
    input int unsigned monitors
  );
  import "DPI-C" function void ohm_dpi_sense(
    input int unsigned wl,
    input int unsigned bl,
    input int bl_code,
    input int wl_code,
    input longint unsigned now_clocks,
    output shortint codes[ohm_carrier_pkg::Columns]
  );

  localparam int unsigned Groups = ohm_carrier_pkg::Groups;
  localparam int unsigned Rows = ohm_carrier_pkg::Rows;
  localparam int unsigned Columns = ohm_carrier_pkg::Columns;
  localparam int unsigned BusChips = ohm_carrier_pkg::BusChips;
  localparam int unsigned RowStride = ohm_carrier_pkg::SwRowStride;
  localparam int unsigned ColumnStride = ohm_carrier_pkg::SwColumnStride;
  localparam half_t On = model_pkg::halves(parts_pkg::Adg1414OnNs);
  localparam half_t Off = model_pkg::halves(parts_pkg::Adg1414OffNs);
  localparam half_t Tia = model_pkg::halves(parts_pkg::TiaSettleNs);
  localparam half_t Recovery = model_pkg::halves(parts_pkg::TiaRecoveryNs);

  // All pins are sampled at both edges of the clock, before they follow it, and looked at only when
  // one has moved. So a clock in which nothing happens costs a comparison, where a process for each
  // edge of each pin would cost the simulator a test for each of them.
  typedef struct packed {
    logic       dac_sclk;
    logic       dac_sdi;
    logic [1:0] dac_sync_n;
    logic       sw_sclk;
    logic [7:0] sw_data;
    logic [4:0] sw_sync_n;
    logic       cnv_n;
    logic       sck;
    logic       set_en;
    logic       reset_en;
    logic       safe_n;
  } pins_t;

  pins_t pins, pin;  // now, and as last sampled
  assign pins = '{
          dac_sclk: dac_sclk_i,
          dac_sdi: dac_sdi_i,
          dac_sync_n: dac_sync_ni,
          sw_sclk: sw_sclk_i,
          sw_data: sw_data_i,
          sw_sync_n: sw_sync_ni,
          cnv_n: adc_cnv_ni,
          sck: adc_sck_i,
          set_en: set_en_i,
          reset_en: reset_en_i,
          safe_n: safe_ni
      };

  half_t half, sampled;  // time in half clocks, and of the last sample with a move
  logic powered;  // the first sample is no move
  logic dac_tick, sw_tick, adc_tick, dac_fell, sw_fell, sck_fell, sdi_moved, chips_moved;
  logic [7:0] data_moved;

  logic [7:0][15:0] code;  // of each rail
  half_t [7:0] rail_settled;
  logic [Groups-1:0][63:0] closed;  // switches, numbered as in carrier.toml
  shortint codes[Columns];

  for (genvar d = 0; d < 2; d++) begin : g_dac
    ad5686r u_dac (
        .tick_i(dac_tick),
        .half_i(sampled),
        .sclk_fell_i(dac_fell),
        .sdi_i(pin.dac_sdi),
        .sdi_moved_i(sdi_moved),
        .sync_ni(pin.dac_sync_n[d]),
        .reset_ni(pin.safe_n),
        .code_o(code[4*d+:4]),
        .settled_o(rail_settled[4*d+:4])
    );
  end

  for (genvar g = 0; g < int'(Groups); g++) begin : g_group
    for (genvar c = 0; c < 8; c++) begin : g_chip
      if (g != int'(ohm_carrier_pkg::GroupBus) || c < int'(BusChips)) begin : g_fitted
        adg1414 u_switch (
            .tick_i(sw_tick),
            .half_i(sampled),
            .sclk_fell_i(sw_fell),
            .din_i(pin.sw_data[c]),
            .din_moved_i(data_moved[c]),
            .sync_ni(pin.sw_sync_n[g]),
            .reset_ni(pin.safe_n),
            .closed_o(closed[g][8*c+:8])
        );
      end else begin : g_empty
        assign closed[g][8*c+:8] = '0;
      end
    end
  end

  for (genvar a = 0; a < int'(Columns + 7) / 8; a++) begin : g_adc
    logic [7:0][15:0] adc_codes;
    logic [7:0] sdo;
    for (genvar c = 0; c < 8; c++) begin : g_channel
      if (8 * a + c < int'(Columns)) begin : g_wired
        assign adc_codes[c] = codes[8*a+c];
        assign adc_sdo_o[8*a+c] = sdo[c];
      end else begin : g_open
        logic unused_sdo;
        assign adc_codes[c] = '0;
        assign unused_sdo   = sdo[c];
      end
    end

    ltc2320 u_adc (
        .tick_i(adc_tick),
        .half_i(sampled),
        .cnv_ni(pin.cnv_n),
        .sck_fell_i(sck_fell),
        .abandon_i(!pin.safe_n),
        .codes_i(adc_codes),
        .sdo_o(sdo)
    );
  end

  assign overcurrent_no = !force_overcurrent_i;
  assign error_o = model_pkg::errors;

  initial begin
    half = '0;
    sampled = '0;
    pin = '0;
    powered = 1'b0;
    {dac_tick, sw_tick, adc_tick, dac_fell, sw_fell, sck_fell, sdi_moved, chips_moved} = '0;
    data_moved = '0;
  end

  always @(posedge clk_i, negedge clk_i) begin
    half <= half + 1;
    if (chips_moved) watch_chips();
    chips_moved <= 1'b0;
    powered <= 1'b1;
    if (!powered) pin <= pins;
    else if (pins != pin) begin
      pin <= pins;
      sampled <= half;
      dac_fell <= pin.dac_sclk && !pins.dac_sclk;
      sw_fell <= pin.sw_sclk && !pins.sw_sclk;
      sck_fell <= pin.sck && !pins.sck;
      sdi_moved <= pin.dac_sdi != pins.dac_sdi;
      data_moved <= pin.sw_data ^ pins.sw_data;
      if (pins.dac_sync_n != pin.dac_sync_n || pins.safe_n != pin.safe_n) begin
        dac_tick <= !dac_tick;
        chips_moved <= 1'b1;
      end else if (pin.dac_sclk && !pins.dac_sclk) dac_tick <= !dac_tick;
      if (pins.sw_sync_n != pin.sw_sync_n || pins.safe_n != pin.safe_n) begin
        sw_tick <= !sw_tick;
        chips_moved <= 1'b1;
      end else if (pin.sw_sclk && !pins.sw_sclk) sw_tick <= !sw_tick;
      if (pins.cnv_n != pin.cnv_n || (pin.sck && !pins.sck)) adc_tick <= !adc_tick;
      if (pin.set_en && !pins.set_en) end_pulse(1'b1);
      if (pin.reset_en && !pins.reset_en) end_pulse(1'b0);
      if (!pin.set_en && pins.set_en) begin_pulse(1'b1);
      if (!pin.reset_en && pins.reset_en) begin_pulse(1'b0);
      if (pin.cnv_n && !pins.cnv_n) convert();
    end
  end

  function automatic void fail(string rule);
    model_pkg::report("carrier_board", rule, half);
  endfunction

  // --- which line is connected to what ---------------------------------------------------------

  typedef struct packed {
    logic [Rows-1:0]    wl_bus;
    logic [Rows-1:0]    wl_ground;
    logic [Rows-1:0]    bl_bus;
    logic [Rows-1:0]    bl_ground;
    logic [Columns-1:0] col_tia;
    logic [Columns-1:0] col_ground;
    logic [Columns-1:0] col_inhibit;
    logic [Columns-1:0] col_reset;
    logic               bus_bl_set;
    logic               bus_bl_read;
    logic [2:0]         bus_wl;       // to wl_set, wl_reset, wl_read
    logic [1:0]         bus_reset;    // the RESET bus: to sl_reset, sl_inhibit
  } lines_t;

  function automatic lines_t lines();
    lines_t l = '0;
    logic [63:0] bus, wl, bl;
    logic [127:0] columns;
    bus = closed[ohm_carrier_pkg::GroupBus];
    wl = closed[ohm_carrier_pkg::GroupWl];
    bl = closed[ohm_carrier_pkg::GroupBl];
    columns = {closed[ohm_carrier_pkg::GroupColHi], closed[ohm_carrier_pkg::GroupColLo]};
    for (int unsigned i = 0; i < Rows; i++) begin
      l.wl_bus[i] = wl[RowStride*i+ohm_carrier_pkg::SwRowBus];
      l.wl_ground[i] = wl[RowStride*i+ohm_carrier_pkg::SwRowGround];
      l.bl_bus[i] = bl[RowStride*i+ohm_carrier_pkg::SwRowBus];
      l.bl_ground[i] = bl[RowStride*i+ohm_carrier_pkg::SwRowGround];
    end
    for (int unsigned j = 0; j < Columns; j++) begin
      l.col_tia[j] = columns[ColumnStride*j+ohm_carrier_pkg::SwColumnTia];
      l.col_ground[j] = columns[ColumnStride*j+ohm_carrier_pkg::SwColumnGround];
      l.col_inhibit[j] = columns[ColumnStride*j+ohm_carrier_pkg::SwColumnInhibit];
      l.col_reset[j] = columns[ColumnStride*j+ohm_carrier_pkg::SwColumnReset];
    end
    l.bus_bl_set = bus[ohm_carrier_pkg::SwBusBlSet];
    l.bus_bl_read = bus[ohm_carrier_pkg::SwBusBlRead];
    l.bus_wl = {
      bus[ohm_carrier_pkg::SwBusWlRead],
      bus[ohm_carrier_pkg::SwBusWlReset],
      bus[ohm_carrier_pkg::SwBusWlSet]
    };
    l.bus_reset = {bus[ohm_carrier_pkg::SwBusSlInhibit], bus[ohm_carrier_pkg::SwBusSlReset]};
    return l;
  endfunction

  // Whether a line of the group has two switches of `conducting` closed.
  function automatic logic two_sources(logic [2:0] g, logic [63:0] conducting);
    logic [63:0] c = conducting;
    logic two = 1'b0;
    unique case (ohm_carrier_pkg::group_e'(g))
      ohm_carrier_pkg::GroupBus: begin
        two = c[ohm_carrier_pkg::SwBusBlSet] && c[ohm_carrier_pkg::SwBusBlRead];
        if (c[ohm_carrier_pkg::SwBusSlReset] && c[ohm_carrier_pkg::SwBusSlInhibit]) two = 1'b1;
        if (!$onehot0(
                {
                  c[ohm_carrier_pkg::SwBusWlSet],
                  c[ohm_carrier_pkg::SwBusWlReset],
                  c[ohm_carrier_pkg::SwBusWlRead]
                }
            ))
          two = 1'b1;
      end
      ohm_carrier_pkg::GroupWl, ohm_carrier_pkg::GroupBl:
      for (int unsigned i = 0; i < 64 / RowStride; i++)
      if (!$onehot0(c[RowStride*i+:RowStride])) two = 1'b1;
      default:
      for (int unsigned j = 0; j < 64 / ColumnStride; j++)
      if (!$onehot0(c[ColumnStride*j+:ColumnStride])) two = 1'b1;
    endcase
    return two;
  endfunction

  half_t lines_moved = model_pkg::LongAgo;  // when a switch last moved
  half_t pulse_ended = model_pkg::LongAgo;
  half_t enable_rose;
  logic [7:0][15:0] code_was = '0;
  logic [Groups-1:0][63:0] closed_was = '0;
  logic [Groups-1:0][63:0] opened = '0;  // within the last Off, so perhaps still conducting
  half_t [Groups-1:0] opened_at = {Groups{model_pkg::LongAgo}};

  // The chips have had half a clock since the sample that moved them.
  function automatic void watch_chips();
    logic pulsed = pins.set_en || pins.reset_en;
    if (code != code_was && pulsed) fail("rail moves during a pulse");
    code_was = code;
    for (int g = 0; g < int'(Groups); g++) begin
      if (closed[g] != closed_was[g]) switches_move(3'(g), pulsed);
    end
  endfunction

  function automatic void switches_move(logic [2:0] g, logic pulsed);
    if (pulsed) fail("switches move during a pulse");
    else if (pins.safe_n && sampled - pulse_ended < Recovery) fail("pulse has not decayed");
    if (sampled - opened_at[g] >= Off) opened[g] = '0;
    if ((closed_was[g] & ~closed[g]) != '0) begin
      opened[g] = opened[g] | (closed_was[g] & ~closed[g]);
      opened_at[g] = sampled;
    end
    if ((closed[g] & ~closed_was[g]) != '0) begin
      if (two_sources(g, closed[g])) fail("line connected to two sources");
      else if (two_sources(g, closed[g] | opened[g])) fail("make before break");
    end
    closed_was[g] = closed[g];
    lines_moved   = sampled;
  endfunction

  // --- pulses ----------------------------------------------------------------------------------

  lines_t at;  // as a pulse or a conversion finds them
  logic [15:0] line_code, inhibit_code, wl_code;
  logic pulsing = 1'b0;

  function automatic logic settled(logic used, ohm_carrier_pkg::rail_e rail);
    return !used || half >= rail_settled[rail];
  endfunction

  function automatic logic gate_settled(logic [2:0] bus_wl);
    return settled(bus_wl[0], ohm_carrier_pkg::RailWlSet) && settled(
        bus_wl[1], ohm_carrier_pkg::RailWlReset) && settled(bus_wl[2], ohm_carrier_pkg::RailWlRead);
  endfunction

  function automatic logic [15:0] gate_code(logic [2:0] bus_wl);
    return {16{bus_wl[0]}} & code[ohm_carrier_pkg::RailWlSet] |
        {16{bus_wl[1]}} & code[ohm_carrier_pkg::RailWlReset] |
        {16{bus_wl[2]}} & code[ohm_carrier_pkg::RailWlRead];
  endfunction

  function automatic logic row_open();
    return (at.wl_bus ^ at.wl_ground) != '1 || (at.bl_bus ^ at.bl_ground) != '1;
  endfunction

  function automatic void begin_pulse(logic set);
    logic rails_ready, second;
    at = lines();
    second = !set && at.bus_reset[1];
    line_code = code[set?ohm_carrier_pkg::RailBlSet : ohm_carrier_pkg::RailSlReset];
    if (second) line_code = code[ohm_carrier_pkg::RailSlInhibit];
    inhibit_code = set || second ? code[ohm_carrier_pkg::RailSlInhibit] : '0;
    wl_code = gate_code(at.bus_wl);
    enable_rose = half;
    pulsing = 1'b1;
    if (pins.set_en && pins.reset_en) fail("both enables at once");
    if (!pins.safe_n) fail("enable in the safe state");
    if (half - lines_moved < On) fail("pulse before the switches have settled");
    rails_ready = settled(set, ohm_carrier_pkg::RailBlSet);
    if (!settled(second || (set && at.col_inhibit != '0), ohm_carrier_pkg::RailSlInhibit))
      rails_ready = 1'b0;
    if (!settled(!set && !second, ohm_carrier_pkg::RailSlReset)) rails_ready = 1'b0;
    if (!rails_ready || !gate_settled(at.bus_wl)) fail("pulse before a rail has settled");
    if (row_open()) fail("row open in a pulse");
    if (at.bus_wl != (set ? 3'b001 : 3'b010)) fail("word line bus not at the rail of the pulse");
    if (set) begin
      if (!at.bus_bl_set || at.bus_bl_read) fail("bit line bus not at bl_set in SET");
      if ((at.col_ground ^ at.col_inhibit) != '1)
        fail("column neither at ground nor inhibited in SET");
    end else begin
      if (at.bus_reset == '0) fail("RESET bus at no rail in RESET");
      if (at.bl_ground != '1) fail("bit line not at ground in RESET");
      if ((at.col_ground ^ at.col_reset) != '1) fail("column neither at ground nor reset in RESET");
    end
    if (at.col_tia != '0) fail("amplifier connected in a pulse");
  endfunction

  function automatic void end_pulse(logic set);
    logic [Rows-1:0] rows;
    logic [Columns-1:0] columns;
    rows = at.wl_bus;
    if (set) rows &= at.bl_bus;
    columns = set ? at.col_ground : at.col_reset;
    if (pulsing) begin
      ohm_dpi_pulse(set ? int'(ohm_carrier_pkg::ModeSet) : int'(ohm_carrier_pkg::ModeReset),
                    32'(rows), 32'(columns), int'(line_code), int'(inhibit_code), int'(wl_code),
                    int'((half - enable_rose) / 2), now_i);
    end
    pulsing = 1'b0;
    pulse_ended = half;
  endfunction

  // --- conversions -----------------------------------------------------------------------------

  function automatic void convert();
    shortint unsigned rails[8];
    logic [63:0] bus;
    at = lines();
    if (!pins.safe_n) fail("conversion in the safe state");
    if (pins.set_en || pins.reset_en) fail("conversion during a pulse");
    if (half - lines_moved < On + Tia)
      fail("conversion before switches and amplifiers have settled");
    if (!gate_settled(
            at.bus_wl
        ) || !settled(
            at.bus_bl_read, ohm_carrier_pkg::RailBlRead
        ) || !settled(
            1'b1, ohm_carrier_pkg::RailCal
        ))
      fail("conversion before a rail has settled");
    if (!at.bus_bl_read || at.bus_bl_set) fail("bit line bus not at bl_read in a conversion");
    if (row_open()) fail("row open in a conversion");
    if (at.col_tia != '1) fail("column without amplifier in a conversion");
    for (int r = 0; r < 8; r++) rails[r] = code[r];
    bus = closed[ohm_carrier_pkg::GroupBus];
    ohm_dpi_rails(rails, 32'(bus[ohm_carrier_pkg::SwBusMonitor+:ohm_carrier_pkg::Rails]));
    ohm_dpi_sense(32'(at.wl_bus), 32'(at.bl_bus), int'(code[ohm_carrier_pkg::RailBlRead]),
                  int'(gate_code(at.bus_wl)), now_i, codes);
  endfunction

endmodule
