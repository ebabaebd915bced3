// What the host may expect of the registers that it writes, from docs/guard.md: the limits in force, and what the
// control register's bits do in the clock of the write.

module ohm_guard_host
  import ohm_guard_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input logic        reg_valid_i,
    input logic [ 7:0] reg_addr_i,
    input logic [31:0] reg_data_i,
    input logic        armed_i,
    input logic        fault_i,

    output logic [RegMaxRead:RegMaxRail][15:0] limit_o,
    output logic [RegMaxRead:RegMaxRail][15:0] ceiling_o,
    output logic [RegMaxRead:RegMaxRail] write_o,  // of this limit, refused or not
    output logic fits_o,  // the value is one that may be in force
    output logic tighter_o,  // and is not above the one that is
    output logic refused_o,
    output logic arm_o,
    output logic disarm_o,
    output logic clear_fault_o,
    output logic clear_counts_o
);
  localparam logic [15:0] WatchdogMs = 16'd10000;
  localparam logic [15:0] WatchdogStartMs = 16'd500;

  // RegBaudDivisor, among them, is no limit
  assign ceiling_o = {
    ohm_carrier_pkg::ReadCeilingMs,
    ohm_carrier_pkg::HalfSelectCeiling,
    16'h0,
    WatchdogMs,
    16'hffff,
    16'hffff,
    ohm_carrier_pkg::RailCeiling
  };

  logic is_control, is_other;
  control_t asked;
  assign asked      = control_t'(reg_data_i[$bits(control_t)-1:0]);
  assign is_control = reg_addr_i == 8'(RegControl);
  assign is_other   = reg_addr_i == 8'(RegBaudDivisor);

  always_comb begin
    fits_o    = 1'b0;
    tighter_o = 1'b0;
    for (int unsigned i = RegMaxRail; i <= RegMaxRead; i++) begin
      write_o[i] = reg_valid_i && reg_addr_i == 8'(i) && i != RegBaudDivisor;
      if (write_o[i]) begin
        fits_o = reg_data_i <= {16'h0, ceiling_o[i]} && (i != RegWatchdog || reg_data_i != '0);
        tighter_o = reg_data_i <= {16'h0, limit_o[i]};
      end
    end
  end

  always_comb begin
    if (is_control) refused_o = asked.arm && fault_i;
    else if (is_other) refused_o = 1'b0;
    else refused_o = !fits_o || (armed_i && !tighter_o);
    if (!reg_valid_i) refused_o = 1'b0;
  end

  logic control;
  assign control        = reg_valid_i && is_control && !refused_o;
  assign arm_o          = control && asked.arm;
  assign disarm_o       = control && !asked.arm;
  assign clear_fault_o  = control && asked.clear_fault;
  assign clear_counts_o = control && asked.clear_counts && !armed_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      limit_o              <= '0;
      limit_o[RegWatchdog] <= WatchdogStartMs;
    end else begin
      for (int unsigned i = RegMaxRail; i <= RegMaxRead; i++) begin
        if (write_o[i] && !refused_o) limit_o[i] <= reg_data_i[15:0];
      end
    end
  end
endmodule
