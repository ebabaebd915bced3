// The registers that the host writes. One rule for every limit: larger is looser; smaller is taken at any time,
// larger only while disarmed, above the ceiling never. What is refused changes nothing.

`include "ohm_assert.svh"

module ohm_guard_limits
  import ohm_guard_pkg::*;
  import ohm_carrier_pkg::Rails;
#(
    localparam int unsigned MaxWatchdogMs = 10000
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic        reg_valid_i,
    input  logic [ 7:0] reg_addr_i,
    input  logic [31:0] reg_data_i,
    output logic        reg_refused_o, // in the same clock

    input logic armed_i,
    input logic fault_i,

    output logic arm_o,          // the control register's bits, in the clock of the write
    output logic disarm_o,
    output logic clear_fault_o,
    output logic clear_counts_o,

    output logic [Rails-1:0][15:0] max_rail_o,
    output logic [     15:0]       max_width_o,
    output logic [     15:0]       pulse_budget_o,
    output logic [     15:0]       max_half_select_o,
    output logic [     15:0]       max_read_ms_o,
    output logic [     15:0]       watchdog_ms_o
);
  localparam int unsigned First = RegMaxRail;
  localparam int unsigned Last = RegMaxRead;

  function automatic logic [15:0] ceiling(int unsigned index);
    if (index < RegMaxRail + Rails) return ohm_carrier_pkg::RailCeiling[index-RegMaxRail];
    if (index == RegWatchdog) return 16'(MaxWatchdogMs);
    if (index == RegMaxHalfSelect) return ohm_carrier_pkg::HalfSelectCeiling;
    if (index == RegMaxRead) return ohm_carrier_pkg::ReadCeilingMs;
    return '1;
  endfunction

  function automatic logic [15:0] start(int unsigned index);
    if (index < RegMaxRail + Rails) return 16'(RegMaxRailReset);
    if (index == RegMaxWidth) return 16'(RegMaxWidthReset);
    if (index == RegPulseBudget) return 16'(RegPulseBudgetReset);
    if (index == RegMaxHalfSelect) return 16'(RegMaxHalfSelectReset);
    if (index == RegMaxRead) return 16'(RegMaxReadReset);
    return 16'(RegWatchdogReset);
  endfunction

  logic [Last:First][15:0] limit_q;
  logic [15:0] now, top;
  logic is_control, is_limit, arm_refused, refused;
  control_t asked;

  assign is_control  = reg_addr_i == 8'(RegControl);
  assign asked       = control_t'(reg_data_i[$bits(control_t)-1:0]);
  assign arm_refused = asked.arm && fault_i;

  always_comb begin
    is_limit = 1'b0;
    now      = '0;
    top      = '0;
    for (int unsigned i = First; i <= Last; i++) begin
      if (reg_addr_i == 8'(i) && i != RegBaudDivisor) begin
        is_limit = 1'b1;
        now      = limit_q[i];
        top      = ceiling(i);
      end
    end
  end

  always_comb begin
    refused = 1'b1;
    if (is_control) begin
      refused = arm_refused;
    end else if (is_limit) begin
      refused = reg_data_i > {16'h0, top} || (armed_i && reg_data_i > {16'h0, now}) ||
          (reg_addr_i == 8'(RegWatchdog) && reg_data_i == '0);
    end else if (reg_addr_i == 8'(RegBaudDivisor)) begin
      refused = 1'b0;  // the link's own
    end
  end
  assign reg_refused_o = reg_valid_i && refused;

  logic control;  // not by way of the limits, since disarming ends a pulse in its own clock
  assign control        = reg_valid_i && is_control && !arm_refused;
  assign arm_o          = control && asked.arm;
  assign disarm_o       = control && !asked.arm;
  assign clear_fault_o  = control && asked.clear_fault;
  assign clear_counts_o = control && asked.clear_counts && !armed_i;

  for (genvar i = First; i <= Last; i++) begin : gen_limit
    if (i == RegBaudDivisor) begin : gen_none
      assign limit_q[i] = '0;
    end else begin : gen_one
      always_ff @(posedge clk_i) begin
        if (!rst_ni) limit_q[i] <= start(i);
        else if (reg_valid_i && !refused && reg_addr_i == 8'(i)) limit_q[i] <= reg_data_i[15:0];
      end
      `OHM_ASSERT(UnderCeiling_A, limit_q[i] <= ceiling(i))
    end
  end

  assign max_rail_o        = limit_q[RegMaxRail+:Rails];
  assign max_width_o       = limit_q[RegMaxWidth];
  assign pulse_budget_o    = limit_q[RegPulseBudget];
  assign watchdog_ms_o     = limit_q[RegWatchdog];
  assign max_half_select_o = limit_q[RegMaxHalfSelect];
  assign max_read_ms_o     = limit_q[RegMaxRead];

  `OHM_ASSERT(NoLooserArmed_A,
              !(reg_valid_i && is_limit && armed_i && !reg_refused_o && reg_data_i[15:0] > now))
  `OHM_ASSERT(NoArmFaulty_A, !(arm_o && fault_i))
  `OHM_ASSERT(WatchdogRuns_A, watchdog_ms_o != '0)
endmodule
