/* What an array is: everything that a file must hold for it to go on in another process. Laid out so that the array
   can live in a mapped file: a process that is killed leaves a state that opens, with every cell as it was before
   its last change or after it. */
#ifndef OHM_STATE_H
#define OHM_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "ohm_array.h"
#include "ohm_random.h"

OHM_BEGIN

#define OHM_NEVER UINT64_MAX

typedef struct {
    double g;       /* uS, right after the last change */
    double z;       /* relaxation's draw */
    uint64_t since; /* bench time of the last change in clocks; OHM_NEVER: at rest */
    uint64_t kind;
} ohm_cell_state_t;

typedef struct {
    char magic[8];
    uint64_t layout, check; /* of the fields below; of what never changes, seed and parameters */
    uint64_t seed;
    ohm_params_t params;
    uint64_t epoch;       /* bench time at which the caller's clock was 0 */
    uint64_t clock;       /* latest bench time named by a caller */
    uint64_t last_change; /* bench time of the last pulse that changed a conductance */
    uint64_t array_reads; /* senses with other than one row on */
    uint64_t row_reads[OHM_ROWS];
    uint64_t changing; /* 1 + the cell that is being changed, 0: none; was: that cell before */
    ohm_cell_state_t was;
    ohm_cell_state_t cell[OHM_CELLS];
    uint32_t pulses[OHM_CELLS];
} ohm_state_t;

/* A new array. 0; -1: the parameters contradict each other. */
int ohm_state_init(ohm_state_t *s, const ohm_params_t *p, uint64_t seed);
/* Makes good what a kill has cut short. */
void ohm_state_recover(ohm_state_t *s);
/* Changes one cell, all of it or nothing. */
void ohm_state_put(ohm_state_t *s, int i, ohm_cell_state_t now);

OHM_END

#endif
