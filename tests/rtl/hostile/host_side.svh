// The host's side of a pin checker: limits in force, whether anything may be on, and what ends all. Text of a module that
// has the pins clk_i, armed_i, safe_ni, overcurrent_ni, the reg_*_i, good_frame_i and abort_i, the counts that are
// named here, `high` and `last_high` of its pulses, `count` of each cell's, and rails_moved().

  localparam int unsigned Off = 1;  // clocks from what ends all until safe_no is low
  localparam int unsigned TripClocks = 2;  // from the comparator to the enables

  longint unsigned now = 0;

  function automatic void fail(string rule);
    violations_o = violations_o + 1;
    $display("violation: %s, in clock %0d", rule, now);
  endfunction

  logic [7:0][15:0] max_rail;
  logic [15:0] max_width, budget, watchdog_ms, max_half_select, max_read_ms;
  logic may_be_on, known_fault;
  longint unsigned quiet_since, off_since, safe_since;
  logic last_safe_n;
  longint unsigned over_since;  // a rail is above its limit
  logic over;
  logic [TripClocks-1:0] trip_q;
  logic silent, tripped;
  assign silent  = now - quiet_since >= 64'(watchdog_ms) * 64'(TicksPerMs);
  assign tripped = trip_q[TripClocks-1];

  function automatic void end_all(logic fault);
    if (may_be_on) off_since = now;
    may_be_on   = 1'b0;
    known_fault = known_fault | fault;
  endfunction

  function automatic logic [15:0] lowered(logic [15:0] old, logic [15:0] ceiling);
    if (reg_data_i > 32'(ceiling) || (armed_i && reg_data_i > 32'(old))) return old;
    return reg_data_i[15:0];
  endfunction

  function automatic void register();
    int unsigned rail = 32'(reg_addr_i) - ohm_guard_pkg::RegMaxRail;
    if (rail < Rails) max_rail[rail] = lowered(max_rail[rail], RailCeiling[rail]);
    else if (reg_addr_i == 8'(ohm_guard_pkg::RegMaxWidth)) max_width = lowered(max_width, '1);
    else if (reg_addr_i == 8'(ohm_guard_pkg::RegPulseBudget)) budget = lowered(budget, '1);
    else if (reg_addr_i == 8'(ohm_guard_pkg::RegMaxHalfSelect))
      max_half_select = lowered(max_half_select, HalfSelectCeiling);
    else if (reg_addr_i == 8'(ohm_guard_pkg::RegMaxRead))
      max_read_ms = lowered(max_read_ms, ReadCeilingMs);
    else if (reg_addr_i == 8'(ohm_guard_pkg::RegWatchdog) && reg_data_i != '0)
      watchdog_ms = lowered(watchdog_ms, 16'd10000);
    else if (reg_addr_i == 8'(ohm_guard_pkg::RegControl)) control();
    rails_moved();
  endfunction

  function automatic void control();
    ohm_guard_pkg::control_t asked = ohm_guard_pkg::control_t'(reg_data_i[2:0]);
    if (asked.arm && known_fault) return;  // refused as a whole
    if (asked.clear_fault) known_fault = 1'b0;
    if (asked.clear_counts && !armed_i) count = '{default: '0};
    if (asked.arm) may_be_on = 1'b1;
    else end_all(1'b0);
  endfunction

  function automatic void host_reset();
    max_rail = '0;
    {max_width, budget, max_half_select, max_read_ms} = '0;
    watchdog_ms = 16'd500;
    {may_be_on, known_fault, over} = '0;
    trip_q = '0;
    quiet_since = now + 1;
    off_since = now;
  endfunction

  // What ends all in this clock, when nothing may be on, and for how long after it was.
  function automatic void host_rules();
    if (may_be_on && (silent || tripped)) begin
      if (high) fail(tripped ? "enable after over-current" : "enable after silence");
      if (tripped && last_high) trips_o = trips_o + 1;
      if (!tripped) silences_o = silences_o + 1;
      end_all(1'b1);
    end
    if (abort_i) begin
      if (high) fail("enable in the clock of an abort");
      end_all(1'b0);
    end
    if (high && !safe_ni) fail("enable while the chips are off");
    if (safe_ni && !armed_i) fail("on while disarmed");
    if (safe_ni && !last_safe_n && now - safe_since < 64'(DacSettleCycles))
      fail("chips on before the rails have fallen");
    if (!may_be_on && high && now - off_since > 0) fail("enable while all has to be off");
    if (!may_be_on && safe_ni && now - off_since > 64'(Off) + 1)
      fail("chips on while all has to be off");
  endfunction

  // What the host does in this clock.
  function automatic void host_moves();
    if (good_frame_i) quiet_since = now + 1;
    if (reg_valid_i) register();
    trip_q = {trip_q[TripClocks-2:0], !overcurrent_ni};
  endfunction
