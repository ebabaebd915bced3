#include "ohm_wires.h"

#include <string.h>

#include "ohm_tables.h"

enum { M = OHM_ROWS, N = OHM_COLUMNS, BLOCK = 8, STRIDE = (M + N + BLOCK - 1) / BLOCK * BLOCK };

/* Wider vectors where the processor has them: the same operations in the same order, so the same bits. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* Column side seen from above while rows are added one by one: port k carries the current
   sum_l y[k][l] u_l - sum_i y[k][N + i] V_i, with u the column voltages and V_i the i-th row that is on.
   The part of the columns is symmetric; of its lower triangle only what shares a block with the diagonal is kept. */
typedef struct {
    double y[N][STRIDE];
} ports_t;

static inline void subtract(double *OHM_RESTRICT y, const double *OHM_RESTRICT x, double c, int blocks)
{
    for (int b = 0; b < blocks; b++, y += BLOCK, x += BLOCK)
        for (int k = 0; k < BLOCK; k++) y[k] -= c * x[k];
}

/* A resistor in series with every port, one port after the other: each is a rank-1 update
   y - (r / (1 + r y_kk)) y_k y_k^T. No small differences of large numbers, whatever r is. */
WIDE static void add_series(ports_t *p, double ohm, int sources)
{
    int blocks = (N + sources + BLOCK - 1) / BLOCK;

    if (ohm == 0.0) return;
    for (int k = 0; k < N; k++) {
        double row[STRIDE];
        double keep = 1.0 / (1.0 + ohm * p->y[k][k]), f = ohm * keep;

        for (int l = 0; l < k; l++) row[l] = p->y[l][k];
        memcpy(row + k, p->y[k] + k, (size_t)(STRIDE - k) * sizeof *row);
        for (int l = 0; l < N; l++) {
            int first = l / BLOCK;
            if (l != k) subtract(p->y[l] + first * BLOCK, row + first * BLOCK, f * row[l], blocks - first);
        }
        for (int l = 0; l < blocks * BLOCK; l++) p->y[k][l] = keep * row[l];
    }
}

/* Adds row's cells: diag(g) - g R g for the columns and g h for the source, where R is the resistance matrix of the
   bit line's nodes with the columns grounded (semiseparable: R_jk = R_jj times the divider from j to k) and h the
   divider from the source. */
static void add_row(ports_t *p, const ohm_wires_t *w, const double *g, int source)
{
    double right[N], divider[N]; /* admittance to the right of and at node j; voltage of node j over node j - 1's */
    double left = w->driver_ohm + w->bl_ohm, h = 1.0;

    right[N - 1] = g[N - 1];
    divider[N - 1] = 1.0 / (1.0 + w->bl_ohm * g[N - 1]);
    for (int j = N - 2; j >= 0; j--) {
        right[j] = g[j] + right[j + 1] * divider[j + 1];
        divider[j] = 1.0 / (1.0 + w->bl_ohm * right[j]);
    }
    divider[0] = 1.0 / (1.0 + left * right[0]);
    for (int j = 0; j < N; j++) {
        double r = left / (1.0 + left * right[j]) * g[j];

        h *= divider[j];
        p->y[j][N + source] += g[j] * h;
        p->y[j][j] += g[j] - g[j] * r;
        for (int k = j + 1; k < N; k++) {
            r *= divider[k];
            p->y[j][k] -= r * g[k];
        }
        left = w->bl_ohm + left / (1.0 + g[j] * left);
    }
}

void ohm_wires_transfer(const ohm_wires_t *w, const double *g, uint32_t on, double *transfer)
{
    ports_t p;
    int source = 0, rows[M];
    double ohm = 0.0;

    memset(&p, 0, sizeof p);
    for (int i = 0; i < M; i++) {
        if (on >> i & 1u) {
            add_series(&p, ohm, source);
            add_row(&p, w, g + N * i, source);
            rows[source++] = i;
            ohm = 0.0;
        }
        ohm += w->sl_ohm;
    }
    add_series(&p, ohm + w->sense_ohm, source);

    memset(transfer, 0, M * N * sizeof *transfer);
    for (int s = 0; s < source; s++)
        for (int j = 0; j < N; j++) transfer[N * rows[s] + j] = p.y[j][N + s];
}

void ohm_wires_row(const ohm_wires_t *w, const double *g, int row, double *transfer)
{
    double below = (M - row) * w->sl_ohm + w->sense_ohm;
    double divider[N], right = 0.0, h = 1.0;

    for (int j = N - 1; j >= 0; j--) {
        double first = j == 0 ? w->driver_ohm : 0.0;
        transfer[j] = g[j] / (1.0 + below * g[j]);
        right += transfer[j];
        divider[j] = 1.0 / (1.0 + (w->bl_ohm + first) * right);
        right *= divider[j];
    }
    for (int j = 0; j < N; j++) {
        h *= divider[j];
        transfer[j] *= h;
    }
}
