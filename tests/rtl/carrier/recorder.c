/* Stands in for the array model: writes each call to the file named by OHM_RECORD, one JSON list a line, and answers
   a conversion with codes that follow from how many there were. */
#include <stdio.h>
#include <stdlib.h>

#include "../../../sim/array/ohm_tables.h"

static FILE *record(void) {
    static FILE *file;
    if (!file) file = fopen(getenv("OHM_RECORD"), "w");
    if (!file) abort();
    return file;
}

void ohm_dpi_pulse(int mode, unsigned wl, unsigned col, int line_code, int inhibit_code, int wl_code,
                   int width_clocks, unsigned long long now) {
    fprintf(record(), "[\"pulse\", %d, %u, %u, %d, %d, %d, %d, %llu]\n", mode, wl, col, line_code, inhibit_code,
            wl_code, width_clocks, now);
    fflush(record());
}

/* Not recorded: what follows from rails and monitors is compared with the twin in tests/system. */
void ohm_dpi_rails(const unsigned short *codes, unsigned monitors) {
    (void)codes;
    (void)monitors;
}

void ohm_dpi_sense(unsigned wl, unsigned bl, int bl_code, int wl_code, unsigned long long now, short *codes) {
    static unsigned count;
    for (unsigned j = 0; j < OHM_COLUMNS; j++) codes[j] = (short)(count * 2654435761u >> 13 ^ j * 40503u);
    count++;
    fprintf(record(), "[\"sense\", %u, %u, %d, %d, %llu]\n", wl, bl, bl_code, wl_code, now);
    fflush(record());
}
