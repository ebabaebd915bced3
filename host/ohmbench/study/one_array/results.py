"""The table of docs/results/one-array: five trainings on three arrays each, and two harder cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ohmbench.study.one_array.designs import ONE_ARRAY
from ohmbench.study.one_array.evaluate import AS_IT_IS, RECIPE, RESTED, STUCK, Case

SEEDS = range(5)
ARRAYS = range(1, 4)


def plan() -> list[Case]:
    """What the table is made of, the fifteen first."""
    every = [Case(ONE_ARRAY.cells, seed, array) for array in ARRAYS for seed in SEEDS]
    return every + [Case(ONE_ARRAY.cells, SEEDS[0], array, kind) for kind in (RESTED, STUCK) for array in ARRAYS]


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What docs/results/one-array.json holds."""
    main = [row for row in rows if row["case"] == AS_IT_IS]
    trimmed = [row["accuracy_trimmed"] for row in main]

    def mean(name: str, of: Sequence[dict[str, Any]]) -> float:
        return float(np.mean([row[name] for row in of]))

    first = [row for row in main if row["network_seed"] == SEEDS[0]]
    harder = {
        name: {
            "accuracy_ideal": mean("accuracy_ideal", of),
            "accuracy_trimmed": mean("accuracy_trimmed", of),
            "loss_points": 100 * (mean("accuracy_trimmed", first) - mean("accuracy_trimmed", of)),
            "lost_cells": [row["lost_cells"] for row in of],
        }
        for name, kind in (("rested_1e5_s", RESTED), ("stuck_2_percent", STUCK))
        if (of := [row for row in rows if row["case"] == kind])
    }
    return {
        "mean": float(np.mean(trimmed)),
        "worst": min(trimmed),
        "sd": float(np.std(trimmed, ddof=1)),
        "accuracy_ideal": mean("accuracy_ideal", main),
        "accuracy_raw": mean("accuracy_raw", main),
        "accuracy_trimmed": float(np.mean(trimmed)),
        "seeds": sorted({row["network_seed"] for row in main}),
        "arrays": sorted({row["array_seed"] for row in main}),
        **{name: main[0][name] for name in ("cells", "images", "loads", "products", "test_images")},
        "recipe": RECIPE,
        "rung": "twin",
        "bench_time_an_image_s": mean("bench_time_an_image_s", main),
        "pulses_per_cell": mean("pulses_per_cell", main),
        "lost_cells": mean("lost_cells", main),
        **harder,
        "rows": list(rows),
    }
