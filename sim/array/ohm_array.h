/* Behavioural model of a 1T1R ReRAM array (OHM_ROWS by OHM_COLUMNS) with its carrier's DACs, transimpedance amplifiers and ADCs.

   Word line i and bit line i run along row i; source line j runs along column j and ends in an amplifier.
   Bit i of a mask is line i. Codes: volts = code / 65536 * dac_full_scale_v. now_clocks is the sequencer's run
   time in clocks of clock_hz. Nothing here depends on the order of calls beyond what physics says: randomness is
   a hash of the seed, the cell and how often that cell was pulsed or read. Not thread-safe per array. */
#ifndef OHM_ARRAY_H
#define OHM_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "ohm_params.h"
#include "ohm_tables.h"

OHM_BEGIN

#define OHM_CELLS (OHM_ROWS * OHM_COLUMNS)

/* Weak: switches like a formed cell, but SET gets it no further than weak_set_factor of its bound. */
enum {
    OHM_CELL_FORMED = 0,
    OHM_CELL_STUCK_LOW = 1,
    OHM_CELL_STUCK_HIGH = 2,
    OHM_CELL_UNFORMED = 3,
    OHM_CELL_WEAK = 4
};

typedef struct ohm_array ohm_array_t;

/* NULL when there is no memory or the fractions of bad cells add to more than 1, or
   g_low is above g_high. The parameters are copied. */
ohm_array_t *ohm_array_new(const ohm_params_t *params, uint64_t seed);
void ohm_array_free(ohm_array_t *a);
const ohm_params_t *ohm_array_params(const ohm_array_t *a);
uint64_t ohm_array_seed(const ohm_array_t *a);

/* One pulse on the columns of col in every row of wl. OHM_MODE_SET: bit line at line_code, masked source lines at 0,
   the others at inhibit_code. OHM_MODE_RESET: masked source lines at line_code, everything else at 0. The other modes
   fire no pulse. */
void ohm_array_pulse(ohm_array_t *a, int mode, uint32_t wl, uint32_t col, uint16_t line_code,
                     uint16_t inhibit_code, uint16_t wl_code, uint32_t width_clocks, uint64_t now_clocks);

/* All columns converted at once, with the rows of wl on and the bit lines of bl at bl_code, the others at 0. */
void ohm_array_sense(ohm_array_t *a, uint32_t wl, uint32_t bl, uint16_t bl_code, uint16_t wl_code,
                     uint64_t now_clocks, int16_t *codes);
/* What stands between a column and its code: codes = (line current, if it is connected, + amplifier) * gain + offset.
   line, amplifier: further currents, in codes of an ideal converter. noise: factor on the converter's own. */
typedef struct {
    int connected;
    double line, amplifier, gain, offset, noise;
} ohm_front_t;
/* As ohm_array_sense, through a front for each column; all 0 but connected, gain and noise at 1 give the same bits. */
void ohm_array_sense_through(ohm_array_t *a, const ohm_front_t *front, uint32_t wl, uint32_t bl, uint16_t bl_code,
                             uint16_t wl_code, uint64_t now_clocks, int16_t *codes);
/* One cell alone, behind a scan port, with a resistance in series that takes its part of the voltage.
   pulse: a SET, or a RESET; one below the threshold of RESET is none, as the bias of a read is none.
   sense: the code of what flows, volts_per_amp at the converter; is_on 0: of nothing. front: of the channel, its gain,
   offset and noise. A voltage above the threshold of RESET is one for the hold_clocks before. */
void ohm_array_pulse_cell(ohm_array_t *a, int is_set, int row, int col, uint16_t line_code, uint16_t wl_code,
                          double series_ohm, uint32_t width_clocks, uint64_t now_clocks);
int16_t ohm_array_sense_cell(ohm_array_t *a, const ohm_front_t *front, int is_on, int row, int col, uint16_t line_code,
                             uint16_t wl_code, double series_ohm, double volts_per_amp, uint32_t hold_clocks,
                             uint64_t now_clocks);
/* n senses, the k-th with bl_masks[k] at now_clocks[k]; codes[OHM_COLUMNS k + column]. Same bits as n calls of sense. */
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

/* Makes the cell one of OHM_CELL_*: a stuck one at its end of the window, a fresh one, or one that switches from where
   it is. 0; -1: no such kind. */
int ohm_array_set_kind(ohm_array_t *a, int row, int col, int kind);

/* Latest clock that a pulse or a sense has named. */
uint64_t ohm_array_clock(const ohm_array_t *a);
/* Bench time passes while the caller's clock stands still: the array lies with its power off, and relaxes.
   0; -1: not a time, or longer than 2^62 clocks in all. */
int ohm_array_rest(ohm_array_t *a, double seconds);

/* State, parameters and seed as ohm_array_size() bytes of this kind of machine. */
size_t ohm_array_size(void);
void ohm_array_save(const ohm_array_t *a, void *buffer);
/* Whether an array can be attached to these bytes, 8-byte aligned. 0; -1: not the state of an array; -2: of another
   version or kind of machine; -3: damaged. */
int ohm_array_check(const void *bytes, size_t size);
/* The array that lives in these bytes, such as those of a mapped file, which must pass ohm_array_check and outlive it:
   every change is made there, so that a process that dies loses nothing. now_clocks counts from 0 again while bench
   time goes on. NULL: no memory. */
ohm_array_t *ohm_array_attach(void *bytes);

/* Another array in the same state, in memory of its own. A blind one counts senses and their time as the other would,
   and its codes are all 0: where a program goes without looking at codes is known from it sooner. NULL: no memory. */
ohm_array_t *ohm_array_copy(const ohm_array_t *a, int is_blind);
/* Takes over the clock and the counts of reads of a copy, which has had no pulse since. */
void ohm_array_follow(ohm_array_t *a, const ohm_array_t *copy);

OHM_END

#endif
