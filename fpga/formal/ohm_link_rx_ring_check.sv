// The ring memory between the frames that come and the reader. Two addresses, each of which stands for every one:
// what is kept there, whether a frame begins there.
//
// The boundaries of frames are a chain: each begins where the one before ends, and the reader finds the ends by the
// lengths that it reads. That a link leads to the next one is a claim about two addresses, and the step of the
// induction needs it of the frame that the reader takes. Hence three proofs, by what is defined:
//   PROVE_BOUNDARY: where the reader's next boundary is. The second address is the one where the reader took a length
//     in the clock before. Nothing is lost by that: the claim is about the first, the hypothesis about every second,
//     and the step of the induction is too short for a second length.
//     Of the other two it takes what was true in the clock before.
//   PROVE_LINK: how frames lie to each other. It takes boundary of the same clock, content of the clock before.
//   otherwise, content: what is read. It takes both others of the same clock.
// So none is used for itself. All are claimed of the first address, which stands for every one.
//
// A search (SEARCH) takes nothing for granted: its runs are from reset, with the memory, and a mutant must not be
// hidden by what another proof would find out.

`include "ohm_assert.svh"

`ifdef FORMAL
`ifdef SEARCH
`define OHM_NOW(name_, prop_)
`define OHM_BEFORE(name_, prop_)
`else
`define OHM_NOW(name_, prop_) always_ff @(posedge clk_i) if (rst_ni) assume (prop_);
`define OHM_BEFORE(name_, prop_) \
  logic name_``_before_q; \
  always_ff @(posedge clk_i) begin \
    name_``_before_q <= !rst_ni || (prop_); \
    if (rst_ni) assume (name_``_before_q); \
  end
`endif
`define OHM_CLAIM(name_, first_, prop_) \
  if (first_) begin : gen_``name_ \
    `OHM_ASSERT(name_, prop_) \
  end else begin : gen_``name_ \
    `OHM_BEFORE(name_, prop_) \
  end
`ifdef PROVE_BOUNDARY
`define OHM_BOUNDARY(name_, first_, prop_) `OHM_CLAIM(name_, first_, prop_)
`define OHM_LINK(name_, first_, prop_) `OHM_BEFORE(name_, prop_)
`define OHM_CONTENT(name_, first_, prop_)
`elsif PROVE_LINK
`define OHM_BOUNDARY(name_, first_, prop_) `OHM_NOW(name_, prop_)
`define OHM_LINK(name_, first_, prop_) `OHM_CLAIM(name_, first_, prop_)
`define OHM_CONTENT(name_, first_, prop_) `OHM_BEFORE(name_, prop_)
`else
`define OHM_BOUNDARY(name_, first_, prop_) `OHM_NOW(name_, prop_)
`define OHM_LINK(name_, first_, prop_) `OHM_NOW(name_, prop_)
`define OHM_CONTENT(name_, first_, prop_) `OHM_CLAIM(name_, first_, prop_)
`endif
`else
`define OHM_BOUNDARY(name_, first_, prop_)
`define OHM_LINK(name_, first_, prop_)
`define OHM_CONTENT(name_, first_, prop_)
`endif

module ohm_link_rx_ring_check #(
    parameter int unsigned AddrW = 12
) (
    input logic clk_i,
    input logic rst_ni,

    input logic dec_valid,
    input logic [7:0] dec_data,
    input logic commit,
    input logic load_i,

    input logic [8:0] count_q,
    input logic room_q,
    input logic [AddrW-1:0] base_q,
    input logic [AddrW-1:0] read_ptr,
    input logic [AddrW-1:0] used,

    input logic [8:0] rdata,
    input logic rx_valid_o,
    input logic rx_ready_i,
    input logic [7:0] rx_data_o,
    input logic [8:0] left_q,
    input logic fresh_q,
    input logic busy_q
);
  localparam logic [8:0] MaxLength = 9'(ohm_link_pkg::MaxPayload);
  localparam logic [AddrW-1:0] FrameRoom = AddrW'(ohm_link_pkg::MaxPayload + 10);

  logic [1:0][AddrW-1:0] addr, ahead;
  ohm_symbol #(
      .Width(2 * AddrW)
  ) u_addr (
      .clk_i,
      .rst_ni,
      .value_o(addr)
  );

  logic head, taken;
  assign head  = fresh_q && left_q == '0;
  assign taken = fresh_q && (head || rx_ready_i);

  logic was_head_q;
  logic [AddrW-1:0] last_ptr_q;
  always_ff @(posedge clk_i) begin
    was_head_q <= rst_ni && head && !load_i;
    last_ptr_q <= read_ptr;
  end
`ifdef PROVE_BOUNDARY
`ifndef SEARCH
  always_ff @(posedge clk_i) if (rst_ni && was_head_q) assume (last_ptr_q == addr[1]);
`endif
`endif

  // a frame begins at the address and waits; a byte of a committed frame waits there
  logic [1:0] begins_q, byte_q, waits, known, hit;
  logic [1:0][8:0] length_q, word, want;
  logic [1:0][7:0] coming_q, kept_q;
  logic [1:0][AddrW-1:0] place, size, to_base, to_other;

  for (genvar i = 0; i < 2; i++) begin : gen_addr
    ohm_ram_contract #(
        .Width(9),
        .AddrW(AddrW)
    ) u_contract (
        .clk_i,
        .rst_ni,
        .addr_i(addr[i]),
        .we_i(u_ring.we_i[0]),
        .waddr_i(u_ring.waddr_i),
        .wdata_i(u_ring.wdata_i),
        .raddr_i(u_ring.raddr_i),
        .rdata_i(u_ring.rdata_o),
        .word_o(word[i]),
        .known_o(known[i]),
        .hit_o(hit[i]),
        .want_o(want[i])
    );

    assign ahead[i] = addr[i] - read_ptr;
    assign waits[i] = ahead[i] < used;
    assign place[i] = addr[i] - base_q - AddrW'(1);  // in the frame that comes
    // distances without the reader's place in them, which are easier for the solver
    assign size[i] = AddrW'(length_q[i]) + AddrW'(5);
    assign to_base[i] = base_q - addr[i];
    assign to_other[i] = addr[1-i] - addr[i];

    always_ff @(posedge clk_i) begin
      if (dec_valid && AddrW'(count_q) == place[i]) coming_q[i] <= dec_data;
      if (!rst_ni || load_i) begin
        begins_q[i] <= 1'b0;
        byte_q[i]   <= 1'b0;
      end else if (commit && addr[i] == base_q) begin
        begins_q[i] <= 1'b1;
        length_q[i] <= count_q - 9'd8;
      end else if (commit && place[i] < AddrW'(count_q) - AddrW'(4)) begin
        byte_q[i] <= 1'b1;
        kept_q[i] <= coming_q[i];
      end else if (taken && read_ptr == addr[i]) begin
        begins_q[i] <= 1'b0;
        byte_q[i]   <= 1'b0;
      end
    end

    `OHM_BOUNDARY(Boundary_A, i == 0,
                  !(ahead[i] == AddrW'(left_q) && ahead[i] != used) || begins_q[i])
    `OHM_BOUNDARY(NotBeyond_A, i == 0, !begins_q[i] || (ahead[i] >= AddrW'(left_q) && waits[i]))

    `OHM_LINK(LemmaLengths_A, i == 0, !begins_q[i] || length_q[i] <= MaxLength)
    `OHM_LINK(EndsInQueue_A, i == 0, !begins_q[i] || size[i] <= to_base[i])
    `OHM_LINK(LemmaBetween_A, i == 0,
              !(begins_q == '1 && to_other[i] != '0 && to_other[i] < to_base[i]) ||
              size[i] <= to_other[i])
    `OHM_LINK(LemmaLink_A, i == 0,
              !(begins_q[i] && size[i] == to_other[i] && to_other[i] < to_base[i]) || begins_q[1-i])
    `OHM_LINK(LemmaHead_A, i == 0,
              !(head && read_ptr == addr[i]) || (begins_q[i] && hit[i] && want[i] == length_q[i]))

    `OHM_CONTENT(Delivered_A, i == 0,
                 !(rx_valid_o && read_ptr == addr[i]) || (byte_q[i] && rx_data_o == kept_q[i]))
    `OHM_CONTENT(Length_A, i == 0,
                 !(head && read_ptr == addr[i]) || (begins_q[i] && rdata == length_q[i]))
    `OHM_CONTENT(LemmaKept_A, i == 0, waits[i] == (begins_q[i] || byte_q[i]))
    `OHM_CONTENT(LemmaOne_A, i == 0, !(begins_q[i] && byte_q[i]))
    `OHM_CONTENT(LemmaByte_A, i == 0, !byte_q[i] || (known[i] && word[i] == {1'b0, kept_q[i]}))
    `OHM_CONTENT(LemmaLength_A, i == 0, !begins_q[i] || (known[i] && word[i] == length_q[i]))
    `OHM_CONTENT(
        LemmaComing_A, i == 0,
        !(room_q && place[i] < AddrW'(count_q)) || (known[i] && word[i] == {1'b0, coming_q[i]}))
    `OHM_CONTENT(LemmaRead_A, i == 0,
                 !(fresh_q && read_ptr == addr[i]) || (hit[i] &&
                 want[i] == (begins_q[i] ? length_q[i] : {1'b0, kept_q[i]})))
  end
  `OHM_BOUNDARY(InQueue_A, 1'b1, AddrW'(left_q) <= used)
  `OHM_BOUNDARY(Work_A, 1'b1, !busy_q || used != '0)

  `OHM_LINK(LemmaRoom_A, 1'b1, !(count_q != '0 && room_q) || used < ~FrameRoom)
  `OHM_LINK(LemmaCount_A, 1'b1, count_q <= MaxLength + 9'd8)
  `OHM_LINK(LemmaBusy_A, 1'b1, (busy_q || !fresh_q) && (busy_q || left_q == '0))
  `OHM_LINK(LemmaLoad_A, 1'b1, !load_i || count_q == '0)

  `OHM_CONTENT(NotOverwritten_A, 1'b1, !u_ring.we_i[0] || u_ring.waddr_i - read_ptr >= used)

  `OHM_COVER(Byte_C, rx_valid_o && read_ptr == addr[0] && addr[0] == base_q - AddrW'(1))
  `OHM_COVER(SecondLength_C, head && read_ptr == addr[1] && addr[1] != '0)
  `OHM_COVER(WriteWhileKept_C, u_ring.we_i[0] && used != '0)
endmodule

bind ohm_link_rx ohm_link_rx_ring_check #(
    .AddrW(AddrW)
) u_ring_check (
    .load_i (hello_o || abort_o),
    .left_q (u_reader.left_q),
    .fresh_q(u_reader.fresh_q),
    .busy_q (u_reader.busy_q),
    .*
);
