/* Counter-based randomness: a draw is a hash of what it belongs to, so it does not depend on the draws before it
   (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11, 10.1145/2063384.2063405). */
#ifndef OHM_RANDOM_H
#define OHM_RANDOM_H

#include <stdint.h>

#include "ohm_fp.h"

OHM_BEGIN

/* What a draw is for; part of the hash, so a new kind does not change the old ones. At most 256. */
enum {
    OHM_DRAW_BAD,
    OHM_DRAW_SET_D2D,
    OHM_DRAW_RESET_D2D,
    OHM_DRAW_GATE_D2D,
    OHM_DRAW_FORM_D2D,
    OHM_DRAW_INITIAL,
    OHM_DRAW_OFFSET,
    OHM_DRAW_SET_C2C,
    OHM_DRAW_RESET_C2C,
    OHM_DRAW_GATE_C2C,
    OHM_DRAW_FORMED,
    OHM_DRAW_RELAX,
    OHM_DRAW_RELAX_TAIL,
    OHM_DRAW_READ_ROW,
    OHM_DRAW_READ_ARRAY
};

typedef struct {
    uint64_t before, after;
} ohm_key_t;

/* Finaliser of splitmix64 (Steele et al., OOPSLA 2014, 10.1145/2660193.2660195), variant 13 of D. Stafford. */
static inline uint64_t ohm_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline ohm_key_t ohm_key(uint64_t seed)
{
    ohm_key_t key;
    key.before = ohm_mix(seed + 0x9e3779b97f4a7c15u);
    key.after = ohm_mix(seed + 2u * 0x9e3779b97f4a7c15u);
    return key;
}

/* kind < 2^8, cell < 2^16, count < 2^40: within one key no two draws share their hash. */
static inline uint64_t ohm_hash(const ohm_key_t *key, unsigned kind, unsigned cell, uint64_t count)
{
    uint64_t what = ((uint64_t)kind << 56) ^ ((uint64_t)cell << 40) ^ count;
    return ohm_mix(ohm_mix(what ^ key->before) + key->after);
}

/* In (0, 1), both ends excluded. */
static inline double ohm_uniform(uint64_t hash) { return ((double)(hash >> 12) + 0.5) * 0x1p-52; }

/* Standard normal: the inverse of its distribution at ohm_uniform(hash), to about 1e-16. */
double ohm_normal(uint64_t hash);

OHM_END

#endif
