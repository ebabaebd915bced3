"""How far cells are from their targets after programming, as the array model has it: the noise of a training."""

from __future__ import annotations

import numpy as np

from ohmbench.bench.twin import TwinBench
from ohmbench.model.array import ArrayModel
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import ArrayRun, Target, policy_of
from ohmbench.support.array_types import FloatArray
from ohmbench.tables import COLUMNS, ROWS

SETTLED_S = 100.0
"""Bench time between programming and the look: what ten thousand images take."""


def cell_errors(recipe: Recipe, max_level: int, seeds: range) -> FloatArray:
    """Errors (cells,) in level steps of arrays that were programmed to random levels and then rested.

    What a trimming takes off is not in them: each column's errors are those around a line over its targets, since a
    gain and a common error are fitted to each lane. Stuck cells are left out; a network meets them, too few to learn.

    Args:
        seeds: of the arrays.
    """
    every, none = np.ones((ROWS, COLUMNS), np.bool_), np.zeros((ROWS, COLUMNS), np.bool_)
    step = (recipe.g_max_usiemens - recipe.g_min_usiemens) / max_level
    found = []
    for seed in seeds:
        levels = np.random.default_rng(seed).integers(0, max_level + 1, (ROWS, COLUMNS)).astype(np.uint8)
        with TwinBench(ArrayModel({}, seed)) as bench:
            ArrayRun(bench, Target(levels, every, none, max_level, "errors"), recipe, policy=policy_of(recipe)).run()
            bench.rest(SETTLED_S)
            held, good = bench.array.conductance() * 1e6, ~bench.array.stuck()
        targets = recipe.targets_usiemens(levels, max_level)
        for column in range(COLUMNS):
            kept = good[:, column]
            line = np.polynomial.Polynomial.fit(targets[kept, column], held[kept, column], 1)
            # the line's two numbers take their share of the spread with them
            share = np.sqrt(np.count_nonzero(kept) / (np.count_nonzero(kept) - 2))
            found.append((held[kept, column] - line(targets[kept, column])) * share / step)
    return np.concatenate(found)
