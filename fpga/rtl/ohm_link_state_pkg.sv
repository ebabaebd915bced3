// What the frame `state` carries. The counters stand in the order in which their bytes go out, low end first.

package ohm_link_state_pkg;
  typedef struct packed {
    logic [63:0] read_wait_cycles;
    logic [63:0] read_cycles;
    logic [31:0] reads;
    logic [63:0] busy_cycles;
    logic [31:0] pulses;
    logic [63:0] clock_cycles;
    logic [63:0] run_cycles;
    logic [7:0]  fault_code;
    logic        fault;
    logic        armed;
    logic        running;
  } state_t;
endpackage
