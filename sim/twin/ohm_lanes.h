/* Arithmetic of the vector unit (fpga/rtl/ohm_vec.sv), all lanes of one instruction. */
#ifndef OHM_LANES_H
#define OHM_LANES_H

#include <stdint.h>

#include "ohm_fp.h"
#include "ohm_tables.h"

OHM_BEGIN

/* OHM_OP_VSET (number), VADD, VSUB, VAND, VOR, VSHL, VSHR (number) and VGAT. v may be a or b. */
void ohm_lanes_compute(unsigned op, const uint32_t *a, const uint32_t *b, uint32_t number, uint32_t *v);
/* OHM_OP_VLT, VEQ and VBIT (number): a mask with a bit a lane. */
uint32_t ohm_lanes_compare(unsigned op, const uint32_t *a, const uint32_t *b, uint32_t number);
/* Writes the lanes of a mask. */
void ohm_lanes_write(uint32_t *to, const uint32_t *from, uint32_t mask);

OHM_END

#endif
