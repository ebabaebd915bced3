// The X1 carrier behind one command handshake: one cell at a time, through the chip's scan port. All times are exact and
// the same in the twin (sim/twin/ohm_scan.c). Taken at clock T (the edge at which valid and ready are both 1):
//   rail   with its present code: nothing happens. Else, as lines, when the DAC has sent all that it had to.
//   lines  the two channels of the DAC get what the mode's rails say: n frames for n that change, from T + 1 on. The
//          k-th has settled at T + 1 + k * DacFrameCycles + DacSettleCycles.
//   pulse  in set and reset. Once the channels have settled, a packet chooses the cell; taken ScanPacketCycles later;
//          then see ohm_pulse.
//   sense  in read. With a cell on (its row in wl and in bl, and a column): once the channels have settled a packet, then
//          the bias of ScanHoldCycles, then taken; TM falls two clocks later. With none: taken once settled. Then see
//          ohm_spi_adc.
// During a pulse and a conversion, and once a packet has begun, nothing else is taken. A packet whose command is withdrawn is abandoned.
module ohm_carrier
  import ohm_carrier_pkg::*;
#(
    // less in searches of proofs
    parameter int unsigned Half = ScanHalfCycles,
    parameter int unsigned Packet = ScanPacketCycles,
    parameter int unsigned HoldFor = ScanHoldCycles,
    parameter int unsigned Settle = DacSettleCycles
) (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,  // all off

    // commands, from the guard
    input  logic cmd_valid_i,
    output logic cmd_ready_o,
    input  cmd_t cmd_i,
    output logic idle_o,       // nothing under way, all settled

    // the code of a conversion, for one clock
    output logic        sense_valid_o,
    output logic [15:0] sense_code_o,

    // Vcc_set and Vcc_wl_set
    output logic dac_sclk_o,
    output logic dac_sdi_o,
    output logic dac_sync_no,

    // scan port; its pins are joined in ohm_scan_pins
    output logic scan_cc_o,
    output logic scan_dl_o,
    output logic lead_o,       // TM before the bias
    output logic read_o,       // the bias of a read
    output logic chip_reset_o, // of the packet

    // converter
    output logic adc_cnv_no,
    output logic adc_sck_o,
    input  logic adc_sdo_i,

    // fast enables, to the guard
    output logic set_en_o,
    output logic reset_en_o
);
  localparam int unsigned Channels = 2;
  localparam int unsigned RailSettle = DacFrameCycles + Settle;
  localparam int unsigned SettleW = $clog2(RailSettle + 1);

  mode_e mode_q;
  logic [Rows-1:0] wl_q, bl_q;
  logic [Columns-1:0] col_q;
  logic [Rails-1:0][15:0] code_q;
  logic [Channels-1:0][15:0] want, held_q;  // of the DAC's channels
  logic [Channels-1:0][SettleW-1:0] count_q;  // clocks until a channel has settled
  logic [Channels-1:0] differs;

  logic dac_ready, adc_ready, pulse_ready, scan_idle, scan_ready, adc_valid;
  logic dac_start, adc_start, pulse_start, rail_taken;
  logic free, sent, settled, changes, may_pulse, cell_on;
  logic [31:0] adc_data;
  logic unused_data, unused_sync;

  assign may_pulse = mode_q == ModeSet || mode_q == ModeReset;
  assign cell_on   = col_q != '0 && (mode_q == ModeRead ? (wl_q & bl_q) != '0 : may_pulse);

  // ---- channels

  always_comb begin
    want = '0;
    if (mode_q != ModeOff) begin
      want[0] = code_q[mode_q==ModeReset&&bl_q=='0?SecondLine : ModeLine[mode_q]];
      want[1] = code_q[ModeGate[mode_q]];
    end
  end
  for (genvar c = 0; c < int'(Channels); c++) begin : gen_differs
    assign differs[c] = held_q[c] != want[c];
  end
  assign dac_start = dac_ready && differs != '0;
  assign sent      = dac_ready && differs == '0;
  assign settled   = sent && count_q == '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      held_q  <= '0;
      count_q <= '0;
    end else begin
      for (int c = 0; c < int'(Channels); c++)
      if (count_q[c] != '0) count_q[c] <= count_q[c] - 1'b1;
      if (dac_start) begin
        held_q[!differs[0]]  <= want[!differs[0]];
        count_q[!differs[0]] <= SettleW'(RailSettle - 1);
      end
    end
  end

  // ---- commands

  assign free    = adc_ready && pulse_ready && scan_idle && !safe_i;
  assign changes = code_q[cmd_i.rail] != cmd_i.value;

  logic scan_ask;
  always_comb begin
    cmd_ready_o = 1'b0;
    pulse_start = 1'b0;
    adc_start   = 1'b0;
    scan_ask    = 1'b0;
    unique case (cmd_i.kind)
      CmdRail:  cmd_ready_o = free && (!changes || sent);
      CmdLines: cmd_ready_o = free && sent;
      CmdPulse: begin
        scan_ask    = cmd_valid_i && may_pulse;
        cmd_ready_o = scan_ready && may_pulse;
        pulse_start = cmd_valid_i && cmd_ready_o;
      end
      CmdSense: begin
        scan_ask    = cmd_valid_i && mode_q == ModeRead && cell_on;
        cmd_ready_o = mode_q == ModeRead && (cell_on ? scan_ready : free && settled);
        adc_start   = cmd_valid_i && cmd_ready_o;
      end
      default:  ;
    endcase
  end
  assign rail_taken = cmd_valid_i && cmd_ready_o && cmd_i.kind == CmdRail;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      code_q <= '0;
      mode_q <= ModeOff;
      wl_q   <= '0;
      bl_q   <= '0;
      col_q  <= '0;
    end else begin
      if (rail_taken) code_q[cmd_i.rail] <= cmd_i.value;
      if (cmd_valid_i && cmd_ready_o && cmd_i.kind == CmdLines) begin
        mode_q <= cmd_i.mode;
        wl_q   <= cmd_i.wl;
        bl_q   <= cmd_i.bl;
        col_q  <= cmd_i.col;
      end
    end
  end

  assign idle_o = settled && adc_ready && pulse_ready && scan_idle;

  ohm_spi_dac u_dac (
      .clk_i,
      .rst_ni,
      .safe_i,
      .start_i(dac_start),
      .rail_i({2'b00, !differs[0]}),
      .code_i(want[!differs[0]]),
      .ready_o(dac_ready),
      .dac_sclk_o,
      .dac_sdi_o,
      .dac_sync_no({unused_sync, dac_sync_no})
  );

  ohm_scan #(
      .Half(Half),
      .Packet(Packet),
      .HoldFor(HoldFor)
  ) u_scan (
      .clk_i,
      .rst_ni,
      .safe_i,
      .ask_i(scan_ask && (!scan_idle || (free && settled))),
      .read_i(mode_q == ModeRead),
      .set_i(mode_q == ModeSet),
      .wl_i(wl_q),
      .col_i(col_q),
      .idle_o(scan_idle),
      .ready_o(scan_ready),
      .scan_cc_o,
      .scan_dl_o,
      .lead_o,
      .read_o,
      .chip_reset_o
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

  ohm_spi_adc #(
      .Channels(1)
  ) u_adc (
      .clk_i,
      .rst_ni,
      .safe_i,
      .start_i     (adc_start),
      .ready_o     (adc_ready),
      .data_valid_o(adc_valid),
      .data_ready_i(1'b0),
      .data_o      (adc_data),
      .adc_cnv_no,
      .adc_sck_o,
      .adc_sdo_i
  );
  assign sense_valid_o = adc_valid && !adc_ready;
  assign sense_code_o  = adc_data[15:0];
  assign unused_data   = ^adc_data[31:16];
endmodule
