"""The table of docs/results/cells: accuracy over the cells that a network may take, ten arrays each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ohmbench.study.one_array.designs import DESIGNS
from ohmbench.study.one_array.evaluate import RECIPE, Case

SEED = 0
ARRAYS = range(1, 11)


def plan() -> list[Case]:
    """One training of each design on every array; array by array, so that an early stop leaves whole columns."""
    return [Case(cells, SEED, array) for array in ARRAYS for cells in DESIGNS]


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What docs/results/cells.json holds: a point for each design, and the rows it is made of."""
    points = []
    for design in DESIGNS:
        of = [row for row in rows if row["design"] == design]
        trimmed = [row["accuracy_trimmed"] for row in of]
        points.append(
            {
                "most_cells": design,
                **{name: of[0][name] for name in ("cells", "images", "products", "accuracy_ideal")},
                "accuracy_raw": float(np.mean([row["accuracy_raw"] for row in of])),
                "accuracy_trimmed": float(np.mean(trimmed)),
                "sd": float(np.std(trimmed, ddof=1)),
                "worst": min(trimmed),
                "arrays": len(of),
                "bench_time_an_image_s": float(np.mean([row["bench_time_an_image_s"] for row in of])),
            }
        )
    return {"recipe": RECIPE, "rung": "twin", "seed": SEED, "points": points, "rows": list(rows)}
