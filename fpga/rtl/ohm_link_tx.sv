// Sending half of the link: answers and numbered frames, a whole frame at a time and answers first, get their
// CRC and their COBS coding on the way to the UART.

module ohm_link_tx (
    input logic clk_i,
    input logic rst_ni,

    input  logic       reply_valid_i,
    output logic       reply_ready_o,
    input  logic [7:0] reply_data_i,
    input  logic       reply_last_i,

    input  logic       window_valid_i,
    output logic       window_ready_o,
    input  logic [7:0] window_data_i,
    input  logic       window_last_i,

    output logic       byte_valid_o,
    input  logic       byte_ready_i,
    output logic [7:0] byte_data_o,
    output logic       idle_o
);
  logic valid, ready, last, fire, enc_ready, enc_idle;
  logic [ 7:0] data;
  logic [31:0] crc;
  logic in_crc_q, active_q;
  logic [1:0] index_q;

  ohm_frame_mux u_mux (
      .clk_i,
      .rst_ni,
      .clear_i(1'b0),
      .first_valid_i(reply_valid_i),
      .first_ready_o(reply_ready_o),
      .first_data_i(reply_data_i),
      .first_last_i(reply_last_i),
      .second_valid_i(window_valid_i),
      .second_ready_o(window_ready_o),
      .second_data_i(window_data_i),
      .second_last_i(window_last_i),
      .valid_o(valid),
      .ready_i(ready),
      .data_o(data),
      .last_o(last)
  );

  assign ready  = enc_ready && !in_crc_q;
  assign fire   = valid && ready;
  assign idle_o = !reply_valid_i && !window_valid_i && !active_q && enc_idle;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      in_crc_q <= 1'b0;
      active_q <= 1'b0;
      index_q  <= '0;
    end else if (fire) begin
      active_q <= 1'b1;
      in_crc_q <= last;
    end else if (in_crc_q && enc_ready) begin
      index_q  <= index_q + 2'd1;
      in_crc_q <= index_q != '1;
      active_q <= index_q != '1;
    end
  end

  logic unused_good;
  ohm_crc32 u_crc (
      .clk_i,
      .rst_ni,
      .clear_i(in_crc_q && enc_ready && index_q == '1),
      .valid_i(fire),
      .data_i (data),
      .crc_o  (crc),
      .good_o (unused_good)
  );

  ohm_cobs_enc u_enc (
      .clk_i,
      .rst_ni,
      .valid_i(valid || in_crc_q),
      .ready_o(enc_ready),
      .data_i (in_crc_q ? crc[8*index_q+:8] : data),
      .last_i (in_crc_q && index_q == '1),
      .valid_o(byte_valid_o),
      .ready_i(byte_ready_i),
      .data_o (byte_data_o),
      .idle_o (enc_idle)
  );
endmodule
