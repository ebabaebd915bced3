// The last gate before the pulse pins. It believes nobody: an enable passes only from the clock after a pulse was
// granted, only while it stays high without a gap, only in its own mode, and never longer than the limit,
// which it times itself.

`include "ohm_assert.svh"

module ohm_guard_pins (
    input logic clk_i,
    input logic rst_ni,

    input logic                          permit_i,    // armed, and nothing in this clock ends that
    input logic                          fire_i,      // the carrier takes a pulse in this clock
    input ohm_carrier_pkg::mode_e        mode_i,      // that the lines are in
    input logic                   [15:0] max_width_i,

    input  logic set_en_i,
    input  logic reset_en_i,
    output logic set_en_o,
    output logic reset_en_o,
    output logic asked_o,     // one of the two would be high if it were permitted

    input  logic overcurrent_ni,  // asynchronous
    output logic trip_o           // the same, two clocks later
);
  logic live_q;  // a granted pulse may start now, or goes on
  logic [15:0] high_q;  // clocks that an enable has been high
  logic [1:0] trip_q;
  logic open, set, reset, high;

  // Combinational, so that what ends a pulse ends it in its own clock. A carrier that asks for both gets neither.
  assign open = live_q && high_q < max_width_i && !(set_en_i && reset_en_i);
  assign set = open && set_en_i && mode_i == ohm_carrier_pkg::ModeSet;
  assign reset = open && reset_en_i && mode_i == ohm_carrier_pkg::ModeReset;
  assign asked_o = set || reset;
  assign set_en_o = rst_ni && permit_i && set;
  assign reset_en_o = rst_ni && permit_i && reset;
  assign high = set_en_o || reset_en_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      live_q <= 1'b0;
      high_q <= '0;
    end else begin
      live_q <= fire_i || high;
      high_q <= high ? high_q + 16'd1 : '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) trip_q <= '0;
    else trip_q <= {trip_q[0], !overcurrent_ni};
  end
  assign trip_o = trip_q[1];

  `OHM_ASSERT_NEVER(NeverBoth_A, set_en_o && reset_en_o, clk_i, 1'b0)
  `OHM_ASSERT(OffInReset_A, rst_ni || !high, clk_i, 1'b0)
  `OHM_ASSERT(OnlyPermitted_A, permit_i || !high)
  `OHM_ASSERT(OnlyGranted_A, live_q || !high)
  `OHM_ASSERT(OnlyInMode_A,
              !high || mode_i == (set_en_o ? ohm_carrier_pkg::ModeSet : ohm_carrier_pkg::ModeReset))
  `OHM_ASSERT(WidthInLimit_A, !high || high_q < max_width_i)
  `OHM_COVER(PulseAtLimit_C, live_q && set_en_i && high_q == max_width_i && high_q > 1)
endmodule
