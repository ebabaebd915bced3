/* Stands in for the array model: writes each call to the file named by OHM_RECORD, one JSON list a line. */
#include <stdio.h>
#include <stdlib.h>

static void record(const char *what, int first, int row, int column, int line_code, int gate_code, int clocks,
                   unsigned long long now)
{
    FILE *file = fopen(getenv("OHM_RECORD"), "a");

    if (!file) abort();
    fprintf(file, "[\"%s\", %d, %d, %d, %d, %d, %d, %llu]\n", what, first, row, column, line_code, gate_code, clocks, now);
    fclose(file);
}

void ohm_dpi_scan_pulse(int is_set, int row, int column, int line_code, int gate_code, int width, unsigned long long now)
{
    record("pulse", is_set, row, column, line_code, gate_code, width, now);
}

int ohm_dpi_scan_sense(int is_on, int row, int column, int line_code, int gate_code, int hold, unsigned long long now)
{
    record("sense", is_on, row, column, line_code, gate_code, hold, now);
    return 0x1234;
}
