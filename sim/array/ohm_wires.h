/* Exact currents of the resistive network of cells, bit lines and source lines. Conductances in siemens.

   Row i is driven from column 0's side through driver + one segment; column j ends below the last row in one segment +
   sense at virtual ground. Cells between: conductance g. Any resistance may be 0. */
#ifndef OHM_WIRES_H
#define OHM_WIRES_H

#include <stdint.h>

#include "ohm_fp.h"

OHM_BEGIN

typedef struct {
    double bl_ohm, sl_ohm, driver_ohm, sense_ohm;
} ohm_wires_t;

/* transfer[OHM_COLUMNS i + j]: current into the amplifier of column j for 1 V on bit line i while the other bit lines of the
   rows in on are at 0 V and the other rows' cells are off (their transfer is 0). About a million multiply-adds. */
void ohm_wires_transfer(const ohm_wires_t *w, const double *g, uint32_t on, double *transfer);

/* The same with only row on: g and transfer are that row's OHM_COLUMNS values. A ladder. */
void ohm_wires_row(const ohm_wires_t *w, const double *g, int row, double *transfer);

OHM_END

#endif
