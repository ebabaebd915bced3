/* When the X1 carrier takes what: the timing of fpga/carriers/x1_scan/ohm_carrier.sv, behind the functions of
   ohm_carrier.h, which has the rest. Columns are one here: ohm_commands.c goes through them as ohm_cells.sv does. */
#ifndef OHM_SCAN_H
#define OHM_SCAN_H

#include "ohm_carrier.h"

OHM_BEGIN

uint64_t ohm_scan_idle(const ohm_carrier_t *c);
uint64_t ohm_scan_rail(ohm_carrier_t *c, uint64_t clock, int rail, uint16_t code);
uint64_t ohm_scan_lines(ohm_carrier_t *c, uint64_t clock, int mode, uint32_t wl, uint32_t bl, uint32_t col);
uint64_t ohm_scan_pulse(ohm_carrier_t *c, uint64_t clock, uint32_t width);
uint64_t ohm_scan_sense(ohm_carrier_t *c, uint64_t clock);
/* Whether the lines choose a cell for a conversion. */
int ohm_scan_is_on(const ohm_carrier_t *c);

OHM_END

#endif
