"""`ohmbench trim`, and what `ohmbench infer` does with a trimming."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import ArrayState, DataError, UsageError
from ohmbench.inference.loading import Loader
from ohmbench.inference.on_bench import Inference
from ohmbench.inference.trim_causes import WorstLane, worst_lanes
from ohmbench.inference.trimming import Trimmed, Trimming, require_enough
from ohmbench.inference.trimming_file import OwnedTrimming
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.recorded_arrays import RecordedArrays, Source, is_loaded
from ohmbench.lab.setup import Setup
from ohmbench.lab.trimmings import keep, kept, stale_because
from ohmbench.mapping.data_sets import dataset_of
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, some_inputs
from ohmbench.operations.image_file import ImageFile, require_own_array
from ohmbench.operations.result import Noted
from ohmbench.operations.verify import Check, check_of
from ohmbench.programming.programmer import read_array
from ohmbench.programming.result import ArrayResult
from ohmbench.progress import Progress
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.journal import last_run
from ohmbench.support.array_types import NetworkInputs
from ohmbench.support.words import counted
from ohmbench.tables import CLOCK_HZ

TRIM = "trim"
"""Kind of the runs that record what was programmed for a trimming."""
INPUTS = 2000
"""As many as are enough for 25 tiles in a sum."""
HELD_SHARE = 0.25
"""Cells in their windows below which an array holds something else. After a day of rest it is still some 0.7; an array
with another image has its own levels in 0.1 to 0.2 of these windows."""
FROM_RECORD = "record"
"""In place of a file: the newest trimming of the array and the image in the record."""


@dataclass(frozen=True, eq=False)
class TrimRequest:
    """What is asked for: a fit to so many training inputs, or a trimming that was made.

    Attributes:
        count: of training inputs; None: use `file`.
        file: of a trimming, or FROM_RECORD.
    """

    count: int | None = None
    file: str | None = None

    def fit_to(self, image: WeightImage, data: Dataset) -> NetworkInputs | None:
        """Training inputs to fit to; None if nothing is fitted.

        Raises:
            UsageError: too few or too many.
        """
        if self.count is None:
            return None
        require_enough(image, self.count)
        return some_inputs(data.train_x, self.count)

    def owned(self, file: ImageFile, ledgered: Ledgered | None) -> OwnedTrimming | None:
        """The trimming that was made, checked; None if one is to be fitted.

        Raises:
            DataError: it is damaged, or belongs to another image or array.
            UsageError: there is none.
        """
        if self.file is None:
            return None
        if self.file == FROM_RECORD:
            known = kept(ledgered, file.sha256) if ledgered is not None and ledgered.is_known else None
            if known is None:
                raise UsageError("The record has no trimming of this image on this array.", "Make one: --trim N.")
        else:
            known = OwnedTrimming.load(Path(self.file))
        known.require(file.image, file.sha256, None if ledgered is None else ledgered.serial)
        return known


@dataclass(frozen=True, eq=False)
class TrimResult:
    """A trimming of an array.

    Attributes:
        stale: why it is not of the cells as they are; None if it is.
        worst: lanes that were furthest off.
        bench_time_s, fit_s: of the inputs that were fitted to, and of the host's work; None if nothing was fitted.
    """

    owned: OwnedTrimming
    image: WeightImage
    stale: str | None
    worst: list[WorstLane]
    bench_time_s: float | None
    fit_s: float | None

    @property
    def trimming(self) -> Trimming:
        return self.owned.trimming

    def summary(self) -> dict[str, Any]:
        trimming = self.trimming
        return {
            "serial": self.owned.serial,
            "image_sha256": self.owned.image_sha256,
            "runs": {str(image): run for image, run in self.owned.runs.items()},
            "at": self.owned.at.isoformat(),
            "dataset": self.owned.dataset,
            "dataset_content": self.owned.content,
            "inputs": trimming.inputs,
            "lost_cells": len(trimming.lost),
            "stale": self.stale,
            "bench_time_s": self.bench_time_s,
            "fit_s": self.fit_s,
            "layers": [
                {"residual_raw": _whole(raw), "residual_trimmed": _whole(trimmed)}
                for raw, trimmed in zip(trimming.layer_raw, trimming.layer_trimmed, strict=True)
            ],
            "tiles": [
                {
                    "layer": tile.layer,
                    "image": tile.image,
                    "residual_raw": _whole(trimming.lane_raw[i, : tile.outputs]),
                    "residual_trimmed": _whole(trimming.lane_trimmed[i, : tile.outputs]),
                }
                for i, tile in enumerate(self.image.tiles)
            ],
            "worst": [vars(lane) for lane in self.worst],
        }

    def describe(self) -> str:
        trimming = self.trimming
        lines = [
            f"trimmed on {trimming.inputs} training inputs of {self.owned.dataset} ({self.owned.at:%Y-%m-%d %H:%M} UTC)"
        ]
        if self.stale is not None:
            lines.append(f"the trimming is stale: {self.stale}; trim again")
        if lost := len(trimming.lost):
            lines.append(f"{counted(lost, 'lost cell')} corrected: the host adds what is missing there")
        lines += [
            f"layer {number}: error of its sums {_whole(raw):.1f}, trimmed {_whole(trimmed):.1f} (level times input)"
            for number, (raw, trimmed) in enumerate(zip(trimming.layer_raw, trimming.layer_trimmed, strict=True))
        ]
        lines += [
            f"output {w.output} of layer {w.layer}, image {w.image}: {w.raw:.1f}, trimmed {w.trimmed:.1f}; {w.cause}"
            for w in self.worst[:3]
        ]
        if self.bench_time_s is not None:
            lines.append(f"{self.bench_time_s:.3f} s of bench time, {self.fit_s or 0.0:.2f} s of the host for the fit")
        return "\n".join(lines)


def _whole(errors: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Root mean square over outputs."""
    return float(np.sqrt(np.mean(np.square(errors)))) if errors.size else 0.0


@dataclass(frozen=True, eq=False)
class Pass:
    """What went through the array with a trimming.

    Attributes:
        trimmed: logits of the inputs, raw and corrected.
    """

    trimmed: Trimmed
    result: TrimResult


def run_trimmed(
    run: Inference,
    file: ImageFile,
    data: Dataset,
    request: TrimRequest,
    inputs: NetworkInputs,
    ledgered: Ledgered | None,
    runs: dict[int, int],
) -> Pass:
    """Take inputs through the array with a trimming, which is fitted first if so asked, and kept in the record.

    Args:
        runs: filled by the run's loader with the numbers of the runs that programmed each array of the image.

    Raises:
        UsageError, DataError: as `TrimRequest`, and `Inference.trim`.
        StoreError: the record cannot be written.
        FaultError: the guard turned the array off.
    """
    fit_to, owned = request.fit_to(file.image, data), request.owned(file, ledgered)
    if fit_to is not None:
        trimmed = run.trim(file.image, fit_to, inputs)
        serial = None if ledgered is None else ledgered.serial
        owned = OwnedTrimming(
            trimmed.trimming, file.sha256, serial, dict(runs), datetime.now(UTC), data.name, data.content
        )
        if ledgered is not None:
            keep(ledgered, owned)
        stale = None
    else:
        assert owned is not None
        trimmed = run.pass_trimmed(file.image, owned.trimming, inputs)
        stale = None if ledgered is None else stale_because(ledgered, owned)
    result = TrimResult(
        owned,
        file.image,
        stale,
        worst_lanes(file.image, owned.trimming, run.records, run.recipe),
        run.trim_cycles / CLOCK_HZ if fit_to is not None else None,
        trimmed.fit_s if fit_to is not None else None,
    )
    return Pass(trimmed, result)


def noting(load: Loader, runs: dict[int, int], rest: Callable[[], None]) -> Loader:
    """The loader, with the numbers of its runs noted by image, and a rest after each."""

    def noted(image: WeightImage, number: int) -> ArrayResult:
        result = load(image, number)
        if result.run_id is not None:
            runs[number] = result.run_id
        rest()
        return result

    return noted


def held_check(file: ImageFile, ledgered: Ledgered | None) -> Check | None:
    """What the array holds, if that is all of the image and the record says so; None if it is to be programmed.

    Raises:
        StoreError: the record cannot be read, or is of another version.
    """
    if ledgered is None or not ledgered.is_known or file.image.images != 1:
        return None
    run = last_run(ledgered.store, ledgered.serial, file.sha256)
    is_whole = run is not None and is_loaded(ledgered.store, run)
    return check_of(file, only=0, ledgered=ledgered) if is_whole else None


def held_loader(bench: Bench, check: Check, ledgered: Ledgered) -> Loader:
    """Takes the array as it is: reads it, and gives no pulse."""
    run = last_run(ledgered.store, ledgered.serial, check.file.sha256)

    def load(image: WeightImage, number: int) -> ArrayResult:
        del image, number
        cells: CellRecords = replace(check, skip=check.skip | bench.carrier.bad).cells(read_array(bench, check.recipe))
        share = float(np.mean(cells.inside[cells.mask])) if cells.mask.any() else 1.0
        if share < HELD_SHARE:
            raise DataError(
                f"The record says that the array holds {check.file.path.name}, but {100 * share:.0f} % of its cells "
                "are in their windows: another array is in the socket, or this one was pulsed by somebody else.",
                "Correct the serial number, or program the image again.",
                array=ArrayState.READ,
            )
        none = np.zeros_like(cells.code)
        return ArrayResult(cells, None, none, check.skip, (), None if run is None else run.id)

    return load


def require_held(file: ImageFile, ledgered: Ledgered | None) -> Check:
    """As `held_check`.

    Raises:
        UsageError: the record does not say that the array holds the image.
    """
    check = held_check(file, ledgered)
    if check is None:
        why = (
            f"the image takes {file.image.images} arrays, the socket has one"
            if file.image.images != 1
            else "the record does not say that this array holds it"
        )
        raise UsageError(
            f"The array cannot be used as it is for {file.path.name}: {why}.",
            "Program the image first, or leave --no-program out.",
        )
    return check


def trim_file(
    setup: Setup,
    path: Path,
    out: Path,
    progress: Progress,
    *,
    count: int | None = None,
    data: str | None = None,
    folder: Path | None = None,
    after_s: float = 0.0,
) -> Noted[TrimResult]:
    """Trim an array that holds a weight image, or is programmed with it first, and write the trimming to a file.

    Args:
        count: of training inputs; None: INPUTS, or all if there are fewer.
        data: name of the data set; None: what the image was made for.
        folder: of MNIST's files; None: OHMBENCH_MNIST.
        after_s: rest of bench time between programming and the inputs.

    Raises:
        UsageError: too few inputs or too many, or the array has no serial number.
        ImageError, DataError: the image, or its data set, is missing or damaged.
        OhmbenchError: as `Setup.record`, `Setup.bench` and `run_trimmed`.
    """
    file = ImageFile.load(path)
    data_set = dataset_of(file.image, data, folder)
    request = TrimRequest(min(INPUTS, len(data_set.train_x)) if count is None else count)
    request.fit_to(file.image, data_set)
    with setup.record(progress) as record:
        ledgered = record.ledgered
        if ledgered is None:
            raise UsageError(
                "A trimming belongs to an array, and this one has no serial number.",
                "Give --serial, or --array FILE with --port sim or twin; or trim and use it at once: infer --trim N.",
                array=ArrayState.UNTOUCHED,
            )
        require_own_array(file.image, ledgered.serial, progress)
        check = held_check(file, ledgered)
        with setup.bench(progress, record.store) as bench:
            file.image.check_fits(bench.info)
            recipe, name = file.recipe(setup.recipe, setup.recipe_name)
            held = None
            if check is not None:
                recipe = check.recipe
                progress.say("the array holds this image: it is not programmed again")
                held = held_loader(bench, check, ledgered)
            source = Source(file.sha256, file.path.name, name)
            with RecordedArrays(bench, recipe, progress, ledgered, TRIM, source, held=held) as arrays:
                runs: dict[int, int] = {}
                load = noting(arrays.load, runs, lambda: bench.rest(after_s, progress))
                run = Inference(bench, recipe, progress, load=load, on_passed=arrays.passed)
                none = data_set.test_x[:0]
                result = run_trimmed(run, file, data_set, request, none, ledgered, runs).result
            result.owned.save(out)
            return Noted(result, bench.carrier.note)
