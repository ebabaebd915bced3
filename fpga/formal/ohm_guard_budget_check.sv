// The guard: pulses that a cell gets, any one cell, from what was passed to the carrier: those of its column, and those
// that leave more across it than the limit of half-selected cells. The memory of the counts is
// left out but for its contract.

`include "ohm_assert.svh"

module ohm_guard_budget_check
  import ohm_guard_pkg::*;
  import ohm_guard_budget_pkg::*;
  import ohm_carrier_pkg::*;
#(
    parameter int unsigned Counted = ohm_carrier_pkg::Columns
) (
    input logic clk_i,
    input logic rst_ni,

    input logic car_cmd_valid_o,
    input logic car_cmd_ready_i,
    input cmd_t car_cmd_o,
    input logic safe_no,

    input logic          reg_valid_i,
    input logic   [ 7:0] reg_addr_i,
    input logic   [31:0] reg_data_i,
    input logic          armed_o,
    input fault_e        fault_o
);
  logic [4:0] row, column;
  ohm_symbol #(
      .Width(10)
  ) u_cell (
      .clk_i,
      .rst_ni,
      .value_o({row, column})
  );

`ifdef FORMAL
  always_ff @(posedge clk_i) if (rst_ni) assume (32'(column) < Counted);
`endif

  logic [RegMaxRead:RegMaxRail][15:0] limit;
  logic clear_counts;
  ohm_guard_host u_host (
      .clk_i,
      .rst_ni,
      .reg_valid_i,
      .reg_addr_i,
      .reg_data_i,
      .armed_i(armed_o),
      .fault_i(fault_o != FaultNone),
      .limit_o(limit),
      .clear_counts_o(clear_counts)
  );

  logic [15:0] budget;
  assign budget = limit[RegPulseBudget];

  // ---- the promise

  logic [31:0] wl_q, col_q;
  mode_e mode_q;
  logic [16:0] had_q;  // pulses of the cell since the host cleared the counts
  logic [15:0] line_q, inhibit_q, apart;  // of rails bl_set and sl_inhibit
  logic taken, selected, half_selected, fired;
  assign taken    = car_cmd_valid_o && car_cmd_ready_i;
  assign selected = wl_q[row] && col_q[column];
  assign apart    = line_q > inhibit_q ? line_q - inhibit_q : inhibit_q - line_q;
  assign half_selected = wl_q[row] && mode_q == ModeSet && apart > limit[RegMaxHalfSelect];
  assign fired    = taken && car_cmd_o.kind == CmdPulse && (selected || half_selected);
  always_ff @(posedge clk_i) begin
    if (!rst_ni || !safe_no) begin
      mode_q    <= ModeOff;
      line_q    <= '0;
      inhibit_q <= '0;
    end else if (taken && car_cmd_o.kind == CmdRail) begin
      if (car_cmd_o.rail == RailBlSet) line_q <= car_cmd_o.value;
      if (car_cmd_o.rail == RailSlInhibit) inhibit_q <= car_cmd_o.value;
    end else if (taken && car_cmd_o.kind == CmdLines) begin
      mode_q <= car_cmd_o.mode;
      wl_q   <= car_cmd_o.wl;
      col_q  <= car_cmd_o.col;
    end
    if (!rst_ni || clear_counts) had_q <= '0;
    else if (fired) had_q <= had_q + 17'd1;
  end

  `OHM_ASSERT(BudgetKept_A, !fired || had_q < {1'b0, budget})
  `OHM_COVER(Spent_C, fault_o == FaultBudget && had_q == 17'd1 && budget == 16'd1)

  // ---- what the scan has done so far

  logic [15:0] word, want;
  logic known, hit;
  ohm_ram_contract #(
      .Width(16),
      .AddrW(10)
  ) u_ram_contract (
      .clk_i,
      .rst_ni,
      .addr_i({row, column}),
      .we_i(u_budget.u_counts.we_i[0]),
      .waddr_i(u_budget.u_counts.waddr_i),
      .wdata_i(u_budget.u_counts.wdata_i),
      .raddr_i(u_budget.u_counts.raddr_i),
      .rdata_i(u_budget.u_counts.rdata_o),
      .word_o(word),
      .known_o(known),
      .hit_o(hit),
      .want_o(want)
  );

  logic reads, writes;
  logic [16:0] most;
  logic idle, counting, held, returning, here, pulsed, past, stale, is_old, is_new;
  assign idle      = u_budget.idle_o;
  assign held      = u_budget.state_q == StHeld;
  assign counting  = u_budget.state_q == StCount;
  assign returning = u_budget.state_q == StReturn;
  assign here      = u_budget.row_i == row;
  assign pulsed    = u_budget.columns_i[column];
  assign past      = 6'(column) + 6'd1 < u_budget.step_q;  // written in this scan
  assign stale     = u_budget.stale_q[row];
  assign reads     = (counting || returning) && here && u_budget.step_q == 6'(column) + 6'd1;
  assign most      = {1'b0, u_budget.most_q};
  assign writes    = safe_no && mode_q inside {ModeSet, ModeReset};
  assign is_old    = known && word == had_q[15:0];
  assign is_new    = known && word == 16'(had_q + 17'(pulsed));

  logic [15:0] rtl_apart;
  assign rtl_apart = u_check.line > u_check.inhibit ? u_check.line - u_check.inhibit :
      u_check.inhibit - u_check.line;

  `OHM_ASSERT(LemmaKept_A, !(idle || !here) || (stale ? had_q == '0 : is_old))
  `OHM_ASSERT(LemmaCounting_A,
              !(counting && here) || (past ? is_new : u_budget.fresh_q ? had_q == '0 : is_old))
  `OHM_ASSERT(LemmaHeld_A, !(held && here) || is_new)
  `OHM_ASSERT(LemmaReturning_A, !(returning && here) || (past ? is_old : is_new))
  `OHM_ASSERT(
      LemmaMost_A,
      !(here && pulsed && (held || (counting && past))) || (u_budget.any_q && most >= had_q))
  `OHM_ASSERT(LemmaStale_A, idle || !here || !stale)
  `OHM_ASSERT(LemmaStep_A,
              32'(u_budget.step_q) <= Counted && (u_budget.step_q != '0) == (counting || returning))
  `OHM_ASSERT(LemmaReads_A, !reads || !known || (hit && want == word))
  `OHM_ASSERT(LemmaHad_A, had_q <= 17'hffff)
  `OHM_ASSERT(LemmaMode_A, !safe_no || u_check.mode_o == mode_q)
  `OHM_ASSERT(LemmaLines_A,
              !writes || (wl_q == 32'd1 << u_budget.row_i && col_q == u_budget.columns_i))
  `OHM_ASSERT(LemmaLimit_A, u_limits.limit_q == limit)
  `OHM_ASSERT(LemmaCodes_A, !safe_no || (u_check.line == line_q && u_check.inhibit == inhibit_q))
  `OHM_ASSERT(LemmaApart_A, idle || u_check.apart_q == rtl_apart)
  `OHM_ASSERT(LemmaArmed_A, armed_o || !safe_no)
endmodule

bind ohm_guard ohm_guard_budget_check #(.Counted(Counted)) u_budget_check (.*);
