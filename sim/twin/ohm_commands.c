/* What the sequencer hands to the guard and the carrier, and what reaches the array of it. */
#include <string.h>

#include "ohm_scan.h"
#include "ohm_twin_core.h"

/* The lowest line of a mask, alone; 0: none. */
static uint32_t lowest(uint32_t mask) { return mask & (~mask + 1u); }

/* The lowest line of a mask that has one. */
static int first(uint32_t mask)
{
    int line = 0;

    while (!(mask >> line & 1u)) line++;
    return line;
}

void ohm_twin_end_pulse(ohm_twin_t *t, uint64_t off)
{
    const ohm_twin_pulse_on_t *p = &t->pulse;
    const ohm_twin_io_t *io = t->io;
    uint64_t falls = p->taken + p->width + 1;
    uint32_t width;

    if (!p->is_on) return;
    t->pulse.is_on = 0;
    if (off < falls) falls = off;
    width = (uint32_t)(falls - p->taken - 1);
    if (io->on_pulse)
        io->on_pulse(io->context, p->mode, p->wl, p->col, p->line_code, p->inhibit_code, p->wl_code, width, falls);
    else if (p->is_scan)
        ohm_board_scan_pulse(t->board, t->array, p->mode == OHM_MODE_SET, first(p->wl), first(p->col), p->line_code,
                             p->wl_code, width, falls);
    else
        ohm_board_pulse(t->board, t->array, p->mode, p->wl, p->col, p->line_code, p->inhibit_code, p->wl_code, width,
                        falls);
}

/* Where cells are reached one by one, a command is passed from the clock after it was shown: ohm_cells.sv. */
static void show(ohm_twin_t *t) { t->run_cycles += t->carrier.is_scan ? 1 : 0; }

static int refuse(ohm_twin_t *t, int fault)
{
    if (t->run_cycles + 1 >= ohm_twin_read_ends(t)) return OHM_LATE;
    ohm_twin_end_pulse(t, t->run_cycles + 1);
    t->run_cycles += OHM_SCALAR_CYCLES + 1; /* the guard latches, the sequencer sees it a clock later */
    return OHM_FAULT + fault;
}

/* A command that the carrier takes at a clock, and how that leaves it: not if the guard ends the read before. */
static int pass(ohm_twin_t *t, const ohm_carrier_t *after, uint64_t taken)
{
    uint64_t ends = ohm_twin_read_ends(t);

    if (taken >= ends) {
        if (after->begun > t->carrier.begun && after->begun < ends) { /* its packet is abandoned */
            ohm_carrier_count(&t->carrier, after->begun + 1);
            t->carrier.any_free = ends + 1;
        }
        return OHM_LATE;
    }
    t->carrier = *after;
    t->run_cycles = taken + 1;
    return OHM_NEXT;
}

static int is_one(uint32_t mask) { return mask != 0 && (mask & (mask - 1u)) == 0; }

/* Whether RESET gets its second rail with a code above the limit of the first. */
static int is_over_in_reset(const ohm_twin_t *t, const ohm_carrier_t *lines, uint16_t inhibit_code)
{
    return ohm_carrier_second(lines->mode, lines->bl) && inhibit_code > t->guard.max_rail[OHM_RAIL_SL_RESET];
}

int ohm_twin_rail(ohm_twin_t *t, const ohm_word_t *w)
{
    uint32_t number = w->imm & 0xFFu;
    uint16_t code = t->scalars[w->a];
    ohm_carrier_t after = t->carrier;
    uint64_t taken;

    if (number >= OHM_RAIL_COUNT) return OHM_ILLEGAL;
    show(t);
    if (!t->guard.armed && code != 0) return refuse(t, OHM_FAULT_NOT_ARMED);
    if (code > t->guard.max_rail[number] || (number == OHM_RAIL_SL_INHIBIT && is_over_in_reset(t, &t->carrier, code)))
        return refuse(t, OHM_FAULT_RAIL_LIMIT);
    taken = ohm_carrier_rail(&after, t->run_cycles + 1, (int)number, code);
    return pass(t, &after, taken);
}

int ohm_twin_lines(ohm_twin_t *t, const ohm_word_t *w)
{
    /* masks have lanes above the array's lines */
    uint32_t wl = t->masks[w->d] & OHM_MASK_OF(OHM_ROWS), bl = t->masks[w->a] & OHM_MASK_OF(OHM_ROWS);
    uint32_t mode = w->imm & 0xFFu, col = t->masks[w->b] & OHM_MASK_OF(OHM_COLUMNS);
    ohm_carrier_t after = t->carrier;
    uint64_t taken;

    if (mode >= OHM_MODE_COUNT) return OHM_ILLEGAL;
    show(t);
    if (!t->guard.armed && mode != OHM_MODE_OFF) return refuse(t, OHM_FAULT_NOT_ARMED);
    if ((mode == OHM_MODE_SET || mode == OHM_MODE_RESET) && !is_one(wl)) return refuse(t, OHM_FAULT_BAD_LINES);
    if (mode == OHM_MODE_SET && bl != wl) return refuse(t, OHM_FAULT_BAD_LINES);
    if (after.is_scan && mode != OHM_MODE_OFF && wl != 0 && !is_one(wl)) return refuse(t, OHM_FAULT_BAD_LINES);
    after.asked = col;
    if (after.is_scan) col = lowest(col);
    taken = ohm_carrier_lines(&after, t->run_cycles + 1, (int)mode, wl, bl, col);
    if (is_over_in_reset(t, &after, t->carrier.codes[OHM_RAIL_SL_INHIBIT])) return refuse(t, OHM_FAULT_RAIL_LIMIT);
    return pass(t, &after, taken);
}

/* What a pulse or a conversion does to the columns that are set, or to one after the other as ohm_cells.sv has them. */
static int each(ohm_twin_t *t, uint32_t width, int (*one)(ohm_twin_t *, uint32_t))
{
    const ohm_carrier_t *c = &t->carrier;
    uint32_t left = c->asked;
    int outcome;

    if (!c->is_scan) return one(t, width);
    show(t);
    for (;;) {
        uint32_t column = lowest(left);

        if (c->col != column) {
            ohm_carrier_t after = *c;
            uint64_t taken = ohm_carrier_lines(&after, t->run_cycles + 1, c->mode, c->wl, c->bl, column);

            if (pass(t, &after, taken) == OHM_LATE) return OHM_LATE;
            t->run_cycles--; /* the next command is shown in the clock after */
        }
        outcome = one(t, width);
        left &= ~column;
        if (outcome != OHM_NEXT || !left) return outcome;
        t->run_cycles--;
    }
}

static int pulse(ohm_twin_t *t, uint32_t width)
{
    ohm_carrier_t *c = &t->carrier;
    int row, fault, is_set = c->mode == OHM_MODE_SET, is_second = ohm_carrier_second(c->mode, c->bl);
    uint64_t taken;

    if (!t->guard.armed) return refuse(t, OHM_FAULT_NOT_ARMED);
    if (!is_set && c->mode != OHM_MODE_RESET) return refuse(t, OHM_FAULT_BAD_MODE);
    if (width < 1 || width > t->guard.max_width) return refuse(t, OHM_FAULT_WIDTH_LIMIT);
    row = first(c->wl);
    fault = ohm_guard_scan(&t->guard, c->codes, c->mode, row, c->col);
    if (fault != OHM_FAULT_NONE) {
        t->run_cycles += OHM_GUARD_SCAN_CYCLES; /* only then does the guard know */
        return refuse(t, fault);
    }
    ohm_guard_count(&t->guard, row, c->col);
    taken = ohm_carrier_pulse(c, t->run_cycles + 1 + OHM_GUARD_SCAN_CYCLES, width);
    t->run_cycles = taken + 1;
    ohm_twin_end_pulse(t, UINT64_MAX);
    t->pulse.is_on = 1;
    t->pulse.is_scan = c->is_scan;
    t->pulse.mode = c->mode;
    t->pulse.wl = c->wl;
    t->pulse.col = c->col;
    t->pulse.width = width;
    t->pulse.line_code = c->codes[is_set ? OHM_RAIL_BL_SET : is_second ? OHM_RAIL_SL_INHIBIT : OHM_RAIL_SL_RESET];
    t->pulse.inhibit_code = is_set || is_second ? c->codes[OHM_RAIL_SL_INHIBIT] : 0;
    t->pulse.wl_code = c->codes[is_set ? OHM_RAIL_WL_SET : OHM_RAIL_WL_RESET];
    t->pulse.taken = taken;
    return OHM_NEXT;
}

int ohm_twin_pulse(ohm_twin_t *t, const ohm_word_t *w)
{
    int outcome = each(t, t->scalars[w->a], pulse);

    if (outcome == OHM_NEXT) t->pulses++;
    return outcome;
}

/* Of the one cell that lines choose, or of none. */
static void convert_cell(ohm_twin_t *t, uint64_t taken)
{
    ohm_carrier_t *c = &t->carrier;
    int is_on = ohm_scan_is_on(c), row = is_on ? first(c->wl) : 0, column = c->col ? first(c->col) : 0;
    int16_t code;

    if (lowest(c->asked) == c->col) memset(c->column_codes, 0, sizeof c->column_codes);
    code = ohm_board_scan_sense(t->board, t->array, is_on, row, is_on ? column : 0, c->held[0], c->held[1],
                                OHM_X1_SCAN_SCAN_HOLD_CYCLES, taken + 1);
    if (c->col) c->column_codes[column] = code;
}

static int convert(ohm_twin_t *t, uint32_t unused_width)
{
    ohm_carrier_t after = t->carrier, *c = &t->carrier;
    uint16_t held[OHM_RAIL_COUNT];
    uint64_t taken;

    if (!t->guard.armed) return refuse(t, OHM_FAULT_NOT_ARMED);
    if (c->mode != OHM_MODE_READ) return refuse(t, OHM_FAULT_BAD_MODE);
    taken = ohm_carrier_sense(&after, t->run_cycles + 1);
    if (pass(t, &after, taken) == OHM_LATE) return OHM_LATE;
    (void)unused_width;
    ohm_twin_end_pulse(t, UINT64_MAX);
    if (c->is_scan) {
        convert_cell(t, taken);
        return OHM_NEXT;
    }
    ohm_carrier_held(c, taken, held);
    ohm_board_rails(t->board, held, ohm_carrier_monitors(c->mode, c->wl, c->col));
    ohm_board_sense(t->board, t->array, c->wl, c->bl, c->codes[OHM_RAIL_BL_READ], c->codes[OHM_RAIL_WL_READ], taken + 1,
                    c->column_codes);
    return OHM_NEXT;
}

int ohm_twin_convert(ohm_twin_t *t)
{
    int outcome = each(t, 0, convert);

    if (outcome == OHM_NEXT) t->carrier.reads += (uint64_t)ohm_carrier_biased(&t->carrier);
    return outcome;
}
