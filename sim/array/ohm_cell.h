/* Device law of one cell: switching-rate 1T1R (SR-1T1R). Pure functions; conductances in uS, times in us unless
   named otherwise. Second-order window of Messaris et al. (dg/dt = k (r - g)^2) with its closed-form solution, so
   a pulse is exact for any width and can never pass its bound r. */
#ifndef OHM_CELL_H
#define OHM_CELL_H

#include "ohm_params.h"

OHM_BEGIN

/* What a SET or RESET of one cell at one pulse deviates by: the sum of what is the cell's and what is the pulse's. */
typedef struct {
    double set;     /* of the SET bound, relative */
    double reset_ln; /* of the logarithm of the RESET bound */
    double gate_v;  /* of the transistor's threshold */
} ohm_spread_t;

/* Conductance after a SET pulse: line_v from bit to source line, gate_v from gate to source line. */
double ohm_cell_set(const ohm_params_t *p, double g, double line_v, double gate_v, double width_us, ohm_spread_t s);
/* After a RESET pulse: line_v from source to bit line, gate_v from gate to bit line. The transistor works as a source
   follower there, so the cell gets no more than a threshold below the gate. */
double ohm_cell_reset(const ohm_params_t *p, double g, double line_v, double gate_v, double width_us, ohm_spread_t s);

/* Conductance after a time at rest; z: the cell's draw with variance 1 (ohm_cell_tail). */
double ohm_cell_relaxed(const ohm_params_t *p, double g, double z, double seconds);
/* Up to this many seconds ohm_cell_relaxed returns g itself. */
double ohm_cell_relax_onset(const ohm_params_t *p);
/* Normal with log-normal variance, the heavy tail of measured relaxation; variance 1. n1, n2: standard normals. */
double ohm_cell_tail(const ohm_params_t *p, double n1, double n2);

/* The cell's non-linearity, put into the applied voltage: as it is at the voltage where conductance is defined. */
double ohm_cell_read_volts(const ohm_params_t *p, double v);
/* Variance of a cell's read noise as the amplifier sees it: wires take as much of it as of the signal (first order in
   their drop). g, transfer: in siemens; result in siemens^2. */
double ohm_cell_read_variance(const ohm_params_t *p, double g, double transfer);

double ohm_cell_bounded(const ohm_params_t *p, double g);

OHM_END

#endif
