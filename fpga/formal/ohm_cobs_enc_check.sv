// The COBS encoder: what it writes to its ring and what leaves it. The ring memory is left out but for its contract, at
// an address that stands for every one.

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
    input logic [7:0] data_o,
    input logic       idle_o,

    input logic             we,
    input logic [AddrW-1:0] waddr,
    input logic [      7:0] wdata,
    input logic [AddrW-1:0] code_ptr_q,
    input logic [AddrW-1:0] code_ptr_d,
    input logic [AddrW-1:0] read_ptr_q,
    input logic [      7:0] code_q,
    input logic [      1:0] state_q
);
  logic [AddrW-1:0] addr;
  ohm_symbol #(
      .Width(AddrW)
  ) u_addr (
      .clk_i,
      .rst_ni,
      .value_o(addr)
  );

  logic [7:0] word, want;
  logic known, hit;
  ohm_ram_contract #(
      .Width(8),
      .AddrW(AddrW)
  ) u_ram_contract (
      .clk_i,
      .rst_ni,
      .addr_i(addr),
      .we_i(we),
      .waddr_i(waddr),
      .wdata_i(wdata),
      .raddr_i(read_ptr_q),
      .rdata_i(data_o),
      .word_o(word),
      .known_o(known),
      .hit_o(hit),
      .want_o(want)
  );

  // distances from the reader's place, which are easier for the solver
  localparam logic [1:0] StData = 2'd0, StDelimiter = 2'd3;

  logic take, fire, waits, held_q, full_q;
  logic [7:0] last_data_q;
  logic [AddrW-1:0] place, whole, whole_q, size;  // bytes that may leave; of the block that is made, with its code
  assign take  = valid_i && ready_o;
  assign fire  = valid_o && ready_i;
  assign size  = AddrW'(code_q);
  assign whole = whole_q;
  assign place = addr - read_ptr_q;
  assign waits = place < whole;

  // the byte at the address, from where it came
  logic kept_q;
  logic [7:0] kept_data_q;
  always_ff @(posedge clk_i) begin
    held_q      <= rst_ni && valid_o && !ready_i;
    last_data_q <= data_o;
    if (!rst_ni) whole_q <= '0;
    else whole_q <= whole_q + (code_ptr_d - code_ptr_q) - AddrW'(fire);
    if (!rst_ni || (fire && read_ptr_q == addr)) kept_q <= 1'b0;
    else if (we && waddr == addr) kept_q <= 1'b1;
    if (we && waddr == addr) kept_data_q <= wdata;
  end

  // a block ends where the next code is, or a delimiter
  logic ends;
  assign ends = we && waddr == code_ptr_q && state_q != StDelimiter;

  `OHM_ASSERT(LengthOfBlock_A, !ends || wdata == code_q)
  `OHM_ASSERT(NextBlock_A, code_ptr_d == code_ptr_q || state_q == StDelimiter ||
              (ends && code_ptr_d == code_ptr_q + AddrW'(wdata)))
  `OHM_ASSERT(NoZeroInside_A, !(we && wdata == '0) || state_q == StDelimiter)
  `OHM_ASSERT(DataInOrder_A, !(take && data_i != '0) ||
              (we && wdata == data_i && waddr == code_ptr_q + size))
  `OHM_ASSERT(NotOverwritten_A, !we || waddr - read_ptr_q >= whole)
  `OHM_ASSERT(SentAsMade_A, !(valid_o && read_ptr_q == addr) || (kept_q && data_o == kept_data_q))
  `OHM_ASSERT(WholeBlocksOnly_A, !valid_o || whole != '0)
  `OHM_ASSERT(HeldUntilReady_A, !held_q || (valid_o && (read_ptr_q != addr || data_o == last_data_q)))
  `OHM_COVER(Zero_C, take && data_i == '0 && code_q == 8'd3)
  `OHM_COVER(Wraps_C, take && data_i != '0 && code_q == 8'd5)
  `OHM_COVER(Delimited_C, fire && read_ptr_q == addr && data_o == '0)
  `OHM_COVER(Held_C, held_q && read_ptr_q == addr)

  // bytes up to the end of the block that is made lie within the ring
  logic [AddrW:0] used;
  assign used = {1'b0, whole} + {1'b0, size};
  `OHM_ASSERT(LemmaWhole_A, code_ptr_q == read_ptr_q + whole_q)
  `OHM_ASSERT(LemmaRoom_A, 32'(used) <= (state_q == StData ? 2 ** AddrW - 1 : 2 ** AddrW - 3))
  `OHM_ASSERT(LemmaCode_A, code_q != '0 && (state_q != StData || code_q != '1))
  `OHM_ASSERT(LemmaKept_A, !waits || kept_q)
  `OHM_ASSERT(LemmaBlock_A, !(place > whole && {1'b0, place} < used) || kept_q)
  `OHM_ASSERT(LemmaCoded_A, !(place == whole && state_q == StDelimiter) || kept_q)
  `OHM_ASSERT(LemmaWord_A, !kept_q || (known && word == kept_data_q))
  `OHM_ASSERT(LemmaShown_A, !(valid_o && read_ptr_q == addr) || (hit && want == word))
endmodule

bind ohm_cobs_enc ohm_cobs_enc_check #(
    .AddrW(AddrW)
) u_check (
    .state_q(2'(state_q)),
    .*
);
