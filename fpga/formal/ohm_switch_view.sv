// One ADG1414 as its pins see it: bits are taken with SCLK while SYNC is low, and the switches move when SYNC rises
// after 8 of them. Beside it, which of them a change of lines needs closed: from the lines as they were and as they were
// last asked for, {mode, wl, bl, col} as the command has them.

`include "ohm_assert.svh"

module ohm_switch_view
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,

    input logic [ 2:0] group_i,  // constant
    input logic [ 2:0] chip_i,   // constant
    input logic [97:0] from_i,
    input logic [97:0] to_i,

    input logic       sclk_i,
    input logic [7:0] data_i,
    input logic [4:0] sync_ni,

    // of the driver, for the steps of the proof
    input logic [3:0] count_i,     // clocks until the next frame
    input logic [9:0] frames_i,    // to send
    input logic       load_i,      // one begins
    input logic       breaking_i,  // it opens
    input logic [7:0] shift_i,

    output logic [7:0] closed_o,
    output logic [7:0] next_o,  // once the frame that is sent has ended
    output logic [7:0] from_o,
    output logic [7:0] to_o,
    output logic moves_o,
    output logic opened_o,  // a line's switch closes in a clock in which all of that line were open
    output logic single_o  // no line has more than one
);
  localparam logic [3:0] Bits = 4'd8;
  localparam int unsigned RowsAChip = 8 / SwRowStride;
  localparam int unsigned ColumnsAChip = 8 / SwColumnStride;

  function automatic logic [7:0] pattern(logic [97:0] lines);
    mode_e mode;
    logic [31:0] wl, bl, col;
    logic is_on;
    logic [4:0] row;
    logic [7:0][7:0] bus;
    {mode, wl, bl, col} = lines;
    pattern = '0;
    bus = 64'(mode == ModeReset && bl == '0 ? SecondBus : ModeBus[mode]);
    // the rails' monitors, when neither a word line nor a column above the rails is named
    if (mode == ModeRead && wl == '0 && col[31:Rails] == '0)
      for (int unsigned r = 0; r < Rails; r++) bus[(SwBusMonitor+r)/8][(SwBusMonitor+r)%8] = col[r];
    if (mode != ModeOff) begin
      for (int unsigned k = 0; k < RowsAChip; k++) begin
        row   = 5'(32'(chip_i) * RowsAChip + k);
        is_on = group_i == GroupWl ? wl[row] : bl[row] && mode != ModeReset;
        if (group_i inside {GroupWl, GroupBl})
          pattern[SwRowStride*k+(is_on?SwRowBus : SwRowGround)] = 1'b1;
      end
      for (int unsigned k = 0; k < ColumnsAChip; k++) begin
        is_on = col[32'({group_i[2], chip_i})*ColumnsAChip+k];
        if (group_i inside {GroupColLo, GroupColHi}) begin
          unique case (mode)
            ModeRead: pattern[SwColumnStride*k+SwColumnTia] = 1'b1;
            ModeSet:  pattern[SwColumnStride*k+(is_on?SwColumnGround : SwColumnInhibit)] = 1'b1;
            default:  pattern[SwColumnStride*k+(is_on?SwColumnReset : SwColumnGround)] = 1'b1;
          endcase
        end
      end
      if (group_i == GroupBus) pattern = bus[chip_i];
    end
  endfunction

  logic off, off_q, sync_n, last_sync_nq, sending, is_break_q;
  logic [3:0] bits_q;
  logic [7:0] word_q, closed_q, frame_q, kept, rising;
  assign off     = !rst_ni || safe_i;
  assign sync_n  = sync_ni[group_i];
  assign moves_o = sync_n && !last_sync_nq && !off_q;
  assign from_o  = pattern(from_i);
  assign to_o    = pattern(to_i);
  assign kept    = from_o & to_o;
  always_ff @(posedge clk_i) begin
    last_sync_nq <= off || sync_n;
    off_q        <= off;
    if (sync_n) bits_q <= '0;
    else if (sclk_i) begin
      bits_q <= bits_q + 4'(bits_q != '1);
      word_q <= {word_q[6:0], data_i[chip_i]};
    end
    closed_q <= off ? '0 : closed_o;
    if (load_i) begin
      is_break_q <= breaking_i;
      frame_q    <= breaking_i ? kept : to_o;
    end
  end
  assign closed_o = off_q ? '0 : moves_o ? word_q : closed_q;
  assign sending  = count_i != '0 && !sync_n;
  assign next_o   = sending ? frame_q : closed_o;

  // The switches of each line, or bus, of this chip, at most one of which may be closed; and those that no line has. A
  // monitor is a resistor of its own.
  function automatic logic [7:0] on_chip(int unsigned number);
    return 32'(chip_i) == number / 8 ? 8'd1 << number % 8 : '0;
  endfunction

  logic [7:0][7:0] line;
  logic [7:0] unused_switches;
  always_comb begin
    line = '0;
    unused_switches = '0;
    unique case (group_i)
      GroupBus: begin
        line[0] = on_chip(SwBusBlSet) | on_chip(SwBusBlRead);
        line[1] = on_chip(SwBusWlSet) | on_chip(SwBusWlReset) | on_chip(SwBusWlRead);
        line[2] = on_chip(SwBusSlReset) | on_chip(SwBusSlInhibit);
        unused_switches = ~(line[0] | line[1] | line[2]);
        for (int unsigned r = 0; r < Rails; r++) unused_switches &= ~on_chip(SwBusMonitor + r);
      end
      GroupWl, GroupBl:
      for (int unsigned k = 0; k < RowsAChip; k++) line[k][SwRowStride*k+:SwRowStride] = '1;
      default:
      for (int unsigned k = 0; k < ColumnsAChip; k++)
      line[k][SwColumnStride*k+:SwColumnStride] = '1;
    endcase
  end

  assign rising = closed_o & ~closed_q;
  always_comb begin
    opened_o = 1'b1;
    single_o = (closed_o & unused_switches) == '0;
    for (int unsigned k = 0; k < 8; k++) begin
      if (!$onehot0(closed_o & line[k])) single_o = 1'b0;
      if ((rising & line[k]) != '0 && (closed_q & line[k]) != '0) opened_o = 1'b0;
    end
  end

  // ---- steps

  logic pending_break, pending_make;
  logic [3:0] sent;
  logic [7:0] mask;
  assign pending_break = frames_i[4'(group_i)];
  assign pending_make  = frames_i[4'(group_i)+4'd5];
  assign sent          = Bits - count_i;
  assign mask          = 8'((9'd1 << sent) - 9'd1);

  `OHM_ASSERT(LemmaOff_A, !off_q || (count_i == '0 && frames_i == '0 && sync_ni == '1))
  `OHM_ASSERT(LemmaCount_A, count_i <= Bits)
  `OHM_ASSERT(LemmaClock_A, off_q || sclk_i == (count_i != '0))
  `OHM_ASSERT(LemmaLast_A,
              off_q || (count_i == Bits ? last_sync_nq : count_i == '0 || last_sync_nq == sync_n))
  `OHM_ASSERT(LemmaIdle_A, off_q || last_sync_nq || sync_n == (count_i == '0))
  `OHM_ASSERT(
      LemmaBits_A,
      !sending || (bits_q == sent && (word_q & 8'((9'd1 << sent) - 9'd1)) == frame_q >> count_i))
  `OHM_ASSERT(LemmaShift_A, !sending || shift_i == frame_q << sent)
  `OHM_ASSERT(LemmaMoves_A, !moves_o || (bits_q == Bits && word_q == frame_q))
  `OHM_ASSERT(LemmaFrame_A, !sending || frame_q == (is_break_q ? kept : to_o))
  `OHM_ASSERT(LemmaOpens_A, !pending_break || pending_make || to_o == kept)
  `OHM_ASSERT(LemmaNext_A, next_o == (pending_break ? from_o : pending_make ? kept : to_o))
  `OHM_ASSERT(LemmaBefore_A, !(sending || moves_o) || closed_q == (is_break_q ? from_o : kept))
endmodule
