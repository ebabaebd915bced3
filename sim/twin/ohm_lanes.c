#include "ohm_lanes.h"

#include <string.h>

void ohm_lanes_compute(unsigned op, const uint32_t *a, const uint32_t *b, uint32_t number, uint32_t *v)
{
    uint32_t result[OHM_LANES] = {0}; /* v may be a or b */

    switch (op) {
#define EACH_LANE(value)                                         \
    for (int l = 0; l < OHM_LANES; l++) result[l] = (value); \
    break
        case OHM_OP_VSET: EACH_LANE(number);
        case OHM_OP_VADD: EACH_LANE(a[l] + b[l]);
        case OHM_OP_VSUB: EACH_LANE(a[l] - b[l]);
        case OHM_OP_VAND: EACH_LANE(a[l] & b[l]);
        case OHM_OP_VOR: EACH_LANE(a[l] | b[l]);
        case OHM_OP_VSHL: EACH_LANE(a[l] << (number & 31u));
        case OHM_OP_VSHR: EACH_LANE(a[l] >> (number & 31u));
        case OHM_OP_VGAT: EACH_LANE(b[l] >> 31 ? 0u : a[b[l] & 31u]); /* a negative index gives 0 */
#undef EACH_LANE
    }
    memcpy(v, result, sizeof result);
}

uint32_t ohm_lanes_compare(unsigned op, const uint32_t *a, const uint32_t *b, uint32_t number)
{
    uint32_t mask = 0;

    switch (op) {
#define EACH_LANE(value)                                                          \
    for (int l = 0; l < OHM_LANES; l++) mask |= (uint32_t)((value) ? 1 : 0) << l; \
    break
        case OHM_OP_VLT: EACH_LANE((int32_t)a[l] < (int32_t)b[l]);
        case OHM_OP_VEQ: EACH_LANE(a[l] == b[l]);
        case OHM_OP_VBIT: EACH_LANE(a[l] >> (number & 31u) & 1u);
#undef EACH_LANE
    }
    return mask;
}

void ohm_lanes_write(uint32_t *to, const uint32_t *from, uint32_t mask)
{
    if (mask == UINT32_MAX) {
        memmove(to, from, OHM_LANES * sizeof *to);
        return;
    }
    for (int l = 0; l < OHM_LANES; l++)
        if (mask >> l & 1u) to[l] = from[l];
}
