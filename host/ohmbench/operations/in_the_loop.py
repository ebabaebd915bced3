"""`ohmbench program --in-the-loop`: layer by layer, each fitted to what the ones before it really give."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import ArrayState, NotConvergedError, UsageError
from ohmbench.inference.adapt import adapt, tied_layers
from ohmbench.inference.exact import classes_of, predict
from ohmbench.inference.on_bench import Inference
from ohmbench.inference.trim_causes import worst_lanes
from ohmbench.inference.trimming import LayerByLayer, require_enough
from ohmbench.inference.trimming_file import OwnedTrimming
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.recorded_arrays import RecordedArrays, Source
from ohmbench.lab.setup import Setup
from ohmbench.lab.trimmings import keep
from ohmbench.mapping.data_sets import dataset_of
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, share_right, some_of
from ohmbench.operations.image_file import ImageFile, require_own_array
from ohmbench.operations.recognised import line, recognised
from ohmbench.operations.result import Noted
from ohmbench.operations.trim import TrimResult, noting
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.result import ProgramResult
from ohmbench.progress import Progress
from ohmbench.support.files import write_result
from ohmbench.tables import CLOCK_HZ

IN_THE_LOOP = "program in the loop"
"""Kind of the runs that record what was programmed."""


@dataclass(frozen=True, eq=False)
class InTheLoop:
    """A network programmed layer by layer.

    Attributes:
        accuracy_before: of the image that was given, in exact integers over the test set; accuracy_quantised: of the
            one that was written. accuracy and accuracy_trimmed: of that through the array.
        changed: cells that were given another level.
    """

    rung: str
    out: Path
    sha256: str
    programmed: ProgramResult
    trim: TrimResult
    accuracy_before: float
    accuracy_quantised: float
    accuracy: float
    accuracy_trimmed: float
    changed: int
    bench_time_s: float

    def summary(self) -> dict[str, Any]:
        return {
            "rung": self.rung,
            "out": str(self.out),
            "image_sha256": self.sha256,
            "cells": self.programmed.cells,
            "cells_changed": self.changed,
            "converged_fraction": self.programmed.converged_fraction,
            "accuracy_before": self.accuracy_before,
            "accuracy_quantised": self.accuracy_quantised,
            "accuracy": self.accuracy,
            "accuracy_trimmed": self.accuracy_trimmed,
            "bench_time_s": self.bench_time_s,
            "trimming": self.trim.summary(),
        }

    def describe(self) -> str:
        return "\n".join(
            [
                f"{self.programmed.cells} cells programmed layer by layer ({self.rung}), "
                f"{100 * self.programmed.converged_fraction:.2f} % in their window; {self.changed} got another level",
                f"{100 * self.accuracy:.2f} % of the test images recognised raw, {100 * self.accuracy_trimmed:.2f} % "
                f"trimmed, {100 * self.accuracy_quantised:.2f} % in exact integers "
                f"({100 * self.accuracy_before:.2f} % before)",
                f"the weight image that the array holds: {self.out}",
                self.trim.describe(),
            ]
        )

    def require(self, share: float) -> None:
        """Raises:
        NotConvergedError: fewer cells converged.
        """
        if self.programmed.converged_fraction < share:
            raise NotConvergedError(
                f"Only {100 * self.programmed.converged_fraction:.2f} % of the cells ended in their window, "
                f"{100 * share:g} % were required.",
                "Widen the window or allow more rounds in the recipe, or look for stuck cells with `ohmbench read`.",
                array=ArrayState.PROGRAMMED,
            )


def program_in_the_loop(
    setup: Setup,
    path: Path,
    out: Path,
    progress: Progress,
    *,
    count: int,
    data: str | None = None,
    folder: Path | None = None,
) -> Noted[InTheLoop]:
    """Program a weight image layer by layer, fit the layers behind, and write the image that the arrays then hold.

    Args:
        count: of training inputs.
        data: name of the data set; None: what the image was made for.
        folder: of MNIST's files; None: OHMBENCH_MNIST.

    Raises:
        UsageError: too few inputs or too many, or weights that cannot be trained.
        ImageError, DataError: the image, or its data set, is missing or damaged.
        OhmbenchError: as `Setup.record`, `Setup.bench` and `RecordedArrays`.
    """
    file = ImageFile.load(path)
    recipe, name = file.recipe(setup.recipe, setup.recipe_name)
    data_set = dataset_of(file.image, data, folder)
    if data_set.targets is not None:
        raise UsageError(
            "Layers are fitted in the loop to classes, and these data have targets in floating point.",
            "Program the image without --in-the-loop, and trim it.",
        )
    require_enough(file.image, count)
    chosen = some_of(len(data_set.train_x), count)
    tied_layers(file.image, 0)
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        require_own_array(file.image, None if record.ledgered is None else record.ledgered.serial, progress)
        file.image.check_fits(bench.info)
        source = _source(file.image, out, name)
        with RecordedArrays(bench, recipe, progress, record.ledgered, IN_THE_LOOP, source) as arrays:
            result = _run(bench, file, data_set, chosen, recipe, name, out, progress, record.ledgered, arrays)
        return Noted(result, bench.carrier.note)


def _source(image: WeightImage, out: Path, recipe_name: str) -> Source:
    return Source(hashlib.sha256(image.to_bytes()).hexdigest(), out.name, recipe_name)


def _run(
    bench: Bench,
    file: ImageFile,
    data: Dataset,
    chosen: np.ndarray[Any, np.dtype[np.intp]],
    recipe: Recipe,
    recipe_name: str,
    out: Path,
    progress: Progress,
    ledgered: Ledgered | None,
    arrays: RecordedArrays,
) -> InTheLoop:
    fit_to, labels = np.asarray(data.train_x[chosen], np.int64), data.train_y[chosen]
    runs: dict[int, int] = {}
    run = Inference(bench, recipe, progress, load=noting(arrays.load, runs, lambda: None), on_passed=arrays.passed)
    way = LayerByLayer(file.image, fit_to, data.test_x, run.fit_tile, run.run_tile, run.lost_cells)

    def use(image: WeightImage) -> None:
        """What is loaded from now on, under a hash of its own in the record."""
        arrays.source, run.loaded = _source(image, out, recipe_name), None
        way.change(image)

    for number in range(1, len(file.image.layers) + 1):
        way.step()
        if number < len(file.image.layers):
            progress.say(f"training layer {number} and those behind it on what the array gives")
            use(adapt(way.image, number, way.next_fit, labels))
            if number + 1 == len(file.image.layers):
                write_result(out, way.image.to_bytes())  # before the array holds it
    if len(file.image.layers) == 1:
        write_result(out, way.image.to_bytes())
    found = way.result()
    numbers = recognised(data.name, data.test_y, found.raw, found.corrected)
    arrays.came_to(line(numbers), numbers)
    sha256 = arrays.source.sha256
    serial = None if ledgered is None else ledgered.serial
    owned = OwnedTrimming(found.trimming, sha256, serial, dict(runs), datetime.now(UTC), data.name, data.content)
    if ledgered is not None:
        keep(ledgered, owned)
    worst = worst_lanes(way.image, found.trimming, run.records, recipe)
    trim = TrimResult(owned, way.image, None, worst, run.trim_cycles / CLOCK_HZ, found.fit_s)
    return InTheLoop(
        bench.info.rung,
        out,
        sha256,
        ProgramResult(bench.info.rung, run.records),
        trim,
        share_right(predict(file.image, data.test_x), data.test_y),
        share_right(predict(way.image, data.test_x), data.test_y),
        share_right(classes_of(found.raw), data.test_y),
        share_right(classes_of(found.corrected), data.test_y),
        int(np.count_nonzero(way.image.levels != file.image.levels)),
        (run.program_cycles + run.infer_cycles + run.trim_cycles) / CLOCK_HZ,
    )
