#include "ohm_scan.h"

static uint64_t later(uint64_t a, uint64_t b) { return a > b ? a : b; }

uint64_t ohm_scan_idle(const ohm_carrier_t *c)
{
    return later(c->any_free, later(c->held_settled[0], c->held_settled[1]));
}

/* What channels of the DAC do not hold yet is sent from the clock after the one in which that came to be so. */
static void send(ohm_carrier_t *c, uint64_t clock)
{
    static const uint8_t RAILS[2][OHM_MODE_COUNT] = {OHM_X1_SCAN_MODE_LINE, OHM_X1_SCAN_MODE_GATE};
    uint64_t sent = clock + 1;

    for (int channel = 0; channel < 2; channel++) {
        int rail = RAILS[channel][c->mode];
        uint16_t wanted;

        if (channel == 0 && ohm_carrier_second(c->mode, c->bl)) rail = OHM_RAIL_SL_INHIBIT;
        wanted = c->mode == OHM_MODE_OFF ? 0 : c->codes[rail];

        if (c->held[channel] == wanted) continue;
        c->held[channel] = wanted;
        sent += OHM_X1_SCAN_DAC_FRAME_CYCLES;
        c->dac_free = sent;
        c->held_settled[channel] = sent + OHM_X1_SCAN_DAC_SETTLE_CYCLES;
    }
}

uint64_t ohm_scan_rail(ohm_carrier_t *c, uint64_t clock, int rail, uint16_t code)
{
    clock = later(clock, c->any_free);
    if (code == c->codes[rail]) return clock;
    clock = later(clock, c->dac_free);
    ohm_carrier_count(c, clock + 1);
    c->codes[rail] = code;
    send(c, clock);
    return clock;
}

uint64_t ohm_scan_lines(ohm_carrier_t *c, uint64_t clock, int mode, uint32_t wl, uint32_t bl, uint32_t col)
{
    clock = later(clock, later(c->any_free, c->dac_free));
    ohm_carrier_count(c, clock + 1);
    c->read_since = clock;
    c->mode = mode;
    c->wl = wl;
    c->bl = bl;
    c->col = col;
    send(c, clock);
    return clock;
}

/* What begins once all has settled, and is taken some clocks later; nothing else is until some clocks after that. */
static uint64_t alone(ohm_carrier_t *c, uint64_t clock, uint64_t before, uint64_t after)
{
    clock = later(clock, ohm_scan_idle(c));
    ohm_carrier_count(c, clock + 1);
    c->begun = clock;
    c->any_free = clock + before + after;
    return clock + before;
}

uint64_t ohm_scan_pulse(ohm_carrier_t *c, uint64_t clock, uint32_t width)
{
    return alone(c, clock, OHM_X1_SCAN_SCAN_PACKET_CYCLES, (uint64_t)width + OHM_X1_SCAN_PULSE_RECOVERY_CYCLES);
}

int ohm_scan_is_on(const ohm_carrier_t *c) { return c->col != 0 && (c->wl & c->bl) != 0; }

uint64_t ohm_scan_sense(ohm_carrier_t *c, uint64_t clock)
{
    unsigned before = ohm_scan_is_on(c) ? OHM_X1_SCAN_SCAN_PACKET_CYCLES + OHM_X1_SCAN_SCAN_HOLD_CYCLES : 0;

    clock = alone(c, clock, before, OHM_SENSE_LATENCY_CYCLES + 1);
    c->codes_ready = clock + OHM_SENSE_LATENCY_CYCLES + 1;
    c->read_since = clock;
    return clock;
}
