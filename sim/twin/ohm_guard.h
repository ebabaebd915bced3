/* The rules of ohm_guard.sv, of all that a program can ask for. */
#ifndef OHM_GUARD_H
#define OHM_GUARD_H

#include <stdint.h>

#include "ohm_array.h"

OHM_BEGIN

typedef struct {
    int armed, fault; /* OHM_FAULT_* */
    uint32_t max_rail[OHM_RAIL_COUNT], max_width, max_half_select, max_read_ms, budget, watchdog_ms;
    uint16_t counts[OHM_CELLS]; /* pulses since they were cleared */
    uint16_t ceiling[OHM_RAIL_COUNT];
} ohm_guard_t;

void ohm_guard_reset(ohm_guard_t *g, const uint16_t *ceiling);
/* Writes a register. 1; 0: refused, and nothing has changed. */
int ohm_guard_write(ohm_guard_t *g, uint32_t number, uint32_t value);
/* A limit that has been set below a rail's code turns all off. is_second: RESET has rail sl_inhibit. */
void ohm_guard_check_rails(ohm_guard_t *g, const uint16_t *codes, int is_second);
/* Clock at which word lines that have been on in READ since another clock end all. */
uint64_t ohm_guard_read_ends(const ohm_guard_t *g, uint64_t since);
/* The fault, if any, that a pulse ends in when the counts of its cells have been looked at. */
int ohm_guard_scan(const ohm_guard_t *g, const uint16_t *codes, int mode, int row, uint32_t col);
void ohm_guard_count(ohm_guard_t *g, int row, uint32_t col);

OHM_END

#endif
