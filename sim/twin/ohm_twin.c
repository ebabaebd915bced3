#include "ohm_twin.h"

#include <stdlib.h>
#include <string.h>

#include "ohm_lanes.h"
#include "ohm_twin_core.h"

ohm_twin_t *ohm_twin_new(int carrier)
{
    static const uint16_t REFERENCE[OHM_RAIL_COUNT] = OHM_RAIL_CEILING, X1[OHM_RAIL_COUNT] = OHM_X1_SCAN_RAIL_CEILING;
    ohm_twin_t *t = (ohm_twin_t *)calloc(1, sizeof *t);

    if (t) {
        t->masks[0] = UINT32_MAX;
        t->carrier.is_scan = carrier == OHM_X1_SCAN_NUMBER;
        ohm_guard_reset(&t->guard, t->carrier.is_scan ? X1 : REFERENCE);
    }
    return t;
}

void ohm_twin_free(ohm_twin_t *t) { free(t); }

ohm_twin_t *ohm_twin_copy(const ohm_twin_t *t, ohm_array_t *array, ohm_board_t *board, ohm_twin_io_t *io, int is_blind)
{
    ohm_twin_t *copy = (ohm_twin_t *)malloc(sizeof *copy);

    if (!copy) return NULL;
    *copy = *t;
    copy->array = array;
    copy->board = board;
    copy->io = io;
    copy->is_blind = is_blind;
    copy->unknown = 0;
    return copy;
}

void ohm_twin_follow(ohm_twin_t *t, const ohm_twin_t *copy) { *t = *copy; }

uint64_t ohm_twin_read_ends(const ohm_twin_t *t)
{
    return ohm_carrier_biased(&t->carrier) ? ohm_guard_read_ends(&t->guard, t->carrier.read_since) : UINT64_MAX;
}

ohm_twin_state_t ohm_twin_state(const ohm_twin_t *t)
{
    ohm_twin_state_t s;
    s.run_cycles = t->run_cycles;
    s.busy_cycles = t->carrier.busy_cycles;
    s.pulses = t->pulses;
    s.reads = t->carrier.reads;
    s.read_cycles = t->carrier.read_cycles;
    s.armed = t->guard.armed;
    s.fault = t->guard.fault;
    return s;
}

void ohm_twin_load(ohm_twin_t *t, const uint32_t *words, size_t count)
{
    memcpy(t->program, words, count * sizeof *words);
}

void ohm_twin_write_vectors(ohm_twin_t *t, size_t address, const uint32_t *vectors, size_t count)
{
    memcpy(t->memory[address], vectors, count * sizeof t->memory[0]);
}

int ohm_twin_write_register(ohm_twin_t *t, uint32_t number, uint32_t value)
{
    int accepted = ohm_guard_write(&t->guard, number, value);

    ohm_guard_check_rails(&t->guard, t->carrier.codes, ohm_carrier_second(t->carrier.mode, t->carrier.bl));
    if (t->guard.armed && t->run_cycles >= ohm_twin_read_ends(t)) {
        t->guard.fault = OHM_FAULT_READ_TIME;
        t->guard.armed = 0;
    }
    if (!t->guard.armed) ohm_carrier_reset(&t->carrier);
    return accepted;
}

void ohm_twin_start(ohm_twin_t *t, ohm_array_t *array, ohm_board_t *board, ohm_twin_io_t *io, uint32_t entry,
                    const uint16_t *args)
{
    t->array = array;
    t->board = board;
    t->io = io;
    memcpy(t->scalars, args, sizeof t->scalars);
    t->pc = entry % OHM_PROGRAM_WORDS;
    t->started = t->run_cycles;
}

/* From the clock of execution on: beats from the next clock on, as soon as they are there. */
static void take_codes(ohm_twin_t *t, unsigned d)
{
    uint64_t beats = t->run_cycles + 1;

    if (beats < t->carrier.codes_ready) beats = t->carrier.codes_ready;
    t->run_cycles = beats + OHM_LANES / OHM_LANES_PER_BEAT;
    if (t->is_blind) {
        t->unknown |= 1u << d;
        return;
    }
    for (int l = 0; l < OHM_LANES; l++)
        t->vectors[d][l] = l < OHM_COLUMNS ? (uint32_t)(int32_t)t->carrier.column_codes[l] : 0u;
}

/* ---- streams: run time stands still while the link is waited for ------------------------------------------ */

static uint64_t settled(const ohm_twin_t *t)
{
    uint64_t idle = ohm_carrier_idle(&t->carrier);

    return (t->run_cycles + 1 > idle ? t->run_cycles + 1 : idle) + 1;
}

static void settle(ohm_twin_t *t) { t->run_cycles = settled(t); }

static int vin(ohm_twin_t *t, const ohm_word_t *w)
{
    ohm_twin_io_t *io = t->io;

    if (io->pause_at && io->consumed == io->pause_at) {
        io->is_paused = 1;
        return OHM_FULL;
    }
    settle(t);
    if (io->consumed == io->input_count) return OHM_ABORT;
    memcpy(t->vectors[w->d], io->inputs + OHM_LANES * io->consumed++, sizeof t->vectors[0]);
    return OHM_NEXT;
}

static int vout(ohm_twin_t *t, const ohm_word_t *w)
{
    ohm_twin_io_t *io = t->io;
    size_t lanes = t->scalars[w->a] & 63u;

    if (lanes > OHM_LANES) lanes = OHM_LANES;
    if (io->room - io->sent < lanes) return OHM_FULL;
    settle(t);
    memcpy(io->outputs + io->sent, t->vectors[w->d], lanes * sizeof *io->outputs);
    io->sent += lanes;
    return OHM_NEXT;
}

/* ---- vectors and masks ----------------------------------------------------------------------------------- */

/* Bits 11:8 of a word. */
static uint32_t predicate(const ohm_twin_t *t, const ohm_word_t *w) { return t->masks[w->imm >> 8 & 15u]; }

static void write_vector(ohm_twin_t *t, uint32_t *to, const uint32_t *from, const ohm_word_t *w)
{
    ohm_lanes_write(to, from, predicate(t, w));
    t->run_cycles += OHM_VECTOR_CYCLES;
}

/* Whether a vector that an instruction may look at depends on codes that a blind twin has not seen. */
static int is_unknown(const ohm_twin_t *t, const ohm_word_t *w)
{
    return t->is_blind && ((t->unknown >> w->a | t->unknown >> w->b) & 1u);
}

static void compute(ohm_twin_t *t, const ohm_word_t *w)
{
    uint32_t v[OHM_LANES], number = w->op == OHM_OP_VSET ? t->scalars[w->a] : w->imm;

    if (w->op == OHM_OP_VGAT) t->run_cycles += OHM_GATHER_CYCLES - OHM_VECTOR_CYCLES;
    if (is_unknown(t, w)) {
        t->unknown |= 1u << w->d;
        t->run_cycles += OHM_VECTOR_CYCLES;
        return;
    }
    ohm_lanes_compute(w->op, t->vectors[w->a], t->vectors[w->b], number, v);
    write_vector(t, t->vectors[w->d], v, w);
}

static int compare(ohm_twin_t *t, const ohm_word_t *w)
{
    uint32_t mask;

    if (is_unknown(t, w)) return OHM_ILLEGAL;
    mask = ohm_lanes_compare(w->op, t->vectors[w->a], t->vectors[w->b], w->imm);
    if (w->d) t->masks[w->d] = mask & predicate(t, w);
    t->run_cycles += OHM_VECTOR_CYCLES;
    return OHM_NEXT;
}

static uint32_t *memory(ohm_twin_t *t, const ohm_word_t *w)
{
    return t->memory[(t->scalars[w->a] + (w->imm & 0xFFu)) % OHM_MEMORY_VECTORS];
}

static void set_scalar(ohm_twin_t *t, const ohm_word_t *w, uint32_t value)
{
    t->scalars[w->d] = (uint16_t)value;
    t->run_cycles += OHM_SCALAR_CYCLES;
}

static void set_mask(ohm_twin_t *t, const ohm_word_t *w, uint32_t value)
{
    if (w->d) t->masks[w->d] = value;
    t->run_cycles += OHM_SCALAR_CYCLES;
}

static uint32_t count_ones(uint32_t mask)
{
    uint32_t count = 0;

    for (; mask; mask &= mask - 1u) count++;
    return count;
}

/* ---- the sequencer --------------------------------------------------------------------------------------- */

static void branch(ohm_twin_t *t, const ohm_word_t *w, int taken, uint32_t *next)
{
    if (taken) *next = w->imm;
    t->run_cycles += OHM_SCALAR_CYCLES;
}

/* One instruction; next: the address of the one after it. */
static int execute(ohm_twin_t *t, const ohm_word_t *w, uint32_t *next)
{
    const uint16_t *r = t->scalars;
    const uint32_t *m = t->masks;
    int outcome = OHM_NEXT;

    switch (w->op) {
        case OHM_OP_LI: set_scalar(t, w, w->imm); break;
        case OHM_OP_ADDI: set_scalar(t, w, r[w->a] + w->imm); break;
        case OHM_OP_ADD: set_scalar(t, w, (uint32_t)r[w->a] + r[w->b]); break;
        case OHM_OP_SUB: set_scalar(t, w, (uint32_t)r[w->a] - r[w->b]); break;
        case OHM_OP_MCNT: set_scalar(t, w, count_ones(m[w->a])); break;
        case OHM_OP_WAIT: t->run_cycles += OHM_SCALAR_CYCLES + (uint64_t)r[w->a]; break;

        case OHM_OP_JMP: branch(t, w, 1, next); break;
        case OHM_OP_BEQ: branch(t, w, r[w->d] == r[w->a], next); break;
        case OHM_OP_BNE: branch(t, w, r[w->d] != r[w->a], next); break;
        case OHM_OP_BLT: branch(t, w, r[w->d] < r[w->a], next); break;
        case OHM_OP_BGE: branch(t, w, r[w->d] >= r[w->a], next); break;
        case OHM_OP_BANY: branch(t, w, m[w->a] != 0, next); break;
        case OHM_OP_BNONE: branch(t, w, m[w->a] == 0, next); break;

        case OHM_OP_MONE: set_mask(t, w, (uint32_t)1 << (r[w->a] & 31u)); break;
        case OHM_OP_MAND: set_mask(t, w, m[w->a] & m[w->b]); break;
        case OHM_OP_MOR: set_mask(t, w, m[w->a] | m[w->b]); break;
        case OHM_OP_MXOR: set_mask(t, w, m[w->a] ^ m[w->b]); break;
        case OHM_OP_MANDN: set_mask(t, w, m[w->a] & ~m[w->b]); break;
        case OHM_OP_MLO: set_mask(t, w, (m[w->d] & 0xFFFF0000u) | r[w->a]); break;
        case OHM_OP_MHI: set_mask(t, w, (m[w->d] & 0xFFFFu) | (uint32_t)r[w->a] << 16); break;

        case OHM_OP_VLD: write_vector(t, t->vectors[w->d], memory(t, w), w); break;
        case OHM_OP_VST:
            if (t->is_blind && (t->unknown >> w->d & 1u)) return OHM_ILLEGAL;
            write_vector(t, memory(t, w), t->vectors[w->d], w);
            break;
        case OHM_OP_VSET:
        case OHM_OP_VADD:
        case OHM_OP_VSUB:
        case OHM_OP_VAND:
        case OHM_OP_VOR:
        case OHM_OP_VSHL:
        case OHM_OP_VSHR:
        case OHM_OP_VGAT: compute(t, w); break;
        case OHM_OP_VLT:
        case OHM_OP_VEQ:
        case OHM_OP_VBIT: outcome = compare(t, w); break;

        case OHM_OP_VIN: outcome = vin(t, w); break;
        case OHM_OP_VOUT: outcome = vout(t, w); break;

        case OHM_OP_RAIL: outcome = ohm_twin_rail(t, w); break;
        case OHM_OP_LINES: outcome = ohm_twin_lines(t, w); break;
        case OHM_OP_PULSE: outcome = ohm_twin_pulse(t, w); break;
        case OHM_OP_CONVERT: outcome = ohm_twin_convert(t); break;
        case OHM_OP_SENSE:
            outcome = ohm_twin_convert(t);
            if (outcome != OHM_NEXT) break;
            t->run_cycles--; /* no further fetch */
            take_codes(t, w->d);
            break;
        case OHM_OP_CODES:
            t->run_cycles++;
            take_codes(t, w->d);
            break;
        case OHM_OP_SYNC: settle(t); break;
        case OHM_OP_HALT:
            settle(t);
            outcome = OHM_HALTED;
            break;
        default: outcome = OHM_ILLEGAL;
    }
    return outcome;
}

/* ---- a read that the guard ends -------------------------------------------------------------------------- */

/* clocks of an instruction; of a conversion cell by cell */
enum { LONGEST = 1 << 17, LONGEST_SCAN = OHM_COLUMNS * (OHM_X1_SCAN_SCAN_PACKET_CYCLES + OHM_X1_SCAN_SCAN_HOLD_CYCLES + 1000) };

static int is_waiting(unsigned op)
{
    return op == OHM_OP_VIN || op == OHM_OP_VOUT || op == OHM_OP_SYNC || op == OHM_OP_HALT;
}

/* Lanes that an instruction begun at t->run_cycles has written when the vector unit stops, a clock after `ends`. */
static uint64_t lanes_written(const ohm_twin_t *t, unsigned op, uint64_t ends)
{
    uint64_t clocks = ends > t->run_cycles ? ends - t->run_cycles : 0;

    if (op == OHM_OP_CODES) return OHM_LANES_PER_BEAT * clocks;
    if (op == OHM_OP_VGAT) return clocks > 3 ? clocks - 3 : 0;
    return clocks > 2 ? OHM_LANES_PER_BEAT * (clocks - 2) : 0;
}

/* As `execute`, of an instruction in which that may happen. */
static int execute_late(ohm_twin_t *t, const ohm_word_t *w, uint32_t *next)
{
    uint64_t ends = ohm_twin_read_ends(t), lanes = lanes_written(t, w->op, ends);
    uint32_t *to = w->op == OHM_OP_VST ? memory(t, w) : t->vectors[w->d], before[OHM_LANES], mask = t->masks[w->d];
    uint16_t scalar = t->scalars[w->d];
    int outcome;

    memcpy(before, to, sizeof before);
    if (is_waiting(w->op) && ends + 1 < settled(t)) return OHM_LATE;
    outcome = execute(t, w, next);
    if (ohm_twin_read_ends(t) != ends || ends + 1 >= t->run_cycles + (outcome == OHM_ILLEGAL ? OHM_SCALAR_CYCLES : 0))
        return outcome;
    t->scalars[w->d] = scalar;
    t->masks[w->d] = mask;
    for (; lanes < OHM_LANES; lanes++) to[lanes] = before[lanes];
    return OHM_LATE;
}

static void turn_off(ohm_twin_t *t)
{
    t->guard.armed = 0;
    ohm_carrier_count(&t->carrier, t->run_cycles - 1);
    t->carrier.mode = OHM_MODE_OFF; /* in the clock after the guard's */
    ohm_carrier_count(&t->carrier, t->run_cycles);
    ohm_carrier_reset(&t->carrier);
}

static int ended(ohm_twin_t *t, ohm_twin_end_t *end, uint32_t why)
{
    ohm_twin_end_pulse(t, UINT64_MAX);
    ohm_carrier_count(&t->carrier, t->run_cycles);
    end->why = why;
    end->pc = t->pc;
    end->cycles = t->run_cycles - t->started;
    return 1;
}

int ohm_twin_run(ohm_twin_t *t, uint64_t instructions, ohm_twin_end_t *end)
{
    end->code = 0;
    end->fault = OHM_FAULT_NONE;
    for (; instructions != 0; instructions--) {
        uint32_t word = t->program[t->pc], next = t->pc + 1;
        ohm_word_t w = {word >> 26, word >> 22 & 15u, word >> 18 & 15u, word >> 12 & 15u, word & 0xFFFFu};
        uint64_t ends = ohm_twin_read_ends(t);
        uint64_t longest = t->carrier.is_scan ? LONGEST_SCAN : LONGEST;
        int outcome = t->run_cycles + longest < ends ? execute(t, &w, &next) : execute_late(t, &w, &next);

        if (outcome == OHM_HALTED) {
            end->code = w.imm;
            return ended(t, end, OHM_WHY_HALT);
        }
        if (outcome == OHM_LATE) {
            t->run_cycles = ohm_twin_read_ends(t) + 2; /* the guard latches, the sequencer sees it a clock later */
            outcome = OHM_FAULT + OHM_FAULT_READ_TIME;
        }
        if (outcome == OHM_FULL) return 0;
        if (outcome == OHM_ILLEGAL) {
            t->run_cycles += OHM_SCALAR_CYCLES;
            return ended(t, end, OHM_WHY_ILLEGAL);
        }
        if (outcome == OHM_ABORT) {
            turn_off(t);
            return ended(t, end, OHM_WHY_ABORT);
        }
        if (outcome >= OHM_FAULT) {
            end->fault = (uint32_t)(outcome - OHM_FAULT);
            t->guard.fault = outcome - OHM_FAULT;
            turn_off(t);
            return ended(t, end, OHM_WHY_FAULT);
        }
        t->pc = next % OHM_PROGRAM_WORDS;
    }
    return 0;
}

void ohm_twin_look(const ohm_twin_t *t, uint16_t *scalars, uint32_t *masks, uint32_t *vectors, uint16_t *rails,
                   uint32_t *lines)
{
    memcpy(scalars, t->scalars, sizeof t->scalars);
    memcpy(masks, t->masks, sizeof t->masks);
    memcpy(vectors, t->vectors, sizeof t->vectors);
    memcpy(rails, t->carrier.codes, sizeof t->carrier.codes);
    lines[0] = t->pc;
    lines[1] = (uint32_t)t->carrier.mode;
    lines[2] = t->carrier.wl;
    lines[3] = t->carrier.bl;
    lines[4] = t->carrier.col;
}

void ohm_twin_abort(ohm_twin_t *t)
{
    ohm_twin_end_t end;

    turn_off(t);
    ended(t, &end, OHM_WHY_ABORT);
}
