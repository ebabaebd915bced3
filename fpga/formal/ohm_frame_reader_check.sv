// The reader of frames. What it reads is free, but for what ohm_link_rx_check proves of the ring memory: a word does
// not change while it is read, and the first word of a frame is a length.

`include "ohm_assert.svh"

module ohm_frame_reader_check #(
    parameter int unsigned AddrW = 12
) (
    input logic clk_i,
    input logic rst_ni,

    input logic             load_i,
    input logic [AddrW-1:0] load_ptr_i,
    input logic             go_i,

    input logic [AddrW-1:0] ptr_o,
    input logic [      8:0] rdata_i,

    input logic       valid_o,
    input logic       ready_i,
    input logic [7:0] data_o,
    input logic       last_o,
    input logic [8:0] length_o,
    input logic       busy_o,

    input logic [8:0] left_q,
    input logic       fresh_q
);
  localparam logic [8:0] MaxLength = 9'(ohm_link_pkg::MaxPayload);
  localparam logic [1:0] MaxWait = 2'd2;

  logic any_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(any_symbol)
  );

  logic [AddrW-1:0] last_ptr_q;
  logic [8:0] last_rdata_q, last_length_q;
  logic last_fresh_q, last_last_q, held_q;
  always_ff @(posedge clk_i) begin
    last_ptr_q    <= ptr_o;
    last_rdata_q  <= rdata_i;
    last_length_q <= length_o;
    last_last_q   <= last_o;
    last_fresh_q  <= rst_ni && fresh_q;
    held_q        <= rst_ni && !load_i && valid_o && !ready_i;
  end

  // a frame as the user sees it
  logic             inside_q;  // the length has been read
  logic [AddrW-1:0] start_q;
  logic [8:0] len_q, sent_q;
  logic [AddrW-1:0] next_q;  // where the next one has to begin
  logic head, beat;
  assign head = fresh_q && !inside_q;
  assign beat = valid_o && ready_i;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || load_i) begin
      inside_q <= 1'b0;
      next_q   <= rst_ni ? load_ptr_i : '0;
    end else if (head) begin
      inside_q <= 1'b1;
      start_q  <= ptr_o;
      len_q    <= rdata_i;
      sent_q   <= '0;
      next_q   <= ptr_o + AddrW'(rdata_i) + AddrW'(5);
    end else if (beat) begin
      inside_q <= !last_o;
      sent_q   <= sent_q + 9'd1;
    end
  end

  // clocks without progress, though there is something to read and the user takes it
  logic [1:0] wait_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || load_i || head || beat || !ready_i || !(busy_o || go_i)) wait_q <= '0;
    else wait_q <= wait_q + 2'd1;
  end

`ifdef FORMAL
  always_ff @(posedge clk_i) begin
    if (rst_ni && last_fresh_q && fresh_q) assume (rdata_i == last_rdata_q);
    if (rst_ni && head) assume (rdata_i <= MaxLength);
  end
`endif

  logic same;
  assign same = rdata_i == last_rdata_q && last_o == last_last_q && length_o == last_length_q;
  `OHM_ASSERT(HeldUntilReady_A, !held_q || (valid_o && same))
  `OHM_ASSERT(EachOnce_A, !valid_o || (inside_q && ptr_o == start_q + AddrW'(sent_q) + AddrW'(1)))
  `OHM_ASSERT(DataOfPtr_A, !fresh_q || (last_ptr_q == ptr_o && data_o == rdata_i[7:0]))
  `OHM_ASSERT(WholeFrame_A, !valid_o || (last_o == (sent_q == len_q + 9'd3) && length_o == len_q))
  `OHM_ASSERT(NextFrame_A, inside_q || ptr_o == next_q)
  `OHM_ASSERT(Drains_A, wait_q <= MaxWait)

  `OHM_ASSERT(LemmaLeft_A, left_q == (inside_q ? len_q + 9'd4 - sent_q : 9'd0))
  `OHM_ASSERT(LemmaInside_A, !inside_q || (busy_o && sent_q <= len_q + 9'd3 && length_o == len_q))
  `OHM_ASSERT(LemmaLength_A, !inside_q || len_q <= MaxLength)
  `OHM_ASSERT(LemmaPtr_A, !inside_q || ptr_o == start_q + AddrW'(sent_q) + AddrW'(1))
  `OHM_ASSERT(LemmaNext_A, !inside_q || next_q == start_q + AddrW'(len_q) + AddrW'(5))
  `OHM_ASSERT(LemmaFresh_A, !fresh_q || busy_o)
  `OHM_ASSERT(LemmaWaitBusy_A, !(busy_o && !fresh_q) || wait_q <= 2'd1)
  `OHM_ASSERT(LemmaWaitIdle_A, busy_o || wait_q == 2'd0)

  logic [1:0] frames_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || load_i) frames_q <= '0;
    else if (beat && last_o && frames_q != 2'd3) frames_q <= frames_q + 2'd1;
  end
  `OHM_COVER(Held_C, held_q)
  `OHM_COVER(Frame_C, beat && last_o && len_q == 9'd2)
  `OHM_COVER(TwoFrames_C, frames_q == 2'd2)
  `OHM_COVER(Waited_C, wait_q == MaxWait)
endmodule

bind ohm_frame_reader ohm_frame_reader_check #(.AddrW(AddrW)) u_check (.*);
