#include "ohm_state.h"

#include <math.h>
#include <string.h>

#include "ohm_cell.h"

#define VERSION 1u

static const char MAGIC[8] = {'o', 'h', 'm', 'a', 'r', 'r', 'a', 'y'};

/* Of the layout: another list of parameters, another version and a machine with other numbers have another one. */
static uint64_t layout(void)
{
    uint64_t h = sizeof(ohm_state_t) + ((uint64_t)VERSION << 32);

    for (int i = 0; i < ohm_params_count(); i++)
        for (const char *c = ohm_params_name(i); *c; c++) h = ohm_mix(h ^ (unsigned char)*c);
    return h;
}

static uint64_t checksum(const ohm_state_t *s)
{
    uint64_t h = ohm_mix(s->seed), word;
    const char *bytes = (const char *)&s->params;

    for (size_t k = 0; k + sizeof word <= sizeof s->params; k += sizeof word) {
        memcpy(&word, bytes + k, sizeof word);
        h = ohm_mix(h ^ word) + 1u;
    }
    return h;
}

static ohm_cell_state_t initial_cell(const ohm_params_t *p, const ohm_key_t *key, int i)
{
    double u = ohm_uniform(ohm_hash(key, OHM_DRAW_BAD, (unsigned)i, 0)), limit = p->stuck_low_fraction;
    ohm_cell_state_t cell = {0.0, 0.0, OHM_NEVER, OHM_CELL_FORMED};

    if (u < limit)
        cell.kind = OHM_CELL_STUCK_LOW;
    else if (u < (limit += p->stuck_high_fraction))
        cell.kind = OHM_CELL_STUCK_HIGH;
    else if (u < (limit += p->unformed_fraction))
        cell.kind = OHM_CELL_UNFORMED;
    else if (u < limit + p->weak_fraction)
        cell.kind = OHM_CELL_WEAK;

    switch (cell.kind) {
        case OHM_CELL_STUCK_LOW: cell.g = p->g_low_usiemens; break;
        case OHM_CELL_STUCK_HIGH: cell.g = p->g_high_usiemens; break;
        case OHM_CELL_UNFORMED: cell.g = p->unformed_usiemens; break;
        default: {
            double n = ohm_normal(ohm_hash(key, OHM_DRAW_INITIAL, (unsigned)i, 0));
            cell.g = ohm_cell_bounded(p, p->initial_usiemens * exp(p->initial_ln * n));
        }
    }
    return cell;
}

int ohm_state_init(ohm_state_t *s, const ohm_params_t *p, uint64_t seed)
{
    ohm_key_t key = ohm_key(seed);

    if (p->stuck_low_fraction + p->stuck_high_fraction + p->unformed_fraction + p->weak_fraction > 1.0) return -1;
    if (p->g_low_usiemens > p->g_high_usiemens) return -1;
    memset(s, 0, sizeof *s);
    memcpy(s->magic, MAGIC, sizeof MAGIC);
    s->layout = layout();
    s->seed = seed;
    s->params = *p;
    s->check = checksum(s);
    for (int i = 0; i < OHM_CELLS; i++) s->cell[i] = initial_cell(p, &key, i);
    return 0;
}

int ohm_array_check(const void *bytes, size_t size)
{
    const ohm_state_t *s = (const ohm_state_t *)bytes;

    if (size < sizeof s->magic + sizeof s->layout || memcmp(s->magic, MAGIC, sizeof MAGIC) != 0) return -1;
    if (s->layout != layout()) return -2;
    if (size != sizeof *s || s->check != checksum(s) || s->changing > OHM_CELLS) return -3;
    for (int i = 0; i <= OHM_CELLS; i++) {
        const ohm_cell_state_t *cell = i < OHM_CELLS ? &s->cell[i] : &s->was;
        if (cell->kind > OHM_CELL_WEAK || !(cell->g >= 0.0) || !isfinite(cell->g) || !isfinite(cell->z)) return -3;
    }
    return 0;
}

/* volatile: a kill must find these stores done in the order in which they stand here. */
static void store(ohm_cell_state_t *to, ohm_cell_state_t from)
{
    volatile ohm_cell_state_t *v = to;

    v->g = from.g;
    v->z = from.z;
    v->since = from.since;
    v->kind = from.kind;
}

void ohm_state_put(ohm_state_t *s, int i, ohm_cell_state_t now)
{
    volatile uint64_t *changing = &s->changing;

    store(&s->was, s->cell[i]);
    *changing = 1u + (uint64_t)i;
    store(&s->cell[i], now);
    *changing = 0;
}

void ohm_state_recover(ohm_state_t *s)
{
    volatile uint64_t *changing = &s->changing;

    if (*changing == 0) return;
    store(&s->cell[*changing - 1u], s->was);
    *changing = 0;
}
