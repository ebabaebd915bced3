"""The one loop that runs every experiment: a step at a time, recorded before the next begins.

A step is recorded together with the pulses of its cells, or not at all, so a run that was killed goes on with the
first step that has no sample. The cells of the step in which it was killed may have had some of its pulses: they stay
charged with all of them, the step is taken again, and an event says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.experiments.base import Experiment, Found, Step
from ohmbench.experiments.pulsing import fire
from ohmbench.progress import Progress, Work
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.ledger import Ledger
from ohmbench.record.records import Cells, CellStatus
from ohmbench.record.store import Run
from ohmbench.record.trail import Sample, samples
from ohmbench.support.array_types import Mask
from ohmbench.tables import ADC_MAX, CLOCK_HZ

_STEP_S = 0.004  # of the host, the record and the link, besides a step's bench time


@dataclass(frozen=True)
class Journaled:
    """A recorded run of an experiment, and the record that it is in."""

    run: Run
    store: Ledger


@dataclass(frozen=True)
class Estimate:
    """What a whole run would take. pulses_a_cell: the most that one cell can get; pulses: all cells together."""

    steps: int
    cells: int
    pulses_a_cell: int
    pulses: int
    bench_time_s: float
    rest_s: float

    def summary(self) -> dict[str, Any]:
        return dict(vars(self))

    def describe(self) -> str:
        return (
            f"{self.steps} steps on {self.cells} cells, at most {self.pulses_a_cell} pulses a cell, {self.pulses} in "
            f"all\n{self.bench_time_s:.3g} s of bench time besides {self.rest_s:g} s of rest; host and link take more"
        )


def estimate(experiment: Experiment, chosen: Mask) -> Estimate:
    """Pulses and bench time of a whole run on the chosen cells (rows, columns).

    train.useq branches on no code, so that its run time is the same for every array, and linear in rows and count:
    the twin tells it from three short runs.
    """
    steps, cells = experiment.steps(), int(np.count_nonzero(chosen))
    pulses = sum(step.pulses for step in steps)
    bench_s = sum(steps_s(steps, chosen))
    return Estimate(len(steps), cells, pulses, pulses * cells, bench_s, sum(step.rest_s for step in steps))


def steps_s(steps: Sequence[Step], chosen: Mask) -> list[float]:
    """Bench time of each step on the chosen cells (rows, columns), its rest left out, as `estimate` has it."""
    rows = int(np.count_nonzero(chosen.any(axis=1)))
    clocks = {}

    def took(bench: Bench, step: Step, rows: int, count: int) -> int:
        some = np.zeros_like(chosen)
        some[:rows, 0] = True
        before = bench.state().run_cycles
        fire(bench, step.entry, count, step.drive, some, some)
        return bench.state().run_cycles - before

    with open_bench("twin", array=SimulatedArray()) as bench:
        for step in steps:
            kind = (step.entry, step.drive.set_us, step.drive.reset_us)
            if kind not in clocks:
                one, two, more = (took(bench, step, *size) for size in ((1, 1), (2, 1), (1, 2)))
                clocks[kind] = (2 * one - two, two - more, more - one)
    found = []
    for step in steps:
        once, a_row, a_count = clocks[step.entry, step.drive.set_us, step.drive.reset_us]
        found.append((once + rows * (a_row + step.count * a_count)) / CLOCK_HZ)
    return found


def expected_s(steps: Sequence[Step], chosen: Mask, *, is_simulated: bool) -> list[float]:
    """What each step is expected to take by the clock on the wall, where only the ratio of two of them counts."""
    waits = [0.0 if is_simulated else step.rest_s for step in steps]  # time of a simulated array is not waited for
    return [_STEP_S + took + wait for took, wait in zip(steps_s(steps, chosen), waits, strict=True)]


def run(
    experiment: Experiment, bench: Bench, chosen: Mask, progress: Progress, journal: Journaled | None = None
) -> list[Found]:
    """Take the steps that the journal does not have yet; all that were found, with those that it had.

    Raises:
        WearError: a cell's budget could be passed; nothing was sent.
        StoreError: the record cannot be written; the array is off.
        FaultError: the guard turned the array off.
    """
    steps = experiment.steps()
    found = [] if journal is None else recorded(experiment, samples(journal.store, journal.run.id))
    started = None
    if journal is not None:
        _require_budget(journal, steps[len(found) :], chosen)
        first = samples(journal.store, journal.run.id)[:1]
        started = first[0].at if first else None
    started = started or datetime.now(UTC)
    expected = expected_s(steps, chosen, is_simulated=bench.info.is_simulated)
    work = Work(re.escape(experiment.name), len(steps), steps=expected)
    progress.expect(experiment.name, [work], before=len(found))
    for number in range(len(found), len(steps)):
        if experiment.aborted:
            break
        step = steps[number]
        pulsed = experiment.cells(step, found, chosen)
        if step.rest_s:
            bench.rest(step.rest_s, progress)
        if journal is not None and step.pulses:
            journal.run.begin_pass(pulsed, step.pulses)
        codes = fire(bench, step.entry, step.count, step.drive, pulsed if step.pulses else chosen, chosen)
        rested = sum(done.rest_s for done in steps[: number + 1])
        elapsed = rested if bench.info.is_simulated else (datetime.now(UTC) - started).total_seconds()
        one = Found(step, codes[:, chosen], pulsed[chosen], elapsed)
        if journal is not None:
            journal.run.record_step(number, sample_of(one), _cells(experiment, step, pulsed, codes[-1]))
        found.append(one)
        progress(experiment.name, number + 1, len(steps))
    return found


def recorded(experiment: Experiment, given: Sequence[Sample]) -> list[Found]:
    """What a run recorded of an experiment with its settings."""
    return [
        Found(
            step,
            np.array(sample.data["codes"], np.int64),
            np.array(sample.data["pulsed"], np.bool_),
            float(sample.data["elapsed_s"]),
        )
        for step, sample in zip(experiment.steps(), given, strict=False)
    ]


def sample_of(found: Found) -> dict[str, Any]:
    """What is recorded of a step, and what JSON and tables have of it."""
    step = found.step
    return {
        "name": step.name,
        "entry": step.entry,
        "count": step.count,
        **step.values,
        "codes_per_usiemens": step.drive.codes_per_siemens * 1e-6,
        "elapsed_s": found.elapsed_s,
        "pulsed": found.pulsed.astype(int).tolist(),
        "codes": found.codes.tolist(),
    }


def _cells(experiment: Experiment, step: Step, pulsed: Mask, code: Any) -> Cells | None:
    """The pulses of a step; a plan has no window, so every code is in it."""
    if not step.pulses:
        return None
    zeros = np.zeros(pulsed.shape, np.int64)
    pulses = [zeros + (step.count if step.entry in (kind, "cycle") else 0) for kind in ("set", "reset")]
    cells = CellRecords(pulsed, zeros - ADC_MAX, zeros + ADC_MAX, code, *pulses)
    made = Cells.of(cells, zeros + 1, forms=experiment.forms)
    return replace(made, status=zeros + CellStatus.CONVERGED)


def _require_budget(journal: Journaled, steps: Sequence[Step], chosen: Mask) -> None:
    journal.store.require_budget(journal.run.array.serial, chosen, sum(step.pulses for step in steps))
