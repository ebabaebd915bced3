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

/* import "DPI-C" function void ohm_dpi_scan_pulse(input int is_set, input int row, input int column, input int line_code,
     input int gate_code, input int width_clocks, input longint unsigned now); as ohm_board_scan_pulse */
void ohm_dpi_scan_pulse(int is_set, int row, int column, int line_code, int gate_code, int width_clocks,
                        unsigned long long now);
/* import "DPI-C" function int ohm_dpi_scan_sense(input int is_on, input int row, input int column, input int line_code,
     input int gate_code, input int hold_clocks, input longint unsigned now); as ohm_board_scan_sense */
int ohm_dpi_scan_sense(int is_on, int row, int column, int line_code, int gate_code, int hold_clocks,
                       unsigned long long now);

/* import "DPI-C" function real ohm_dpi_usiemens(input int row, input int column, input longint unsigned now);
   True conductance in uS of the cell at the carrier's lines, as ohm_array_conductance. */
double ohm_dpi_usiemens(int row, int column, unsigned long long now);
/* import "DPI-C" function void ohm_dpi_want_waves(input int wanted); whether a waveform is to be written from now on. */
void ohm_dpi_want_waves(int wanted);
int ohm_dpi_wants_waves(void);
/* import "DPI-C" function void ohm_dpi_pulse_cell(input int pulsed); whether the cell of the waveform is in a pulse. */
void ohm_dpi_pulse_cell(int pulsed);
int ohm_dpi_is_cell_pulsed(void);

OHM_END

#endif
