// Receiving half of the link: bytes of the UART in, whole good frames out.
//
// A frame is written to a ring memory as it comes and becomes visible only when its delimiter has come and it is
// good, so a bad one never reaches the logic. Numbered frames are kept if they are the one expected:
//   an earlier one is a duplicate: acknowledged again, not delivered (a pulse is not idempotent);
//   a later one means a gap: one nak a gap;
//   one that comes without credit is dropped and answered by an ack that says so.
// Credits count frames of the largest size: free * 15/4096, which is below free / 266 and needs no divider.
// Nothing numbered is taken before the first hello. A hello of another protocol version is answered by info
// and changes nothing. Unnumbered frames with a payload, or that only the FPGA sends, are ignored.

module ohm_link_rx #(
    parameter  int unsigned Depth = 4096,          // bytes of the ring, a power of two
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input logic clk_i,
    input logic rst_ni,

    // from the UART
    input logic       byte_valid_i,
    input logic [7:0] byte_data_i,
    input logic       byte_error_i,  // a byte was lost: the frame is bad
    input logic       break_i,       // drop what has come of a frame

    // numbered frames
    output logic       rx_valid_o,
    input  logic       rx_ready_i,
    output logic [7:0] rx_data_o,
    output logic       rx_last_o,
    output logic [8:0] rx_length_o,

    // for one clock each; rx frames that wait are dropped with hello_o and abort_o
    output logic        good_frame_o,
    output logic        hello_o,
    output logic        abort_o,
    output logic        info_o,          // answer info
    output logic        state_o,         // answer state
    output logic        acked_o,         // the host has all before acked_seq_o
    output logic        acked_again_o,   // with acked_o: and wants all from there on again
    output logic [ 7:0] acked_seq_o,
    output logic [15:0] acked_credits_o,

    // our acknowledgements; requests until taken
    output logic       ack_o,
    output logic       nak_o,       // instead of an ack
    input  logic       ack_sent_i,  // the numbers below were sent
    output logic [7:0] expected_o,
    output logic [7:0] credits_o
);
  import ohm_link_pkg::*;

  localparam logic [8:0] Overhead = 9'd8;  // head and CRC
  localparam logic [8:0] LongestFrame = 9'(MaxPayload) + Overhead;
  localparam logic [7:0] RefreshCredits = 8'd4;  // growth worth an ack of its own

  logic dec_valid, frame_end, dec_bad, crc_good;
  logic [7:0] dec_data;
  logic [7:0] expected_q, told_q;
  logic [AddrW-1:0] base_q, read_ptr, used;

  // the frame that is coming
  logic [8:0] count_q;
  logic damaged_q, room_q, room;
  logic [7:0] type_q, seq_q;
  logic [15:0] arg_q;

  logic good, is_numbered, is_bare, is_version;
  logic synced_q, gap_q, commit, request_ack, request_nak, ack_q, nak_q;
  logic [7:0] ahead;

  assign good        = frame_end && !dec_bad && !damaged_q && crc_good && count_q >= Overhead;
  assign is_numbered = type_q[7];
  assign is_bare     = count_q == Overhead;
  assign is_version  = arg_q == 16'(ProtocolVersion);
  assign ahead       = seq_q - expected_q;

  always_comb begin
    commit      = 1'b0;
    request_ack = 1'b0;
    request_nak = 1'b0;
    if (good && is_numbered && synced_q) begin
      if (ahead == '0) begin
        commit      = room_q;
        request_ack = 1'b1;
      end else if (ahead[7]) begin
        request_ack = 1'b1;
      end else begin
        request_nak = !gap_q;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    good_frame_o    <= rst_ni && good;
    hello_o         <= rst_ni && good && is_bare && type_q == FrameHello && is_version;
    info_o          <= rst_ni && good && is_bare && type_q == FrameHello;
    abort_o         <= rst_ni && good && is_bare && type_q == FrameAbort;
    state_o         <= rst_ni && good && is_bare && type_q inside {FrameAbort, FrameStatus};
    acked_o         <= rst_ni && good && is_bare && type_q inside {FrameAck, FrameNak};
    acked_again_o   <= type_q == FrameNak;
    acked_seq_o     <= seq_q;
    acked_credits_o <= arg_q;
  end

  // a byte error may come long after the frame's last byte; it can spoil only the next frame then
  always_ff @(posedge clk_i) begin
    if (!rst_ni || break_i || frame_end) begin
      count_q   <= '0;
      damaged_q <= 1'b0;
    end else begin
      if (byte_error_i || (dec_valid && count_q == LongestFrame)) damaged_q <= 1'b1;
      if (dec_valid && count_q != LongestFrame) count_q <= count_q + 9'd1;
    end
    if (dec_valid) begin
      unique case (count_q)
        9'd0:    type_q <= dec_data;
        9'd1:    seq_q <= dec_data;
        9'd2:    arg_q[7:0] <= dec_data;
        9'd3:    arg_q[15:8] <= dec_data;
        default: ;
      endcase
      if (count_q == '0) room_q <= room;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      synced_q   <= 1'b0;
      expected_q <= '0;
      gap_q      <= 1'b0;
      ack_q      <= 1'b0;
      nak_q      <= 1'b0;
      told_q     <= '0;
      base_q     <= '0;
    end else if (hello_o) begin
      synced_q   <= 1'b1;
      expected_q <= '0;
      gap_q      <= 1'b0;
      ack_q      <= 1'b1;
      nak_q      <= 1'b0;
    end else begin
      // after a status too, since the ack with new credits may have been lost
      ack_q <= request_ack || (state_o && synced_q) || (ack_q && !ack_sent_i);
      nak_q <= request_nak || (nak_q && !ack_sent_i);
      if (ack_sent_i) told_q <= credits_o;
      if (request_nak) gap_q <= 1'b1;
      if (commit) begin
        gap_q      <= 1'b0;
        expected_q <= expected_q + 8'd1;
        // the length, the head and the payload stay; the CRC is not kept
        base_q     <= base_q + AddrW'(count_q) - AddrW'(3);
      end
    end
  end

  // 16 bits hold the product for every Depth up to 64 KiB
  logic [15:0] free;
  assign used = base_q - read_ptr;
  assign free = 16'(AddrW'(~used));
  assign credits_o = 8'((free - (free >> 4)) >> 8);
  assign room = credits_o != '0;
  assign expected_o = expected_q;
  assign nak_o = nak_q;
  assign ack_o      = ack_q || (synced_q &&
      (credits_o >= told_q + RefreshCredits || (told_q == '0 && room)));

  logic we;
  logic [AddrW-1:0] waddr;
  logic [8:0] wdata, rdata;
  always_comb begin
    we    = dec_valid && count_q != LongestFrame && (count_q == '0 ? room : room_q);
    waddr = base_q + AddrW'(count_q) + AddrW'(1);
    wdata = {1'b0, dec_data};
    if (commit) begin
      we    = 1'b1;
      waddr = base_q;
      wdata = count_q - Overhead;
    end
  end

  ohm_cobs_dec u_dec (
      .clk_i,
      .rst_ni,
      .clear_i(break_i),
      .valid_i(byte_valid_i),
      .data_i (byte_data_i),
      .valid_o(dec_valid),
      .data_o (dec_data),
      .end_o  (frame_end),
      .bad_o  (dec_bad)
  );

  logic [31:0] unused_crc;
  ohm_crc32 u_crc (
      .clk_i,
      .rst_ni,
      .clear_i(frame_end || break_i),
      .valid_i(dec_valid),
      .data_i (dec_data),
      .crc_o  (unused_crc),
      .good_o (crc_good)
  );

  ohm_ram #(
      .LaneWidth(9),
      .Depth(Depth)
  ) u_ring (
      .clk_i,
      .we_i(we),
      .waddr_i(waddr),
      .wdata_i(wdata),
      .raddr_i(read_ptr),
      .rdata_o(rdata)
  );

  logic unused_busy;
  ohm_frame_reader #(
      .AddrW(AddrW)
  ) u_reader (
      .clk_i,
      .rst_ni,
      .load_i(hello_o || abort_o),
      .load_ptr_i(base_q),
      .go_i(read_ptr != base_q),
      .ptr_o(read_ptr),
      .rdata_i(rdata),
      .valid_o(rx_valid_o),
      .ready_i(rx_ready_i),
      .data_o(rx_data_o),
      .last_o(rx_last_o),
      .length_o(rx_length_o),
      .busy_o(unused_busy)
  );
endmodule
