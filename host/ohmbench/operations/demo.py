"""`ohmbench demo`: the main job, end to end: train, quantise, map, program, infer, report."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.inference.exact import classes_of
from ohmbench.inference.on_bench import Inference
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.recorded_arrays import RecordedArrays, Source
from ohmbench.lab.setup import Setup
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, some_inputs
from ohmbench.operations.digits import train_and_map
from ohmbench.operations.expected import through_arrays
from ohmbench.operations.recognised import line, recognised
from ohmbench.operations.result import Noted
from ohmbench.programming.recipe import DEFAULT_RECIPE, Recipe
from ohmbench.progress import Progress
from ohmbench.record.cell_records import CellRecords
from ohmbench.report.demo import render_report
from ohmbench.report.results import DemoResult, summary
from ohmbench.support.files import cannot_write, replace_file
from ohmbench.support.writer import json_text
from ohmbench.tables import CLOCK_HZ

DEMO = "demo"
"""Kind of the runs that record what was programmed."""
TRIM_INPUTS = 1000
"""Training images that the demo trims with."""


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demo found."""

    result: DemoResult

    def summary(self) -> dict[str, Any]:
        """Numbers, as in summary.json."""
        result = self.result
        return {
            "rung": result.rung,
            "accuracy_float": result.float_accuracy,
            "accuracy_quantised": result.quantised_accuracy,
            "accuracy_bench": result.accuracy,
            "accuracy_trimmed": result.accuracy_trimmed,
            "cells": int(np.count_nonzero(result.cells.mask)),
            "converged_fraction": float(np.mean(result.cells.inside[result.cells.mask])),
            "pulses_per_cell": float(np.mean(result.cells.pulses[result.cells.mask])),
            "bench_time_s": result.program_s + result.infer_s + result.trim_s,
            "wall_time_s": result.wall_s,
        }

    def describe(self) -> str:
        """A table for a terminal."""
        rows = summary(self.result)
        width = max(len(row.name) for row in rows)
        values = max(len(row.value) for row in rows)
        return "\n".join(f"{row.name:{width}}  {row.value:>{values}}  {row.note}".rstrip() for row in rows)

    def save(self, folder: Path) -> None:
        """Write summary.json and report.html into a folder, which is made if absent.

        Raises:
            UsageError: the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(folder / "summary.json", (json_text(self.summary()) + "\n").encode())
            render_report(self.result, folder / "report.html")
        except OSError as error:
            raise cannot_write(folder, error) from error


def run(
    bench: Bench,
    progress: Progress,
    *,
    seed: int = 0,
    recipe: Recipe | None = None,
    started: float | None = None,
    ledgered: Ledgered | None = None,
) -> DemoResult:
    """Train the demo's network and take it through the array of a bench.

    Args:
        started: when the operator began to wait, as time.monotonic() gives it; now if not given.
        ledgered: where the array's pulses are recorded.

    Raises:
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written; the array is off.
        FaultError: the guard turned the array off.
    """
    started = time.monotonic() if started is None else started
    recipe = recipe or Recipe()
    progress.say("training a 64-32-10 network on the digits")
    trained = train_and_map(seed=seed)
    job = Job(
        trained.image,
        trained.dataset,
        "-".join(map(str, trained.network.sizes)),
        trained.accuracy_float,
        trained.accuracy_quantised,
        TRIM_INPUTS,
    )
    return through_array(bench, progress, job, recipe, DEFAULT_RECIPE, started, ledgered)


@dataclass(frozen=True, eq=False)
class Job:
    """A network to take through the array, and the images to test and trim it with; accuracies without an array."""

    image: WeightImage
    data: Dataset
    name: str
    accuracy_float: float | None
    accuracy_quantised: float
    trim_inputs: int


def through_array(
    bench: Bench,
    progress: Progress,
    job: Job,
    recipe: Recipe,
    recipe_name: str,
    started: float,
    ledgered: Ledgered | None,
) -> DemoResult:
    """Program a network and pass its test images, raw and trimmed; raises as `run`."""
    image, digits = job.image, job.data
    sha256 = hashlib.sha256(image.to_bytes()).hexdigest()
    progress.expect(DEMO, through_arrays(image, recipe, len(digits.test_x), min(job.trim_inputs, len(digits.train_x))))
    with RecordedArrays(bench, recipe, progress, ledgered, DEMO, Source(sha256, None, recipe_name)) as arrays:
        inference = Inference(bench, recipe, progress, load=arrays.load, on_passed=arrays.passed)
        trimmed = inference.trim(image, some_inputs(digits.train_x, job.trim_inputs), digits.test_x)
        numbers = recognised(digits.name, digits.test_y, trimmed.raw, trimmed.corrected)
        arrays.came_to(line(numbers), numbers)
    return DemoResult(
        rung=bench.info.rung,
        network=job.name,
        dataset=digits.name,
        float_accuracy=job.accuracy_float,
        quantised_accuracy=job.accuracy_quantised,
        labels=digits.test_y,
        predictions=classes_of(trimmed.raw),
        predictions_trimmed=classes_of(trimmed.corrected),
        trim_inputs=job.trim_inputs,
        cells=CellRecords.stacked([inference.records[i] for i in range(image.images)]),
        target_usiemens=recipe.targets_usiemens(image.levels, image.max_level),
        codes_per_usiemens=recipe.codes_per_siemens * 1e-6,
        window_usiemens=recipe.window_usiemens,
        program_s=inference.program_cycles / CLOCK_HZ,
        infer_s=inference.infer_cycles / CLOCK_HZ,
        trim_s=inference.trim_cycles / CLOCK_HZ,
        wall_s=time.monotonic() - started,
        provenance={
            **image.provenance,
            "rung": bench.info.rung,
            "build_id": f"{bench.info.build_id:08x}",
            "array": f"{bench.info.rows}x{bench.info.columns} {bench.info.array_type}",
            "test_images": len(digits.test_y),
        },
    )


def run_demo(setup: Setup, progress: Progress, *, seed: int = 0, started: float | None = None) -> Noted[Demo]:
    """Open the bench and take the demo's network through its array.

    Args:
        started: as `run` has it.

    Raises:
        OhmbenchError: as `Setup.record`, `Setup.bench` and `run`.
    """
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        result = run(bench, progress, seed=seed, recipe=setup.recipe, started=started, ledgered=record.ledgered)
        return Noted(Demo(result), bench.carrier.note)
