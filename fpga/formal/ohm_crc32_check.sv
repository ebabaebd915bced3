// The CRC against the textbook's form: the polynomial 04c11db7, most significant bit first, where the design shifts
// the reflected register the other way.

`include "ohm_assert.svh"

module ohm_crc32_check (
    input logic clk_i,
    input logic rst_ni,

    input logic       clear_i,
    input logic       valid_i,
    input logic [7:0] data_i,

    input logic [31:0] crc_o,
    input logic        good_o
);
  function automatic logic [31:0] divide(logic [31:0] remainder, logic [7:0] data);
    logic feedback;
    for (int unsigned i = 0; i < 8; i++) begin
      feedback  = remainder[31] ^ data[i];
      remainder = {remainder[30:0], 1'b0} ^ (feedback ? 32'h04c11db7 : 32'h0);
    end
    return remainder;
  endfunction

  function automatic logic [31:0] sum(logic [31:0] remainder);
    logic [31:0] reversed;
    for (int unsigned i = 0; i < 32; i++) reversed[i] = !remainder[31-i];
    return reversed;
  endfunction

  logic any_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(any_symbol)
  );

  // remainder after all bytes, and before the last one to four of them
  logic [4:0][31:0] after_q;
  logic [3:0][ 7:0] byte_q;  // [0]: the last one
  logic [2:0]       bytes_q;  // since clear, up to 4
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      after_q[0] <= '1;
      bytes_q    <= '0;
    end else if (valid_i) begin
      after_q <= {after_q[3:0], divide(after_q[0], data_i)};
      byte_q  <= {byte_q[2:0], data_i};
      if (bytes_q != 3'd4) bytes_q <= bytes_q + 3'd1;
    end
  end

  // sent low byte first
  logic ends_in_crc;
  assign ends_in_crc = {byte_q[0], byte_q[1], byte_q[2], byte_q[3]} == sum(after_q[4]);

  `OHM_ASSERT(AsTextbook_A, crc_o == sum(after_q[0]))
  `OHM_ASSERT(GoodIsCrc_A, bytes_q != 3'd4 || good_o == ends_in_crc)

  for (genvar i = 0; i < 4; i++) begin : gen_lemma
    `OHM_ASSERT(LemmaStep_A, bytes_q <= i || after_q[i] == divide(after_q[i+1], byte_q[i]))
  end

  // of "1": 83dcefb7 (zlib)
  `OHM_COVER(OfOne_C, bytes_q == 3'd1 && byte_q[0] == "1" && crc_o == 32'h83dcefb7)
  `OHM_COVER(Good_C, bytes_q == 3'd4 && good_o)
endmodule

bind ohm_crc32 ohm_crc32_check u_check (.*);
