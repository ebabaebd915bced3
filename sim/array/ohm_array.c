#include "ohm_array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ohm_cell.h"
#include "ohm_random.h"
#include "ohm_state.h"
#include "ohm_wires.h"

/* Transfer of the array with some rows on, and the variance of its read noise: siemens, siemens^2, [row][column]. */
typedef struct {
    int valid;
    uint32_t on;
    uint64_t from, until; /* for these ages of the last change */
    double transfer[OHM_CELLS], noise[OHM_CELLS];
} cache_t;

struct ohm_array {
    ohm_state_t *s;
    ohm_state_t *own; /* s, if its memory is this array's */
    ohm_key_t key;
    int is_blind;
    double relax_onset; /* clocks */
    double form_v[OHM_CELLS], offset[OHM_COLUMNS];
    ohm_spread_t d2d[OHM_CELLS];
    cache_t cache;
};

static double draw(const ohm_array_t *a, unsigned kind, int cell, uint64_t count)
{
    return ohm_normal(ohm_hash(&a->key, kind, (unsigned)cell, count));
}

/* All that follows from seed and parameters. */
static void derive(ohm_array_t *a)
{
    const ohm_params_t *p = &a->s->params;

    a->key = ohm_key(a->s->seed);
    a->relax_onset = ohm_cell_relax_onset(p) * p->clock_hz;
    a->cache.valid = 0;
    for (int i = 0; i < OHM_CELLS; i++) {
        a->d2d[i].set = p->set_d2d * draw(a, OHM_DRAW_SET_D2D, i, 0);
        a->d2d[i].reset_ln = p->reset_d2d_ln * draw(a, OHM_DRAW_RESET_D2D, i, 0);
        a->d2d[i].gate_v = p->gate_d2d_v * draw(a, OHM_DRAW_GATE_D2D, i, 0);
        a->form_v[i] = p->form_v + p->form_d2d_v * draw(a, OHM_DRAW_FORM_D2D, i, 0);
    }
    for (int j = 0; j < OHM_COLUMNS; j++)
        a->offset[j] = p->adc_offset_lsb + p->adc_offset_d2d_lsb * draw(a, OHM_DRAW_OFFSET, j, 0);
}

static ohm_array_t *over(ohm_state_t *s, ohm_state_t *own)
{
    ohm_array_t *a = (ohm_array_t *)calloc(1, sizeof *a);

    if (!a) return NULL;
    a->s = s;
    a->own = own;
    derive(a);
    return a;
}

ohm_array_t *ohm_array_new(const ohm_params_t *p, uint64_t seed)
{
    ohm_state_t *s = (ohm_state_t *)malloc(sizeof *s);
    ohm_array_t *a = s && ohm_state_init(s, p, seed) == 0 ? over(s, s) : NULL;

    if (!a) free(s);
    return a;
}

ohm_array_t *ohm_array_attach(void *bytes)
{
    ohm_state_t *s = (ohm_state_t *)bytes;

    ohm_state_recover(s);
    s->epoch = s->clock;
    return over(s, NULL);
}

ohm_array_t *ohm_array_copy(const ohm_array_t *a, int is_blind)
{
    ohm_state_t *s = (ohm_state_t *)malloc(sizeof *s);
    ohm_array_t *copy = s ? (ohm_array_t *)malloc(sizeof *copy) : NULL;

    if (!copy) {
        free(s);
        return NULL;
    }
    *s = *a->s;
    *copy = *a;
    copy->s = copy->own = s;
    copy->is_blind = is_blind;
    return copy;
}

void ohm_array_follow(ohm_array_t *a, const ohm_array_t *copy)
{
    a->s->clock = copy->s->clock;
    a->s->array_reads = copy->s->array_reads;
    memcpy(a->s->row_reads, copy->s->row_reads, sizeof a->s->row_reads);
}

void ohm_array_free(ohm_array_t *a)
{
    if (!a) return;
    free(a->own);
    free(a);
}

const ohm_params_t *ohm_array_params(const ohm_array_t *a) { return &a->s->params; }
uint64_t ohm_array_seed(const ohm_array_t *a) { return a->s->seed; }
uint64_t ohm_array_clock(const ohm_array_t *a) { return a->s->clock - a->s->epoch; }

int ohm_array_rest(ohm_array_t *a, double seconds)
{
    double clocks = seconds * a->s->params.clock_hz;

    if (!(clocks >= 0.0) || (double)a->s->clock + clocks >= 0x1p62) return -1;
    a->s->epoch += (uint64_t)clocks;
    a->s->clock += (uint64_t)clocks;
    return 0;
}

static uint64_t bench_time(ohm_array_t *a, uint64_t now_clocks)
{
    uint64_t now = a->s->epoch + now_clocks;
    if (now > a->s->clock) a->s->clock = now;
    return now;
}

static int stuck(const ohm_array_t *a, int i)
{
    return a->s->cell[i].kind == OHM_CELL_STUCK_LOW || a->s->cell[i].kind == OHM_CELL_STUCK_HIGH;
}

/* uS at a bench time */
static double conductance(const ohm_array_t *a, int i, uint64_t now)
{
    uint64_t since = a->s->cell[i].since;

    if (since >= now || (double)(now - since) <= a->relax_onset) return a->s->cell[i].g;
    return ohm_cell_relaxed(&a->s->params, a->s->cell[i].g, a->s->cell[i].z, (double)(now - since) / a->s->params.clock_hz);
}

/* ---- pulses ---------------------------------------------------------------------------------------------- */

static void change(ohm_array_t *a, int i, double g, uint64_t count, uint64_t now)
{
    ohm_cell_state_t cell = a->s->cell[i];

    cell.g = g;
    cell.z = ohm_cell_tail(&a->s->params, draw(a, OHM_DRAW_RELAX, i, count), draw(a, OHM_DRAW_RELAX_TAIL, i, count));
    cell.since = now;
    if (cell.kind == OHM_CELL_UNFORMED) cell.kind = OHM_CELL_FORMED;
    if (now > a->s->last_change) a->s->last_change = now;
    ohm_state_put(a->s, i, cell);
    a->cache.valid = 0;
}

/* Of a voltage, what is left across a cell of g uS by what is in series with it. */
static double across(double v, double g, double series_ohm) { return v / (1.0 + g * 1e-6 * series_ohm); }

/* line_v from bit to source line: positive sets (or forms), negative resets. gate_v from gate to the transistor's
   source, which is the line at the lower potential. series_ohm: what takes its part of line_v, as the cell is at the
   end of the pulse; each turn of the loop takes the last one's end, and comes a third as near at least. */
static void pulse_cell(ohm_array_t *a, int i, double line_v, double gate_v, double series_ohm, double width_us, uint64_t now)
{
    enum { TURNS = 24 };
    const ohm_params_t *p = &a->s->params;
    const int turns = series_ohm > 0.0 ? TURNS : 1;
    volatile uint32_t *pulses = &a->s->pulses[i]; /* counted before it acts, whenever a kill comes */
    uint64_t count = *pulses;
    ohm_spread_t spread = a->d2d[i];
    double before, after;

    if (*pulses < UINT32_MAX) *pulses = (uint32_t)count + 1u;
    if (a->s->cell[i].kind == OHM_CELL_UNFORMED) {
        if (gate_v <= p->transistor_on_v || line_v < a->form_v[i] - p->form_decade_v * log10(width_us)) return;
        after = p->formed_usiemens * exp(p->formed_ln * draw(a, OHM_DRAW_FORMED, i, count));
        change(a, i, ohm_cell_bounded(p, after), count, now);
        return;
    }
    if (stuck(a, i)) return;

    after = before = conductance(a, i, now);
    if (line_v >= 0.0) {
        spread.set += p->set_c2c * draw(a, OHM_DRAW_SET_C2C, i, count);
        if (a->s->cell[i].kind == OHM_CELL_WEAK) spread.set = (1.0 + spread.set) * p->weak_set_factor - 1.0;
        spread.gate_v += p->gate_c2c_v * draw(a, OHM_DRAW_GATE_C2C, i, count);
        for (int n = 0; n < turns; n++)
            after = ohm_cell_set(p, before, across(line_v, after, series_ohm), gate_v, width_us, spread);
    } else {
        spread.reset_ln += p->reset_c2c_ln * draw(a, OHM_DRAW_RESET_C2C, i, count);
        for (int n = 0; n < turns; n++)
            after = ohm_cell_reset(p, before, across(-line_v, after, series_ohm), gate_v, width_us, spread);
    }
    /* a pulse too weak to switch leaves a relaxing cell relaxing */
    if (after != before) change(a, i, after, count, now);
}

void ohm_array_pulse(ohm_array_t *a, int mode, uint32_t wl, uint32_t col, uint16_t line_code,
                     uint16_t inhibit_code, uint16_t wl_code, uint32_t width_clocks, uint64_t now_clocks)
{
    const ohm_params_t *p = &a->s->params;
    double volt = p->dac_full_scale_v / 65536.0;
    double line_v = line_code * volt, inhibit_v = inhibit_code * volt, gate_v = wl_code * volt;
    double width_us = width_clocks / p->clock_hz * 1e6;
    uint64_t now = bench_time(a, now_clocks);

    if (width_clocks == 0 || (mode != OHM_MODE_SET && mode != OHM_MODE_RESET)) return;
    for (int i = 0; i < OHM_CELLS; i++) {
        int selected = (int)(col >> (i % OHM_COLUMNS) & 1u);
        double between;

        if (!(wl >> (i / OHM_COLUMNS) & 1u)) continue;
        if (mode == OHM_MODE_RESET) {
            if (selected) pulse_cell(a, i, -line_v, gate_v, 0.0, width_us, now);
        } else if (selected) {
            pulse_cell(a, i, line_v, gate_v, 0.0, width_us, now);
        } else {
            between = line_v - inhibit_v;
            if (between > p->set_line_threshold_v)
                pulse_cell(a, i, between, gate_v - inhibit_v, 0.0, width_us, now);
            else if (-between > p->reset_line_threshold_v)
                pulse_cell(a, i, between, gate_v - line_v, 0.0, width_us, now);
        }
    }
}

/* What is in series with one cell: the carrier's part, and the lines to it. */
static double series(const ohm_params_t *p, int row, int col, double series_ohm)
{
    return series_ohm + p->wire_bl_ohm * (col + 1) + p->wire_sl_ohm * (OHM_ROWS - row);
}

void ohm_array_pulse_cell(ohm_array_t *a, int is_set, int row, int col, uint16_t line_code, uint16_t wl_code,
                          double series_ohm, uint32_t width_clocks, uint64_t now_clocks)
{
    const ohm_params_t *p = &a->s->params;
    double volt = p->dac_full_scale_v / 65536.0, line_v = line_code * volt, ohm = series(p, row, col, series_ohm);

    if (width_clocks == 0 || (!is_set && line_v <= p->reset_line_threshold_v)) return;
    pulse_cell(a, row * OHM_COLUMNS + col, is_set ? line_v : -line_v, wl_code * volt, ohm,
               width_clocks / p->clock_hz * 1e6, bench_time(a, now_clocks));
}

/* ---- senses ---------------------------------------------------------------------------------------------- */

static ohm_wires_t wires(const ohm_params_t *p)
{
    ohm_wires_t w;
    w.bl_ohm = p->wire_bl_ohm;
    w.sl_ohm = p->wire_sl_ohm;
    w.driver_ohm = p->driver_ohm;
    w.sense_ohm = p->sense_ohm;
    return w;
}

/* Interval [from, until) of the time grid that an age (in clocks) falls in: below 1 ms one interval, above it steps
   of 10 %, over which sigma of relaxation grows by less than 0.7 %. In integers, so that it is exact. */
static void age_interval(const ohm_array_t *a, uint64_t age, uint64_t *from, uint64_t *until)
{
    uint64_t edge = (uint64_t)(a->s->params.clock_hz * 1e-3) + 10u, limit = (uint64_t)1 << 62;

    *from = 0;
    *until = a->relax_onset == HUGE_VAL ? OHM_NEVER : edge;
    while (age >= *until) {
        *from = *until;
        *until = *until < limit ? *until + *until / 10u : OHM_NEVER;
        if (*until == OHM_NEVER) return;
    }
}

static void prepare(ohm_array_t *a, uint32_t on, uint64_t now)
{
    const ohm_params_t *p = &a->s->params;
    ohm_wires_t w = wires(p);
    cache_t *c = &a->cache;
    uint64_t age = now > a->s->last_change ? now - a->s->last_change : 0;
    double g[OHM_CELLS];

    if (c->valid && c->on == on && age >= c->from && age < c->until) return;
    age_interval(a, age, &c->from, &c->until);
    for (int i = 0; i < OHM_CELLS; i++) g[i] = conductance(a, i, a->s->last_change + c->from) * 1e-6;
    ohm_wires_transfer(&w, g, on, c->transfer);
    for (int i = 0; i < OHM_CELLS; i++) c->noise[i] = ohm_cell_read_variance(p, g[i], c->transfer[i]);
    c->on = on;
    c->valid = 1;
}

/* What the converter gives for so many codes: rounded, within its range. */
static int16_t whole(double code)
{
    code = round(code);
    return code >= 32767.0 ? 32767 : code > -32768.0 ? (int16_t)code : -32768;
}

static void convert(const ohm_array_t *a, const ohm_front_t *front, const double *siemens, const double *variance,
                    double volts, unsigned draw_kind, int cell, uint64_t count, int16_t *codes)
{
    const ohm_params_t *p = &a->s->params;
    double scale = volts * p->tia_ohm / p->adc_lsb_v, adc = p->adc_noise_lsb * p->adc_noise_lsb;

    for (int j = 0; j < OHM_COLUMNS; j++) {
        double code = siemens[j] * scale, noise = variance[j] * scale * scale;

        if (front) {
            const ohm_front_t *f = front + j;

            code = ((f->connected ? code + f->line : 0.0) + f->amplifier) * f->gain + (f->offset + a->offset[j]);
            noise = (f->connected ? noise : 0.0) * f->gain * f->gain + adc * f->noise * f->noise;
        } else {
            code += a->offset[j];
            noise += adc;
        }
        if (noise > 0.0) code += sqrt(noise) * draw(a, draw_kind, cell + j, count);
        codes[j] = whole(code);
    }
}

static void sense_row(ohm_array_t *a, const ohm_front_t *front, int row, uint32_t bl, double volts, uint64_t now, int16_t *codes)
{
    const ohm_params_t *p = &a->s->params;
    ohm_wires_t w = wires(p);
    double g[OHM_COLUMNS], transfer[OHM_COLUMNS], variance[OHM_COLUMNS];

    if (!(bl >> row & 1u)) volts = 0.0;
    for (int j = 0; j < OHM_COLUMNS; j++) g[j] = conductance(a, row * OHM_COLUMNS + j, now) * 1e-6;
    ohm_wires_row(&w, g, row, transfer);
    for (int j = 0; j < OHM_COLUMNS; j++) variance[j] = ohm_cell_read_variance(p, g[j], transfer[j]);
    convert(a, front, transfer, variance, volts, OHM_DRAW_READ_ROW, row * OHM_COLUMNS, a->s->row_reads[row]++, codes);
}

static void sense_array(ohm_array_t *a, const ohm_front_t *front, uint32_t on, uint32_t bl, double volts, uint64_t now, int16_t *codes)
{
    double siemens[OHM_COLUMNS] = {0}, variance[OHM_COLUMNS] = {0};

    if (on & bl) prepare(a, on, now);
    for (int row = 0; row < OHM_ROWS; row++) {
        const double *transfer = a->cache.transfer + row * OHM_COLUMNS, *noise = a->cache.noise + row * OHM_COLUMNS;

        if (!((on & bl) >> row & 1u)) continue;
        for (int j = 0; j < OHM_COLUMNS; j++) {
            siemens[j] += transfer[j];
            variance[j] += noise[j];
        }
    }
    convert(a, front, siemens, variance, volts, OHM_DRAW_READ_ARRAY, 0, a->s->array_reads++, codes);
}

void ohm_array_sense_through(ohm_array_t *a, const ohm_front_t *front, uint32_t wl, uint32_t bl, uint16_t bl_code,
                             uint16_t wl_code, uint64_t now_clocks, int16_t *codes)
{
    const ohm_params_t *p = &a->s->params;
    double volt = p->dac_full_scale_v / 65536.0, volts = ohm_cell_read_volts(p, bl_code * volt);
    uint32_t on = wl_code * volt > p->transistor_on_v ? wl : 0;
    uint64_t now = bench_time(a, now_clocks);
    int row = 0;

    if (a->is_blind) {
        memset(codes, 0, OHM_COLUMNS * sizeof *codes);
        if (on == 0 || (on & (on - 1u))) {
            a->s->array_reads++;
            return;
        }
        while (!(on >> row & 1u)) row++;
        a->s->row_reads[row]++;
        return;
    }
    if (on == 0 || (on & (on - 1u))) {
        sense_array(a, front, on, bl, volts, now, codes);
        return;
    }
    while (!(on >> row & 1u)) row++;
    sense_row(a, front, row, bl, volts, now, codes);
}

void ohm_array_sense(ohm_array_t *a, uint32_t wl, uint32_t bl, uint16_t bl_code, uint16_t wl_code,
                     uint64_t now_clocks, int16_t *codes)
{
    ohm_array_sense_through(a, NULL, wl, bl, bl_code, wl_code, now_clocks, codes);
}

/* Amperes through a conductance g (siemens) with its non-linearity and a resistance in series. By halving what the cell
   may have of the voltage: the current only grows with it. */
static double current(const ohm_params_t *p, double g, double line_v, double ohm)
{
    double low = 0.0, high = line_v, v = line_v;

    for (int n = 0; n < 50; n++) {
        v = 0.5 * (low + high);
        if (v + ohm * (g * ohm_cell_read_volts(p, v)) > line_v)
            high = v;
        else
            low = v;
    }
    return g * ohm_cell_read_volts(p, v);
}

int16_t ohm_array_sense_cell(ohm_array_t *a, const ohm_front_t *front, int is_on, int row, int col, uint16_t line_code,
                             uint16_t wl_code, double series_ohm, double volts_per_amp, uint32_t hold_clocks,
                             uint64_t now_clocks)
{
    const ohm_params_t *p = &a->s->params;
    double volt = p->dac_full_scale_v / 65536.0, line_v = line_code * volt, ohm = series(p, row, col, series_ohm);
    double codes = volts_per_amp / p->adc_lsb_v, amps = 0.0, noise = 0.0, code, g;
    int i = is_on && wl_code * volt > p->transistor_on_v ? row * OHM_COLUMNS + col : -1;
    uint64_t now = bench_time(a, now_clocks), count = i < 0 ? a->s->array_reads++ : a->s->row_reads[row]++;

    if (a->is_blind) return 0;
    if (i >= 0 && line_code) {
        g = conductance(a, i, now) * 1e-6;
        amps = current(p, g, line_v, ohm);
        noise = ohm_cell_read_variance(p, g, amps / line_v) * line_v * line_v * codes * codes;
    }
    code = amps * codes * front->gain + (front->offset + a->offset[0]);
    noise = noise * front->gain * front->gain + p->adc_noise_lsb * p->adc_noise_lsb * front->noise * front->noise;
    if (noise > 0.0)
        code += sqrt(noise) * draw(a, i < 0 ? OHM_DRAW_READ_ARRAY : OHM_DRAW_READ_ROW, i < 0 ? 0 : i, count);
    if (i >= 0) ohm_array_pulse_cell(a, 0, row, col, line_code, wl_code, series_ohm, hold_clocks, now_clocks);
    return whole(code);
}

void ohm_array_mvm(ohm_array_t *a, const uint32_t *bl_masks, int n, uint32_t wl, uint16_t bl_code,
                   uint16_t wl_code, const uint64_t *now_clocks, int16_t *codes)
{
    for (int k = 0; k < n; k++)
        ohm_array_sense(a, wl, bl_masks[k], bl_code, wl_code, now_clocks[k], codes + k * OHM_COLUMNS);
}

/* ---- inspection and state -------------------------------------------------------------------------------- */

double ohm_array_conductance(const ohm_array_t *a, int row, int col, uint64_t now_clocks)
{
    return conductance(a, row * OHM_COLUMNS + col, a->s->epoch + now_clocks) * 1e-6;
}

void ohm_array_conductances(const ohm_array_t *a, uint64_t now_clocks, double *siemens)
{
    for (int i = 0; i < OHM_CELLS; i++) siemens[i] = conductance(a, i, a->s->epoch + now_clocks) * 1e-6;
}

void ohm_array_set_conductance(ohm_array_t *a, int row, int col, double siemens)
{
    int i = row * OHM_COLUMNS + col;

    ohm_cell_state_t cell = a->s->cell[i];

    if (stuck(a, i)) return;
    if (cell.kind == OHM_CELL_UNFORMED) cell.kind = OHM_CELL_FORMED;
    cell.g = ohm_cell_bounded(&a->s->params, siemens * 1e6);
    cell.since = OHM_NEVER;
    ohm_state_put(a->s, i, cell);
    a->cache.valid = 0;
}

int ohm_array_set_kind(ohm_array_t *a, int row, int col, int kind)
{
    const ohm_params_t *p = &a->s->params;
    int i = row * OHM_COLUMNS + col;
    ohm_cell_state_t cell = a->s->cell[i];

    if (kind < OHM_CELL_FORMED || kind > OHM_CELL_WEAK) return -1;
    if (cell.kind == (uint64_t)kind) return 0;
    cell.kind = (uint64_t)kind;
    switch (kind) {
        case OHM_CELL_STUCK_LOW: cell.g = p->g_low_usiemens; break;
        case OHM_CELL_STUCK_HIGH: cell.g = p->g_high_usiemens; break;
        case OHM_CELL_UNFORMED: cell.g = p->unformed_usiemens; break;
        default: cell.g = ohm_cell_bounded(p, cell.g);
    }
    if (kind != OHM_CELL_FORMED && kind != OHM_CELL_WEAK) cell.since = OHM_NEVER;
    ohm_state_put(a->s, i, cell);
    a->cache.valid = 0;
    return 0;
}

uint32_t ohm_array_pulses(const ohm_array_t *a, int row, int col) { return a->s->pulses[row * OHM_COLUMNS + col]; }
int ohm_array_kind(const ohm_array_t *a, int row, int col) { return (int)a->s->cell[row * OHM_COLUMNS + col].kind; }

size_t ohm_array_size(void) { return sizeof(ohm_state_t); }
void ohm_array_save(const ohm_array_t *a, void *buffer) { memcpy(buffer, a->s, sizeof *a->s); }
