// What leaves a program: frames of result words, and its end. The FIFO is there, its memory is not.

`include "ohm_assert.svh"

module ohm_collect_check (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,
    input logic abort_i,

    input logic        vout_valid_i,
    input logic        vout_ready_o,
    input logic        done_valid_i,
    input logic        done_ready_o,
    input logic [15:0] done_code_i,
    input logic [ 7:0] done_why_i,
    input logic [ 7:0] done_fault_i,
    input logic [15:0] done_pc_i,
    input logic [63:0] done_cycles_i,

    input logic       tx_valid_o,
    input logic       tx_ready_i,
    input logic [7:0] tx_data_o,
    input logic       tx_last_o,

    input logic [ 1:0] state_q,
    input logic [ 3:0] index_q,
    input logic [ 8:0] words_q,
    input logic [ 8:0] room_q,
    input logic [ 1:0] size_q,
    input logic        is_wide_q,
    input logic        is_sized_q,
    input logic [ 8:0] count,
    input logic        word_valid,
    input logic [31:0] word,
    input logic        pop,
    input logic        drop_q
);
  localparam logic [1:0] StIdle = 2'd0, StHead = 2'd1, StWords = 2'd2, StDone = 2'd3;
  localparam logic [9:0] HeadBytes = 10'd4, DoneBytes = 10'd16, MostBytes = 10'd260;

  logic unused_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_symbol)
  );

  // the sequencer keeps to the handshake: the end of a program stays until it is taken, and no word comes after it
  logic [111:0] done, last_done_q;
  logic done_held_q;
  assign done = {done_code_i, done_why_i, done_fault_i, done_pc_i, done_cycles_i};
  always_ff @(posedge clk_i) begin
    done_held_q <= rst_ni && done_valid_i && !done_ready_o;
    last_done_q <= done;
  end
`ifdef FORMAL
  // the FIFO's HeldUntilReady_A
  logic word_held_q;
  logic [31:0] last_word_q;
  always_ff @(posedge clk_i) begin
    word_held_q <= rst_ni && !clear_i && !(drop_q && state_q == StIdle) && word_valid && !pop;
    last_word_q <= word;
    if (rst_ni && word_held_q) assume (word == last_word_q);
  end
  always_ff @(posedge clk_i) begin
    if (rst_ni && done_held_q) assume (done_valid_i && done == last_done_q);
    if (rst_ni && done_valid_i) assume (!vout_valid_i);
  end
`endif

  logic fire, inside_q, held_q, is_done_q, aborted_q;
  logic [9:0] bytes_q;  // of the frame that have left
  logic [7:0] last_data_q, type_q;
  logic [3:0] place_q;  // in a word
  assign fire = tx_valid_o && tx_ready_i;
  always_ff @(posedge clk_i) begin
    held_q      <= rst_ni && !clear_i && tx_valid_o && !tx_ready_i;
    last_data_q <= tx_data_o;
    if (!rst_ni || clear_i || (fire && tx_last_o)) begin
      inside_q <= 1'b0;
      bytes_q  <= '0;
    end else if (fire) begin
      inside_q <= 1'b1;
      bytes_q  <= bytes_q + 10'd1;
    end
    if (fire && bytes_q == '0) begin
      is_done_q <= tx_data_o == ohm_link_pkg::FrameDone;
      type_q    <= tx_data_o;
    end
    if (!rst_ni || clear_i || bytes_q < HeadBytes || pop) place_q <= '0;
    else if (fire) place_q <= place_q + 4'd1;
    if (!rst_ni || abort_i) aborted_q <= rst_ni;
    else if (state_q == StIdle) aborted_q <= 1'b0;
  end

  logic is_done;
  assign is_done = inside_q ? is_done_q : tx_data_o == ohm_link_pkg::FrameDone;

  // the bytes of the word that is on offer, as the type of its frame says
  logic [3:0] size, length;
  logic fits, is_word;
  logic [31:0] narrow;
  logic [ 7:0] word_byte;
  assign size   = type_q == ohm_link_pkg::FrameResult16 ? 4'd2 :
                  type_q == ohm_link_pkg::FrameResult24 ? 4'd3 : 4'd4;
  assign fits = size == 4'd4 || (size == 4'd2 && $signed(
      word
  ) > -32'sd32768 && $signed(
      word
  ) < 32'sd32768) || (size == 4'd3 && $signed(
      word
  ) > -32'sd8388608 && $signed(
      word
  ) < 32'sd8388608);
  assign length = fits ? size : size + 4'd4;
  assign narrow = size == 4'd2 ? 32'h0000_8000 : 32'h0080_0000;
  assign word_byte = 8'(fits ? word >> 8 * place_q : place_q < size ? narrow >> 8 * place_q :
                        word >> 8 * (place_q - size));
  assign is_word = fire && inside_q && !is_done_q && bytes_q >= HeadBytes;

  `OHM_ASSERT(HeldUntilReady_A, !held_q || (tx_valid_o && tx_data_o == last_data_q))
  `OHM_ASSERT(DoneOnce_A, done_ready_o == (fire && tx_last_o && is_done))
  `OHM_ASSERT(DoneLast_A, !(fire && !inside_q && is_done) || (done_valid_i && count == '0))
  `OHM_ASSERT(DoneWhole_A, !(fire && is_done) || tx_last_o == (bytes_q == DoneBytes - 10'd1))
  `OHM_ASSERT(WholeWords_A,
              !(fire && !is_done && tx_last_o) || (is_word && place_q == length - 4'd1))
  `OHM_ASSERT(LemmaLength_A, bytes_q < MostBytes)
  `OHM_ASSERT(BytesOfSize_A, pop == (is_word && word_valid && place_q == length - 4'd1))
  `OHM_ASSERT(BytesOfWord_A, !is_word || (word_valid && tx_data_o == word_byte))
  `OHM_COVER(Held_C, held_q && inside_q)
  `OHM_COVER(Done_C, done_ready_o)
  `OHM_COVER(TwoWords_C, fire && tx_last_o && !is_done && bytes_q == 10'd11)
  `OHM_COVER(Wide16_C, fire && tx_last_o && size == 4'd2 && !is_done && bytes_q == 10'd11)
  `OHM_COVER(Wide24_C, pop && size == 4'd3 && !fits)

  logic [9:0] most;  // bytes of a word
  logic [7:0] expected_type;
  assign most = size == 4'd4 ? 10'd4 : 10'(size) + 10'd4;
  assign expected_type = size_q == 2'd2 ? ohm_link_pkg::FrameResult16 :
                         size_q == 2'd3 ? ohm_link_pkg::FrameResult24 : ohm_link_pkg::FrameResult;
  `OHM_ASSERT(LemmaState_A, inside_q == (state_q != StIdle && !(bytes_q == '0)))
  `OHM_ASSERT(LemmaIdle_A, state_q != StIdle || bytes_q == '0)
  `OHM_ASSERT(
      LemmaHead_A,
      state_q != StHead || (bytes_q == 10'(index_q) && index_q <= 4'd3 && !(inside_q && is_done_q)))
  `OHM_ASSERT(
      LemmaDone_A,
      state_q != StDone || (bytes_q == 10'(index_q) && (!inside_q || is_done_q) && done_valid_i))
  `OHM_ASSERT(LemmaType_A,
              !(state_q inside {StHead, StWords}) || bytes_q == '0 || type_q == expected_type)
  `OHM_ASSERT(LemmaRoom_A, state_q != StWords || bytes_q + 10'(room_q) == MostBytes)
  `OHM_ASSERT(LemmaEmpty_A, state_q != StHead || (place_q == '0 && room_q == 9'd256))
  `OHM_ASSERT(LemmaPlace_A,
              state_q != StWords || (place_q == index_q && bytes_q >= HeadBytes && !is_done_q))
  `OHM_ASSERT(LemmaFits_A, state_q != StWords || 10'(room_q) + 10'(index_q) >= most)
  `OHM_ASSERT(
      LemmaSized_A,
      !(state_q == StWords && is_sized_q) || (word_valid && is_wide_q == !fits && index_q < length))
  `OHM_ASSERT(LemmaUnsized_A, state_q != StWords || is_sized_q || index_q == '0)
  `OHM_ASSERT(LemmaEnough_A,
              !(state_q inside {StHead, StWords}) || (words_q <= count && words_q != '0))
  `OHM_ASSERT(LemmaNone_A, state_q != StDone || count == '0)
endmodule

bind ohm_collect ohm_collect_check u_check (
    .state_q(2'(state_q)),
    .*
);
