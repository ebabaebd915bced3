/* The analogue side of the carrier between the FPGA's pins and the array: which of its lines goes to which of the
   array's, what its rails, amplifiers and converters are off by, its reference resistors and rail monitors.

   A carrier's line i is word and bit line i or channel i: source line, amplifier and converter. With nothing set it is
   the ideal one, through which a sense gives the bits of ohm_array_sense. */
#ifndef OHM_BOARD_H
#define OHM_BOARD_H

#include <stdint.h>

#include "ohm_array.h"

OHM_BEGIN

typedef struct ohm_board ohm_board_t;

/* NULL: no memory. */
ohm_board_t *ohm_board_new(void);
void ohm_board_free(ohm_board_t *c);
/* The same one in memory of its own; NULL: no memory. */
ohm_board_t *ohm_board_copy(const ohm_board_t *c);

/* Changes one value: 0; -1: no such name; -2: no such index; -3: no such value.
     row, column      the array's line behind the carrier's line index
     rail             what rail index really gives over what it should
     gain, offset     of channel index: relative; in LSB
     noise            of channel index: its converter's over what it should be
     reference        ohm at the array's column index; 0: none
     open, dead       of channel index: 1: its line is not connected; its converter always reads 0
     socket           of the X1 carrier, index 0: ohm in place of the chip's cells; 0: the chip is there */
int ohm_board_set(ohm_board_t *c, const char *name, int index, double value);
/* Reads lines "name index value" (empty lines and lines that begin with # are skipped). 0; -1: cannot be read, or two
   lines lead to the same one of the array's; n > 0: line n is wrong. */
int ohm_board_read(ohm_board_t *c, const char *path);

/* What the rails' DACs hold from now on, by number of the rail, and which rails are connected to their monitor
   resistor (bit r: rail r). */
void ohm_board_rails(ohm_board_t *c, const uint16_t *codes, uint32_t monitors);

/* As ohm_array_pulse and ohm_array_sense, in the carrier's lines and channels. A column of an open channel is left out
   of a pulse. In RESET inhibit_code is line_code if the source lines are at rail sl_inhibit, else 0. */
void ohm_board_pulse(const ohm_board_t *c, ohm_array_t *a, int mode, uint32_t wl, uint32_t col,
                       uint16_t line_code, uint16_t inhibit_code, uint16_t wl_code, uint32_t width_clocks,
                       uint64_t now_clocks);
void ohm_board_sense(const ohm_board_t *c, ohm_array_t *a, uint32_t wl, uint32_t bl, uint16_t bl_code,
                       uint16_t wl_code, uint64_t now_clocks, int16_t *codes);

/* As ohm_array_pulse_cell and ohm_array_sense_cell, in the carrier's lines, of the X1 carrier: its shunt is in series with
   the cell. Rails bl_set and wl_set stand for the two channels of its DAC, channel 0 for its converter; open: the chip
   does not answer, and no cell is biased. */
void ohm_board_scan_pulse(const ohm_board_t *c, ohm_array_t *a, int is_set, int row, int column, uint16_t line_code,
                          uint16_t gate_code, uint32_t width_clocks, uint64_t now_clocks);
int16_t ohm_board_scan_sense(const ohm_board_t *c, ohm_array_t *a, int is_on, int row, int column, uint16_t line_code,
                             uint16_t gate_code, uint32_t hold_clocks, uint64_t now_clocks);

/* As ohm_array_conductance, of the cell behind the carrier's lines. */
double ohm_board_conductance(const ohm_board_t *c, const ohm_array_t *a, int row, int column, uint64_t now_clocks);

OHM_END

#endif
