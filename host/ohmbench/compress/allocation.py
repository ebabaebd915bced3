"""What to merge for a budget of cells: the merges that cost least, whichever tile or layer they are in.

Greedy agglomeration (Ward, "Hierarchical Grouping to Optimize an Objective Function", 1963) of the columns of a tile,
or of the rows of a layer, gives the error that every further merge adds; the budget takes them in the order of error
for each cell saved.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ohmbench.support.array_types import FloatArray, Mask

_LEAST = 1e-100


def merge_costs(points: NDArray[np.number], weights: NDArray[np.number], apart: Mask | None = None) -> list[float]:
    """Error that each merge of a pair adds, from the first merge to the last that is allowed.

    Args:
        points: (n, dimensions), whose squared distances are errors; weights: (n,) of each.
        apart: bool (n, n), symmetric: pairs that must not end in one cluster.
    """
    # the floor keeps two points without weight from a mean of 0 / 0
    centres, mass, count = points.astype(np.float64), np.maximum(weights, _LEAST, dtype=np.float64), len(points)
    if count < 2:
        return []
    forbidden = np.where(np.eye(count, dtype=np.bool_), np.inf, 0.0)
    if apart is not None:
        forbidden[apart] = np.inf
    cost = forbidden + np.stack([_ward(centres, mass, one) for one in range(count)])
    steps: list[float] = []
    while True:
        a, b = divmod(int(np.argmin(cost)), count)
        if not np.isfinite(cost[a, b]):
            return steps
        steps.append(float(cost[a, b]))
        centres[a] = (mass[a] * centres[a] + mass[b] * centres[b]) / (mass[a] + mass[b])
        mass[a] += mass[b]
        forbidden[a] = np.maximum(forbidden[a], forbidden[b])
        forbidden[a, b] = np.inf
        forbidden[b] = np.inf
        forbidden[:, a], forbidden[:, b] = forbidden[a], np.inf
        cost[a] = cost[:, a] = _ward(centres, mass, a) + forbidden[a]
        cost[b] = cost[:, b] = np.inf


def _ward(centres: FloatArray, mass: FloatArray, one: int) -> FloatArray:
    distance = np.square(centres - centres[one]).sum(axis=1)
    return np.asarray(distance * mass * mass[one] / (mass + mass[one]), np.float64)


def lines_for_budget(
    costs: Sequence[Sequence[float]], lines: Sequence[int], sizes: Sequence[int], cells: int
) -> list[int]:
    """Lines (columns or rows) that each tile or layer keeps, so that they take at most `cells` if the merges allow it.

    Args:
        costs: of the merges of each, from `merge_costs`, on one scale for all.
        lines: what each has before the first merge; sizes: cells of a line of each.
    """
    kept = list(lines)
    used = sum(size * count for size, count in zip(sizes, kept, strict=True))
    queue = [(c[0] / size, part, 0) for part, (c, size) in enumerate(zip(costs, sizes, strict=True)) if c]
    heapq.heapify(queue)
    while used > cells and queue:
        _cost, part, step = heapq.heappop(queue)
        kept[part] -= 1
        used -= sizes[part]
        if step + 1 < len(costs[part]):
            heapq.heappush(queue, (costs[part][step + 1] / sizes[part], part, step + 1))
    return kept
