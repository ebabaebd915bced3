// Vcc_set and Vcc_wl_set under a bias of the X1: at the codes of the mode's rails, settled, and not written. How a code comes
// to the DAC is ohm_spi_dac_check's.

`include "ohm_assert.svh"

module ohm_scan_supply_check
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned Settle  = 0,
    parameter int unsigned SettleW = 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,
    input logic cmd_valid_i,
    input logic cmd_ready_o,
    input cmd_t cmd_i,
    input logic read_o,
    input logic set_en_o,
    input logic reset_en_o,
    input logic dac_start,
    input logic dac_sync_no,

    // for the steps
    input mode_e mode_q,
    input logic [Rows-1:0] wl_q,
    input logic [Rows-1:0] bl_q,
    input logic [Columns-1:0] col_q,
    input logic [Rails-1:0][15:0] code_q,
    input logic [1:0][15:0] held_q,
    input logic [1:0][SettleW-1:0] count_q,
    input logic [1:0] differs
);
  localparam int unsigned StillW = $clog2(Settle + 1);

  logic channel;  // any one of the DAC's: Vcc_set is 0, Vcc_wl_set 1
  ohm_symbol u_channel (
      .clk_i,
      .rst_ni,
      .value_o(channel)
  );

  logic off, biased;
  assign off = !rst_ni || safe_i;
  assign biased = !off && (set_en_o || reset_en_o || read_o);

  logic [Rails-1:0][15:0] told_code;
  mode_e told_mode;
  logic [Rows-1:0] told_wl, told_bl;
  logic [Columns-1:0] told_col;
  ohm_scan_told u_told (
      .clk_i,
      .off_i(off),
      .cmd_valid_i,
      .cmd_ready_i(cmd_ready_o),
      .cmd_i,
      .code_o(told_code),
      .mode_o(told_mode),
      .wl_o(told_wl),
      .bl_o(told_bl),
      .col_o(told_col)
  );

`ifdef SEARCH
  // a sequencer that sets a rail, then lines, then pulses or sets a rail again, without a pause
  logic [ 1:0] step_q = '0;
  logic [15:0] value;
  assign value = cmd_i.kind == CmdPulse ? 16'd3 : 16'd9;
  always_ff @(posedge clk_i) begin
    if (rst_ni && cmd_ready_o && step_q != 2'd2) step_q <= step_q + 2'd1;
    assume (!safe_i && cmd_valid_i && (rst_ni || step_q == '0));
    assume (cmd_i.rail inside {RailBlSet, RailSlReset, RailSlInhibit, RailWlSet});
    assume (cmd_i.value == value && cmd_i.mode inside {ModeSet, ModeReset});
    assume (cmd_i.wl == 32'd2 && cmd_i.bl[31:1] == '0 && cmd_i.col == 32'd8);
    assume (step_q != 2'd0 || cmd_i.kind == CmdRail);
    assume (step_q != 2'd1 || cmd_i.kind == CmdLines);
    assume (step_q != 2'd2 || cmd_i.kind inside {CmdPulse, CmdRail});
  end
`endif

  logic [1:0][15:0] sent_q;
  logic sending_q;  // the channel of the last frame
  logic [StillW-1:0] still_q;  // clocks since a frame of the channel ended
  always_ff @(posedge clk_i) begin
    if (off) begin
      sent_q  <= '0;
      still_q <= StillW'(Settle);
    end else begin
      if (dac_start) begin
        sent_q[u_dac.rail_i[0]] <= u_dac.code_i;
        sending_q <= u_dac.rail_i[0];
      end
      if (!dac_sync_no && sending_q == channel) still_q <= '0;
      else if (still_q != StillW'(Settle)) still_q <= still_q + StillW'(1);
    end
  end

  rail_e line, gate;
  always_comb begin
    unique case (told_mode)
      ModeSet: begin
        line = RailBlSet;
        gate = RailWlSet;
      end
      ModeReset: begin
        line = told_bl == '0 ? RailSlInhibit : RailSlReset;
        gate = RailWlReset;
      end
      default: begin
        line = RailBlRead;
        gate = RailWlRead;
      end
    endcase
  end

  `OHM_ASSERT(
      SupplyAsMode_A,
      !biased || (told_mode != ModeOff && sent_q[channel] == told_code[channel?gate : line]))
  `OHM_ASSERT(SupplyStill_A, !biased || dac_sync_no)
  `OHM_ASSERT(SupplySettled_A, !biased || still_q == StillW'(Settle))
  `OHM_COVER(Supplied_C, biased && sent_q[channel] != '0)
  `OHM_COVER(Waits_C,
             cmd_valid_i && cmd_i.kind == CmdPulse && told_mode == ModeSet && still_q == StillW'(2))
  `OHM_COVER(RailInPulse_C, biased && cmd_valid_i && cmd_i.kind == CmdRail && !read_o)

  // ---- steps to them

  logic [31:0] count, waits;
  logic quiet, busy, sends, as_told;
  logic [4:0] dac_left;
  assign count = 32'(u_scan.count_q);
  assign as_told = mode_q == told_mode && wl_q == told_wl && bl_q == told_bl && col_q == told_col &&
      code_q == told_code;
  assign dac_left = u_dac.count_q;
  assign sends = dac_left >= 5'd2 && sending_q == channel;
  assign waits = 32'(count_q[channel]);
  assign quiet = dac_left == '0 && differs == '0 && count_q[channel] == '0;
  assign busy = count != '0 || !u_pulse.ready_o || read_o;

  `OHM_ASSERT(LemmaTold_A, off || as_told)
  `OHM_ASSERT(LemmaSent_A, off || sent_q == held_q)
  `OHM_ASSERT(LemmaSync_A, dac_sync_no == (dac_left < 5'd2))
  `OHM_ASSERT(LemmaFrame_A, dac_left < 5'(DacFrameCycles))
  `OHM_ASSERT(LemmaStill_A, 32'(still_q) <= Settle)
  `OHM_ASSERT(LemmaWaits_A,
              off || (sends ? waits == 32'(dac_left) + Settle : waits + 32'(still_q) >= Settle))
  `OHM_ASSERT(LemmaQuiet_A, off || !busy || quiet)
  `OHM_ASSERT(
      LemmaPulse_A,
      off || !(u_pulse.set_q || u_pulse.reset_q) || 32'(u_pulse.count_q) >= PulseRecoveryCycles)
  `OHM_ASSERT(LemmaMode_A, off || !busy || told_mode != ModeOff)
endmodule

bind ohm_carrier ohm_scan_supply_check #(
    .Settle (Settle),
    .SettleW(SettleW)
) u_supply_check (.*);
