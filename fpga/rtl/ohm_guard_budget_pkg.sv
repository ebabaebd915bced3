// What ohm_guard_budget does with the counts of a pulse's cells; its proof speaks of it too.

package ohm_guard_budget_pkg;
  typedef enum logic [1:0] {
    StIdle,
    StCount,  // up by one
    StHeld,   // counted, not fired yet
    StReturn  // down by one
  } state_e;
endpackage
