#include "ohm_guard.h"

#include <string.h>

enum { START_WATCHDOG_MS = 500, MAX_WATCHDOG_MS = 10000 }; /* as in ohm_guard_limits.sv */
enum { LEAST_DIVISOR = 4, MOST_DIVISOR = 138 };                     /* as in ohm_execute.sv */

void ohm_guard_reset(ohm_guard_t *g, const uint16_t *ceiling)
{
    memset(g, 0, sizeof *g);
    memcpy(g->ceiling, ceiling, sizeof g->ceiling);
    g->watchdog_ms = START_WATCHDOG_MS;
}

static int control(ohm_guard_t *g, uint32_t value)
{
    if ((value & OHM_CONTROL_ARM) && g->fault != OHM_FAULT_NONE) return 0;
    if (value & OHM_CONTROL_CLEAR_FAULT) g->fault = OHM_FAULT_NONE;
    if ((value & OHM_CONTROL_CLEAR_COUNTS) && !g->armed) memset(g->counts, 0, sizeof g->counts);
    g->armed = (value & OHM_CONTROL_ARM) != 0;
    return 1;
}

/* While armed, a limit only gets narrower. */
static int lower(const ohm_guard_t *g, uint32_t *limit, uint32_t value, uint32_t ceiling)
{
    if (value > ceiling || (g->armed && value > *limit)) return 0;
    *limit = value;
    return 1;
}

int ohm_guard_write(ohm_guard_t *g, uint32_t number, uint32_t value)
{
    uint32_t rail = number - OHM_REGISTER_MAX_RAIL;

    if (number == OHM_REGISTER_CONTROL) return control(g, value);
    if (rail < OHM_RAIL_COUNT) return lower(g, &g->max_rail[rail], value, g->ceiling[rail]);
    if (number == OHM_REGISTER_MAX_WIDTH) return lower(g, &g->max_width, value, 0xFFFFu);
    if (number == OHM_REGISTER_PULSE_BUDGET) return lower(g, &g->budget, value, 0xFFFFu);
    if (number == OHM_REGISTER_MAX_HALF_SELECT)
        return lower(g, &g->max_half_select, value, OHM_HALF_SELECT_CEILING);
    if (number == OHM_REGISTER_MAX_READ) return lower(g, &g->max_read_ms, value, OHM_READ_MAX_MS);
    if (number == OHM_REGISTER_WATCHDOG && value != 0) return lower(g, &g->watchdog_ms, value, MAX_WATCHDOG_MS);
    if (number != OHM_REGISTER_BAUD_DIVISOR) return 0;
    return value == 0 || (value >= LEAST_DIVISOR && value <= MOST_DIVISOR); /* the link's own */
}

void ohm_guard_check_rails(ohm_guard_t *g, const uint16_t *codes, int is_second)
{
    int is_over = is_second && codes[OHM_RAIL_SL_INHIBIT] > g->max_rail[OHM_RAIL_SL_RESET];

    for (int r = 0; r < OHM_RAIL_COUNT; r++) is_over |= codes[r] > g->max_rail[r];
    if (!g->armed || !is_over) return;
    g->fault = OHM_FAULT_RAIL_LIMIT;
    g->armed = 0;
}

uint64_t ohm_guard_read_ends(const ohm_guard_t *g, uint64_t since)
{
    /* the mode is known a clock later, and that it is too long another one */
    return since + 2 + (uint64_t)g->max_read_ms * OHM_MS_CYCLES;
}

/* Across the row's other cells. */
static uint32_t half_select(const uint16_t *codes)
{
    uint32_t line = codes[OHM_RAIL_BL_SET], inhibit = codes[OHM_RAIL_SL_INHIBIT];

    return line > inhibit ? line - inhibit : inhibit - line;
}

int ohm_guard_scan(const ohm_guard_t *g, const uint16_t *codes, int mode, int row, uint32_t col)
{
    if (mode == OHM_MODE_SET && half_select(codes) > g->max_half_select) return OHM_FAULT_HALF_SELECT;
    if (col == 0) return OHM_FAULT_BAD_LINES;
    for (int j = 0; j < OHM_COLUMNS; j++)
        if ((col >> j & 1u) && g->counts[row * OHM_COLUMNS + j] >= g->budget) return OHM_FAULT_BUDGET;
    return OHM_FAULT_NONE;
}

void ohm_guard_count(ohm_guard_t *g, int row, uint32_t col)
{
    for (int j = 0; j < OHM_COLUMNS; j++)
        if (col >> j & 1u) g->counts[row * OHM_COLUMNS + j]++;
}
