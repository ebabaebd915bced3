// The reference carrier board around the array model: two AD5686R, five groups of ADG1414, four
// LTC2320-16, wired as fpga/tables/carrier.toml says. Ports are the carrier's pins and
//   now_i    run time of the sequencer in clocks, passed on to the array model
//   error_o  violations of a datasheet or of the board's own rules so far; each is printed once
// What a line is connected to follows from the states of the chips, never from what was meant.
//
// The array model hears of two events, with now_i as it stands right after the clock edge at which
// the pin moves (so for a pulse taken by ohm_carrier at clock T: now_i of clock T + width + 1, for
// a conversion: of clock T + 1):
//   an enable falls: ohm_dpi_pulse; wl has the rows whose word line is on and, in SET, whose bit
//     line is driven; col the columns at ground (SET) or at the RESET bus (RESET)
//   CNV falls: ohm_dpi_sense; wl and bl have the rows on their bus
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
    output logic [31:0] adc_sdo_o,
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
  import "DPI-C" function void ohm_dpi_sense(
    input int unsigned wl,
    input int unsigned bl,
    input int bl_code,
    input int wl_code,
    input longint unsigned now_clocks,
    output shortint codes[32]
  );

  localparam int unsigned Groups = ohm_carrier_pkg::Groups;
  localparam half_t On = model_pkg::halves(parts_pkg::Adg1414OnNs);
  localparam half_t Off = model_pkg::halves(parts_pkg::Adg1414OffNs);
  localparam half_t Tia = model_pkg::halves(parts_pkg::TiaSettleNs);
  localparam half_t Recovery = model_pkg::halves(parts_pkg::TiaRecoveryNs);

  // Time in half clocks, exact at both edges: the pins move after the edge, when clk_i has its new
  // level and, at a rising edge, the count too.
  half_t rises, half;
  initial rises = '0;
  always @(posedge clk_i) rises <= rises + 1;
  assign half = 2 * rises - 64'(clk_i);

  logic [7:0][15:0] code;  // of each rail
  half_t [7:0] rail_settled;
  logic [Groups-1:0][63:0] closed;  // switches, numbered as in carrier.toml
  shortint codes[32];

  for (genvar d = 0; d < 2; d++) begin : g_dac
    logic moved;

    ad5686r u_dac (
        .half_i(half),
        .sclk_i(dac_sclk_i),
        .sdi_i(dac_sdi_i),
        .sync_ni(dac_sync_ni[d]),
        .reset_ni(safe_ni),
        .code_o(code[4*d+:4]),
        .settled_o(rail_settled[4*d+:4]),
        .moved_o(moved)
    );
  end

  for (genvar g = 0; g < int'(Groups); g++) begin : g_group
    for (genvar c = 0; c < 8; c++) begin : g_chip
      if (g != int'(ohm_carrier_pkg::GroupBus) || c == 0) begin : g_fitted
        // verilator lint_off UNUSEDSIGNAL
        logic written;  // of chip 0 only
        // verilator lint_on UNUSEDSIGNAL

        adg1414 u_switch (
            .half_i(half),
            .sclk_i(sw_sclk_i),
            .din_i(sw_data_i[c]),
            .sync_ni(sw_sync_ni[g]),
            .reset_ni(safe_ni),
            .closed_o(closed[g][8*c+:8]),
            .written_o(written)
        );
      end else begin : g_empty
        assign closed[g][8*c+:8] = '0;
      end
    end
  end

  for (genvar a = 0; a < 4; a++) begin : g_adc
    logic [7:0][15:0] adc_codes;
    for (genvar c = 0; c < 8; c++) begin : g_channel
      assign adc_codes[c] = codes[8*a+c];
    end

    ltc2320 u_adc (
        .half_i(half),
        .cnv_ni(adc_cnv_ni),
        .sck_i(adc_sck_i),
        .abandon_i(!safe_ni),
        .codes_i(adc_codes),
        .sdo_o(adc_sdo_o[8*a+:8])
    );
  end

  assign overcurrent_no = !force_overcurrent_i;
  assign error_o = model_pkg::errors;

  function automatic void need(logic met, string rule);
    if (!met) model_pkg::report("carrier_board", rule, half);
  endfunction

  // The models look at all pins whenever one of them moves.
  // verilator lint_off SYNCASYNCNET

  // --- which line is connected to what ---------------------------------------------------------

  typedef struct packed {
    logic [31:0] wl_bus;
    logic [31:0] wl_ground;
    logic [31:0] bl_bus;
    logic [31:0] bl_ground;
    logic [31:0] col_tia;
    logic [31:0] col_ground;
    logic [31:0] col_inhibit;
    logic [31:0] col_reset;
    logic        bus_bl_set;
    logic        bus_bl_read;
    logic [2:0]  bus_wl;       // to wl_set, wl_reset, wl_read
  } lines_t;

  function automatic lines_t lines();
    lines_t l = '0;
    logic [127:0] columns;
    columns = {closed[ohm_carrier_pkg::GroupColHi], closed[ohm_carrier_pkg::GroupColLo]};
    for (int i = 0; i < 32; i++) begin
      {l.wl_ground[i], l.wl_bus[i]} = closed[ohm_carrier_pkg::GroupWl][2*i+:2];
      {l.bl_ground[i], l.bl_bus[i]} = closed[ohm_carrier_pkg::GroupBl][2*i+:2];
      {l.col_reset[i], l.col_inhibit[i], l.col_ground[i], l.col_tia[i]} = columns[4*i+:4];
    end
    {l.bus_wl, l.bus_bl_read, l.bus_bl_set} = closed[ohm_carrier_pkg::GroupBus][4:0];
    return l;
  endfunction

  // Whether a line of the group has two switches of `conducting` closed.
  function automatic logic two_sources(logic [2:0] g, logic [63:0] conducting);
    logic [63:0] c = conducting;
    unique case (ohm_carrier_pkg::group_e'(g))
      ohm_carrier_pkg::GroupBus:
      return (c[0] && c[1]) || (c[2] && c[3]) || (c[2] && c[4]) || (c[3] && c[4]);
      ohm_carrier_pkg::GroupWl, ohm_carrier_pkg::GroupBl: return (c & c >> 1 & {32{2'b01}}) != '0;
      default:
      return ((c & c >> 1 & {16{4'b0111}}) | (c & c >> 2 & {16{4'b0011}}) |
              (c & c >> 3 & {16{4'b0001}})) != '0;
    endcase
  endfunction

  half_t lines_moved = model_pkg::LongAgo;  // when a switch last moved
  half_t pulse_ended = model_pkg::LongAgo;
  half_t enable_rose;

  for (genvar g = 0; g < int'(Groups); g++) begin : g_watch
    logic [63:0] was = '0;
    logic [63:0] opened = '0;  // within the last Off, so perhaps still conducting
    half_t opened_at = model_pkg::LongAgo;

    function automatic void switches_move();
      need(!set_en_i && !reset_en_i, "switches move during a pulse");
      need(!safe_ni || half - pulse_ended >= Recovery, "switches move before a pulse has decayed");
      if (half - opened_at >= Off) opened = '0;
      if ((was & ~closed[g]) != '0) begin
        opened = opened | (was & ~closed[g]);
        opened_at = half;
      end
      if ((closed[g] & ~was) != '0) begin
        need(!two_sources(3'(g), closed[g]), "line connected to two sources");
        need(two_sources(3'(g), closed[g]) || !two_sources(3'(g), closed[g] | opened),
             "make before break");
      end
      was = closed[g];
      lines_moved = half;
    endfunction

    // Chip 0 speaks for the group: all its chips have SYNC and reset in common.
    always @(posedge g_group[g].g_chip[0].g_fitted.written,
             negedge g_group[g].g_chip[0].g_fitted.written) begin
      if (closed[g] != was) switches_move();
    end
  end

  always @(posedge g_dac[0].moved, negedge g_dac[0].moved,
           posedge g_dac[1].moved, negedge g_dac[1].moved) begin
    need(!set_en_i && !reset_en_i, "rail moves during a pulse");
  end

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

  function automatic void begin_pulse(logic set);
    at = lines();
    line_code = code[set?ohm_carrier_pkg::RailBlSet : ohm_carrier_pkg::RailSlReset];
    inhibit_code = set ? code[ohm_carrier_pkg::RailSlInhibit] : '0;
    wl_code = gate_code(at.bus_wl);
    enable_rose = half;
    pulsing = 1'b1;
    need(!(set_en_i && reset_en_i), "both enables at once");
    need(safe_ni, "enable in the safe state");
    need(half - lines_moved >= On, "pulse before the switches have settled");
    need(gate_settled(at.bus_wl) && settled(set, ohm_carrier_pkg::RailBlSet) && settled(
         set && at.col_inhibit != '0, ohm_carrier_pkg::RailSlInhibit) && settled(
         !set, ohm_carrier_pkg::RailSlReset), "pulse before a rail has settled");
    need((at.wl_bus ^ at.wl_ground) == '1 && (at.bl_bus ^ at.bl_ground) == '1,
         "row open in a pulse");
    need(at.bus_wl == (set ? 3'b001 : 3'b010), "word line bus not at the rail of the pulse");
    if (set) begin
      need(at.bus_bl_set && !at.bus_bl_read, "bit line bus not at bl_set in SET");
      need((at.col_ground ^ at.col_inhibit) == '1, "column neither at ground nor inhibited in SET");
    end else begin
      need(at.bl_ground == '1, "bit line not at ground in RESET");
      need((at.col_ground ^ at.col_reset) == '1, "column neither at ground nor reset in RESET");
    end
    need(at.col_tia == '0, "amplifier connected in a pulse");
  endfunction

  function automatic void end_pulse(logic set);
    if (pulsing) begin
      ohm_dpi_pulse(set ? int'(ohm_carrier_pkg::ModeSet) : int'(ohm_carrier_pkg::ModeReset),
                    set ? at.wl_bus & at.bl_bus : at.wl_bus, set ? at.col_ground : at.col_reset,
                    int'(line_code), int'(inhibit_code), int'(wl_code),
                    int'((half - enable_rose) / 2), now_i);
    end
    pulsing = 1'b0;
    pulse_ended = half;
  endfunction

  always @(posedge set_en_i) begin_pulse(1'b1);
  always @(posedge reset_en_i) begin_pulse(1'b0);
  always @(negedge set_en_i) end_pulse(1'b1);
  always @(negedge reset_en_i) end_pulse(1'b0);

  // --- conversions -----------------------------------------------------------------------------

  always @(negedge adc_cnv_ni) convert();

  function automatic void convert();
    at = lines();
    need(safe_ni, "conversion in the safe state");
    need(!set_en_i && !reset_en_i, "conversion during a pulse");
    need(half - lines_moved >= On + Tia, "conversion before switches and amplifiers have settled");
    need(gate_settled(at.bus_wl) && settled(at.bus_bl_read, ohm_carrier_pkg::RailBlRead),
         "conversion before a rail has settled");
    need(at.bus_bl_read && !at.bus_bl_set, "bit line bus not at bl_read in a conversion");
    need((at.wl_bus ^ at.wl_ground) == '1 && (at.bl_bus ^ at.bl_ground) == '1,
         "row open in a conversion");
    need(at.col_tia == '1, "column without amplifier in a conversion");
    ohm_dpi_sense(at.wl_bus, at.bl_bus, int'(code[ohm_carrier_pkg::RailBlRead]), int'(gate_code(
                  at.bus_wl)), now_i, codes);
  endfunction

endmodule
