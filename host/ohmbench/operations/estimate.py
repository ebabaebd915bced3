"""`ohmbench program --dry-run`: what a run would take, found by running the same firmware on the twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.bench.opening import SimulatedArray
from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import WearError
from ohmbench.lab.ledger import Ledgered
from ohmbench.model.array import ArrayModel
from ohmbench.operations.experiment_plan import is_experiment
from ohmbench.operations.program import Programmed, program
from ohmbench.operations.program_plan import Job
from ohmbench.programming.resume import recipe_of
from ohmbench.progress import Progress
from ohmbench.record.store import Store
from ohmbench.support.array_types import Codes, Mask
from ohmbench.tables import COLUMNS, ROWS


@dataclass(frozen=True, eq=False)
class Estimate:
    """A run on the twin in place of the array.

    Attributes:
        known: cells whose conductance was known from the record; the others were taken as fresh.
        rest_s: bench time of the rests between passes.
        wear: the most pulses that a cell would have had in its life, as far as the record knows it.
        budget: pulses a cell for life, if there is one.
    """

    run: Programmed
    known: int
    rest_s: float
    wear: int
    budget: int | None

    def summary(self) -> dict[str, Any]:
        s = self.run.summary()
        kept = ("serial", "images", "resumed_run", "cells", "skipped", "converged_fraction")
        pulses = ("pulses", "pulses_per_cell", "pulses_max", "bench_time_s")
        return {
            "dry_run": True,
            **{name: s[name] for name in (*kept, *pulses)},
            "rest_s": self.rest_s,
            "cells_known": self.known,
            "wear_after_max": self.wear,
            "wear_budget": self.budget,
        }

    def describe(self) -> str:
        s = self.summary()
        lines = [
            "dry run on the twin, nothing was sent to the array; expect",
            f"{s['cells']} cells, {100 * s['converged_fraction']:.1f} % in their window, "
            f"{s['skipped']} bad cells left out",
            f"{s['pulses']} pulses, {s['pulses_per_cell']:.1f} a cell, at most {s['pulses_max']}",
            f"{1e3 * s['bench_time_s']:.1f} ms of bench time, and {self.rest_s:g} s of rest",
        ]
        of = "" if self.budget is None else f" of {self.budget}"
        lines.append(f"at most {self.wear}{of} pulses in the life of a cell")
        return "\n".join(lines)


def estimate(
    job: Job,
    nominal: SimulatedArray,
    progress: Progress,
    ledgered: Ledgered | None = None,
    budget: int | None = None,
    carrier: Carrier | None = None,
) -> Estimate:
    """Pulses, time and wear of a job.

    Args:
        nominal: the array that stands for the real one.
        ledgered: the array's record: what its cells were last read at, its wear and its budget.
        budget: of the run, in place of the array's.
        carrier: what has the real array, for its bad lines; the twin's is the reference carrier.

    Raises:
        ImageError: the image does not fit the array.
        WearError: a cell's budget could be passed.
    """
    job = job if carrier is None else job.on(carrier)
    model = nominal.open()
    try:
        known = np.zeros(job.skip.shape, np.bool_)
        if ledgered is not None:
            known = _restore(model, ledgered.store, ledgered.serial)
        progress.say("trying it on the twin; nothing is sent to the array")
        with TwinBench(model) as bench:
            run = program(bench, job, Progress(quiet=True))
    finally:
        model.close()
    rests = len(run.arrays) * (job.recipe.passes - 1) * job.recipe.rest_s
    before = np.zeros(job.skip.shape, np.int64)
    if ledgered is not None:
        before = ledgered.store.wear(ledgered.serial).total
        budget = ledgered.recorded_budget() if budget is None else budget
    wear = _wear(run, before, job.recipe.limits().pulses, budget)
    return Estimate(run, int(np.count_nonzero(known)), rests, wear, budget)


def _restore(model: ArrayModel, store: Store, serial: str) -> Mask:
    """Put the cells at the conductances that the record last read; returns which.

    A cell that was pulsed since, by what keeps no code of it or a code on another scale, is not known any more.
    """
    siemens, unknown = np.full((ROWS, COLUMNS), np.nan), np.zeros((ROWS, COLUMNS), np.bool_)
    for run in store.runs(serial):
        unknown |= np.isnan(siemens) & store.unrecorded(run.id)
        cells = store.cells(run.id)
        fresh = cells.mask & np.isnan(siemens) & ~unknown
        if is_experiment(run):
            unknown |= fresh
        elif fresh.any():
            siemens[fresh] = cells.code[fresh] / recipe_of(run).codes_per_siemens
    model.set_conductance(np.maximum(siemens, 0.0))
    return np.asarray(~np.isnan(siemens))


def _wear(run: Programmed, before: Codes, most: int, budget: int | None) -> int:
    """The highest count of a cell after the run; refuses what the run itself would refuse."""
    total = before
    for result in run.arrays.values():
        pulsed = result.attempts > 0
        over = pulsed & (total + most > (np.inf if budget is None else budget))
        if over.any():
            raise WearError(
                f"{np.count_nonzero(over)} of {np.count_nonzero(pulsed)} cells could pass their budget of {budget} "
                f"pulses for life: the worst has had {total[over].max()}, and up to {most} more may be needed.",
                "Use a recipe that allows fewer pulses, take another array, or give this one a larger budget if you "
                "accept that its cells may break.",
            )
        total = total + result.records.pulses
    return int(total.max())
