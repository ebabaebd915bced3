/* Behavioural model of a 32x32 1T1R ReRAM array with its carrier's DACs, transimpedance amplifiers and ADCs.

   Word line i and bit line i run along row i; source line j runs along column j and ends in an amplifier.
   Bit i of a mask is line i. Codes: volts = code / 65536 * dac_full_scale_v. now_clocks is the sequencer's run
   time in clocks of clock_hz. Nothing here depends on the order of calls beyond what physics says: randomness is
   a hash of the seed, the cell and how often that cell was pulsed or read. Not thread-safe per array. */
#ifndef OHM_ARRAY_H
#define OHM_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "ohm_params.h"

OHM_BEGIN

#define OHM_ROWS 32
#define OHM_COLUMNS 32
#define OHM_CELLS (OHM_ROWS * OHM_COLUMNS)

/* As mode_e of the carrier's table; the other modes fire no pulse. */
enum { OHM_MODE_SET = 2, OHM_MODE_RESET = 3 };

enum { OHM_CELL_FORMED = 0, OHM_CELL_STUCK_LOW = 1, OHM_CELL_STUCK_HIGH = 2, OHM_CELL_UNFORMED = 3 };

typedef struct ohm_array ohm_array_t;

/* NULL when there is no memory or the fractions of bad cells add to more than 1. The parameters are copied. */
ohm_array_t *ohm_array_new(const ohm_params_t *params, uint64_t seed);
void ohm_array_free(ohm_array_t *a);
const ohm_params_t *ohm_array_params(const ohm_array_t *a);
uint64_t ohm_array_seed(const ohm_array_t *a);

/* One pulse on the columns of col in every row of wl. SET: bit line at line_code, masked source lines at 0, the
   others at inhibit_code. RESET: masked source lines at line_code, everything else at 0. */
void ohm_array_pulse(ohm_array_t *a, int mode, uint32_t wl, uint32_t col, uint16_t line_code,
                     uint16_t inhibit_code, uint16_t wl_code, uint32_t width_clocks, uint64_t now_clocks);

/* All columns converted at once, with the rows of wl on and the bit lines of bl at bl_code, the others at 0. */
void ohm_array_sense(ohm_array_t *a, uint32_t wl, uint32_t bl, uint16_t bl_code, uint16_t wl_code,
                     uint64_t now_clocks, int16_t *codes);
/* n senses, the k-th with bl_masks[k] at now_clocks[k]; codes[32 k + column]. Same bits as n calls of sense. */
void ohm_array_mvm(ohm_array_t *a, const uint32_t *bl_masks, int n, uint32_t wl, uint16_t bl_code,
                   uint16_t wl_code, const uint64_t *now_clocks, int16_t *codes);

/* True conductance in siemens at the read reference voltage, without read noise and wires. */
double ohm_array_conductance(const ohm_array_t *a, int row, int col, uint64_t now_clocks);
void ohm_array_conductances(const ohm_array_t *a, uint64_t now_clocks, double *siemens);
/* Makes a cell formed, puts it at the conductance (bounded by the window) and at rest: it does not relax until
   it is pulsed. Stuck cells stay as they are. */
void ohm_array_set_conductance(ohm_array_t *a, int row, int col, double siemens);
/* Pulses that a cell has had, disturbing ones included. */
uint32_t ohm_array_pulses(const ohm_array_t *a, int row, int col);
/* One of OHM_CELL_*. */
int ohm_array_kind(const ohm_array_t *a, int row, int col);

/* Latest clock that a pulse or a sense has named. */
uint64_t ohm_array_clock(const ohm_array_t *a);
/* From here on now_clocks counts from 0 again while bench time goes on: for a state kept between runs. */
void ohm_array_restart_clock(ohm_array_t *a);

/* State, parameters and seed as bytes of this machine. restore: 0; -1: not a state of this version, or damaged
   (the array is unchanged). */
size_t ohm_array_size(void);
void ohm_array_save(const ohm_array_t *a, void *buffer);
int ohm_array_restore(ohm_array_t *a, const void *buffer, size_t size);

OHM_END

#endif
