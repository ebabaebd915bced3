/* The pulse processor with its guard and its carrier as an instruction-set model over an array.

   It executes the words that the FPGA executes and counts the clocks that the RTL counts (fpga/rtl/ohm_seq.sv,
   ohm_carrier.sv, ohm_guard.sv): the same codes, the same records and the same run time, bit for bit, without any RTL.
   tests/system/test_lockstep.py holds the two together. */
#ifndef OHM_TWIN_H
#define OHM_TWIN_H

#include <stddef.h>
#include <stdint.h>

#include "ohm_array.h"
#include "ohm_board.h"

OHM_BEGIN

typedef struct ohm_twin ohm_twin_t;

/* Since it was made. */
typedef struct {
    uint64_t run_cycles, busy_cycles, pulses, reads, read_cycles;
    int armed, fault;
} ohm_twin_state_t;

/* As ohm_array_pulse. */
typedef void (*ohm_twin_pulse_t)(void *context, int mode, uint32_t wl, uint32_t col, uint16_t line_code,
                                 uint16_t inhibit_code, uint16_t wl_code, uint32_t width_clocks, uint64_t now_clocks);

/* What vin takes and vout gives, in vectors and words; and who has the pulses instead of the array, if given.
   pause_at: if not 0, a vin after so many ends ohm_twin_run before anything of it is done, and sets is_paused. */
typedef struct {
    const uint32_t *inputs;
    size_t input_count, consumed, pause_at;
    int is_paused;
    uint32_t *outputs;
    size_t room, sent;
    ohm_twin_pulse_t on_pulse;
    void *context;
} ohm_twin_io_t;

/* As ohmbench.link.messages.Why. */
enum { OHM_WHY_HALT, OHM_WHY_ABORT, OHM_WHY_FAULT, OHM_WHY_ILLEGAL };

/* How a program ended, and the address of its last instruction. */
typedef struct {
    uint32_t why, code, fault, pc;
    uint64_t cycles;
} ohm_twin_end_t;

/* carrier: its number in carriers.toml. NULL: no memory. */
ohm_twin_t *ohm_twin_new(int carrier);
void ohm_twin_free(ohm_twin_t *t);
ohm_twin_state_t ohm_twin_state(const ohm_twin_t *t);

/* The same one in memory of its own, in the middle of its program, which goes on over another array, board and io.
   A blind one goes where the other would and takes as long, without codes: what is computed from them is not, and a
   comparison of them, or keeping them in memory, ends it as an illegal instruction. NULL: no memory. */
ohm_twin_t *ohm_twin_copy(const ohm_twin_t *t, ohm_array_t *array, ohm_board_t *board, ohm_twin_io_t *io, int is_blind);
/* Becomes what a copy has become, when that has ended its program. */
void ohm_twin_follow(ohm_twin_t *t, const ohm_twin_t *copy);

/* As the frames of these names; the ranges must fit. write_register: 1; 0: the guard refuses. */
void ohm_twin_load(ohm_twin_t *t, const uint32_t *words, size_t count);
void ohm_twin_write_vectors(ohm_twin_t *t, size_t address, const uint32_t *vectors, size_t count);
int ohm_twin_write_register(ohm_twin_t *t, uint32_t number, uint32_t value);

/* Begins a program at an entry address with the values of r0 to r15. array, board and io must outlive it; array may
   be NULL for one that does not touch it. */
void ohm_twin_start(ohm_twin_t *t, ohm_array_t *array, ohm_board_t *board, ohm_twin_io_t *io, uint32_t entry,
                    const uint16_t *args);
/* Runs it on. 1: ended; 0: after so many instructions, or for want of room, which must be OHM_LANES or more: make room
   and call again. A vin with nothing left ends as an abort. */
int ohm_twin_run(ohm_twin_t *t, uint64_t instructions, ohm_twin_end_t *end);
/* What a program that has not ended finds: r0 to r15, m0 to m15, v0 to v15, what each rail was last told, and the address
   of the next instruction, mode and masks of word lines, bit lines and columns. */
void ohm_twin_look(const ohm_twin_t *t, uint16_t *scalars, uint32_t *masks, uint32_t *vectors, uint16_t *rails,
                   uint32_t *lines);
/* Ends it as an abort does, all off. */
void ohm_twin_abort(ohm_twin_t *t);

OHM_END

#endif
