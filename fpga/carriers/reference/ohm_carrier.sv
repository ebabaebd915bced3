// The reference carrier behind one command handshake. Commands of different kinds overlap; ready
// says when the kind that is offered can be taken. All times are exact and the same in the twin
// (sim/twin/ohm_carrier.c). Taken at clock T (the edge at which valid and
// ready are both 1):
//   rail   with its present code: nothing happens. Else the DAC is free again at
//          F = T + DacFrameCycles and the rail has settled at F + DacSettleCycles.
//   lines  n frames (see ohm_spi_switch): free at F = T + 1 + n * SwitchFrameCycles; if n > 0
//          settled at F + SwitchSettleCycles, in read plus TiaSettleCycles.
//   pulse  in set and reset, once lines and the mode's rails have settled and no DAC is written: see ohm_pulse.
//          In reset with an empty bit line mask those are its second rails.
//   sense  in read, once lines and the mode's rails have settled: see ohm_spi_adc.
// During a pulse and a conversion nothing else is taken. A pulse or a conversion offered in another
// mode is never taken: the guard refuses it before.
module ohm_carrier
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,  // all off

    // commands, from the guard
    input  logic cmd_valid_i,
    output logic cmd_ready_o,
    input  cmd_t cmd_i,
    output logic idle_o,       // nothing under way, all settled

    // codes of a conversion, two columns a beat
    output logic        sense_valid_o,
    input  logic        sense_ready_i,
    output logic [31:0] sense_data_o,

    // rails
    output logic       dac_sclk_o,
    output logic       dac_sdi_o,
    output logic [1:0] dac_sync_no,

    // lines
    output logic              sw_sclk_o,
    output logic [       7:0] sw_data_o,
    output logic [Groups-1:0] sw_sync_no,

    // converters
    output logic               adc_cnv_no,
    output logic               adc_sck_o,
    input  logic [Columns-1:0] adc_sdo_i,

    // fast enables, to the guard
    output logic set_en_o,
    output logic reset_en_o
);

  localparam int unsigned DacFrame = DacFrameCycles;
  localparam int unsigned RailSettle = DacFrame + DacSettleCycles;
  localparam int unsigned RailW = $clog2(RailSettle);

  logic [Rails-1:0][15:0] code_q;
  logic [Rails-1:0][RailW-1:0] rail_count_q;  // clocks until the rail has settled
  logic [Rails-1:0] rail_moves;
  mode_e mode_q;
  logic second_q;  // RESET from its second rail
  logic [Rails-1:0] needed;

  logic dac_ready, switch_ready, adc_ready, pulse_ready;
  logic dac_start, switch_start, adc_start, pulse_start;
  logic free, lines_settled, settled, same_code, may_pulse;

  assign free      = adc_ready && pulse_ready && !safe_i;
  assign same_code = code_q[cmd_i.rail] == cmd_i.value;
  assign needed    = second_q ? SecondRails : ModeRails[mode_q];
  assign settled   = lines_settled && (rail_moves & needed) == '0;

  assign may_pulse = mode_q == ModeSet || mode_q == ModeReset;

  for (genvar r = 0; r < int'(Rails); r++) begin : g_moves
    assign rail_moves[r] = rail_count_q[r] != '0;
  end

  always_comb begin
    cmd_ready_o  = 1'b0;
    dac_start    = 1'b0;
    switch_start = 1'b0;
    pulse_start  = 1'b0;
    adc_start    = 1'b0;
    unique case (cmd_i.kind)
      CmdRail: begin
        cmd_ready_o = free && (same_code || dac_ready);
        dac_start   = cmd_valid_i && free && dac_ready && !same_code;
      end
      CmdLines: begin
        cmd_ready_o  = free && switch_ready;
        switch_start = cmd_valid_i && cmd_ready_o;
      end
      CmdPulse: begin
        cmd_ready_o = free && settled && may_pulse && dac_ready;
        pulse_start = cmd_valid_i && cmd_ready_o;
      end
      CmdSense: begin
        cmd_ready_o = free && settled && mode_q == ModeRead;
        adc_start   = cmd_valid_i && cmd_ready_o;
      end
      default: cmd_ready_o = 1'b0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      code_q       <= '0;
      rail_count_q <= '0;
      mode_q       <= ModeOff;
      second_q     <= 1'b0;
    end else begin
      for (int r = 0; r < int'(Rails); r++) begin
        if (rail_moves[r]) rail_count_q[r] <= rail_count_q[r] - 1'b1;
      end
      if (dac_start) begin
        code_q[cmd_i.rail]       <= cmd_i.value;
        rail_count_q[cmd_i.rail] <= RailW'(RailSettle - 1);
      end
      if (switch_start) begin
        mode_q   <= cmd_i.mode;
        second_q <= cmd_i.mode == ModeReset && cmd_i.bl == '0;
      end
    end
  end

  assign idle_o = settled && rail_moves == '0 && adc_ready && pulse_ready;

  ohm_spi_dac u_dac (
      .clk_i,
      .rst_ni,
      .safe_i,
      .start_i(dac_start),
      .rail_i (cmd_i.rail),
      .code_i (cmd_i.value),
      .ready_o(dac_ready),
      .dac_sclk_o,
      .dac_sdi_o,
      .dac_sync_no
  );

  ohm_spi_switch u_switch (
      .clk_i,
      .rst_ni,
      .safe_i,
      .start_i  (switch_start),
      .mode_i   (cmd_i.mode),
      .wl_i     (cmd_i.wl),
      .bl_i     (cmd_i.bl),
      .col_i    (cmd_i.col),
      .ready_o  (switch_ready),
      .settled_o(lines_settled),
      .sw_sclk_o,
      .sw_data_o,
      .sw_sync_no
  );

  ohm_pulse u_pulse (
      .clk_i,
      .rst_ni,
      .safe_i,
      .start_i(pulse_start),
      .set_i  (mode_q == ModeSet),
      .width_i(cmd_i.value),
      .ready_o(pulse_ready),
      .set_en_o,
      .reset_en_o
  );

  ohm_spi_adc u_adc (
      .clk_i,
      .rst_ni,
      .safe_i,
      .start_i     (adc_start),
      .ready_o     (adc_ready),
      .data_valid_o(sense_valid_o),
      .data_ready_i(sense_ready_i),
      .data_o      (sense_data_o),
      .adc_cnv_no,
      .adc_sck_o,
      .adc_sdo_i
  );

endmodule
