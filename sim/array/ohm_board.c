#include "ohm_board.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ohm_tables.h"

struct ohm_board {
    double row[OHM_ROWS], column[OHM_COLUMNS], rail[OHM_RAIL_COUNT];
    double gain[OHM_COLUMNS], offset[OHM_COLUMNS], noise[OHM_COLUMNS], reference[OHM_COLUMNS];
    double open[OHM_COLUMNS], dead[OHM_COLUMNS], socket;
    uint16_t code[OHM_RAIL_COUNT]; /* what the DACs hold */
    uint32_t monitors;
    int is_ideal; /* nothing has been set */
};

ohm_board_t *ohm_board_new(void)
{
    static const double REFERENCE_OHM[OHM_COLUMNS] = OHM_REFERENCE_OHM;
    ohm_board_t *c = (ohm_board_t *)calloc(1, sizeof *c);

    if (!c) return NULL;
    for (int i = 0; i < OHM_ROWS; i++) c->row[i] = i;
    for (int j = 0; j < OHM_COLUMNS; j++) {
        c->column[j] = j;
        c->gain[j] = c->noise[j] = 1.0;
        c->reference[j] = REFERENCE_OHM[j];
    }
    for (int r = 0; r < OHM_RAIL_COUNT; r++) c->rail[r] = 1.0;
    c->is_ideal = 1;
    return c;
}

void ohm_board_free(ohm_board_t *c) { free(c); }

ohm_board_t *ohm_board_copy(const ohm_board_t *c)
{
    ohm_board_t *copy = (ohm_board_t *)malloc(sizeof *copy);

    if (copy) *copy = *c;
    return copy;
}

int ohm_board_set(ohm_board_t *c, const char *name, int index, double value)
{
    struct {
        const char *name;
        double *values;
        int count;
        double low, high;
        int whole;
    } const names[] = {
        {"row", c->row, OHM_ROWS, 0, OHM_ROWS - 1, 1},
        {"column", c->column, OHM_COLUMNS, 0, OHM_COLUMNS - 1, 1},
        {"rail", c->rail, OHM_RAIL_COUNT, 0, 2, 0},
        {"gain", c->gain, OHM_COLUMNS, 0, 2, 0},
        {"offset", c->offset, OHM_COLUMNS, -32768, 32767, 0},
        {"noise", c->noise, OHM_COLUMNS, 0, 1e6, 0},
        {"reference", c->reference, OHM_COLUMNS, 0, 1e12, 0},
        {"open", c->open, OHM_COLUMNS, 0, 1, 1},
        {"dead", c->dead, OHM_COLUMNS, 0, 1, 1},
        {"socket", &c->socket, 1, 0, 1e12, 0},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, name) != 0) continue;
        if (index < 0 || index >= names[i].count) return -2;
        if (!(value >= names[i].low && value <= names[i].high)) return -3;
        if (names[i].whole && value != floor(value)) return -3;
        names[i].values[index] = value;
        c->is_ideal = 0;
        return 0;
    }
    return -1;
}

static int is_order(const double *lines, int count)
{
    uint32_t seen = 0;

    for (int i = 0; i < count; i++) seen |= 1u << (int)lines[i];
    return seen == OHM_MASK_OF(count);
}

int ohm_board_read(ohm_board_t *c, const char *path)
{
    char line[256], name[64], rest[2];
    FILE *file = fopen(path, "r");
    int status = 0;

    if (!file) return -1;
    for (int n = 1; status == 0 && fgets(line, sizeof line, file); n++) {
        int index;
        double value;

        if (sscanf(line, "%63s", name) < 1 || name[0] == '#') continue;
        if (sscanf(line, "%63s %d %lf %1s", name, &index, &value, rest) != 3 ||
            ohm_board_set(c, name, index, value) != 0)
            status = n;
    }
    fclose(file);
    if (status == 0 && !(is_order(c->row, OHM_ROWS) && is_order(c->column, OHM_COLUMNS))) status = -1;
    return status;
}

void ohm_board_rails(ohm_board_t *c, const uint16_t *codes, uint32_t monitors)
{
    memcpy(c->code, codes, sizeof c->code);
    c->monitors = monitors;
}

/* The code at which an ideal DAC would give what this one does. */
static uint16_t real(const ohm_board_t *c, int rail, uint16_t code)
{
    double value = floor(code * c->rail[rail] + 0.5);

    return value >= 65535.0 ? 65535 : (uint16_t)value;
}

static uint32_t lines(const double *order, int count, uint32_t mask)
{
    uint32_t moved = 0;

    for (int i = 0; i < count; i++) moved |= (mask >> i & 1u) << (int)order[i];
    return moved;
}

void ohm_board_pulse(const ohm_board_t *c, ohm_array_t *a, int mode, uint32_t wl, uint32_t col,
                       uint16_t line_code, uint16_t inhibit_code, uint16_t wl_code, uint32_t width_clocks,
                       uint64_t now_clocks)
{
    int set = mode == OHM_MODE_SET;
    int line_rail = set ? OHM_RAIL_BL_SET : inhibit_code ? OHM_RAIL_SL_INHIBIT : OHM_RAIL_SL_RESET;

    if (c->is_ideal) {
        ohm_array_pulse(a, mode, wl, col, line_code, inhibit_code, wl_code, width_clocks, now_clocks);
        return;
    }
    for (int j = 0; j < OHM_COLUMNS; j++)
        if (c->open[j] != 0.0) col &= ~(1u << j);
    ohm_array_pulse(a, mode, lines(c->row, OHM_ROWS, wl), lines(c->column, OHM_COLUMNS, col),
                    real(c, line_rail, line_code),
                    real(c, OHM_RAIL_SL_INHIBIT, inhibit_code),
                    real(c, set ? OHM_RAIL_WL_SET : OHM_RAIL_WL_RESET, wl_code), width_clocks, now_clocks);
}

void ohm_board_sense(const ohm_board_t *c, ohm_array_t *a, uint32_t wl, uint32_t bl, uint16_t bl_code,
                       uint16_t wl_code, uint64_t now_clocks, int16_t *codes)
{
    const ohm_params_t *p = ohm_array_params(a);
    double volt = p->dac_full_scale_v / 65536.0, codes_per_amp = p->tia_ohm / p->adc_lsb_v;
    double cal_v = real(c, OHM_RAIL_CAL, c->code[OHM_RAIL_CAL]) * volt;
    static const uint8_t MONITOR_COLUMN[OHM_RAIL_COUNT] = OHM_MONITOR_COLUMN;
    ohm_front_t front[OHM_COLUMNS];
    int16_t by_column[OHM_COLUMNS];

    if (c->is_ideal && c->monitors == 0 && c->code[OHM_RAIL_CAL] == 0) {
        ohm_array_sense(a, wl, bl, bl_code, wl_code, now_clocks, codes);
        return;
    }
    for (int j = 0; j < OHM_COLUMNS; j++) {
        int column = (int)c->column[j];
        ohm_front_t *f = front + column;

        f->connected = c->open[j] == 0.0;
        f->line = c->reference[column] > 0.0 ? cal_v / (c->reference[column] + p->sense_ohm) * codes_per_amp : 0.0;
        f->amplifier = 0.0;
        for (int r = 0; r < OHM_RAIL_COUNT; r++)
            if (MONITOR_COLUMN[r] == j && c->monitors >> r & 1u)
                f->amplifier += real(c, r, c->code[r]) * volt / OHM_MONITOR_OHM * codes_per_amp;
        f->gain = c->gain[j];
        f->offset = c->offset[j];
        f->noise = c->noise[j];
    }
    ohm_array_sense_through(a, front, lines(c->row, OHM_ROWS, wl), lines(c->row, OHM_ROWS, bl), real(c, OHM_RAIL_BL_READ, bl_code),
                            real(c, OHM_RAIL_WL_READ, wl_code), now_clocks, by_column);
    for (int j = 0; j < OHM_COLUMNS; j++) codes[j] = c->dead[j] != 0.0 ? 0 : by_column[(int)c->column[j]];
}

/* Whether a bias comes to a cell: the chip answers, and no resistor is in its place. */
static int reaches_chip(const ohm_board_t *c) { return c->open[0] == 0.0 && c->socket == 0.0; }

void ohm_board_scan_pulse(const ohm_board_t *c, ohm_array_t *a, int is_set, int row, int column, uint16_t line_code,
                          uint16_t gate_code, uint32_t width_clocks, uint64_t now_clocks)
{
    if (!reaches_chip(c)) return;
    ohm_array_pulse_cell(a, is_set, (int)c->row[row], (int)c->column[column], real(c, OHM_RAIL_BL_SET, line_code),
                         real(c, OHM_RAIL_WL_SET, gate_code), OHM_X1_SCAN_SHUNT_OHM, width_clocks, now_clocks);
}

int16_t ohm_board_scan_sense(const ohm_board_t *c, ohm_array_t *a, int is_on, int row, int column, uint16_t line_code,
                             uint16_t gate_code, uint32_t hold_clocks, uint64_t now_clocks)
{
    ohm_front_t front = {1, 0.0, 0.0, c->gain[0], c->offset[0], c->noise[0]};
    const ohm_params_t *p = ohm_array_params(a);
    int16_t code;

    if (is_on && c->socket > 0.0 && c->open[0] == 0.0) {
        double line_v = real(c, OHM_RAIL_BL_SET, line_code) * (p->dac_full_scale_v / 65536.0);

        front.offset += c->gain[0] * line_v / (c->socket + OHM_X1_SCAN_SHUNT_OHM) * OHM_X1_SCAN_VOLTS_PER_AMP / p->adc_lsb_v;
    }
    code = ohm_array_sense_cell(a, &front, is_on && reaches_chip(c), (int)c->row[row], (int)c->column[column],
                                real(c, OHM_RAIL_BL_SET, line_code), real(c, OHM_RAIL_WL_SET, gate_code),
                                OHM_X1_SCAN_SHUNT_OHM, OHM_X1_SCAN_VOLTS_PER_AMP, hold_clocks, now_clocks);

    return c->dead[0] != 0.0 ? 0 : code;
}

double ohm_board_conductance(const ohm_board_t *c, const ohm_array_t *a, int row, int column, uint64_t now_clocks)
{
    return ohm_array_conductance(a, (int)c->row[row], (int)c->column[column], now_clocks);
}
