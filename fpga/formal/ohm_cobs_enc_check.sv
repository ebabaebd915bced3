// The COBS encoder: what it writes to its ring, and what of it may leave.

`include "ohm_assert.svh"

module ohm_cobs_enc_check #(
    parameter int unsigned AddrW = 9
) (
    input logic clk_i,
    input logic rst_ni,

    input logic       valid_i,
    input logic       ready_o,
    input logic [7:0] data_i,
    input logic       last_i,
    input logic       valid_o,
    input logic       ready_i,

    input logic             we,
    input logic [AddrW-1:0] waddr,
    input logic [      7:0] wdata,
    input logic [AddrW-1:0] code_ptr_q,
    input logic [AddrW-1:0] code_ptr_d,
    input logic [AddrW-1:0] read_ptr_q,
    input logic [      7:0] code_q,
    input logic [      1:0] state_q
);
  localparam logic [1:0] StData = 2'd0, StLastCode = 2'd2, StDelimiter = 2'd3;

  logic unused_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_symbol)
  );

  logic take, fire, ends, begins, held_q;
  logic last_q, delimiter_q;  // the last byte was taken one clock ago, two
  logic [AddrW-1:0] last_read_ptr_q;
  assign take   = valid_i && ready_o;
  assign fire   = valid_o && ready_i;
  // a block ends where the next code is, or a delimiter
  assign begins = code_ptr_d != code_ptr_q && state_q != StDelimiter;
  assign ends   = we && waddr == code_ptr_q && state_q != StDelimiter;

  // bytes that may leave, counted from the reader's place, and those of the block that is made, with its code
  logic [AddrW-1:0] whole_q, place;
  logic [AddrW:0] used;
  assign place = waddr - read_ptr_q;
  assign used  = {1'b0, whole_q} + (AddrW + 1)'(code_q);
  always_ff @(posedge clk_i) begin
    held_q          <= rst_ni && valid_o && !ready_i;
    last_q          <= rst_ni && take && last_i;
    delimiter_q     <= rst_ni && last_q;
    last_read_ptr_q <= read_ptr_q;
    if (!rst_ni) whole_q <= '0;
    else whole_q <= whole_q + (code_ptr_d - code_ptr_q) - AddrW'(fire);
  end

  logic [AddrW-1:0] after;  // the block
  logic leaves;  // what is written, with all before it
  assign after  = code_ptr_q + AddrW'(code_q);
  assign leaves = code_ptr_d == waddr + AddrW'(1);

  `OHM_ASSERT(LengthOfBlock_A, !ends || wdata == code_q)
  `OHM_ASSERT(NextBlock_A, !begins || (ends && code_ptr_d == code_ptr_q + AddrW'(wdata)))
  `OHM_ASSERT(ZeroEndsBlock_A, !(take && data_i == '0) || begins)
  `OHM_ASSERT(DelimiterFollows_A, !delimiter_q || (we && wdata == '0 && waddr == after && leaves))
  `OHM_ASSERT(NoZeroInside_A, !(we && wdata == '0) || state_q == StDelimiter)
  `OHM_ASSERT(DataInOrder_A, !(take && data_i != '0) || (we && wdata == data_i && waddr == after))
  `OHM_ASSERT(NotOverwritten_A, !we || place >= whole_q)
  `OHM_ASSERT(WholeBlocksOnly_A, !valid_o || whole_q != '0)
  `OHM_ASSERT(HeldUntilReady_A, !held_q || (valid_o && read_ptr_q == last_read_ptr_q))
  `OHM_COVER(Zero_C, take && data_i == '0 && code_q == 8'd3)
  `OHM_COVER(Data_C, take && data_i != '0 && code_q == 8'd5)
  `OHM_COVER(Last_C, take && last_i && whole_q != '0 && fire)
  `OHM_COVER(Delimiter_C, delimiter_q && code_q == 8'd3 && whole_q != '0)
  `OHM_COVER(Held_C, held_q && code_q == 8'd3)

  `OHM_ASSERT(LemmaState_A,
              last_q == (state_q == StLastCode) && delimiter_q == (state_q == StDelimiter))
  `OHM_ASSERT(LemmaWhole_A, code_ptr_q == read_ptr_q + whole_q)
  `OHM_ASSERT(LemmaRoom_A, 32'(used) <= (state_q == StData ? 2 ** AddrW - 1 : 2 ** AddrW - 3))
  `OHM_ASSERT(LemmaCode_A, code_q != '0 && (state_q != StData || code_q != '1))
endmodule

bind ohm_cobs_enc ohm_cobs_enc_check #(
    .AddrW(AddrW)
) u_check (
    .state_q(2'(state_q)),
    .*
);
