// The ECP5's PLL, for tools that must know its ports; nextpnr has the real one. Only what ohm_ulx3s_pll uses
// (Lattice FPGA-TN-02200, sysCLOCK PLL).

// verilator lint_off UNUSEDPARAM
// verilator lint_off UNUSEDSIGNAL
// verilator lint_off UNDRIVEN
(* blackbox *)
module EHXPLLL #(
    parameter int unsigned CLKI_DIV = 1,
    parameter int unsigned CLKFB_DIV = 1,
    parameter int unsigned CLKOP_DIV = 8,
    parameter int unsigned CLKOP_CPHASE = 0,
    parameter int unsigned CLKOS_DIV = 8,
    parameter int unsigned CLKOS_CPHASE = 0,
    // verilog_lint: waive-start explicit-parameter-storage-type
    parameter CLKOP_ENABLE = "ENABLED",
    parameter CLKOS_ENABLE = "DISABLED",
    parameter FEEDBK_PATH = "CLKOP"
    // verilog_lint: waive-stop explicit-parameter-storage-type
) (
    input  logic CLKI,
    input  logic CLKFB,
    input  logic RST,
    input  logic STDBY,
    output logic CLKOP,
    output logic CLKOS,
    output logic LOCK
);
endmodule
