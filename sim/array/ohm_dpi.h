/* The array behind the Verilated carrier, and that carrier's analogue side: one instance of each a process, reached
   through DPI-C. */
#ifndef OHM_DPI_H
#define OHM_DPI_H

#include "ohm_array.h"
#include "ohm_board.h"

OHM_BEGIN

/* Replaces the instance. params_file: lines "name value"; NULL or "" for the defaults. 0, or -1 with a message
   on stderr. */
int ohm_dpi_open(const char *params_file, unsigned long long seed);
/* Replaces the instance by an array of the caller's, which from here on is the instance's. */
void ohm_dpi_use(ohm_array_t *a);
/* The instance, opened with the defaults and seed 0 when nobody has opened it. */
ohm_array_t *ohm_dpi_array(void);

/* The carrier, ideal until somebody changes it. */
ohm_board_t *ohm_dpi_board(void);

/* import "DPI-C" function void ohm_dpi_pulse(input int mode, input int unsigned wl, input int unsigned col,
     input int line_code, input int inhibit_code, input int wl_code, input int width_clocks,
     input longint unsigned now); */
void ohm_dpi_pulse(int mode, unsigned wl, unsigned col, int line_code, int inhibit_code, int wl_code,
                   int width_clocks, unsigned long long now);
/* import "DPI-C" function void ohm_dpi_rails(input shortint unsigned codes[8], input int unsigned monitors);
   What the next senses find; see ohm_board_rails. */
void ohm_dpi_rails(const unsigned short *codes, unsigned monitors);
/* import "DPI-C" function void ohm_dpi_sense(input int unsigned wl, input int unsigned bl, input int bl_code,
     input int wl_code, input longint unsigned now, output shortint codes[OHM_COLUMNS]); */
void ohm_dpi_sense(unsigned wl, unsigned bl, int bl_code, int wl_code, unsigned long long now, short *codes);

OHM_END

#endif
