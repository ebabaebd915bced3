// What the chip models share: the count of violations and the conversion of datasheet times.
// Time in the models is counted in halves of the system clock, the finest step the RTL can make.
package model_pkg;

  typedef logic [63:0] half_t;

  localparam half_t LongAgo = {1'b1, 63'd0};  // before the start

  int unsigned errors = 0;

  function automatic void report(string chip, string rule, half_t now);
    errors = errors + 1;
    $display("ohmbench model error: %s: %s, in clock %0d", chip, rule, now / 2);
  endfunction

  // Smallest number of half clocks that lasts at least `ns`.
  function automatic half_t halves(int unsigned ns);
    longint unsigned rate = 64'(2 * ohm_carrier_pkg::ClockHz);
    return (64'(ns) * rate + 64'd999_999_999) / 64'd1_000_000_000;
  endfunction

endpackage
