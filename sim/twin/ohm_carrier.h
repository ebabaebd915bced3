/* When the carrier takes what: the timing of ohm_carrier.sv in run-time clocks. */
#ifndef OHM_CARRIER_H
#define OHM_CARRIER_H

#include <stdint.h>

#include "ohm_array.h"

OHM_BEGIN

typedef struct {
    int is_scan; /* the X1 carrier's (ohm_scan.h), one column at a time; else the reference carrier's */
    uint64_t busy_cycles; /* clocks in which something was under way, as far as they have been counted */
    uint64_t reads, read_cycles; /* conversions with a word line on, and clocks with word lines on in READ */
    uint64_t counted;     /* clocks looked at for busy_cycles and read_cycles */
    uint16_t codes[OHM_RAIL_COUNT], codes_before[OHM_RAIL_COUNT]; /* before the frames on their way */
    int mode; /* OHM_MODE_* */
    uint32_t wl, bl, col;
    uint32_t asked; /* of the X1: the columns that lines were set with, of which col is one */
    uint16_t held[2]; /* what the two channels of its DAC hold, or are sent */
    uint64_t held_settled[2], begun; /* when they have settled; when the last packet or conversion began */
    int16_t column_codes[OHM_COLUMNS]; /* of the last conversion */
    uint64_t read_since; /* clock at which lines were last set or a conversion was taken */
    /* clocks from which on a part is free, or has settled */
    uint64_t rail_settled[OHM_RAIL_COUNT], dac_free, lines_free, lines_settled, any_free, codes_ready;
} ohm_carrier_t;

/* All off, as after a fault, an abort or disarming. */
void ohm_carrier_reset(ohm_carrier_t *c);
/* Clock from which nothing is under way. */
uint64_t ohm_carrier_idle(const ohm_carrier_t *c);
/* Whether lines have RESET from its second rail, sl_inhibit. */
int ohm_carrier_second(int mode, uint32_t bl);
/* Whether word lines are on in READ. */
int ohm_carrier_biased(const ohm_carrier_t *c);
/* Counts busy clocks and those of a read before this one; to be called before anything changes what is under way. */
void ohm_carrier_count(ohm_carrier_t *c, uint64_t clock);

/* What the DACs hold at a clock: a frame on its way has not moved its rail yet. */
void ohm_carrier_held(const ohm_carrier_t *c, uint64_t clock, uint16_t *codes);
/* The rails that lines connect to their monitor resistors, a bit each. */
uint32_t ohm_carrier_monitors(int mode, uint32_t wl, uint32_t col);

/* A command that is offered at a clock: returns the clock at which it is taken. */
uint64_t ohm_carrier_rail(ohm_carrier_t *c, uint64_t clock, int rail, uint16_t code);
uint64_t ohm_carrier_lines(ohm_carrier_t *c, uint64_t clock, int mode, uint32_t wl, uint32_t bl, uint32_t col);
uint64_t ohm_carrier_pulse(ohm_carrier_t *c, uint64_t clock, uint32_t width);
uint64_t ohm_carrier_sense(ohm_carrier_t *c, uint64_t clock);

OHM_END

#endif
