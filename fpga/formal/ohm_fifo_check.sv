// The FIFO: one word, any, is followed from the clock in which it is taken to the one in which it leaves.

`include "ohm_assert.svh"

module ohm_fifo_check #(
    parameter int unsigned Width = 32,
    parameter int unsigned AddrW = 9
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,

    input logic             valid_i,
    input logic             ready_o,
    input logic [Width-1:0] data_i,

    input logic             valid_o,
    input logic             ready_i,
    input logic [Width-1:0] data_o,

    input logic [AddrW-1:0] count_o,

    input logic [AddrW-1:0] write_ptr_q,
    input logic [AddrW-1:0] read_ptr_q
);
  localparam logic [AddrW-1:0] Full = '1;

  logic [AddrW-1:0] addr;
  ohm_symbol #(
      .Width(AddrW)
  ) u_addr (
      .clk_i,
      .rst_ni,
      .value_o(addr)
  );

  logic push, pop;
  assign push = valid_i && ready_o;
  assign pop  = valid_o && ready_i;

  logic [Width-1:0] word;
  logic known;
  ohm_ram_contract #(
      .Width(Width),
      .AddrW(AddrW)
  ) u_ram_contract (
      .clk_i,
      .rst_ni,
      .addr_i(addr),
      .we_i(u_ram.we_i[0]),
      .waddr_i(u_ram.waddr_i),
      .wdata_i(u_ram.wdata_i),
      .raddr_i(u_ram.raddr_i),
      .rdata_i(data_o),
      .word_o(word),
      .known_o(known),
      .hit_o(),
      .want_o()
  );

  // the followed word is one that is taken when the write pointer is at the symbol
  logic inside_q;
  logic [Width-1:0] data_q;
  logic [AddrW-1:0] ahead_q;  // words that leave before it
  logic [AddrW-1:0] words_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      inside_q <= 1'b0;
      words_q  <= '0;
    end else begin
      words_q <= words_q + AddrW'(push) - AddrW'(pop);
      if (push && !inside_q && write_ptr_q == addr) begin
        inside_q <= 1'b1;
        data_q   <= data_i;
        ahead_q  <= words_q - AddrW'(pop);
      end else if (inside_q && pop) begin
        if (ahead_q == '0) inside_q <= 1'b0;
        ahead_q <= ahead_q - AddrW'(1);
      end
    end
  end

  logic held_q, empty_q;
  logic [Width-1:0] last_data_q;
  always_ff @(posedge clk_i) begin
    held_q      <= rst_ni && !clear_i && valid_o && !ready_i;
    empty_q     <= !rst_ni || clear_i || pop || words_q == '0;
    last_data_q <= data_o;
  end

  `OHM_ASSERT(InOrder_A, !(inside_q && ahead_q == '0 && valid_o) || data_o == data_q)
  `OHM_ASSERT(NoneLost_A, count_o == words_q && (!inside_q || ahead_q < words_q))
  `OHM_ASSERT(NoneMore_A, !valid_o || words_q != '0)
  `OHM_ASSERT(TakesUntilFull_A, ready_o == (words_q != Full))
  `OHM_ASSERT(Offers_A, empty_q || valid_o)

  // the word that is shown, whichever it is, has been followed: see LemmaFollowed_A
  `OHM_ASSERT(HeldUntilReady_A,
              !held_q || (valid_o && (read_ptr_q != addr || data_o == last_data_q)))

  `OHM_ASSERT(LemmaWord_A, !inside_q || (known && word == data_q))
  `OHM_ASSERT(LemmaPlace_A, !inside_q || (addr == read_ptr_q + ahead_q))
  `OHM_ASSERT(LemmaFollowed_A, inside_q == (addr - read_ptr_q < words_q))
  `OHM_ASSERT(LemmaShown_A,
              !(valid_o && read_ptr_q == addr) || (inside_q && ahead_q == '0 && data_o == data_q))

  `OHM_COVER(SecondLeaves_C, inside_q && ahead_q == '0 && pop && words_q == AddrW'(2) && addr != '0)
  `OHM_COVER(Held_C, held_q && read_ptr_q == addr)
  `OHM_COVER(Full_C, !ready_o)
endmodule

bind ohm_fifo ohm_fifo_check #(
    .Width(Width),
    .AddrW(AddrW)
) u_check (.*);
