"""Computing one point: a network's image programmed, rested and inferred, and the accuracy at each stage.

What is on at a stage, and how it is computed, is in docs/sweep.md. Stages before the array are exact arithmetic on
whole levels. `programmed` and `relaxed` take the true conductances of the cells from the array model, multiply in exact
arithmetic and leave read noise, the cell's non-linearity, wires and converters out; only the twin, whose model is in
this process, knows them. The last stage is what the bench's own codes give.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.bench.base import Bench
from ohmbench.bench.twin import TwinBench
from ohmbench.inference.exact import TileRunner, classes_of, lane_values, predict
from ohmbench.inference.loading import load_at_once
from ohmbench.inference.on_bench import Inference, unpaired_floor
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import share_right, some_inputs
from ohmbench.network.nets import Split
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.result import ArrayResult, ProgramResult
from ohmbench.support.array_types import FloatArray, IntArray, Integers
from ohmbench.sweep.networks import MadeNetwork
from ohmbench.sweep.points import Point
from ohmbench.tables import CLOCK_HZ

STAGES = {
    "accuracy_float": "floating point",
    "accuracy_quantised": "quantised",
    "accuracy_merged": "merged",
    "accuracy_programmed": "programmed",
    "accuracy_relaxed": "relaxed",
    "accuracy": "converters, wires",
    "accuracy_trimmed": "trimmed",
}
"""Columns of the accuracies, in the order of the stages, and what people call these."""


@dataclass(frozen=True, eq=False)
class PointResult:
    """What a point gave.

    Attributes:
        values: accuracies by stage (None: not known on this rung), costs, times.
        confusion: (classes, classes), row = label, column = what the array said.
        rung, build_id: what it was computed on.
    """

    point: Point
    rung: str
    build_id: int
    values: dict[str, Any]
    confusion: list[list[int]]


class _Stages:
    """Rests after programming, and looks at the cells before and after, where they can be seen.

    Attributes:
        programmed, relaxed: siemens (32, 32) that each tile's array held, by the tile's number.
    """

    def __init__(self, bench: Bench, recipe: Recipe, rest_s: float) -> None:
        self._bench, self._rest_s = bench, rest_s
        self._at_once = load_at_once(bench, recipe)
        self._held: tuple[FloatArray, FloatArray] | None = None
        self.programmed: dict[int, FloatArray] = {}
        self.relaxed: dict[int, FloatArray] = {}

    def load(self, image: WeightImage, number: int) -> ArrayResult:
        """The Loader of the point's inference."""
        result = self._at_once(image, number)
        before = self._look()
        self._bench.rest(self._rest_s)
        after = self._look()
        self._held = None if before is None or after is None else (before, after)
        return result

    def passed(self, tile: int, codes: IntArray) -> None:
        """Keep what the array held, when all inputs have passed a tile."""
        del codes
        if self._held is not None:
            self.programmed[tile], self.relaxed[tile] = self._held

    def _look(self) -> FloatArray | None:
        return self._bench.array.conductance() if isinstance(self._bench, TwinBench) else None


def compute_point(bench: Bench, point: Point, network: MadeNetwork, split: Split) -> PointResult:
    """Program, rest and infer on a bench whose array is new.

    Raises:
        ImageError: the image does not fit the bench.
        FaultError: the guard turned the array off.
        UsageError, DataError: the point's training inputs are too few to trim with, or too much alike.
    """
    began = time.process_time()
    image, inputs, labels = network.weight_image(), split.test_x[: point.images], split.test_y[: point.images]
    stages = _Stages(bench, point.recipe, point.rest_s)
    run = Inference(bench, point.recipe, on_codes=stages.passed, load=stages.load)
    trimmed: IntArray | None = None
    if point.trim is None:
        said = run.predict(image, inputs)
    else:
        passed = run.trim(image, some_inputs(split.train_x, point.trim), inputs)
        said, trimmed = map(classes_of, (passed.raw, passed.corrected))
    predictions: dict[str, NDArray[Any] | None] = {
        "accuracy_float": network.said_float[: len(labels)],
        "accuracy_quantised": network.said_quantised[: len(labels)],
        "accuracy_merged": predict(image, inputs),
        "accuracy_programmed": _exact(image, inputs, point.recipe, stages.programmed),
        "accuracy_relaxed": _exact(image, inputs, point.recipe, stages.relaxed),
        "accuracy": said,
        "accuracy_trimmed": trimmed,
    }
    programmed = ProgramResult(bench.info.rung, run.records)
    pulses = sum(int(r.pulses[r.mask].sum()) for r in run.records.values())
    counts = network.counts
    values = {
        **{k: None if p is None else share_right(p, labels) for k, p in predictions.items()},
        **{k: counts[k] for k in ("cells", "cells_as_pairs", "cells_saved", "images", "passes")},
        "converged_fraction": programmed.converged_fraction,
        "pulses_per_cell": pulses / max(programmed.cells, 1),
        "program_s": run.program_cycles / CLOCK_HZ,
        "infer_s": run.infer_cycles / CLOCK_HZ,
        "trim_s": run.trim_cycles / CLOCK_HZ,
        "cpu_s": time.process_time() - began,
    }
    classes = image.layers[-1].outputs
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, said), 1)
    return PointResult(point, bench.info.rung, bench.info.build_id, values, confusion.tolist())


def _exact(image: WeightImage, inputs: Integers, recipe: Recipe, siemens: dict[int, FloatArray]) -> IntArray | None:
    return predict(image, inputs, conductance_runner(recipe, siemens)) if siemens else None


def conductance_runner(recipe: Recipe, siemens: dict[int, FloatArray]) -> TileRunner:
    """Runs tiles on conductances (32, 32) in siemens, by the tile's number, in exact arithmetic.

    A column's current is sum(x G), and a level step (g_max - g_min) / max_level, as everywhere.
    """

    def run(image: WeightImage, index: int, row_values: IntArray) -> FloatArray:
        tile = image.tiles[index]
        step = (recipe.g_max_usiemens - recipe.g_min_usiemens) * 1e-6 / image.max_level
        lanes = lane_values(row_values @ (siemens[index] / step), tile, row_values)
        return lanes - unpaired_floor(tile, row_values, recipe, image.max_level)

    return run
