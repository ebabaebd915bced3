"""`ohmbench verify`: what the cells hold now, which is not what they held when they converged."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import __version__
from ohmbench.bench.base import Bench
from ohmbench.errors import ArrayState, NotConvergedError, UsageError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.setup import Setup
from ohmbench.operations.image_file import ImageFile
from ohmbench.operations.result import Noted
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import DEFAULT_RECIPE, Recipe
from ohmbench.programming.resume import recipe_of
from ohmbench.progress import Progress
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.journal import last_run, skipped_of
from ohmbench.record.records import Cells
from ohmbench.record.store import CountReads
from ohmbench.report.verify import Reading, VerifyReport, render_verify
from ohmbench.support.array_types import Codes, FloatArray, Levels, Mask
from ohmbench.support.sqlite_file import SqliteFile

VERIFY = "verify"
"""Kind of the runs that record what was read."""


@dataclass(frozen=True, eq=False)
class Check:
    """What is to be compared: one array of an image, with the recipe that it was programmed with.

    Attributes:
        skip: cells (rows, columns) that are left out as bad.
    """

    file: ImageFile
    number: int
    recipe: Recipe
    recipe_name: str
    skip: Mask

    @property
    def levels(self) -> Levels:
        """What the array is to hold (rows, columns)."""
        return np.asarray(self.file.image.levels[self.number])

    def cells(self, code: Codes) -> CellRecords:
        """The cells to compare, with what was read of them."""
        mask = np.asarray(self.file.image.mask[self.number] & ~self.skip)
        return CellRecords.of_codes(mask, *self.recipe.windows(self.levels, self.file.image.max_level), code)


def check_of(
    file: ImageFile,
    *,
    only: int | None = None,
    recipe: Recipe | None = None,
    recipe_name: str | None = None,
    fault_map: FaultMap | None = None,
    ledgered: Ledgered | None = None,
) -> Check:
    """What a command asks for; what it leaves open is as in the run that programmed the array last.

    Raises:
        UsageError: it is open which array of the image is meant.
        DataError, StoreError: the fault map or the record does not fit.
    """
    image = file.image
    run = None
    if ledgered is not None and ledgered.is_known:
        run = last_run(ledgered.store, ledgered.serial, file.sha256)
    if only is not None:
        number = file.numbers(only)[0]
    elif run is not None and run.image_number is not None:
        number = run.image_number
    elif image.images == 1:
        number = 0
    else:
        raise UsageError(
            f"The image has {image.images} arrays, and no record says which one this array holds.",
            "Give its number with --only.",
        )
    skip = np.zeros((image.rows, image.columns), np.bool_)
    if fault_map is not None:
        skip = fault_map.left_out((image.rows, image.columns), None if ledgered is None else ledgered.serial)
    elif run is not None:
        skip = skipped_of(run, image.rows, image.columns)
    if recipe is None and run is not None:
        recipe, recipe_name = recipe_of(run), str(run.provenance.get("recipe", DEFAULT_RECIPE))
    return Check(file, number, *file.recipe(recipe, recipe_name), skip)


@dataclass(frozen=True, eq=False)
class VerifyResult:
    """One read of every cell, beside what the image wants there; all arrays (rows, columns).

    Attributes:
        serial: of the array; None if it is not recorded.
        cells: those compared, as they were read.
        after_s: bench time that was let pass before.
        first: as they were read before that time; None if there was none.
    """

    rung: str
    serial: str | None
    check: Check
    cells: CellRecords
    after_s: float
    first: CellRecords | None

    @property
    def mask(self) -> Mask:
        """The cells compared."""
        return self.cells.mask

    @property
    def levels(self) -> Levels:
        return self.check.levels

    @property
    def targets_usiemens(self) -> FloatArray:
        return self.check.recipe.targets_usiemens(self.levels, self.check.file.image.max_level)

    @property
    def error_usiemens(self) -> FloatArray:
        """What was read minus the target."""
        return self.cells.usiemens(self.check.recipe.codes_per_siemens) - self.targets_usiemens

    @property
    def inside(self) -> Mask:
        return self.cells.inside

    @property
    def in_window_fraction(self) -> float:
        """Share of the compared cells; 1 if there is none."""
        return float(np.mean(self.inside[self.mask])) if self.mask.any() else 1.0

    def _spread(self, cells: Mask) -> dict[str, float | int]:
        """Statistics of some cells, at least one."""
        errors = self.error_usiemens[cells]
        return {
            "cells": int(errors.size),
            "in_window_fraction": float(np.mean(self.inside[cells])),
            "mean_usiemens": float(np.mean(errors)),
            "sigma_usiemens": float(np.std(errors)),
        }

    def summary(self) -> dict[str, Any]:
        levels = np.unique(self.levels[self.mask])
        return {
            "rung": self.rung,
            "image": self.check.number,
            "after_s": self.after_s,
            **(self._spread(self.mask) if levels.size else {"cells": 0, "in_window_fraction": 1.0}),
            "levels": [
                {
                    "level": int(level),
                    "target_usiemens": float(self.targets_usiemens[self.mask & (self.levels == level)][0]),
                    **self._spread(self.mask & (self.levels == level)),
                }
                for level in levels
            ],
            "codes": self.cells.code.tolist(),
        }

    def describe(self) -> str:
        s = self.summary()
        after = f" after {self.after_s:g} s of rest" if self.after_s else ""
        lines = [
            f"{100 * s['in_window_fraction']:.2f} % of {s['cells']} cells in their window{after} ({self.rung}, array "
            f"{self.check.number} of the image)"
        ]
        if s["cells"]:
            lines += [
                f"conductance error {s['mean_usiemens']:+.2f} uS, sigma {s['sigma_usiemens']:.2f} uS",
                "level  target uS  cells  in window %  mean uS  sigma uS",
            ]
        lines += [
            f"{v['level']:5}  {v['target_usiemens']:9.1f}  {v['cells']:5}  {100 * v['in_window_fraction']:11.2f}  "
            f"{v['mean_usiemens']:+7.2f}  {v['sigma_usiemens']:8.2f}"
            for v in s["levels"]
        ]
        if self.after_s and not self.inside[self.mask].all():
            lines.append(
                f"programming again moves these cells; without a pulse, trimming wins back {self.check.file.trim_again}"
            )
        return "\n".join(lines)

    def render(self, path: Path) -> None:
        """Write a page with pictures of the cells.

        Raises:
            UsageError: it cannot be written.
        """
        file, recipe = self.check.file, self.check.recipe
        readings = [Reading(self.after_s, self.cells)]
        if self.first is not None:
            readings.insert(0, Reading(0.0, self.first))
        report = VerifyReport(
            self.rung,
            self.serial or "not recorded",
            self.check.recipe_name,
            self.check.number,
            file.image.images,
            self.targets_usiemens,
            self.check.skip & file.image.mask[self.check.number],
            readings,
            recipe.window_usiemens,
            recipe.codes_per_siemens * 1e-6,
            {"ohmbench": __version__, "image": file.path.name, "image sha256": file.sha256, **file.image.provenance},
        )
        render_verify(report, path)

    def require(self, share: float) -> None:
        """Raises:
        NotConvergedError: fewer cells are in their window.
        """
        if self.in_window_fraction < share:
            raise NotConvergedError(
                f"Only {100 * self.in_window_fraction:.2f} % of the cells are in their window, {100 * share:g} % were "
                "required.",
                "Program it again: only the cells outside of their window are pulsed.",
                array=ArrayState.READ,
            )


def verify(
    bench: Bench, check: Check, progress: Progress, *, after_s: float = 0.0, ledgered: Ledgered | None = None
) -> VerifyResult:
    """Read every cell once, after a rest if asked for, and record it.

    Raises:
        ImageError: the image does not fit the bench.
        StoreError: the record cannot be written.
        FaultError: the guard turned the array off.
    """
    check.file.image.check_fits(bench.info)
    check = dataclasses.replace(check, skip=check.skip | bench.carrier.bad)
    first, reads = None, bench.count_reads()
    if after_s:
        first = check.cells(read_array(bench, check.recipe))
        bench.rest(after_s, progress)
    code = read_array(bench, check.recipe, progress, "verify")
    serial = None if ledgered is None else ledgered.serial
    result = VerifyResult(bench.info.rung, serial, check, check.cells(code), after_s, first)
    if ledgered is not None:
        _record(result, check, ledgered, bench, reads)
    return result


def _record(result: VerifyResult, check: Check, ledgered: Ledgered, bench: Bench, reads: CountReads) -> None:
    ledgered.register(bench.info)
    with ledgered.store.begin_run(
        VERIFY,
        ledgered.serial,
        rung=result.rung,
        mask=result.mask,
        pulses=0,
        image_sha256=check.file.sha256,
        image_number=check.number,
        recipe=dataclasses.asdict(check.recipe),
        provenance={**bench.provenance, "after_s": result.after_s},
        reads=reads,
    ) as run:
        run.record(Cells.of(result.cells, np.zeros_like(result.cells.code)))


def verify_file(
    setup: Setup,
    path: Path,
    progress: Progress,
    *,
    only: int | None = None,
    fault_map: FaultMap | None = None,
    after_s: float = 0.0,
) -> Noted[VerifyResult]:
    """Compare what the array holds with the weight image in a file.

    Raises:
        ImageError: the file is missing or damaged.
        OhmbenchError: as `check_of`, `Setup.record_if_there`, `Setup.bench` and `verify`.
    """
    file = ImageFile.load(path)
    with setup.record_if_there() as record:
        check = check_of(
            file,
            only=only,
            recipe=setup.recipe,
            recipe_name=setup.recipe_name,
            fault_map=fault_map,
            ledgered=record.ledgered,
        )
        ledgered = record.ledgered
        if ledgered is not None and not SqliteFile.may_be_written(setup.record_path):
            progress.say(f"the record {setup.record_path} is read-only: the result is not recorded there")
            ledgered = None
        with setup.bench(progress, record.store) as bench:
            result = verify(bench, check, progress, after_s=after_s, ledgered=ledgered)
            return Noted(result, bench.carrier.note)
