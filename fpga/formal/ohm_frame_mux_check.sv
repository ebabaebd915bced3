// The multiplexer of frames: bytes of two sources, whole frames at a time.

`include "ohm_assert.svh"

module ohm_frame_mux_check (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,

    input logic       first_valid_i,
    input logic       first_ready_o,
    input logic [7:0] first_data_i,
    input logic       first_last_i,
    input logic       second_valid_i,
    input logic       second_ready_o,
    input logic [7:0] second_data_i,
    input logic       second_last_i,

    input logic       valid_o,
    input logic       ready_i,
    input logic [7:0] data_o,
    input logic       last_o,

    input logic busy_q,
    input logic second_q
);
  logic unused_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_symbol)
  );

  // the sources keep to the handshake: what is offered stays until it is taken
  logic first_held_q, second_held_q, held_q, last_last_q;
  logic [8:0] last_first_q, last_second_q, out_q;
  logic [8:0] first, second, out;
  assign first  = {first_last_i, first_data_i};
  assign second = {second_last_i, second_data_i};
  assign out    = {last_o, data_o};
  always_ff @(posedge clk_i) begin
    first_held_q  <= rst_ni && !clear_i && first_valid_i && !first_ready_o;
    second_held_q <= rst_ni && !clear_i && second_valid_i && !second_ready_o;
    held_q        <= rst_ni && !clear_i && valid_o && !ready_i;
    last_first_q  <= first;
    last_second_q <= second;
    out_q         <= out;
  end
`ifdef FORMAL
  always_ff @(posedge clk_i) begin
    if (rst_ni && first_held_q) assume (first_valid_i && first == last_first_q);
    if (rst_ni && second_held_q) assume (second_valid_i && second == last_second_q);
  end
`endif

  logic first_taken, second_taken, fire;
  assign first_taken  = first_valid_i && first_ready_o;
  assign second_taken = second_valid_i && second_ready_o;
  assign fire         = valid_o && ready_i;

  logic inside_q, of_second_q;  // in a frame, of which source
  logic wait_q;  // a source waits since a clock, and no frame is under way
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) inside_q <= 1'b0;
    else if (fire) inside_q <= !last_o;
    if (fire) of_second_q <= second_taken;
    wait_q <= rst_ni && !clear_i && !inside_q && !fire && (first_valid_i || second_valid_i);
  end

  `OHM_ASSERT(NoneLostOrMade_A,
              fire == (first_taken || second_taken) && !(first_taken && second_taken))
  `OHM_ASSERT(BytesUnchanged_A, !fire || out == (first_taken ? first : second))
  `OHM_ASSERT(WholeFrame_A, !(inside_q && fire) || second_taken == of_second_q)
  `OHM_ASSERT(HeldUntilReady_A, !held_q || (valid_o && out == out_q))
  `OHM_ASSERT(Serves_A, !(wait_q && ready_i) || fire)
  `OHM_COVER(BothWait_C, fire && first_valid_i && second_valid_i && inside_q)
  `OHM_COVER(Second_C, fire && last_o && second_taken && inside_q)
  `OHM_COVER(Held_C, held_q && inside_q)

  `OHM_ASSERT(LemmaBusy_A, !inside_q || (busy_q && second_q == of_second_q))
  `OHM_ASSERT(LemmaServed_A, !(wait_q && !inside_q) || busy_q)
  `OHM_ASSERT(LemmaChoice_A, !(busy_q && !inside_q) || (second_q ? second_held_q : first_held_q))
endmodule

bind ohm_frame_mux ohm_frame_mux_check u_check (.*);
