// What a program gives the host: result words, packed into frames, and the end of the program after them.
// A result frame leaves when a full one waits, when no word has come for FlushTicks, or when the program has ended.
//
// A word takes two, three or four bytes, as the program's `run` said. One that does not fit leaves as the smallest
// number that does, which stands for no other word, and four bytes.

module ohm_collect #(
    parameter int unsigned FlushTicks = 4096  // clocks
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,  // hello: drop all, a frame in the middle too
    input logic abort_i,  // drop the words that wait; a frame begun is finished

    input logic [1:0] result_bytes_i,  // of a word: 2, 3, or 0 for 4; of the next frame

    input  logic        vout_valid_i,
    output logic        vout_ready_o,
    input  logic [31:0] vout_data_i,

    input  logic        done_valid_i,
    output logic        done_ready_o,
    input  logic [15:0] done_code_i,
    input  logic [ 7:0] done_why_i,
    input  logic [ 7:0] done_fault_i,
    input  logic [15:0] done_pc_i,
    input  logic [63:0] done_cycles_i,

    output logic       tx_valid_o,
    input  logic       tx_ready_i,
    output logic [7:0] tx_data_o,
    output logic       tx_last_o
);
  localparam int unsigned Depth = 512;
  localparam int unsigned CountW = $clog2(Depth);
  localparam logic [8:0] MostBytes = 9'(ohm_link_pkg::MaxPayload);
  localparam int unsigned TimerW = $clog2(FlushTicks + 1);

  typedef enum logic [1:0] {
    StIdle,
    StHead,   // type, seq and first word of a result frame
    StWords,
    StDone
  } state_e;

  state_e state_q;
  logic [3:0] index_q;  // byte of the head, of a word or of `done`
  logic [CountW-1:0] count, words_q, frame_words;
  logic [8:0] room_q;  // bytes that the frame can still take
  logic [1:0] size_q;  // as result_bytes_i
  logic [2:0] bytes;
  logic is_wide, is_wide_q, is_sized_q, is_word_end, is_full;
  logic [15:0] first_q;  // number of the oldest word that waits
  logic [TimerW-1:0] timer_q;
  logic drop_q, drop, fire, push, pop, word_valid, is_late;
  logic [31:0] word;

  assign push         = vout_valid_i && vout_ready_o;
  assign pop          = state_q == StWords && fire && is_word_end;
  assign drop         = drop_q && state_q == StIdle;
  assign is_late      = timer_q == TimerW'(FlushTicks);
  assign fire         = tx_valid_o && tx_ready_i;
  assign done_ready_o = state_q == StDone && fire && tx_last_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      state_q <= StIdle;
      index_q <= '0;
      words_q <= '0;
      drop_q  <= 1'b0;
    end else begin
      if (abort_i) drop_q <= 1'b1;
      else if (drop) drop_q <= 1'b0;
      if (fire) index_q <= pop ? '0 : index_q + 4'd1;
      unique case (state_q)
        StIdle: begin
          index_q <= '0;
          words_q <= count;
          if (!drop_q && !abort_i) begin
            if (count >= frame_words || (count != '0 && (is_late || done_valid_i))) begin
              state_q <= StHead;
            end else if (done_valid_i) begin
              state_q <= StDone;
            end
          end
        end
        StHead:
        if (fire && index_q == 4'd3) begin
          state_q <= StWords;
          index_q <= '0;
        end
        StWords: begin
          if (pop) words_q <= words_q - CountW'(1);
          if (fire && tx_last_o) state_q <= StIdle;
        end
        StDone:  if (fire && tx_last_o) state_q <= StIdle;
        default: state_q <= StIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || done_ready_o) first_q <= '0;
    else if (clear_i || drop) first_q <= first_q + 16'(count);
    else if (pop) first_q <= first_q + 16'd1;
    if (!rst_ni || push || state_q != StIdle) timer_q <= '0;
    else if (!is_late) timer_q <= timer_q + TimerW'(1);
  end

  // The size of a word is known a clock after the word: it is looked at between words, for which there is time.
  always_comb begin
    unique case (size_q)
      2'd2:    is_wide = word[30:15] != {16{word[31]}} || word[15:0] == 16'h8000;
      2'd3:    is_wide = word[30:23] != {8{word[31]}} || word[23:0] == 24'h800000;
      default: is_wide = 1'b0;
    endcase
    // as many words of no more than their size as leave no room for one that does not fit
    unique case (size_q)
      2'd2:    frame_words = CountW'(126);
      2'd3:    frame_words = CountW'(84);
      default: frame_words = CountW'(64);
    endcase
  end
  assign bytes       = size_q[1] ? {1'b0, size_q} : 3'd4;
  assign is_word_end = index_q == (is_wide_q ? 4'(bytes) + 4'd3 : 4'(bytes) - 4'd1);
  assign is_full     = room_q <= (size_q[1] ? 9'(bytes) + 9'd4 : 9'd4);

  always_ff @(posedge clk_i) begin
    is_sized_q <= rst_ni && word_valid && !pop;
    is_wide_q  <= is_wide;
    if (state_q == StIdle) size_q <= result_bytes_i;
    if (state_q == StIdle) room_q <= MostBytes;
    else if (state_q == StWords && fire) room_q <= room_q - 9'd1;
  end

  // four bytes at a time
  logic [3:0][31:0] done_words;
  logic [31:0] out;
  logic [1:0] out_byte;
  logic [7:0] frame_type;
  logic is_marker;
  assign is_marker = is_wide_q && index_q < 4'(bytes);
  assign done_words = {
    done_cycles_i, done_pc_i, done_fault_i, done_why_i, done_code_i, 8'h0, ohm_link_pkg::FrameDone
  };
  always_comb begin
    unique case (size_q)
      2'd2:    frame_type = ohm_link_pkg::FrameResult16;
      2'd3:    frame_type = ohm_link_pkg::FrameResult24;
      default: frame_type = ohm_link_pkg::FrameResult;
    endcase
    out_byte = index_q[1:0];
    unique case (state_q)
      StHead:  out = {first_q, 8'h0, frame_type};
      StWords: begin
        out = is_marker ? 32'h8000_0000 >> (8 * (3'd4 - bytes)) : word;
        if (is_wide_q && !is_marker) out_byte = index_q[1:0] - bytes[1:0];
      end
      default: out = done_words[index_q[3:2]];
    endcase
  end
  assign tx_data_o = out[8*out_byte+:8];

  assign tx_valid_o = state_q == StHead || state_q == StDone || (state_q == StWords && is_sized_q);
  assign tx_last_o  = state_q == StDone ? index_q == '1 :
                      state_q == StWords && is_word_end && (words_q == CountW'(1) || is_full);

  logic fifo_ready;
  assign vout_ready_o = fifo_ready && !drop_q && !abort_i;
  ohm_fifo #(
      .Width(32),
      .Depth(Depth)
  ) u_fifo (
      .clk_i,
      .rst_ni,
      .clear_i(clear_i || drop),
      .valid_i(push),
      .ready_o(fifo_ready),
      .data_i (vout_data_i),
      .valid_o(word_valid),
      .ready_i(pop),
      .data_o (word),
      .count_o(count)
  );
endmodule
