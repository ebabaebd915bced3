"""Characterise an array: which cells do not reach the ends of a recipe's levels, and how far the others go.

Every cell is driven to the lowest level and to the highest one, in a checkerboard and its opposite: a row of which
half the cells are high loads its bit line as weights do, and one of which all are high does not. Then, while the
pattern stands, each cell is driven as far as the recipe's ramps go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import DataError
from ohmbench.faults.fault_map import FaultKind, FaultMap, classify
from ohmbench.programming.bands import Bands
from ohmbench.programming.moving import Moving
from ohmbench.programming.programmer import Collector, Programmer, read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.progress import OnProgress
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Codes, FloatArray, Levels, Mask
from ohmbench.tables import CLOCK_HZ, COLUMNS, ROWS

ATTEMPTS = 3  # runs of the recipe that a cell may miss before it is bad; a good one misses 1 in 200
READS = 8  # of a cell that was not accepted, averaged: tells a fresh cell from one stuck low
PERCENTILES = (1, 5, 50, 95, 99)

# Between a fresh cell, below 0.1 uS, and one stuck low at 3 uS (array model, preset A).
_UNFORMED_USIEMENS = 1.5
_OPEN_END = 0x10000  # beyond every ADC code
_STEPS = 2 * (ATTEMPTS + 1)


OnCells = Callable[[CellRecords], None]


@dataclass(frozen=True, eq=False)
class Reach:
    """Conductances in uS that the good cells come to at the ends of the recipe's ramps, by PERCENTILES (5,)."""

    lowest_usiemens: FloatArray
    highest_usiemens: FloatArray

    @property
    def window_usiemens(self) -> tuple[float, float]:
        """What 99 % of the good cells reach at either end."""
        return float(self.lowest_usiemens[-1]), float(self.highest_usiemens[0])

    def require(self, recipe: Recipe) -> None:
        """Raise if the window of a recipe's lowest or highest level lies outside.

        Raises:
            DataError
        """
        low, high = self.window_usiemens
        if (
            recipe.g_min_usiemens + recipe.window_usiemens < low
            or recipe.g_max_usiemens - recipe.window_usiemens > high
        ):
            raise DataError(
                f"The levels go from {recipe.g_min_usiemens:g} to {recipe.g_max_usiemens:g} uS, +- "
                f"{recipe.window_usiemens:g} uS; this array reaches only {low:.0f} to {high:.0f} uS. Cells at "
                "the ends would never reach their windows.",
                "Bring g_min_usiemens and g_max_usiemens closer together in the recipe, or characterise the array "
                "again with other voltages.",
            )


@dataclass(frozen=True, eq=False)
class Characterisation:
    """What a characterisation run found; arrays are (rows, columns).

    Attributes:
        rung: board, sim or twin.
        faults: the fault map. It says nothing of cells on bad lines of the carrier, which were not tried.
        lowest, highest: records of driving each tried cell to the lowest and to the highest level. Codes are those of
            the attempt that was accepted, for other cells the mean of READS reads. Pulses count all attempts.
        reached_low, reached_high: ADC codes at the ends of the RESET and of the SET ramp.
        set_pulses, reset_pulses: all that each cell got in the run.
        reach: of the good cells.
        run_cycles: run time in clocks of the bench.
    """

    rung: str
    faults: FaultMap
    lowest: CellRecords
    highest: CellRecords
    reached_low: Codes
    reached_high: Codes
    set_pulses: Codes
    reset_pulses: Codes
    reach: Reach
    run_cycles: int

    def summary(self) -> dict[str, Any]:
        """JSON-able."""
        kinds = {kind.name.lower(): self.faults.count(kind) for kind in FaultKind if kind}
        low, high = self.reach.window_usiemens
        tried = self.lowest.mask
        pulses = (self.set_pulses + self.reset_pulses)[tried]
        return {
            "rung": self.rung,
            "serial": self.faults.serial,
            "cells": int(np.count_nonzero(tried)),
            "not_tried": int(np.count_nonzero(~tried)),
            "bad": int(np.count_nonzero(self.faults.bad)),
            **kinds,
            "window_usiemens": [low, high],
            "percentiles": list(PERCENTILES),
            "lowest_usiemens": self.reach.lowest_usiemens.tolist(),
            "highest_usiemens": self.reach.highest_usiemens.tolist(),
            "pulses_per_cell": float(np.mean(pulses)),
            "pulses_max": int(pulses.max()),
            "run_cycles": self.run_cycles,
            "bench_time_s": self.run_cycles / CLOCK_HZ,
        }

    def describe(self) -> str:
        """A few lines for a person."""
        s = self.summary()
        low, high = s["window_usiemens"]
        not_tried = f", {s['not_tried']} on bad lines of the carrier not tried" if s["not_tried"] else ""
        return (
            f"{self.faults.describe()}{not_tried} ({self.rung})\n"
            f"99 % of the good cells go down to {low:.0f} uS and up to {high:.0f} uS; half of them to "
            f"{s['lowest_usiemens'][2]:.0f} and {s['highest_usiemens'][2]:.0f} uS\n"
            f"{s['pulses_per_cell']:.1f} pulses a cell, at most {s['pulses_max']}; "
            f"{1e3 * s['bench_time_s']:.1f} ms of bench time"
        )


def characterise(
    bench: Bench,
    recipe: Recipe,
    serial: str = "",
    on_progress: OnProgress | None = None,
    on_cells: OnCells | None = None,
) -> Characterisation:
    """Find the cells of an array that do not work, and what the others reach. What the array holds is lost.

    Args:
        recipe: what the array will be programmed with.
        serial: of the array; goes into the fault map.
        on_cells: called after every run with what became of the cells: their pulses add up to the wear.

    Raises:
        DataError: the windows of the recipe's lowest and highest level overlap; or no cell is good.
        DataError: no cell of the first rows moved.
        FaultError: the guard turned the array off.
    """
    require_apart(recipe)
    lines = np.indices((ROWS, COLUMNS)).sum(axis=0) % 2
    run = _Run(bench, recipe, on_progress or (lambda work, done, total: None), on_cells)
    before = bench.state().run_cycles
    patterns = [run.pattern((lines + shift) % 2) for shift in (0, 1)]
    run_cycles = bench.state().run_cycles - before
    lowest, highest = (_joined(patterns, np.array(lines == level)) for level in (0, 1))
    unformed_code = _UNFORMED_USIEMENS * 1e-6 * recipe.codes_per_siemens
    found = classify(lowest.records, highest.records, unformed_code=unformed_code, serial=serial)
    faults = FaultMap(np.where(bench.carrier.bad, FaultKind.NONE, found.kinds), serial)
    good = ~faults.bad & ~bench.carrier.bad
    if not good.any():
        raise DataError(
            "Not one cell reached both the lowest and the highest level, so no fault map was made.",
            "If the array is fresh, form it (`ohmbench form`). Otherwise use a recipe that suits it.",
        )
    percentiles = [
        np.percentile(end.reached[good] / recipe.codes_per_siemens * 1e6, PERCENTILES) for end in (lowest, highest)
    ]
    return Characterisation(
        bench.info.rung,
        faults,
        lowest.records,
        highest.records,
        lowest.reached,
        highest.reached,
        run.set_pulses,
        run.reset_pulses,
        Reach(*percentiles),
        run_cycles,
    )


def require_apart(recipe: Recipe) -> None:
    """Raises:
    DataError: the windows of the lowest and the highest level overlap.
    """
    low, high = recipe.windows(np.arange(2), 1)
    if low[1] <= high[0]:
        raise DataError(
            f"Windows of +- {recipe.window_usiemens:g} uS around {recipe.g_min_usiemens:g} and "
            f"{recipe.g_max_usiemens:g} uS overlap, so that a cell that never moves would pass.",
            "Give a narrower window_usiemens in the recipe.",
        )


@dataclass(frozen=True, eq=False)
class _End:
    """Records of driving cells to a level, and the codes that they reached beyond it."""

    records: CellRecords
    reached: Codes


class _Run:
    """A run on one bench: counts its pulses and tells how far it is."""

    def __init__(self, bench: Bench, recipe: Recipe, on_progress: OnProgress, on_cells: OnCells | None) -> None:
        self._bench, self._recipe = bench, recipe
        self._on_progress, self._on_cells = on_progress, on_cells
        self._tried = ~bench.carrier.bad
        self._moving = Moving()
        self._done = 0
        self.set_pulses = np.zeros((ROWS, COLUMNS), np.int64)
        self.reset_pulses = np.zeros((ROWS, COLUMNS), np.int64)

    def pattern(self, levels: Levels) -> _End:
        """Drive cells to levels 0 and 1, the lowest and the highest, and then as far as the ramps go."""
        unread = np.zeros((ROWS, COLUMNS), np.int64)
        driven = CellRecords.of_codes(self._tried, *self._recipe.windows(levels, 1), unread)
        missing = self._tried
        for _ in range(ATTEMPTS):
            if missing.any():
                records = program_image(self._bench, levels, missing, 1, self._recipe, moving=self._moving)
                driven = driven.then(records)
                missing = missing & ~records.inside
                self._count(records)
            self._step()
        if missing.any():
            driven = driven.at(np.where(missing, self._mean_codes(), driven.code))
        return _End(driven, self._as_far_as_it_goes(levels))

    def _as_far_as_it_goes(self, levels: Levels) -> Codes:
        """Codes after a whole RESET ramp on cells of level 0, and a whole SET ramp on those of level 1."""
        never, at_once = np.array([-_OPEN_END, _OPEN_END]), np.zeros(2, np.int64)
        recipe, mask = self._recipe.but(rounds=1), self._tried
        collector = Collector()
        with Programmer.ready(self._bench, recipe, Bands(never, never, 0, at_once, at_once)) as programmer:
            run_cycles = programmer.program(levels, mask, collector)
        records = CellRecords.of_words(collector.words, mask, never[levels], never[levels], run_cycles)
        self._count(records)
        self._step()
        return records.code

    def _mean_codes(self) -> Codes:
        codes = [read_array(self._bench, self._recipe) for _ in range(READS)]
        return np.asarray(np.rint(np.mean(codes, axis=0)), np.int64)

    def _count(self, records: CellRecords) -> None:
        self.set_pulses += records.set_pulses
        self.reset_pulses += records.reset_pulses
        if self._on_cells is not None:
            self._on_cells(records)

    def _step(self) -> None:
        self._done += 1
        self._on_progress("characterise", self._done, _STEPS)


def _joined(patterns: list[_End], in_first: Mask) -> _End:
    """One end of all cells: those of a mask from the first pattern, the others from the second."""
    first, second = (pattern.records for pattern in patterns)
    records = CellRecords(
        first.mask,
        *(
            np.where(in_first, getattr(first, name), getattr(second, name))
            for name in ("low", "high", "code", "set_pulses", "reset_pulses")
        ),
    )
    return _End(records, np.where(in_first, patterns[0].reached, patterns[1].reached))
