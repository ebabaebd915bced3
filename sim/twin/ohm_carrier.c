#include "ohm_carrier.h"

#include "ohm_scan.h"

#include <string.h>

enum { BUS, WL, BL, COL_LO, COL_HI, GROUPS };
enum { SYNC_HIGH_CLOCKS = 1 /* a frame's last: SYNC has risen, and the DAC has moved */ };

static uint64_t later(uint64_t a, uint64_t b) { return a > b ? a : b; }

void ohm_carrier_reset(ohm_carrier_t *c)
{
    ohm_carrier_t before = *c;

    memset(c, 0, sizeof *c);
    c->is_scan = before.is_scan;
    c->busy_cycles = before.busy_cycles;
    c->reads = before.reads;
    c->read_cycles = before.read_cycles;
    c->counted = before.counted;
}

int ohm_carrier_second(int mode, uint32_t bl) { return mode == OHM_MODE_RESET && bl == 0; }

/* Clock from which lines and the mode's rails have settled. */
static uint64_t settled(const ohm_carrier_t *c)
{
    static const uint8_t NEEDED[OHM_MODE_COUNT] = OHM_MODE_RAILS;
    uint8_t needed = ohm_carrier_second(c->mode, c->bl) ? OHM_SECOND_RAILS : NEEDED[c->mode];
    uint64_t clock = c->lines_settled;

    for (int r = 0; r < OHM_RAIL_COUNT; r++)
        if (needed >> r & 1) clock = later(clock, c->rail_settled[r]);
    return clock;
}

uint64_t ohm_carrier_idle(const ohm_carrier_t *c)
{
    uint64_t clock = later(later(c->dac_free, c->any_free), later(c->lines_free, c->lines_settled));

    if (c->is_scan) return ohm_scan_idle(c);
    for (int r = 0; r < OHM_RAIL_COUNT; r++) clock = later(clock, c->rail_settled[r]);
    return clock;
}

int ohm_carrier_biased(const ohm_carrier_t *c) { return c->mode == OHM_MODE_READ && c->wl != 0; }

void ohm_carrier_count(ohm_carrier_t *c, uint64_t clock)
{
    uint64_t idle = ohm_carrier_idle(c), until = idle < clock ? idle : clock;

    if (clock <= c->counted) return;
    if (until > c->counted) c->busy_cycles += until - c->counted;
    if (ohm_carrier_biased(c)) c->read_cycles += clock - c->counted;
    c->counted = clock;
}

void ohm_carrier_held(const ohm_carrier_t *c, uint64_t clock, uint16_t *codes)
{
    for (int r = 0; r < OHM_RAIL_COUNT; r++) {
        int is_before = clock + OHM_DAC_SETTLE_CYCLES + SYNC_HIGH_CLOCKS < c->rail_settled[r];
        codes[r] = is_before ? c->codes_before[r] : c->codes[r];
    }
}

uint32_t ohm_carrier_monitors(int mode, uint32_t wl, uint32_t col)
{
    return mode == OHM_MODE_READ && wl == 0 && col >> OHM_RAIL_COUNT == 0 ? col : 0;
}

/* Closed switches of each group, with any fixed order of switches: only differences count. */
static void closed(int mode, uint32_t wl, uint32_t bl, uint32_t col, uint64_t *groups)
{
    int selected = mode == OHM_MODE_SET ? 1 : 3, others = mode == OHM_MODE_SET ? 2 : 1;
    const uint64_t all = OHM_MASK_OF(OHM_COLUMNS);

    memset(groups, 0, GROUPS * sizeof *groups);
    if (mode == OHM_MODE_OFF) return;
    groups[BUS] = (uint64_t)1 << (ohm_carrier_second(mode, bl) ? OHM_MODE_COUNT : mode) |
                  (uint64_t)ohm_carrier_monitors(mode, wl, col) << 8;
    if (mode == OHM_MODE_RESET) bl = 0;
    groups[WL] = (uint64_t)wl << 32 | (wl ^ OHM_MASK_OF(OHM_ROWS));
    groups[BL] = (uint64_t)bl << 32 | (bl ^ OHM_MASK_OF(OHM_ROWS));
    for (int half = 0; half < 2; half++) {
        uint64_t has = all >> 16 * half & 0xFFFFu, columns = col >> 16 * half & 0xFFFFu;
        groups[COL_LO + half] = mode == OHM_MODE_READ ? has
                                                      : columns << 16 * selected | (columns ^ has) << 16 * others;
    }
}

/* Switch frames from the present lines to others: break before make, changed groups only, and at once those that get
   the same bits: where nothing stays closed, and the columns of a READ. */
static unsigned frames(const ohm_carrier_t *c, int mode, uint32_t wl, uint32_t bl, uint32_t col)
{
    int is_off = mode == OHM_MODE_OFF, is_read = mode == OHM_MODE_READ;
    int clears = mode != c->mode && (is_read || c->mode == OHM_MODE_READ);
    uint64_t now[GROUPS], then[GROUPS];
    unsigned count = 0, cleared = 0; /* cleared: the one frame of all groups in which nothing stays closed */

    closed(c->mode, c->wl, c->bl, c->col, now);
    closed(mode, wl, bl, col, then);
    for (int i = 0; i < GROUPS; i++) {
        int is_cleared = is_off || (clears && i != WL && i != BL);

        if (now[i] & ~then[i] && is_cleared) cleared = 1;
        if (now[i] & ~then[i] && !is_cleared) count++;
        if (then[i] & ~now[i] && !(i == COL_HI && is_read && OHM_COLUMNS == 32)) count++;
    }
    return count + cleared;
}

uint64_t ohm_carrier_rail(ohm_carrier_t *c, uint64_t clock, int rail, uint16_t code)
{
    if (c->is_scan) return ohm_scan_rail(c, clock, rail, code);
    clock = later(clock, c->any_free);
    if (code == c->codes[rail]) return clock;
    clock = later(clock, c->dac_free);
    ohm_carrier_count(c, clock + 1);
    c->codes_before[rail] = c->codes[rail];
    c->codes[rail] = code;
    c->dac_free = clock + OHM_DAC_FRAME_CYCLES;
    c->rail_settled[rail] = c->dac_free + OHM_DAC_SETTLE_CYCLES;
    return clock;
}

uint64_t ohm_carrier_lines(ohm_carrier_t *c, uint64_t clock, int mode, uint32_t wl, uint32_t bl, uint32_t col)
{
    unsigned count;

    if (c->is_scan) return ohm_scan_lines(c, clock, mode, wl, bl, col);
    count = frames(c, mode, wl, bl, col);
    clock = later(clock, later(c->any_free, c->lines_free));
    ohm_carrier_count(c, clock + 1);
    c->read_since = clock;
    c->mode = mode;
    c->wl = wl;
    c->bl = bl;
    c->col = col;
    c->lines_free = clock + 1 + count * OHM_SWITCH_FRAME_CYCLES;
    if (count)
        c->lines_settled =
            c->lines_free + OHM_SWITCH_SETTLE_CYCLES + (mode == OHM_MODE_READ ? OHM_TIA_SETTLE_CYCLES : 0);
    return clock;
}

/* Takes what waits until all has settled, and during which nothing else is taken. */
static uint64_t alone(ohm_carrier_t *c, uint64_t clock, uint64_t clocks)
{
    clock = later(later(clock, settled(c)), later(c->lines_free, c->any_free));
    ohm_carrier_count(c, clock + 1);
    c->any_free = clock + clocks;
    return clock;
}

uint64_t ohm_carrier_pulse(ohm_carrier_t *c, uint64_t clock, uint32_t width)
{
    if (c->is_scan) return ohm_scan_pulse(c, clock, width);
    return alone(c, later(clock, c->dac_free), (uint64_t)width + OHM_PULSE_RECOVERY_CYCLES);
}

uint64_t ohm_carrier_sense(ohm_carrier_t *c, uint64_t clock)
{
    if (c->is_scan) return ohm_scan_sense(c, clock);
    clock = alone(c, clock, OHM_SENSE_LATENCY_CYCLES + 1);
    c->codes_ready = clock + OHM_SENSE_LATENCY_CYCLES;
    c->read_since = clock;
    return clock;
}
