#include "ohm_dpi.h"

#include <stdio.h>

static ohm_array_t *instance;
static ohm_board_t *board;
static int wants_waves, is_cell_pulsed;

void ohm_dpi_use(ohm_array_t *a)
{
    ohm_array_free(instance);
    instance = a;
}

static int replace(const ohm_params_t *params, unsigned long long seed)
{
    ohm_array_t *a = ohm_array_new(params, seed);

    if (!a) {
        fprintf(stderr, "ohm_array: no memory, more than 100 %% bad cells, or g_low above g_high\n");
        return -1;
    }
    ohm_dpi_use(a);
    return 0;
}

int ohm_dpi_open(const char *params_file, unsigned long long seed)
{
    ohm_params_t params;
    int line = 0;

    ohm_params_default(&params);
    if (params_file && *params_file) line = ohm_params_read(&params, params_file);
    if (line < 0) fprintf(stderr, "ohm_array: cannot read the parameter file %s\n", params_file);
    if (line > 0)
        fprintf(stderr, "ohm_array: %s:%d: expected \"name value\" with a known name and a value in its range\n",
                params_file, line);
    return line ? -1 : replace(&params, seed);
}

ohm_array_t *ohm_dpi_array(void)
{
    if (!instance) ohm_dpi_open(NULL, 0);
    return instance;
}

ohm_board_t *ohm_dpi_board(void)
{
    if (!board) board = ohm_board_new();
    return board;
}

void ohm_dpi_rails(const unsigned short *codes, unsigned monitors)
{
    ohm_board_rails(ohm_dpi_board(), codes, monitors);
}

void ohm_dpi_pulse(int mode, unsigned wl, unsigned col, int line_code, int inhibit_code, int wl_code,
                   int width_clocks, unsigned long long now)
{
    ohm_board_pulse(ohm_dpi_board(), ohm_dpi_array(), mode, wl, col, (uint16_t)line_code, (uint16_t)inhibit_code,
                      (uint16_t)wl_code, width_clocks > 0 ? (uint32_t)width_clocks : 0, now);
}

void ohm_dpi_sense(unsigned wl, unsigned bl, int bl_code, int wl_code, unsigned long long now, short *codes)
{
    ohm_board_sense(ohm_dpi_board(), ohm_dpi_array(), wl, bl, (uint16_t)bl_code, (uint16_t)wl_code, now, codes);
}

void ohm_dpi_scan_pulse(int is_set, int row, int column, int line_code, int gate_code, int width_clocks,
                        unsigned long long now)
{
    ohm_board_scan_pulse(ohm_dpi_board(), ohm_dpi_array(), is_set, row, column, (uint16_t)line_code,
                         (uint16_t)gate_code, width_clocks > 0 ? (uint32_t)width_clocks : 0, now);
}

int ohm_dpi_scan_sense(int is_on, int row, int column, int line_code, int gate_code, int hold_clocks,
                       unsigned long long now)
{
    return ohm_board_scan_sense(ohm_dpi_board(), ohm_dpi_array(), is_on, row, column, (uint16_t)line_code,
                                (uint16_t)gate_code, hold_clocks > 0 ? (uint32_t)hold_clocks : 0, now);
}

double ohm_dpi_usiemens(int row, int column, unsigned long long now)
{
    return 1e6 * ohm_board_conductance(ohm_dpi_board(), ohm_dpi_array(), row, column, now);
}

void ohm_dpi_want_waves(int wanted) { wants_waves = wanted; }

int ohm_dpi_wants_waves(void) { return wants_waves; }

void ohm_dpi_pulse_cell(int pulsed) { is_cell_pulsed = pulsed; }

int ohm_dpi_is_cell_pulsed(void) { return is_cell_pulsed; }
