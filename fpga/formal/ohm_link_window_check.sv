// The sending window: what is kept until the host has it. That the reader hands on a frame as it lies in the memory is
// proved of ohm_frame_reader.

`include "ohm_assert.svh"

module ohm_link_window_check #(
    parameter int unsigned AddrW = 12
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,
    input logic hold_i,

    input logic        acked_i,
    input logic        acked_again_i,
    input logic [15:0] acked_credits_i,

    input logic tx_valid_i,
    input logic tx_ready_o,
    input logic tx_last_i,

    input logic       valid_o,
    input logic       ready_i,
    input logic [7:0] data_o,
    input logic       last_o,
    input logic       busy_o,

    input logic             take,
    input logic             commit_q,
    input logic             clear_q,
    input logic             apply,
    input logic             is_known,
    input logic             go,
    input logic             done,
    input logic             ack_q,
    input logic [      7:0] ack_seq_q,
    input logic [AddrW-1:0] base_q,
    input logic [AddrW-1:0] first_ptr_q,
    input logic [AddrW-1:0] read_ptr,
    input logic [      8:0] count_q,
    input logic [      7:0] write_seq_q,
    input logic [      7:0] first_seq_q,
    input logic [      7:0] send_seq_q,
    input logic [      3:0] credits_q,
    input logic [      3:0] ack_credits_q,
    input logic             again_q
);
  localparam logic [8:0] MostBytes = 9'(ohm_link_pkg::MaxPayload + 4);
  localparam logic [7:0] Window = 8'd15;

  logic unused_symbol;
  ohm_symbol u_start (
      .clk_i,
      .rst_ni,
      .value_o(unused_symbol)
  );

`ifdef FORMAL
  // frames from the logic have a payload of at most MaxPayload
  always_ff @(posedge clk_i) begin
    if (rst_ni && take) assume (count_q + 9'd1 < MostBytes || tx_last_i);
    if (rst_ni && take && tx_last_i) assume (count_q + 9'd1 >= 9'd4);
  end
`endif

  logic [7:0] waiting, unacked;  // frames that are kept, and of these: sent, not acknowledged
  logic [AddrW-1:0] used;
  assign waiting = write_seq_q - first_seq_q;
  assign unacked = send_seq_q - first_seq_q;
  assign used    = base_q - first_ptr_q;

  // What waits to be applied: the host's word, as far as it is known here, or else a time-out, which asks for all again.
  logic from_host_q, asked_again_q, asks_again;
  logic [3:0] said_q;
  assign asks_again = !from_host_q || asked_again_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      from_host_q <= 1'b0;
    end else if (acked_i) begin
      from_host_q   <= 1'b1;
      asked_again_q <= acked_again_i || (ack_q && asks_again);
      said_q        <= acked_credits_i > 16'(Window) ? Window[3:0] : acked_credits_i[3:0];
    end else if (!ack_q) begin
      from_host_q <= 1'b0;
    end
  end

  // the credits that hold, by the host's last word, and whether there was a time-out since
  logic [3:0] told_q;
  logic late_q, probes;
  assign probes = late_q && told_q == '0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_q) begin
      told_q <= Window[3:0];
      late_q <= 1'b0;
    end else if (apply && is_known) begin
      late_q <= !from_host_q;
      if (from_host_q) told_q <= said_q;
    end
  end

  logic held_q, holds_q, restart_q, cleared_q, dropped_q, last_busy_q, begins;
  logic [7:0] restart_seq_q;
  assign begins = busy_o && !last_busy_q;
  always_ff @(posedge clk_i) begin
    held_q        <= rst_ni && valid_o && !ready_i;
    holds_q       <= rst_ni && hold_i;
    restart_q     <= rst_ni && !clear_q && apply && is_known && asks_again;
    restart_seq_q <= ack_seq_q;
    cleared_q     <= rst_ni && clear_q && !busy_o && !clear_i;
    dropped_q     <= rst_ni && (clear_i ? waiting != '0 : dropped_q);
    last_busy_q   <= rst_ni && busy_o;
  end

  `OHM_ASSERT(HeldUntilReady_A, !held_q || valid_o)
  `OHM_ASSERT(AtMostFifteen_A, waiting <= Window && unacked <= waiting)
  `OHM_ASSERT(InCredit_A, !(go && !busy_o) || unacked < 8'(told_q) || (probes && unacked == '0))
  `OHM_ASSERT(
      StartsAgain_A,
      !restart_q || (send_seq_q == restart_seq_q && unacked == '0 && read_ptr == first_ptr_q))
  `OHM_ASSERT(ClearDrops_A, !cleared_q || (waiting == '0 && unacked == '0 && used == '0))
  `OHM_ASSERT(HoldsStill_A, !(holds_q && begins))
  `OHM_COVER(Held_C, held_q)
  `OHM_COVER(Two_C, waiting == 8'd2 && unacked == 8'd1)
  `OHM_COVER(Again_C, restart_q && waiting != '0)
  `OHM_COVER(Probe_C, go && !busy_o && probes)
  `OHM_COVER(Holds_C, holds_q && hold_i && unacked < waiting && !busy_o && !ack_q)
  `OHM_COVER(Cleared_C, cleared_q && dropped_q)

  `OHM_ASSERT(LemmaCredits_A, clear_q || credits_q == (probes ? 4'd1 : told_q))
  `OHM_ASSERT(LemmaHello_A, !(ack_q && clear_q) || from_host_q)
  logic [3:0] due;  // the credits that what waits would give
  assign due = from_host_q ? said_q : credits_q == '0 ? 4'd1 : credits_q;
  `OHM_ASSERT(LemmaWaits_A, !ack_q || (again_q == asks_again && ack_credits_q == due))
  `OHM_ASSERT(LemmaBusyReader_A, !u_reader.fresh_q || busy_o)
  `OHM_ASSERT(LemmaCleared_A, !clear_q || (!commit_q && count_q == '0))
  `OHM_ASSERT(LemmaCount_A, count_q <= MostBytes && (!commit_q || count_q >= 9'd4))
  `OHM_ASSERT(LemmaLast_A, commit_q || count_q < MostBytes)
  `OHM_ASSERT(LemmaBegun_A, count_q == '0 || commit_q || clear_q || waiting < Window)
  `OHM_ASSERT(LemmaCommit_A, !commit_q || clear_q || waiting < Window)
  `OHM_ASSERT(LemmaBusy_A, !busy_o || clear_q || unacked < waiting)
endmodule

bind ohm_link_window ohm_link_window_check #(.AddrW(AddrW)) u_check (.*);
