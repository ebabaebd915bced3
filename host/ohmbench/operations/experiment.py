"""`ohmbench experiment`: an experiment on chosen cells, recorded, stopped and resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.errors import UsageError, WearError
from ohmbench.experiments import loop
from ohmbench.experiments.base import Found
from ohmbench.experiments.loop import Estimate, Journaled, recorded, sample_of
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.setup import Setup
from ohmbench.operations.experiment_plan import Asked, Planned, kind_of
from ohmbench.operations.result import Noted
from ohmbench.operations.run_lines import local
from ohmbench.operations.tidy import SAMPLE_COLUMNS, about_step, step_rows
from ohmbench.progress import Progress
from ohmbench.record.names import RunStatus
from ohmbench.record.trail import samples
from ohmbench.report.experiment import ExperimentPage
from ohmbench.sweep.export import columns_of, export

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Experimented:
    """What an experiment found, all of it or the steps until it was aborted."""

    planned: Planned
    rung: str
    serial: str | None
    run_id: int | None
    found: Sequence[Found]
    provenance: Mapping[str, Any]
    begun: datetime

    @property
    def steps(self) -> int:
        return len(self.planned.experiment.steps())

    def summary(self) -> Row:
        experiment = self.planned.experiment
        return {
            "experiment": experiment.name,
            "rung": self.rung,
            "serial": self.serial,
            "run": self.run_id,
            "resumed": self.planned.resumed is not None,
            "steps": self.steps,
            "steps_done": len(self.found),
            "cells": int(np.count_nonzero(self.planned.chosen)),
            "settings": dataclasses.asdict(experiment.settings),
            "results": experiment.results(self.found) if self.found else {},
            "curves": [_point(one) for one in self.found],
            "notes": experiment.notes(self.rung != "board"),
        }

    def describe(self) -> str:
        s = self.summary()
        origin = "measured" if self.rung == "board" else f"simulated, {self.rung}"
        lines = [f"{s['experiment']}: {s['steps_done']} of {s['steps']} steps on {s['cells']} cells ({origin})"]
        lines += [f"{name:30} {_number(value)}" for name, value in s["results"].items()]
        if self.planned.is_done:
            lines.append(f"run {self.run_id} was done before; nothing was sent to the array")
        elif self.run_id is not None:
            lines.append(f"recorded for array {self.serial} as run {self.run_id}")
        return "\n".join([*lines, *s["notes"]])

    def save_table(self, path: Path) -> None:
        """Write a row a cell and read of each step.

        Raises:
            UsageError: no table has the path's suffix, or the file cannot be written.
        """
        places = np.argwhere(self.planned.chosen).tolist()
        known = {"run": self.run_id, "serial": self.serial, "rung": self.rung}
        rows = [
            row for number, one in enumerate(self.found) for row in step_rows(number, sample_of(one), places, known)
        ]
        columns = dict.fromkeys([*known, *SAMPLE_COLUMNS, *columns_of(rows)])
        del columns["at"]  # the record knows it
        export(rows, path, list(columns))

    def save(self, path: Path) -> None:
        """Write the page.

        Raises:
            UsageError: the file cannot be written.
        """
        experiment = self.planned.experiment
        ExperimentPage(
            experiment.name,
            experiment.about,
            self.rung,
            self.serial or "an array that is not recorded",
            local(self.begun),
            len(self.found),
            self.steps,
            [(int(row), int(column)) for row, column in np.argwhere(self.planned.chosen)],
            experiment.results(self.found) if self.found else {},
            experiment.meaning,
            experiment.charts(self.found) if self.found else [],
            experiment.notes(self.rung != "board"),
            {**dataclasses.asdict(experiment.settings), "run": self.run_id, **self.provenance},
        ).save(path)


def estimate(planned: Planned, ledgered: Ledgered | None) -> Estimate:
    """What a whole run would take; ledgered: the array's record if it has one.

    Raises:
        WearError: it would not be let through.
    """
    made = loop.estimate(planned.experiment, planned.chosen)
    if ledgered is not None:
        ledgered.store.require_budget(ledgered.serial, planned.chosen, made.pulses_a_cell, ledgered.budget)
    return made


def experiment(bench: Bench, planned: Planned, progress: Progress, ledgered: Ledgered | None = None) -> Experimented:
    """Run an experiment, or resume it.

    Raises:
        UsageError: a voltage or width above the carrier's limits, or no cell is left.
        CheckError: reading does not work; no cell was pulsed.
        WearError: a cell's budget could be passed; nothing was sent.
        StoreError: the record cannot be written, or something else has pulsed the array since.
        FaultError: the guard turned the array off.
    """
    begun = datetime.now(UTC) if planned.resumed is None else planned.resumed.started
    if planned.resumed is None:
        planned = dataclasses.replace(planned, chosen=planned.chosen & ~bench.carrier.bad)
        if not planned.chosen.any():
            raise UsageError("No cell is left to experiment on: all are on bad lines of the carrier.")
    steps = planned.experiment.steps()
    for step in steps:
        bench.require_within_carrier(step.limits)
    bench.require_ready(Limits.joined([step.limits for step in steps]))
    with _journal(bench, planned, ledgered) as journal:
        found = loop.run(planned.experiment, bench, planned.chosen, progress, journal)
    run_id = None if journal is None else journal.run.id
    serial = None if ledgered is None else ledgered.serial
    return Experimented(planned, bench.info.rung, serial, run_id, found, bench.provenance, begun)


def already_done(planned: Planned, ledgered: Ledgered) -> Experimented:
    """What a run that is done found, from the record."""
    run = planned.resumed
    assert run is not None
    found = recorded(planned.experiment, samples(ledgered.store, run.id))
    provenance = {name: value for name, value in run.provenance.items() if name != "cells"}
    return Experimented(planned, run.rung, run.serial, run.id, found, provenance, run.started)


@contextmanager
def _journal(bench: Bench, planned: Planned, ledgered: Ledgered | None) -> Iterator[Journaled | None]:
    if ledgered is None:
        yield None
        return
    ledgered.register(bench.info)
    store, chosen, experiment = ledgered.store, planned.chosen, planned.experiment
    if planned.resumed is not None:
        run = store.reopen(planned.resumed.id, ledgered.serial, lambda: bench.pulse_programs, bench.count_reads())
        if store.wear(ledgered.serial).reserved[chosen].any():
            done = len(samples(store, run.id))
            run.note(f"step {done + 1} may have been begun before; it is taken again")
    else:
        run = store.begin_run(
            kind_of(experiment.name),
            ledgered.serial,
            rung=bench.info.rung,
            mask=np.zeros_like(chosen),
            pulses=0,
            recipe=dataclasses.asdict(experiment.settings),
            provenance={
                **bench.provenance,
                "cells": np.argwhere(chosen).tolist(),
                "steps": len(experiment.steps()),
            },
            sent=lambda: bench.pulse_programs,
            reads=bench.count_reads(),
        )
    with ExitStack() as stack:
        stack.push(run)  # ends it as failed or interrupted if this is left by an exception
        try:
            yield Journaled(run, store)
        except BaseException as error:
            if isinstance(error, WearError):  # refused, not broken off: there is nothing to resume
                raise
            error.add_note(
                f"Run {run.id} on array {ledgered.serial} is unfinished; what was done is recorded. Give "
                f"`ohmbench experiment {experiment.name}` with the same array and --resume to go on."
            )
            raise
        stack.pop_all()
    if experiment.aborted:
        run.finish(RunStatus.INTERRUPTED, "aborted")
    else:
        run.finish(RunStatus.DONE)


def _point(found: Found) -> Row:
    """A point of the curves: what its step is about, and the cells' conductances, each the mean of its reads."""
    usiemens = found.usiemens.mean(axis=0)
    low, middle, high = (float(v) for v in np.percentile(usiemens, (10, 50, 90))) if usiemens.size else (None,) * 3
    return {
        "name": found.step.name,
        **about_step(found.step.values),
        "elapsed_s": found.elapsed_s,
        "reads": len(found.codes),
        "p10_usiemens": low,
        "median_usiemens": middle,
        "p90_usiemens": high,
        "usiemens": np.round(usiemens, 4).tolist(),
    }


def _number(value: Any) -> str:
    if isinstance(value, list):
        some = ", ".join(map(str, value[:8])) + (", ..." if len(value) > 8 else "")
        return f"{len(value)}: {some}" if value else "none"
    return "-" if value is None else f"{value:.4g}"


def run_experiment(setup: Setup, asked: Asked, progress: Progress) -> Noted[Experimented]:
    """Open the bench and run an experiment on its array, or resume the last such run.

    Raises:
        OhmbenchError: as `Asked.plan`, `Setup.record`, `Setup.bench` and `experiment`.
    """
    planned = None if asked.resume else asked.plan(setup.serial)  # a mistake makes no record
    with setup.record(progress) as record:
        planned = planned or asked.plan(setup.serial, record.ledgered)
        if planned.is_done and record.ledgered is not None:
            return Noted(already_done(planned, record.ledgered))
        with setup.bench(progress, record.store) as bench:
            return Noted(experiment(bench, planned, progress, record.ledgered), bench.carrier.note)


def dry_run(setup: Setup, asked: Asked) -> Estimate:
    """What `run_experiment` would take; nothing is sent, and no record is made.

    Raises:
        OhmbenchError: as `Asked.plan`, `Setup.record_if_there` and `estimate`.
    """
    with setup.record_if_there() as record:
        return estimate(asked.plan(setup.serial, record.ledgered), record.ledgered)
