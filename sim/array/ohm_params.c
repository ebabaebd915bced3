#include "ohm_params.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ohm_tables.h"

typedef struct {
    const char *name, *unit, *source;
    double value, low;
    size_t offset;
} param_t;

static const param_t PARAMS[] = {
#define OHM_PARAM(name, value, low, unit, source) {#name, unit, source, value, low, offsetof(ohm_params_t, name)},
#include "ohm_params.def"
#undef OHM_PARAM
};

enum { COUNT = sizeof PARAMS / sizeof PARAMS[0] };

static double *field(ohm_params_t *p, int index) { return (double *)((char *)p + PARAMS[index].offset); }

uint32_t ohm_params_table_digest(void) { return OHM_TABLE_DIGEST; }

int ohm_params_count(void) { return COUNT; }
const char *ohm_params_name(int index) { return PARAMS[index].name; }
const char *ohm_params_unit(int index) { return PARAMS[index].unit; }
const char *ohm_params_source(int index) { return PARAMS[index].source; }
double ohm_params_low(int index) { return PARAMS[index].low; }

double ohm_params_get(const ohm_params_t *p, int index)
{
    return *(const double *)((const char *)p + PARAMS[index].offset);
}

void ohm_params_default(ohm_params_t *p)
{
    for (int i = 0; i < COUNT; i++) *field(p, i) = PARAMS[i].value;
}

int ohm_params_set(ohm_params_t *p, const char *name, double value)
{
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(PARAMS[i].name, name) != 0) continue;
        if (!isfinite(value) || value < PARAMS[i].low) return -2;
        *field(p, i) = value;
        return 0;
    }
    return -1;
}

int ohm_params_read(ohm_params_t *p, const char *path)
{
    char line[256], name[64], number[64], rest[2];
    FILE *file = fopen(path, "r");
    int status = 0;

    if (!file) return -1;
    for (int n = 1; status == 0 && fgets(line, sizeof line, file); n++) {
        int fields = sscanf(line, "%63s %63s %1s", name, number, rest);
        char *end;
        double value;

        if (fields < 1 || name[0] == '#') continue;
        if (fields != 2) {
            status = n;
            continue;
        }
        value = strtod(number, &end);
        if (*end != '\0' || ohm_params_set(p, name, value) != 0) status = n;
    }
    if (ferror(file)) status = -1;
    fclose(file);
    return status;
}
