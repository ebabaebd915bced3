"""How many columns each tile gets of a budget of cells: the merges that cost least, whichever tile they are in.

Greedy agglomeration (Ward, "Hierarchical Grouping to Optimize an Objective Function", 1963) of each tile's pool gives
the error that every further merge adds; the budget takes them in the order of error for each cell saved.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.pool import Pool

FloatArray = NDArray[np.float64]


def merge_costs(pool: Pool, importance: FloatArray) -> list[float]:
    """Error that each merge of a pair of columns adds, from the first merge to the last that is allowed."""
    centres = pool.columns.astype(np.float64).T
    uses, apart = pool.uses.astype(np.float64), pool.apart.copy()
    forbidden = np.where(apart | np.eye(len(uses), dtype=np.bool_), np.inf, 0.0)
    cost = forbidden + np.stack([_ward(centres, uses, c, importance) for c in range(len(uses))]) if len(uses) else None
    steps: list[float] = []
    while cost is not None and np.isfinite(cost).any():
        a, b = divmod(int(np.argmin(cost)), len(uses))
        steps.append(float(cost[a, b]))
        centres[a] = (uses[a] * centres[a] + uses[b] * centres[b]) / (uses[a] + uses[b])
        uses[a] += uses[b]
        forbidden[a] = np.maximum(forbidden[a], forbidden[b])
        forbidden[a, a] = forbidden[a, b] = np.inf
        forbidden[b] = np.inf
        forbidden[:, a], forbidden[:, b] = forbidden[a], np.inf
        cost[a] = cost[:, a] = _ward(centres, uses, a, importance) + forbidden[a]
        cost[b] = cost[:, b] = np.inf
    return steps


def _ward(centres: FloatArray, uses: FloatArray, one: int, importance: FloatArray) -> FloatArray:
    distance = np.square(centres - centres[one]) @ importance
    return np.asarray(distance * uses * uses[one] / (uses + uses[one]), np.float64)


def columns_for_budget(
    costs: Sequence[Sequence[float]], columns: Sequence[int], rows: Sequence[int], cells: int
) -> list[int]:
    """Columns of each tile, so that sum of rows * columns is at most `cells` if the merges allow it.

    Args:
        costs: of the merges of each tile, from `merge_costs`, on one scale for all tiles.
        columns, rows: what each tile has before the first merge.
    """
    kept = list(columns)
    used = sum(r * k for r, k in zip(rows, kept, strict=True))
    queue = [(c[0] / r, t, 0) for t, (c, r) in enumerate(zip(costs, rows, strict=True)) if c]
    heapq.heapify(queue)
    while used > cells and queue:
        _cost, tile, step = heapq.heappop(queue)
        kept[tile] -= 1
        used -= rows[tile]
        if step + 1 < len(costs[tile]):
            heapq.heappush(queue, (costs[tile][step + 1] / rows[tile], tile, step + 1))
    return kept
