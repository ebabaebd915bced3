/* Parameters of the array model; ohm_params.def is the one list of them. */
#ifndef OHM_PARAMS_H
#define OHM_PARAMS_H

#include <stdint.h>

#include "ohm_fp.h"

OHM_BEGIN

typedef struct {
#define OHM_PARAM(name, value, low, unit, source) double name;
#include "ohm_params.def"
#undef OHM_PARAM
} ohm_params_t;

void ohm_params_default(ohm_params_t *p);
/* 0; -1: no such name; -2: not a number, infinite or below the parameter's lower bound (p is unchanged). */
int ohm_params_set(ohm_params_t *p, const char *name, double value);
/* Reads lines "name value" (empty lines and lines that begin with # are skipped). 0; -1: cannot be read;
   n > 0: line n is wrong. */
int ohm_params_read(ohm_params_t *p, const char *path);

/* Of the tables whose figures are among the defaults. */
uint32_t ohm_params_table_digest(void);

/* The list itself, so that other languages need no copy of it. Index 0 .. ohm_params_count() - 1. */
int ohm_params_count(void);
const char *ohm_params_name(int index);
const char *ohm_params_unit(int index);
const char *ohm_params_source(int index);
double ohm_params_low(int index);
double ohm_params_get(const ohm_params_t *p, int index);

OHM_END

#endif
