// Sending window of the link: numbered frames are kept until the host has acknowledged them and are sent again,
// all from the first one missing (go-back-N), when the host asks with a nak or says nothing for RetryTicks.
// The sequence number is filled in here. At most 15 frames wait, so that where each begins fits a small table
// and an acknowledgement of several frames is one look-up. Acknowledgements are applied between frames only:
// while one is read, its memory is not given free.
// With no credits left, a time-out sends one frame all the same: the ack with the new credits may be lost.

module ohm_link_window #(
    parameter  int unsigned Depth      = 4096,          // bytes of the ring, a power of two
    parameter  int unsigned RetryTicks = 9_600_000,     // clocks
    localparam int unsigned AddrW      = $clog2(Depth)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,  // hello: drop all and number from 0
    input logic hold_i,   // start no frame

    // from the logic: type, any byte, arg low, arg high, payload
    input  logic       tx_valid_i,
    output logic       tx_ready_o,
    input  logic [7:0] tx_data_i,
    input  logic       tx_last_i,

    // from the host
    input logic        acked_i,
    input logic        acked_again_i,
    input logic [ 7:0] acked_seq_i,
    input logic [15:0] acked_credits_i,

    // to the line
    output logic       valid_o,
    input  logic       ready_i,
    output logic [7:0] data_o,
    output logic       last_o,
    output logic       busy_o
);
  localparam int unsigned Window = 15;
  localparam int unsigned LongestFrame = ohm_link_pkg::MaxPayload + 5;  // length, head, payload
  localparam int unsigned TimerW = $clog2(RetryTicks + 1);

  // writing
  logic [AddrW-1:0] base_q, next_base, used;
  logic [8:0] count_q;
  logic commit_q, clear_q, take, has_room;
  logic [7:0] write_seq_q;
  logic [3:0] kept;

  // sending
  logic [7:0] first_seq_q, send_seq_q, distance;
  logic [3:0] sent;
  logic [AddrW-1:0] first_ptr_q, acked_ptr, read_ptr;
  logic [3:0] credits_q;
  logic ack_q, again_q, apply, is_known, go, done, is_late;
  logic [7:0] ack_seq_q;
  logic [3:0] ack_credits_q;
  logic [TimerW-1:0] timer_q;

  // start of each frame that is kept, and of the one after them
  logic [AddrW-1:0] start_q[16];

  assign kept       = write_seq_q[3:0] - first_seq_q[3:0];
  assign used       = base_q - first_ptr_q;
  assign has_room   = 32'(used) < Depth - LongestFrame && kept != 4'(Window);
  assign tx_ready_o = !commit_q && !clear_i && !clear_q && (count_q != '0 || has_room);
  assign take       = tx_valid_i && tx_ready_o;
  assign next_base  = base_q + AddrW'(count_q) + AddrW'(1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      count_q  <= '0;
      commit_q <= 1'b0;
      clear_q  <= 1'b1;
    end else begin
      if (clear_q && !busy_o) clear_q <= 1'b0;
      if (take) count_q <= count_q + 9'd1;
      else if (commit_q) count_q <= '0;
      commit_q <= take && tx_last_i;
    end
    if (!rst_ni) base_q <= '0;
    else if (commit_q && !clear_i) base_q <= next_base;
  end

  always_ff @(posedge clk_i) begin
    if (clear_q) start_q[0] <= base_q;
    else if (commit_q) start_q[write_seq_q[3:0]+4'd1] <= next_base;
  end

  logic we;
  logic [AddrW-1:0] waddr;
  logic [8:0] wdata, rdata;
  always_comb begin
    we    = take;
    waddr = next_base;
    wdata = {1'b0, count_q == 9'd1 ? write_seq_q : tx_data_i};
    if (commit_q) begin
      we    = 1'b1;
      waddr = base_q;
      wdata = count_q - 9'd4;
    end
  end

  assign acked_ptr = start_q[ack_seq_q[3:0]];
  assign distance = ack_seq_q - first_seq_q;
  assign sent = send_seq_q[3:0] - first_seq_q[3:0];
  assign apply = ack_q && !busy_o && !clear_q;
  assign is_known = distance <= 8'(kept);  // not left over from another session
  assign is_late = timer_q == TimerW'(RetryTicks);
  assign go        = !hold_i && !clear_i && !clear_q && !ack_q && sent < credits_q &&
                     send_seq_q != write_seq_q;
  assign done = valid_o && ready_i && last_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      ack_q <= 1'b0;
    end else if (acked_i) begin
      ack_q         <= 1'b1;
      again_q       <= acked_again_i || (ack_q && again_q);
      ack_seq_q     <= acked_seq_i;
      ack_credits_q <= acked_credits_i > 16'(Window) ? 4'(Window) : acked_credits_i[3:0];
    end else if (is_late && !ack_q && !busy_o && !clear_q) begin
      ack_q         <= 1'b1;
      again_q       <= 1'b1;
      ack_seq_q     <= first_seq_q;
      ack_credits_q <= credits_q == '0 ? 4'd1 : credits_q;
    end else if (apply) begin
      ack_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_q) begin
      write_seq_q <= '0;
      first_seq_q <= '0;
      send_seq_q  <= '0;
      first_ptr_q <= base_q;
      credits_q   <= 4'(Window);
      timer_q     <= '0;
    end else begin
      if (commit_q) write_seq_q <= write_seq_q + 8'd1;
      if (done) send_seq_q <= send_seq_q + 8'd1;
      if (kept == '0 || busy_o) timer_q <= '0;
      else if (!is_late) timer_q <= timer_q + TimerW'(1);
      if (apply && is_known) begin
        first_seq_q <= ack_seq_q;
        first_ptr_q <= acked_ptr;
        credits_q   <= ack_credits_q;
        if (again_q || sent < distance[3:0]) send_seq_q <= ack_seq_q;
        if (again_q || distance != '0) timer_q <= '0;
      end
    end
  end

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

  logic [8:0] unused_length;
  ohm_frame_reader #(
      .AddrW(AddrW)
  ) u_reader (
      .clk_i,
      .rst_ni,
      .load_i(!busy_o && (clear_q || (apply && is_known && (again_q || sent < distance[3:0])))),
      .load_ptr_i(clear_q ? base_q : acked_ptr),
      .go_i(go),
      .ptr_o(read_ptr),
      .rdata_i(rdata),
      .valid_o(valid_o),
      .ready_i(ready_i),
      .data_o(data_o),
      .last_o(last_o),
      .length_o(unused_length),
      .busy_o(busy_o)
  );
endmodule
