"""Levels and wiring of shared columns that come closest to given weights: only differences of columns must match.

Both halves are exact descents of sum_j sum_i h_i (G[i, p_j] - G[i, n_j] - W_ij)^2, so that the error never rises.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.pool import Pool, signed
from ohmbench.support.array_types import FloatArray

SWEEPS = 6


def error(pool: Pool, weights: NDArray[np.number], importance: FloatArray) -> float:
    """sum_ij importance_i (pool's weight - weight)^2 for weights (rows, outputs) and importance (rows,)."""
    return float(importance @ np.square(pool.weights() - weights).sum(axis=1))


def refit(
    pool: Pool, weights: NDArray[np.number], importance: FloatArray, max_level: int, *, rewire: bool = True
) -> Pool:
    """The pool with levels 0..max_level, and with `rewire` a wiring, moved towards `weights` (rows, outputs).

    Adding the same to both columns of an output changes nothing, which coordinate descent over whole levels makes
    use of.
    """
    for _ in range(SWEEPS):
        before = (pool.columns, pool.p, pool.n)
        pool = _refit_levels(pool, weights, max_level)
        if rewire:
            pool = _rewire(pool, weights, importance)
        if all(np.array_equal(a, b) for a, b in zip(before, (pool.columns, pool.p, pool.n), strict=True)):
            break
    return pool


def _refit_levels(pool: Pool, weights: NDArray[np.number], max_level: int) -> Pool:
    levels = pool.columns.copy()
    for column in range(levels.shape[1]):
        added, subtracted = np.flatnonzero(pool.p == column), np.flatnonzero(pool.n == column)
        padded = np.pad(levels, ((0, 0), (0, 1)))
        wanted = weights[:, added].sum(axis=1) + padded[:, pool.n[added]].sum(axis=1)
        wanted = wanted - weights[:, subtracted].sum(axis=1) + padded[:, pool.p[subtracted]].sum(axis=1)
        count = max(1, len(added) + len(subtracted))
        # the mean of what each output asks for; its rounding is the best whole level, the error being a parabola
        levels[:, column] = np.clip(np.rint(wanted / count), 0, max_level)
    return Pool(levels, pool.p, pool.n)


def _rewire(pool: Pool, weights: NDArray[np.number], importance: FloatArray) -> Pool:
    """Move each output to the pair of columns, of which one may be none, that is closest to its weights."""
    count = pool.columns.shape[1]
    pairs_p, pairs_n = (a.ravel() - 1 for a in np.mgrid[0 : count + 1, 0 : count + 1])
    apart = pairs_p != pairs_n
    pairs_p, pairs_n = pairs_p[apart], pairs_n[apart]
    made = signed(pool.columns, pairs_p, pairs_n).astype(np.float64)
    weighted = made * importance[:, None]
    cost = (weighted * made).sum(axis=0)[None, :] - 2 * weights.T @ weighted  # (outputs, pairs), less a constant
    best = np.argmin(cost, axis=1)
    now = np.argmax((pairs_p[None, :] == pool.p[:, None]) & (pairs_n[None, :] == pool.n[:, None]), axis=1)
    each = np.arange(len(best))
    moved = (cost[each, best] < cost[each, now] - 1e-9) & ((pool.p >= 0) | (pool.n >= 0))
    return Pool(pool.columns, np.where(moved, pairs_p[best], pool.p), np.where(moved, pairs_n[best], pool.n))
