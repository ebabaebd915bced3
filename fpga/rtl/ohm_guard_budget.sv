// Pulses that each cell has had. A pulse is counted before it is fired, so that nothing that happens in between
// can let one go uncounted; if it is not fired after all, the counts of its cells are given back.
//
// A pulse first asked for in clock T has been looked at in clock T + Counted + 1 (GuardScanCycles): ready_o.

`include "ohm_assert.svh"

module ohm_guard_budget
  import ohm_guard_budget_pkg::*;
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned Counted = ohm_carrier_pkg::Columns
) (
    input logic clk_i,
    input logic rst_ni,

    input logic clear_i,  // all counts to zero; not while a pulse is asked for

    input logic ask_i,  // a pulse is asked for; held until fire_i, else it is given back
    input logic fire_i,  // it is fired; only while ready_o
    input logic [RowW-1:0] row_i,  // steady unless idle_o
    input logic [Columns-1:0] columns_i,  // the same
    input logic [15:0] budget_i,
    output logic idle_o,
    output logic ready_o,
    output logic over_o,  // with ready_o: a cell would get more than the budget
    output logic none_o  // with ready_o: no cell gets this pulse
);
  localparam int unsigned StepW = ColumnW + 1;

  state_e state_q, state_d;
  logic [StepW-1:0] step_q, step_d;  // column that is read; the one before it is written
  logic lost_q, lost_d;  // no longer asked for
  logic fresh_q, fresh_d;  // the row's counts are to be taken as zero
  logic any_q, any_d;  // a cell gets this pulse
  // the most that one of those cells has had; compared before this pulse is added, which is faster
  logic [15:0] most_q, most_d;
  logic [Rows-1:0] stale_q, stale_d;  // rows not counted since the last clear

  logic write, pulsed;
  logic [ColumnW-1:0] column;
  logic [15:0] stored, had, count;

  assign column = ColumnW'(step_q - 1'b1);
  assign pulsed = columns_i[column];

  assign had    = fresh_q ? '0 : stored;
  always_comb begin
    count = had;
    if (pulsed) count = state_q == StReturn ? had - 16'd1 : had + 16'd1;
  end

  ohm_ram #(
      .Lanes(1),
      .LaneWidth(16),
      .Depth(1 << (RowW + ColumnW))
  ) u_counts (
      .clk_i,
      .we_i(write),
      .waddr_i({row_i, column}),
      .wdata_i(count),
      .raddr_i({row_i, step_q[ColumnW-1:0]}),
      .rdata_o(stored)
  );

  always_comb begin
    state_d = state_q;
    step_d  = '0;
    lost_d  = lost_q;
    fresh_d = fresh_q;
    any_d   = any_q;
    most_d  = most_q;
    stale_d = stale_q;
    write   = 1'b0;
    unique case (state_q)
      StIdle: begin
        lost_d  = 1'b0;
        any_d   = 1'b0;
        most_d  = '0;
        fresh_d = stale_q[row_i];
        if (ask_i) begin
          state_d        = StCount;
          step_d         = StepW'(1);
          stale_d[row_i] = 1'b0;
        end
      end
      StCount: begin
        write  = 1'b1;
        step_d = step_q + StepW'(1);
        lost_d = lost_q || !ask_i;
        any_d  = any_q || pulsed;
        if (pulsed && had > most_q) most_d = had;
        if (step_q == StepW'(Counted)) begin
          state_d = StHeld;
          step_d  = '0;
          fresh_d = 1'b0;
        end
      end
      StHeld: begin
        if (fire_i) begin
          state_d = StIdle;
        end else if (lost_q || !ask_i) begin
          state_d = StReturn;
          step_d  = StepW'(1);
        end
      end
      StReturn: begin
        write  = 1'b1;
        step_d = step_q + StepW'(1);
        if (step_q == StepW'(Counted)) begin
          state_d = StIdle;
          step_d  = '0;
        end
      end
      default: state_d = StIdle;
    endcase
    if (clear_i) begin
      state_d = StIdle;
      step_d  = '0;
      stale_d = '1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      step_q  <= '0;
      lost_q  <= 1'b0;
      fresh_q <= 1'b0;
      any_q   <= 1'b0;
      most_q  <= '0;
      stale_q <= '1;
    end else begin
      state_q <= state_d;
      step_q  <= step_d;
      lost_q  <= lost_d;
      fresh_q <= fresh_d;
      any_q   <= any_d;
      most_q  <= most_d;
      stale_q <= stale_d;
    end
  end

  assign idle_o  = state_q == StIdle;
  assign ready_o = state_q == StHeld && !lost_q;
  assign over_o  = any_q && most_q >= budget_i;
  assign none_o  = !any_q;

  `OHM_ASSERT(StepInRow_A, step_q <= StepW'(Counted))
  `OHM_ASSERT(StepWorks_A, (step_q != '0) == (state_q == StCount || state_q == StReturn))
  `OHM_ASSERT(FireReady_A, !fire_i || (ready_o && ask_i))
  `OHM_ASSERT(CountedIsNotStale_A, idle_o || !stale_q[row_i])
  `OHM_ASSERT(FreshOnlyUp_A, !fresh_q || state_q == StIdle || state_q == StCount)
  `OHM_COVER(Returned_C, state_q == StReturn && step_q == StepW'(Counted))
endmodule
