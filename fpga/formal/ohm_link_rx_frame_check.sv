// Which frames the receive side takes. The CRC's verdict is free: ohm_crc32_check proves what it is of the bytes that
// the CRC is fed with, and CrcSeesAll_A that these are those of the frame.

`include "ohm_assert.svh"

module ohm_link_rx_frame_check #(
    parameter int unsigned Depth = 4096
) (
    input logic clk_i,
    input logic rst_ni,

    input logic       byte_valid_i,
    input logic [7:0] byte_data_i,
    input logic       byte_error_i,
    input logic       break_i,

    input logic       good_frame_o,
    input logic       hello_o,
    input logic       abort_o,
    input logic       info_o,
    input logic       state_o,
    input logic       acked_o,
    input logic       ack_o,
    input logic       ack_sent_i,
    input logic [7:0] expected_o,
    input logic [7:0] credits_o,

    input logic       dec_valid,
    input logic [7:0] dec_data,
    input logic       frame_end,
    input logic       dec_bad,
    input logic       crc_good,
    input logic       commit,
    input logic       none_wait,

    input logic [8:0] count_q,
    input logic       damaged_q,
    input logic       room_q,
    input logic [7:0] type_q,
    input logic [7:0] seq_q,
    input logic       synced_q,
    input logic       ack_q,
    input logic       dec_active
);
  localparam logic [9:0] Shortest = 10'd8;
  localparam logic [9:0] Longest = 10'(ohm_link_pkg::MaxPayload) + 10'd8;
  localparam logic [7:0] Slots = 8'(((Depth - 1) - (Depth - 1) / 16) / 256);

  logic any_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(any_symbol)
  );

`ifdef FORMAL
  // OneOrNone_A of ohm_uart_rx
  always_ff @(posedge clk_i) if (rst_ni) assume (!(byte_valid_i && byte_error_i));
`endif

  // the frame that comes
  logic [9:0] bytes_q;
  logic hurt_q, had_room_q;
  logic [1:0][7:0] head_q;
  logic boundary, whole, numbered;
  logic [7:0] ahead;
  assign boundary = frame_end || break_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || boundary) begin
      bytes_q <= '0;
      hurt_q  <= 1'b0;
    end else begin
      if (byte_error_i) hurt_q <= 1'b1;
      if (dec_valid && bytes_q <= Longest) bytes_q <= bytes_q + 10'd1;
    end
    if (dec_valid && bytes_q == '0) had_room_q <= credits_o != '0;
    if (dec_valid && bytes_q < 10'd2) head_q[bytes_q[0]] <= dec_data;
  end
  assign whole = frame_end && !dec_bad && !hurt_q && bytes_q >= Shortest && bytes_q <= Longest;

  // the session
  logic session_q, owed_q, last_whole_q, in_sync_q, dropped_q;
  logic [7:0] next_q;
  assign numbered = whole && crc_good && head_q[0][7] && session_q;
  assign ahead    = head_q[1] - next_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      session_q <= 1'b0;
      next_q    <= '0;
      owed_q    <= 1'b0;
    end else if (hello_o) begin
      session_q <= 1'b1;
      next_q    <= '0;
      owed_q    <= 1'b1;
    end else begin
      if (commit) next_q <= next_q + 8'd1;
      if (numbered && (ahead == '0 || ahead[7])) owed_q <= 1'b1;
      else if (ack_sent_i) owed_q <= 1'b0;
    end
    last_whole_q <= rst_ni && whole && crc_good;
    in_sync_q    <= !rst_ni || boundary;
    dropped_q    <= rst_ni && (hello_o || abort_o);
  end

  // bytes that the CRC holds
  logic [9:0] fed_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || u_crc.clear_i) fed_q <= '0;
    else if (u_crc.valid_i && fed_q <= Longest) fed_q <= fed_q + 10'd1;
  end

  logic answer;
  assign answer = good_frame_o || hello_o || abort_o || info_o || state_o || acked_o;

  `OHM_ASSERT(OnlyGood_A, !commit || (whole && crc_good))
  `OHM_ASSERT(OnlyGoodActs_A, !answer || last_whole_q)
  `OHM_ASSERT(CrcSeesAll_A,
              fed_q == bytes_q && (!u_crc.valid_i || (dec_valid && u_crc.data_i == dec_data)))
  `OHM_ASSERT(OnceInOrder_A,
              !commit || (session_q && head_q[0][7] && head_q[1] == next_q && expected_o == next_q))
  `OHM_ASSERT(Acknowledged_A, !owed_q || ack_o)
  `OHM_ASSERT(TakesExpected_A, !(numbered && ahead == '0 && had_room_q) || commit)
  `OHM_ASSERT(Resync_A, !in_sync_q || (count_q == '0 && !damaged_q && !dec_active))
  `OHM_ASSERT(RoomReturns_A, !none_wait || credits_o == Slots)
  `OHM_ASSERT(DropsAll_A, !dropped_q || none_wait)

  `OHM_ASSERT(LemmaCount_A, count_q == (bytes_q > Longest ? 9'(Longest) : bytes_q[8:0]))
  `OHM_ASSERT(LemmaBytes_A, bytes_q <= Longest + 10'd1)
  `OHM_ASSERT(LemmaDamaged_A, damaged_q == (hurt_q || bytes_q > Longest))
  `OHM_ASSERT(LemmaType_A, bytes_q < 10'd1 || (type_q == head_q[0] && room_q == had_room_q))
  `OHM_ASSERT(LemmaSeq_A, bytes_q < 10'd2 || seq_q == head_q[1])
  `OHM_ASSERT(LemmaSession_A, synced_q == session_q && expected_o == next_q)
  `OHM_ASSERT(LemmaEvent_A, !(hello_o || abort_o) || bytes_q == '0)
  `OHM_ASSERT(LemmaOwed_A, !owed_q || ack_q)
  `OHM_ASSERT(LemmaActive_A, dec_active || bytes_q == '0)

  logic been_hurt_q;
  logic [1:0] commits_q;
  always_ff @(posedge clk_i) begin
    been_hurt_q <= rst_ni && (been_hurt_q || (frame_end && hurt_q && session_q));
    if (!rst_ni || hello_o) commits_q <= '0;
    else if (commit && commits_q != 2'd3) commits_q <= commits_q + 2'd1;
  end
  `OHM_COVER(Committed_C, commit)
  `OHM_COVER(TwoCommits_C, commits_q == 2'd2)
  `OHM_COVER(Duplicate_C, commits_q == 2'd1 && numbered && ahead == 8'hff && !owed_q)
  `OHM_COVER(CommitAfterDamage_C, commit && been_hurt_q)
  `OHM_COVER(Aborted_C, abort_o && commits_q == 2'd1 && !none_wait)
endmodule

bind ohm_link_rx ohm_link_rx_frame_check #(
    .Depth(Depth)
) u_frame_check (
    .none_wait (read_ptr == base_q),
    .dec_active(u_dec.active_q),
    .*
);
