"""The one-array network through simulated arrays: raw, trimmed, rested, and on arrays with many stuck cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.faults.avoid import BadCells, avoid_faults
from ohmbench.faults.characterise import characterise
from ohmbench.inference.exact import classes_of, predict
from ohmbench.inference.on_bench import Inference
from ohmbench.mapping.counting import count
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, share_right, some_inputs
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import OnProgress
from ohmbench.tables import CLOCK_HZ

RECIPE = "settled"
TRIM_INPUTS = 2000
RESTED_S = 1e5
STUCK_FRACTION = 0.02
_TIMED = 100

AS_IT_IS, RESTED, STUCK = "as it is", "rested", "stuck"
CASES = (AS_IT_IS, RESTED, STUCK)
"""The default device; that after RESTED_S, trimmed again; one with STUCK_FRACTION of its cells stuck, characterised,
and the network laid out around them."""


@dataclass(frozen=True)
class Case:
    """A network on an array: the design's cells, seeds of its training and of the array, and one of CASES."""

    design: int
    network_seed: int
    array_seed: int
    kind: str = AS_IT_IS

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.design}-{self.network_seed}-{self.array_seed}-{self.kind.replace(' ', '-')}"


def evaluate(case: Case, image: WeightImage, data: Dataset, tell: OnProgress | None = None) -> dict[str, Any]:
    """One case of an image through the twin: accuracies over the test images, counts, and bench time an input.

    Args:
        data: with images as the network takes them.
    """
    recipe = Recipe.load(RECIPE)
    params = {}
    if case.kind == STUCK:
        params = {"stuck_low_fraction": STUCK_FRACTION / 2, "stuck_high_fraction": STUCK_FRACTION / 2}
    with open_bench("twin", array=SimulatedArray(params, case.array_seed)) as bench:
        if case.kind == STUCK:
            image = _around(image, bench, recipe)
        run = Inference(bench, recipe, tell)
        fit_to = some_inputs(data.train_x, TRIM_INPUTS)
        run.predict(image, data.test_x[:_TIMED])
        image_s = run.infer_cycles / CLOCK_HZ / _TIMED
        if case.kind == RESTED:
            bench.rest(RESTED_S)
        passed = run.trim(image, fit_to, data.test_x)
        records = run.records.values()
    counts = count(image)
    return {
        "design": case.design,
        "network_seed": case.network_seed,
        "array_seed": case.array_seed,
        "case": case.kind,
        "accuracy_ideal": share_right(predict(image, data.test_x), data.test_y),
        "accuracy_raw": share_right(classes_of(passed.raw), data.test_y),
        "accuracy_trimmed": share_right(classes_of(passed.corrected), data.test_y),
        "test_images": len(data.test_y),
        "lost_cells": len(passed.trimming.lost),
        "cells": counts.cells,
        "images": image.images,
        "loads": counts.loads,
        "products": counts.products,
        "bench_time_an_image_s": image_s,
        "pulses_per_cell": float(np.mean(np.concatenate([record.pulses[record.mask] for record in records]))),
        "converged_fraction": float(np.mean(np.concatenate([record.inside[record.mask] for record in records]))),
    }


def _around(image: WeightImage, bench: Bench, recipe: Recipe) -> WeightImage:
    faults = characterise(bench, recipe).faults
    return avoid_faults(image, faults, BadCells.of(recipe, image.max_level))
