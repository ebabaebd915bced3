// The link: UART pins on one side, numbered frames in both directions on the other.
//
// Rate: baud_valid_i with a divisor (0: the default rate) takes effect when the acknowledgement of everything
// received so far has left the wire; no other frame starts in between. If no good frame comes within 250 ms
// after that, the rate is the default again. So it is after a break (line low for more than two characters), which
// also drops what has come of a frame. A 0x00 at the default rate is such a break at 2.5 times that rate or more.
// Sessions are not touched by either: only hello starts one.

module ohm_link #(
    parameter int unsigned ClockHz = ohm_carrier_pkg::ClockHz,
    parameter int unsigned DefaultBaud = ohm_link_pkg::DefaultBaud,
    parameter int unsigned TicksPerMs = ClockHz / 1000,
    parameter int unsigned RetryTicks = ClockHz / 20,  // resend after so many clocks
    parameter int unsigned Depth = 4096  // bytes kept, each way
) (
    input logic clk_i,
    input logic rst_ni,

    input logic [31:0] build_id_i,

    input  logic uart_rx_i,
    output logic uart_tx_o,

    // numbered frames from the host: type, seq, arg low, arg high, payload
    output logic       rx_valid_o,
    input  logic       rx_ready_i,
    output logic [7:0] rx_data_o,
    output logic       rx_last_o,
    output logic [8:0] rx_length_o, // of the payload, with every byte of the frame

    // numbered frames to the host, the same way; seq is filled in
    input  logic       tx_valid_i,
    output logic       tx_ready_o,
    input  logic [7:0] tx_data_i,
    input  logic       tx_last_i,

    // for one clock each
    output logic hello_o,       // a session begins: frames in both directions are dropped
    output logic abort_o,       // frames from the host that waited are dropped
    output logic good_frame_o,
    output logic break_o,

    input ohm_link_state_pkg::state_t state_i,

    input logic        baud_valid_i,  // for one clock
    input logic [11:0] baud_div_i     // clocks a bit, 4 or more, or 0
);
  localparam logic [11:0] DefaultDiv = 12'((ClockHz + DefaultBaud / 2) / DefaultBaud);
  localparam int unsigned TickW = $clog2(TicksPerMs + 1);
  localparam logic [7:0] FallbackMs = 8'd250;
  // as ohm_link_rx counts
  localparam logic [7:0] Slots = 8'(((Depth - 1) - (Depth - 1) / 16) / 256);

  // rate
  logic [11:0] div_q, next_div_q;
  logic hold_q, trial_q, apply, is_expired, line_idle, uart_idle;
  logic [7:0] trial_ms_q;
  logic [TickW-1:0] tick_q;

  logic byte_in_valid, byte_in_error, byte_out_valid, byte_out_ready, window_busy, ack, nak;
  logic [7:0] byte_in, byte_out;

  assign apply      = hold_q && line_idle && uart_idle && !window_busy && !ack && !nak;
  assign is_expired = trial_q && trial_ms_q == FallbackMs;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || break_o || is_expired) begin
      div_q   <= DefaultDiv;
      hold_q  <= 1'b0;
      trial_q <= 1'b0;
    end else begin
      if (baud_valid_i) hold_q <= 1'b1;
      else if (apply) hold_q <= 1'b0;
      if (apply) begin
        div_q   <= next_div_q == '0 ? DefaultDiv : next_div_q;
        trial_q <= 1'b1;
      end else if (good_frame_o) begin
        trial_q <= 1'b0;
      end
    end
    if (baud_valid_i) next_div_q <= baud_div_i;
    if (!trial_q) begin
      tick_q     <= '0;
      trial_ms_q <= '0;
    end else if (tick_q == TickW'(TicksPerMs - 1)) begin
      tick_q     <= '0;
      trial_ms_q <= trial_ms_q + 8'd1;
    end else begin
      tick_q <= tick_q + TickW'(1);
    end
  end

  ohm_uart_rx u_uart_rx (
      .clk_i,
      .rst_ni,
      .div_i(div_q),
      .rx_i(uart_rx_i),
      .valid_o(byte_in_valid),
      .data_o(byte_in),
      .error_o(byte_in_error),
      .break_o(break_o)
  );

  ohm_uart_tx u_uart_tx (
      .clk_i,
      .rst_ni,
      .div_i(div_q),
      .valid_i(byte_out_valid),
      .ready_o(byte_out_ready),
      .data_i(byte_out),
      .tx_o(uart_tx_o),
      .idle_o(uart_idle)
  );

  logic info, state, ack_sent, acked, acked_again;
  logic [7:0] expected, credits, acked_seq;
  logic [15:0] acked_credits;

  ohm_link_rx #(
      .Depth(Depth)
  ) u_rx (
      .clk_i,
      .rst_ni,
      .byte_valid_i(byte_in_valid),
      .byte_data_i(byte_in),
      .byte_error_i(byte_in_error),
      .break_i(break_o),
      .rx_valid_o,
      .rx_ready_i,
      .rx_data_o,
      .rx_last_o,
      .rx_length_o,
      .good_frame_o,
      .hello_o,
      .abort_o,
      .info_o(info),
      .state_o(state),
      .acked_o(acked),
      .acked_again_o(acked_again),
      .acked_seq_o(acked_seq),
      .acked_credits_o(acked_credits),
      .ack_o(ack),
      .nak_o(nak),
      .ack_sent_i(ack_sent),
      .expected_o(expected),
      .credits_o(credits)
  );

  logic reply_valid, reply_ready, reply_last, window_valid, window_ready, window_last;
  logic [7:0] reply_data, window_data;

  ohm_link_reply #(
      .Slots(Slots)
  ) u_reply (
      .clk_i,
      .rst_ni,
      .build_id_i,
      .hold_i(hold_q),
      .info_i(info),
      // else that frame, numbered in the old session, would follow the answer that starts the new one
      .info_hold_i(window_busy),
      .state_i(state),
      .counters_i(state_i),
      .ack_i(ack),
      .nak_i(nak),
      .ack_sent_o(ack_sent),
      .expected_i(expected),
      .credits_i(credits),
      .valid_o(reply_valid),
      .ready_i(reply_ready),
      .data_o(reply_data),
      .last_o(reply_last)
  );

  ohm_link_window #(
      .Depth(Depth),
      .RetryTicks(RetryTicks)
  ) u_window (
      .clk_i,
      .rst_ni,
      .clear_i(hello_o),
      .hold_i(hold_q),
      .tx_valid_i,
      .tx_ready_o,
      .tx_data_i,
      .tx_last_i,
      .acked_i(acked),
      .acked_again_i(acked_again),
      .acked_seq_i(acked_seq),
      .acked_credits_i(acked_credits),
      .valid_o(window_valid),
      .ready_i(window_ready),
      .data_o(window_data),
      .last_o(window_last),
      .busy_o(window_busy)
  );

  ohm_link_tx u_tx (
      .clk_i,
      .rst_ni,
      .reply_valid_i(reply_valid),
      .reply_ready_o(reply_ready),
      .reply_data_i(reply_data),
      .reply_last_i(reply_last),
      .window_valid_i(window_valid),
      .window_ready_o(window_ready),
      .window_data_i(window_data),
      .window_last_i(window_last),
      .byte_valid_o(byte_out_valid),
      .byte_ready_i(byte_out_ready),
      .byte_data_o(byte_out),
      .idle_o(line_idle)
  );
endmodule
