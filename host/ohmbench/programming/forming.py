"""Form fresh cells: a ramp of the bit line with verify, all cells of a row at once, none given more than it needs.

The firmware is program.useq, entry `line`, with one level whose window is everything above a fresh cell. The inhibit
rail follows the bit line, so that cells left out see no voltage; the gate limits the current of a cell that forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench, volts_of
from ohmbench.errors import ArrayState, DataError
from ohmbench.programming.bands import Bands
from ohmbench.programming.moving import Moving
from ohmbench.programming.programmer import Collector, OnRows, Programmer
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.recipe_file import name_for
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import FloatArray, IntArray, Mask, Words
from ohmbench.tables import CLOCK_HZ, COLUMNS, ROWS

RECIPE = "form"
"""Name of the recipe that comes with ohmbench; a kind of carrier may have one of its own."""

_SHOWN = 8  # cells named in a text


@dataclass(frozen=True, eq=False)
class FormResult:
    """What forming did to each cell.

    Attributes:
        rung: board, sim or twin.
        records: of the cells asked for; converged means formed.
        forming_v: bit line voltage (rows, columns) that formed a cell, to within step_v above its own; NaN for those
            not pulsed or not formed.
        step_v: of the ramp.
        usiemens: conductance (rows, columns) at verification, 0 where no cell of the row was asked for.
    """

    rung: str
    records: CellRecords
    forming_v: FloatArray
    step_v: float
    usiemens: FloatArray

    @property
    def formed(self) -> Mask:
        """Cells that this run formed."""
        return np.asarray(self.records.inside & (self.records.set_pulses > 0))

    @property
    def already(self) -> Mask:
        """Cells that were formed before, and got no pulse."""
        return np.asarray(self.records.inside & (self.records.set_pulses == 0))

    @property
    def not_formed(self) -> Mask:
        """Cells that the whole ramp did not form."""
        return np.asarray(self.records.mask & ~self.records.inside)

    def summary(self) -> dict[str, Any]:
        """JSON-able. Voltages and conductances are of the cells that this run formed; None if it formed none."""
        volts, usiemens = self.forming_v[self.formed], self.usiemens[self.formed]
        cells, run_cycles = int(np.count_nonzero(self.records.mask)), self.records.run_cycles
        good = np.count_nonzero(self.records.inside)
        return {
            "rung": self.rung,
            "cells": cells,
            "formed": int(np.count_nonzero(self.formed)),
            "formed_before": int(np.count_nonzero(self.already)),
            "formed_fraction": float(good / cells) if cells else 1.0,
            "not_formed": np.argwhere(self.not_formed).tolist(),
            "forming_v_mean": float(volts.mean()) if volts.size else None,
            "forming_v_std": float(volts.std()) if volts.size else None,
            "forming_v_min": float(volts.min()) if volts.size else None,
            "forming_v_max": float(volts.max()) if volts.size else None,
            "usiemens_median": float(np.median(usiemens)) if usiemens.size else None,
            "pulses": int(self.records.pulses.sum()),
            "run_cycles": run_cycles,
            "bench_time_s": run_cycles / CLOCK_HZ,
        }

    def describe(self) -> str:
        """A few lines for a person."""
        s = self.summary()
        lines = [f"{s['formed']} of {s['cells']} cells formed ({self.rung}), {s['formed_before']} were formed before"]
        if s["formed"]:
            lines.append(
                f"at {s['forming_v_mean']:.2f} +- {s['forming_v_std']:.2f} V on the bit line ({s['forming_v_min']:.2f} "
                f"to {s['forming_v_max']:.2f} V), to {s['usiemens_median']:.0f} uS in the median"
            )
        if s["not_formed"]:
            named = ", ".join(f"({row}, {column})" for row, column in s["not_formed"][:_SHOWN])
            more = ", ..." if len(s["not_formed"]) > _SHOWN else ""
            lines.append(
                f"{len(s['not_formed'])} cells did not form up to the end of the ramp (row, column): {named}{more}"
            )
        lines.append(f"{1e3 * s['bench_time_s']:.1f} ms of bench time")
        return "\n".join(lines)


def form(
    bench: Bench, recipe: Recipe | None = None, mask: Mask | None = None, on_rows: OnRows | None = None
) -> FormResult:
    """Form the masked cells that are not formed yet, a row at a time, up to the end of the recipe's ramp.

    A cell is formed from the recipe's g_min_usiemens on. One that is gets no pulse, then or later; one that the
    whole ramp does not form is reported, and not tried again.

    Args:
        recipe: None: `default_recipe`.
        mask: (rows, columns); None: every cell. Those on bad lines of the carrier are left out.
        on_rows: called with the records of rows as they arrive.

    Raises:
        DataError: the recipe ramps the gate, or would pulse a cell in another way than in one ramp of SET pulses.
        DataError: no cell of the first rows formed.
        FaultError: the guard turned the array off.
    """
    recipe = default_recipe(bench) if recipe is None else recipe
    require_one_ramp(recipe)
    mask = (np.ones((ROWS, COLUMNS), np.bool_) if mask is None else mask) & ~bench.carrier.bad
    low, high = recipe.codes_between(np.array([recipe.g_min_usiemens]), np.array([np.inf]))
    start, every = np.zeros(1, np.int64), np.ones(mask.shape, np.int64)
    collector = Collector()

    moving = Moving()

    def arrived(first: int, words: Words) -> None:
        collector(first, words)
        if on_rows is not None:
            on_rows(first, words)
        records = CellRecords.of_rows(first, words, mask, low * every, high * every)
        moving.found(records)
        moving.arrived(records, None, ArrayState.FORMED)

    with Programmer.ready(bench, recipe, Bands(low, high, 0, start, start)) as programmer:
        run_cycles = programmer.program(np.zeros(mask.shape, np.int64), mask, arrived)
    records = CellRecords.of_words(collector.words, mask, low * every, high * every, run_cycles)
    forming_v = np.where(records.inside & (records.set_pulses > 0), _ramp_v(recipe, records.set_pulses), np.nan)
    usiemens = records.usiemens(recipe.codes_per_siemens)
    return FormResult(bench.info.rung, records, forming_v, recipe.set.step_v, usiemens)


def default_recipe(bench: Bench) -> Recipe:
    """The recipe for forming that comes with ohmbench for this kind of carrier."""
    return Recipe.load(name_for(RECIPE, bench.info.carrier_kind))


def require_one_ramp(recipe: Recipe) -> None:
    """Raises:
    DataError: the recipe does not form cells.
    """
    problems = {
        'algorithm is not "line"': recipe.algorithm != "line",
        "rounds is not 1": recipe.rounds != 1,
        "confirm is not 0": recipe.confirm != 0,
        "single_cell is set": recipe.single_cell,
    }
    bad = [problem for problem, met in problems.items() if met]
    if bad:
        raise DataError(
            f"This recipe cannot form cells: {', '.join(bad)}. Forming is one ramp of the bit line, so that no cell "
            "gets more than it needs.",
            f"Give the recipe {RECIPE} or one like it.",
        )


def _ramp_v(recipe: Recipe, pulses: IntArray) -> FloatArray:
    """Volts of the last of so many pulses of the ramp, as the DAC has them."""
    start, step, _ = recipe.set.codes
    return volts_of((start + (pulses - 1) * step).astype(np.float64))
