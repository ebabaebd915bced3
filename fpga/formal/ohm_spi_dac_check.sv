// The DAC's driver, as one AD5686R at its pins sees it: bits are taken with SCLK while SYNC is low, and the channel
// moves when SYNC rises after 24 of them.

`include "ohm_assert.svh"

module ohm_spi_dac_check (
    input logic        clk_i,
    input logic        rst_ni,
    input logic        safe_i,
    input logic        start_i,
    input logic [ 2:0] rail_i,
    input logic [15:0] code_i,
    input logic        ready_o,
    input logic        dac_sclk_o,
    input logic        dac_sdi_o,
    input logic [ 1:0] dac_sync_no,

    input logic [ 4:0] count_q,
    input logic [23:0] shift_q
);
  localparam logic [4:0] Frame = 5'(ohm_carrier_pkg::DacFrameCycles);

  logic chip;  // any one
  ohm_symbol u_chip (
      .clk_i,
      .rst_ni,
      .value_o(chip)
  );

`ifdef FORMAL
  always_ff @(posedge clk_i) if (rst_ni && start_i) assume (ready_o);
`endif

  logic sync_n, last_sync_nq, off, off_q, moves, moved_q;
  logic [ 4:0] bits_q;  // clocks on SCLK since SYNC fell
  logic [23:0] word_q;
  logic [ 2:0] rail_q;  // of the last command
  logic [15:0] code_q;
  assign off    = !rst_ni || safe_i;
  assign sync_n = dac_sync_no[chip];
  assign moves  = sync_n && !last_sync_nq && !off_q;
  always_ff @(posedge clk_i) begin
    last_sync_nq <= off || sync_n;
    off_q        <= off;
    moved_q      <= moves && !off;
    if (sync_n) bits_q <= '0;
    else if (dac_sclk_o) begin
      bits_q <= bits_q + 5'(bits_q != '1);
      word_q <= {word_q[22:0], dac_sdi_o};
    end
    if (start_i && ready_o && !safe_i) begin
      rail_q <= rail_i;
      code_q <= code_i;
      word_q <= '0;
    end
  end

  // AD5686R, tables 6 to 8: write and update, one channel
  logic [23:0] frame;
  assign frame = {4'b0011, 4'b0001 << rail_q[1:0], code_q};

  `OHM_ASSERT(CodeAsAsked_A, !moves || (bits_q == 5'd24 && chip == rail_q[2] && word_q == frame))
  `OHM_ASSERT(OneChip_A, dac_sync_no != '0)
  `OHM_ASSERT(ReadyWhenSent_A, !ready_o || dac_sync_no == '1)
  `OHM_COVER(Frame_C, moves && chip && rail_q[1:0] == 2'd2)
  `OHM_COVER(Ready_C, ready_o && moved_q)

  logic [4:0] sent;
  assign sent = count_q > Frame - 5'd2 ? '0 : Frame - 5'd2 - count_q;
  `OHM_ASSERT(LemmaCount_A, count_q < Frame)
  `OHM_ASSERT(LemmaSync_A, dac_sync_no == (count_q >= 5'd2 ? ~(2'b01 << rail_q[2]) : 2'b11))
  `OHM_ASSERT(LemmaLast_A, off_q || count_q != 5'd1 || last_sync_nq == (chip != rail_q[2]))
  `OHM_ASSERT(LemmaIdle_A, off_q || count_q == 5'd1 || count_q >= 5'd2 || last_sync_nq)
  `OHM_ASSERT(LemmaClock_A, off_q || dac_sclk_o == (count_q >= 5'd2 && count_q < Frame - 5'd1))
  `OHM_ASSERT(
      LemmaBits_A,
      count_q < 5'd1 || chip != rail_q[2] || (bits_q == sent && word_q == frame >> (5'd24 - sent)))
  `OHM_ASSERT(LemmaShift_A, count_q < 5'd2 || shift_q == frame << sent)
  `OHM_ASSERT(LemmaOff_A, !off_q || count_q == '0)
endmodule

bind ohm_spi_dac ohm_spi_dac_check u_check (.*);
