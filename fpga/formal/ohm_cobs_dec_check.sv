// The COBS decoder against a second one that counts up within a block, where the first counts down.

`include "ohm_assert.svh"

module ohm_cobs_dec_check (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,

    input logic       valid_i,
    input logic [7:0] data_i,

    input logic       valid_o,
    input logic [7:0] data_o,
    input logic       end_o,
    input logic       bad_o,

    input logic [7:0] left_q,
    input logic       zero_due_q,
    input logic       active_q
);
  logic any_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(any_symbol)
  );

  logic begun_q;  // a frame
  logic [7:0] code_q, place_q;  // of the block; its bytes so far with the code
  logic between, delimiter;
  assign between   = !begun_q || place_q == code_q;
  assign delimiter = valid_i && data_i == '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i || delimiter) begin
      begun_q <= 1'b0;
    end else if (valid_i) begin
      begun_q <= 1'b1;
      if (between) code_q <= data_i;
      place_q <= between ? 8'd1 : place_q + 8'd1;
    end
  end

  logic in_sync_q;
  always_ff @(posedge clk_i) in_sync_q <= !rst_ni || clear_i || delimiter;

  logic is_zero, is_byte;
  assign is_zero = valid_i && data_i != '0 && between && begun_q && code_q != 8'hff;
  assign is_byte = valid_i && data_i != '0 && !between;

  `OHM_ASSERT(DecodesAsCobs_A,
              valid_o == (is_zero || is_byte) && (!valid_o || data_o == (is_zero ? 8'd0 : data_i)))
  `OHM_ASSERT(EndsAtDelimiter_A, end_o == (delimiter && begun_q) && (!end_o || bad_o == !between))
  `OHM_ASSERT(InSync_A, !in_sync_q || (left_q == '0 && !zero_due_q && !active_q))

  `OHM_ASSERT(LemmaBegun_A, active_q == begun_q)
  `OHM_ASSERT(LemmaLeft_A, left_q == (begun_q ? code_q - place_q : 8'd0))
  `OHM_ASSERT(LemmaZero_A, zero_due_q == (begun_q && code_q != 8'hff))
  `OHM_ASSERT(LemmaPlace_A, !begun_q || (place_q != '0 && place_q <= code_q))

  logic [3:0] zeros_q, bytes_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i || delimiter) begin
      zeros_q <= '0;
      bytes_q <= '0;
    end else begin
      if (is_zero) zeros_q <= zeros_q + 4'd1;
      if (is_byte) bytes_q <= bytes_q + 4'd1;
    end
  end
  logic been_bad_q;
  always_ff @(posedge clk_i) been_bad_q <= rst_ni && (been_bad_q || (end_o && bad_o));
  `OHM_COVER(Decoded_C, end_o && !bad_o && zeros_q == 4'd2 && bytes_q == 4'd4)
  `OHM_COVER(EndedInBlock_C, end_o && bad_o)
  `OHM_COVER(GoodAfterBad_C, been_bad_q && end_o && !bad_o)
endmodule

bind ohm_cobs_dec ohm_cobs_dec_check u_check (.*);
