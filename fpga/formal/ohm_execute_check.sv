// Vector frames: which elements a beat has. Memory, registers and answers are free.

`include "ohm_assert.svh"

module ohm_execute_check (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,
    input logic abort_i,

    input logic        rx_ready_o,
    input logic        rx_valid_i,
    input logic [ 7:0] rx_data_i,
    input logic        consumer_i,
    input logic        vin_valid_o,
    input logic        vin_ready_i,
    input logic [63:0] vin_data_o,

    input logic [ 3:0] state_q,
    input logic [ 3:0] state_d,
    input logic [ 7:0] type_q,
    input logic [15:0] arg_q,
    input logic [63:0] shift_q,
    input logic [ 3:0] bytes_q,
    input logic [ 4:0] index_q,
    input logic [ 1:0] held_q,
    input logic        is_error_q
);
  localparam logic [3:0] StCheck = 4'd1, StCollect = 4'd2, StItem = 4'd3;

  // a beat of a frame, and the bytes of the item that it is in
  logic [9:0] beat, given_q, item, items_q;
  logic [3:0][7:0] bytes;
  logic [9:0] got_q, first;
  ohm_symbol #(
      .Width(10)
  ) u_beat (
      .clk_i,
      .rst_ni,
      .value_o(beat)
  );

  logic is_vector, is_size, take, fire, is_item_left, is_ended;
  assign is_vector = type_q == ohm_link_pkg::FrameVector;
  assign is_size = arg_q inside {16'd1, 16'd2, 16'd4, 16'd8, 16'd16};
  assign take = rx_valid_i && rx_ready_o && state_q == StCollect;
  assign fire = vin_valid_o && vin_ready_i && state_q == StItem;
  assign is_item_left = state_q == StItem && state_d != StItem;
  assign is_ended = is_item_left && is_vector && consumer_i && !clear_i && !abort_i;

  // bytes of an item; its beats; the beat's place among these
  logic [2:0] size, beats;
  logic [1:0] place;
  assign size  = arg_q[4] ? 3'd4 : arg_q[3] ? 3'd2 : 3'd1;
  assign beats = arg_q[0] ? 3'd4 : arg_q[1] ? 3'd2 : 3'd1;
  assign item  = arg_q[0] ? beat >> 2 : arg_q[1] ? beat >> 1 : beat;
  assign place = arg_q[0] ? beat[1:0] : arg_q[1] ? {1'b0, beat[0]} : 2'd0;
  assign first = arg_q[4] ? item << 2 : arg_q[3] ? item << 1 : item;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !(state_q inside {StCollect, StItem})) begin
      got_q   <= '0;
      given_q <= '0;
      items_q <= '0;
    end else begin
      if (take) got_q <= got_q + 10'd1;
      if (fire) given_q <= given_q + 10'd1;
      if (is_item_left) items_q <= items_q + 10'd1;
    end
    for (int i = 0; i < 4; i++) if (take && got_q == first + 10'(i)) bytes[i] <= rx_data_i;
  end

`ifdef FORMAL
  // OnlyGood_A of `receive`: no frame is longer
  always_ff @(posedge clk_i) begin
    if (rst_ni && take) assume (got_q < 10'(ohm_link_pkg::MaxPayload));
  end
`endif

  // the elements as link.toml has them: of a byte its highest bits, of the frame the lowest first
  logic [7:0] small_bits;
  logic [15:0] low, high;
  assign small_bits = bytes[0] >> (arg_q[0] ? 3'(place) << 1 : 3'(place) << 2);
  always_comb begin
    unique case (arg_q[4:0])
      5'd1: {high, low} = {8'h0, small_bits[1], 7'h0, 8'h0, small_bits[0], 7'h0};
      5'd2: {high, low} = {8'h0, small_bits[3:2], 6'h0, 8'h0, small_bits[1:0], 6'h0};
      5'd4: {high, low} = {8'h0, small_bits[7:4], 4'h0, 8'h0, small_bits[3:0], 4'h0};
      5'd8: {high, low} = {8'h0, bytes[1], 8'h0, bytes[0]};
      default: {high, low} = {bytes[3], bytes[2], bytes[1], bytes[0]};
    endcase
  end

  `OHM_ASSERT(BeatOfFrame_A, !(fire && given_q == beat) || vin_data_o == {16'h0, high, 16'h0, low})
  `OHM_ASSERT(EveryBeat_A,
              !is_ended || (fire && (16'(given_q) + 16'd1) * arg_q == {4'h0, got_q, 2'b00}))
  `OHM_COVER(Single_C, fire && arg_q == 16'd1 && given_q == 10'd5 && beat == 10'd5 && low != '0)
  `OHM_COVER(Sixteen_C, fire && arg_q == 16'd16 && given_q == 10'd1 && beat == 10'd1)

  logic in_vector, is_mine, is_waiting;
  logic [2:0] came, gone;  // bytes of the item; bits of its byte that were given
  logic [9:0] given_here;  // beats of the item
  assign given_here = given_q - items_q * 10'(beats);
  assign gone       = arg_q[0] ? {given_q[1:0], 1'b0} : arg_q[1] ? {given_q[0], 2'b00} : 3'd0;
  assign in_vector  = is_vector && state_q inside {StCollect, StItem};
  assign came       = state_q == StItem ? size : bytes_q[2:0];
  assign is_mine    = in_vector && items_q == item;
  assign is_waiting = is_mine && state_q == StItem && size == 3'd1 && given_here <= 10'(place);
  `OHM_ASSERT(LemmaLength_A, got_q <= 10'(ohm_link_pkg::MaxPayload))
  `OHM_ASSERT(LemmaItems_A, !in_vector || items_q <= got_q)
  `OHM_ASSERT(LemmaChecked_A,
              !(state_q == StCheck && held_q[0] && is_vector && !is_error_q) || is_size)
  `OHM_ASSERT(LemmaSize_A, !in_vector || is_size)
  `OHM_ASSERT(LemmaBytes_A,
              !in_vector || came <= size && (state_q == StItem || came < size) && bytes_q < 4'd8)
  `OHM_ASSERT(LemmaGot_A, !in_vector || got_q == items_q * 10'(size) + 10'(came))
  `OHM_ASSERT(LemmaIndex_A, !in_vector || index_q == {1'b0, given_q[3:0]})
  `OHM_ASSERT(LemmaGiven_A, !in_vector || (given_here < (state_q == StItem ? 10'(beats) : 10'd1)))
  for (genvar i = 0; i < 4; i++) begin : gen_byte
    // the item's byte i, of those that came, stands where its later ones have pushed it
    `OHM_ASSERT(LemmaShift_A,
                !(is_mine && i < came && size != 3'd1) || shift_q[56-8*(came-1-i)+:8] == bytes[i])
  end
  `OHM_ASSERT(LemmaSmall_A, !is_waiting || shift_q[63:56] == bytes[0] >> gone)
endmodule

bind ohm_execute ohm_execute_check u_vectors_check (
    .state_q(4'(state_q)),
    .state_d(4'(state_d)),
    .*
);
