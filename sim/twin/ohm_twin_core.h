/* What the files of the twin share. */
#ifndef OHM_TWIN_CORE_H
#define OHM_TWIN_CORE_H

#include "ohm_carrier.h"
#include "ohm_guard.h"
#include "ohm_twin.h"

OHM_BEGIN

/* What ohm_array_pulse takes, and the clock at which the carrier took it. */
typedef struct {
    int is_on, is_scan, mode;
    uint32_t wl, col, width;
    uint16_t line_code, inhibit_code, wl_code;
    uint64_t taken;
} ohm_twin_pulse_on_t;

struct ohm_twin {
    ohm_guard_t guard;
    ohm_carrier_t carrier;
    ohm_array_t *array; /* of the program that runs, as board and io */
    ohm_board_t *board;
    ohm_twin_io_t *io;
    uint64_t run_cycles, pulses, started;
    uint32_t pc;
    uint16_t scalars[16];
    uint32_t masks[16]; /* m0 is always all ones */
    uint32_t vectors[16][OHM_LANES];
    ohm_twin_pulse_on_t pulse; /* the last one, while the array has not had it yet */
    uint32_t program[OHM_PROGRAM_WORDS];
    uint32_t memory[OHM_MEMORY_VECTORS][OHM_LANES];
    int is_blind;
    uint32_t unknown; /* of a blind one: a bit for each vector that depends on codes */
};

/* Fields of an instruction word. */
typedef struct {
    unsigned op, d, a, b;
    uint32_t imm;
} ohm_word_t;

/* Of an instruction: it is done, or why it is the last one. LATE: the guard ended the read before it was through.
   A fault is OHM_FAULT + OHM_FAULT_*. */
enum { OHM_NEXT, OHM_HALTED, OHM_FULL, OHM_ABORT, OHM_ILLEGAL, OHM_LATE, OHM_FAULT };

/* Clock at which the guard ends the read that is on, from which no command passes. */
uint64_t ohm_twin_read_ends(const ohm_twin_t *t);

/* The instructions that the guard and the carrier take (ohm_commands.c); each returns how it went. */
int ohm_twin_rail(ohm_twin_t *t, const ohm_word_t *w);
int ohm_twin_lines(ohm_twin_t *t, const ohm_word_t *w);
int ohm_twin_pulse(ohm_twin_t *t, const ohm_word_t *w);
int ohm_twin_convert(ohm_twin_t *t);
/* Gives the array the pulse that is on: whole, or as the guard cuts it by turning all off in the clock `off`. */
void ohm_twin_end_pulse(ohm_twin_t *t, uint64_t off);

OHM_END

#endif
