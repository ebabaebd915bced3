"""`ohmbench verify`: what the cells hold now, which is not what they held when they converged."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmbench import __version__
from ohmbench._database import NOTHING_SENT
from ohmbench._tables import ROWS
from ohmbench.bench import Bench
from ohmbench.errors import NotConvergedError, UsageError
from ohmbench.fault_map import FaultMap
from ohmbench.jobs import ImageFile, Ledgered, bad_cells
from ohmbench.journal import last_run, recipe_of, skipped_of
from ohmbench.programming import Mask, read_array
from ohmbench.progress import Progress
from ohmbench.recipe import Codes, Recipe
from ohmbench.records import Cells, CellStatus

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
    skip: Mask


def check_of(
    file: ImageFile,
    *,
    only: int | None = None,
    recipe: Recipe | None = None,
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
            f"The image has {image.images} arrays, and no record says which one this array holds. {NOTHING_SENT} Give "
            "its number with --only."
        )
    skip = np.zeros((image.rows, image.columns), np.bool_)
    if fault_map is not None:
        skip = bad_cells(fault_map, image, None if ledgered is None else ledgered.serial)
    elif run is not None:
        skip = skipped_of(run, image.rows, image.columns)
    return Check(file, number, recipe or (Recipe() if run is None else recipe_of(run)), skip)


@dataclass(frozen=True, eq=False)
class VerifyResult:
    """One read of every cell, beside what the image wants there; all arrays (rows, columns).

    Attributes:
        mask: bool, the cells compared.
        after_s: bench time that was let pass before.
    """

    rung: str
    number: int
    mask: Mask
    levels: npt.NDArray[np.integer]
    low: Codes
    high: Codes
    code: Codes
    error_usiemens: npt.NDArray[np.float64]
    targets_usiemens: npt.NDArray[np.float64]
    after_s: float

    @property
    def inside(self) -> Mask:
        return self.mask & (self.low <= self.code) & (self.code <= self.high)

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
            "image": self.number,
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
            "codes": self.code.tolist(),
        }

    def describe(self) -> str:
        s = self.summary()
        after = f" after {self.after_s:g} s of rest" if self.after_s else ""
        lines = [
            f"{100 * s['in_window_fraction']:.2f} % of {s['cells']} cells in their window{after} ({self.rung}, array "
            f"{self.number} of the image)"
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
        return "\n".join(lines)

    def require(self, share: float) -> None:
        """Raises:
        NotConvergedError: fewer cells are in their window.
        """
        if self.in_window_fraction < share:
            raise NotConvergedError(
                f"Only {100 * self.in_window_fraction:.2f} % of the cells are in their window, {100 * share:g} % were "
                "required. The array is off and holds what was read. Program it again: only the cells outside of "
                "their window are pulsed."
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
    image, recipe, number = check.file.image, check.recipe, check.number
    image.check_fits(bench.info)
    if after_s:
        bench.rest(after_s, progress)
    code = read_array(bench, recipe, lambda first, rows: progress("verify", first + len(rows), ROWS))
    levels = image.levels[number]
    mask = image.mask[number] & ~check.skip
    targets = recipe.targets_usiemens(levels, image.max_level)
    low, high = recipe.windows(levels, image.max_level)
    error = code / recipe.codes_per_siemens * 1e6 - targets
    result = VerifyResult(bench.info.rung, number, mask, levels, low, high, code, error, targets, after_s)
    if ledgered is not None:
        _record(result, check, ledgered, bench)
    return result


def _record(result: VerifyResult, check: Check, ledgered: Ledgered, bench: Bench) -> None:
    ledgered.register(bench.info)
    zeros = np.zeros_like(result.code)
    status = np.where(result.inside, CellStatus.UNTOUCHED, CellStatus.FAILED).astype(np.int64)
    with ledgered.store.begin_run(
        VERIFY,
        ledgered.serial,
        rung=result.rung,
        mask=result.mask,
        pulses=0,
        image_sha256=check.file.sha256,
        image_number=check.number,
        recipe=dataclasses.asdict(check.recipe),
        provenance={"ohmbench": __version__, "after_s": result.after_s},
    ) as run:
        run.record(Cells(result.mask, result.low, result.high, result.code, zeros, zeros, zeros, zeros, status))
