"""`ohmbench experiment`: an experiment on chosen cells, recorded, stopped and gone on with."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import NOTHING_SENT, StoreError, UsageError
from ohmbench.experiments import loop
from ohmbench.experiments.base import Experiment, Found
from ohmbench.experiments.loop import Estimate, Journaled, recorded
from ohmbench.experiments.registry import load, names
from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.ledger import Ledgered
from ohmbench.programming.programmer import Mask
from ohmbench.progress import Progress
from ohmbench.record.records import RunRecord, RunStatus
from ohmbench.record.trail import samples
from ohmbench.report.experiment import ExperimentPage
from ohmbench.tables import COLUMNS, ROWS

Row = dict[str, Any]

_CELLS = re.compile(r"(\d+),(\d+)(?::(\d+),(\d+))?")


def kind_of(name: str) -> str:
    """Kind of an experiment's runs in the record."""
    return f"experiment {name}"


def is_experiment(run: RunRecord) -> bool:
    """Whether a run is an experiment's: its `recipe` is the experiment's settings then."""
    return run.kind.startswith(kind_of(""))


@dataclass(frozen=True, eq=False)
class Planned:
    """An experiment on cells of an array. resumed: the run to go on with."""

    experiment: Experiment
    chosen: Mask
    resumed: RunRecord | None = None

    @property
    def is_done(self) -> bool:
        """Whether the run to go on with has nothing left to do."""
        return self.resumed is not None and self.resumed.status == RunStatus.DONE


@dataclass(frozen=True, eq=False)
class Experimented:
    """What an experiment found, all of it or the steps until it was aborted."""

    planned: Planned
    rung: str
    serial: str | None
    run_id: int | None
    found: Sequence[Found]
    provenance: Mapping[str, Any]

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
            len(self.found),
            self.steps,
            int(np.count_nonzero(self.planned.chosen)),
            experiment.results(self.found) if self.found else {},
            experiment.charts(self.found) if self.found else [],
            experiment.notes(self.rung != "board"),
            {**dataclasses.asdict(experiment.settings), "run": self.run_id, **self.provenance},
        ).save(path)


def catalogue() -> list[Row]:
    """All experiments with their settings, as JSON has them."""
    made = []
    for name in names():
        found = load(name)
        fields = dataclasses.fields(found.Settings)
        settings = {f.name: {"default": f.default, "about": f.metadata.get("about", "")} for f in fields}
        made.append({"experiment": name, "about": found.about, "settings": settings})
    return made


def describe_catalogue(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        lines += ["", f"{row['experiment']}: {row['about'].partition(': ')[2] or row['about']}"]
        lines += [f"    {name}={of['default']:<8} {of['about']}" for name, of in row["settings"].items()]
    return "\n".join(lines[1:])


def parse_settings(texts: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE of each text.

    Raises:
        UsageError: no such form.
    """
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise UsageError(f"--set {name}: give NAME=VALUE. {NOTHING_SENT}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_cells(texts: Sequence[str], faults: FaultMap | None = None, serial: str | None = None) -> Mask:
    """Cells (rows, columns) of ROW,COL or ROW,COL:ROW,COL, both corners included; all if there is no text.

    Args:
        faults: its stuck and unformed cells are left out.
        serial: of the array in the socket, if it has one.

    Raises:
        UsageError: no such form, outside of the array, or no cell is left.
        DataError: the fault map is of another array.
    """
    chosen = np.full((ROWS, COLUMNS), not texts)
    for text in texts:
        match = _CELLS.fullmatch(text.replace(" ", ""))
        row, column, *to = (0 if part is None else int(part) for part in match.groups()) if match else (ROWS, 0)
        last_row, last_column = to if match and match[3] else (row, column)
        if not (row <= last_row < ROWS and column <= last_column < COLUMNS):
            raise UsageError(
                f"--cells {text}: give ROW,COL or ROW,COL:ROW,COL, from 0,0 to {ROWS - 1},{COLUMNS - 1}. {NOTHING_SENT}"
            )
        chosen[row : last_row + 1, column : last_column + 1] = True
    if faults is not None:
        chosen &= ~faults.left_out(chosen.shape, serial)
    if not chosen.any():
        raise UsageError(f"No cell is left to experiment on: all are bad in the fault map. {NOTHING_SENT}")
    return chosen


def plan(name: str, settings: Mapping[str, Any], chosen: Mask) -> Planned:
    """Raises:
    UsageError: no such experiment or setting, or settings that make no sense.
    """
    return Planned(load(name).of(settings), chosen)


def plan_resumed(name: str, ledgered: Ledgered | None, asked: bool = False, serial: str | None = None) -> Planned:
    """The last run of an experiment on this array, with its settings and cells.

    Args:
        asked: whether settings or cells were asked for besides.
        serial: of the array in the socket, where it has one but no record.

    Raises:
        UsageError: they were, or the array's runs are not recorded.
        StoreError: there is no such run.
    """
    serial = serial if ledgered is None else ledgered.serial
    if serial is None or asked:
        why = "it takes settings and cells from the record" if asked else "nothing was recorded to go on with"
        raise UsageError(
            f"--resume goes on with a recorded run: {why}. {NOTHING_SENT} Leave out --set, --cells and "
            "--fault-map, and name the array with --array or --serial."
        )
    found = load(name)
    runs = [] if ledgered is None else ledgered.store.find_runs(serial=serial, kind=kind_of(name), limit=1)
    if not runs:
        raise StoreError(
            f"Nothing to resume: the record knows no {name} on array {serial}. {NOTHING_SENT} Start without "
            "--resume, or correct --serial or --lab."
        )
    chosen = np.zeros((ROWS, COLUMNS), np.bool_)
    chosen[tuple(np.array(runs[0].provenance["cells"]).T)] = True
    return Planned(found.of(runs[0].recipe), chosen, runs[0])


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
    """Run an experiment, or go on with it.

    Raises:
        UsageError: a voltage or width above the carrier's limits, or no cell is left.
        WearError: a cell's budget could be passed; nothing was sent.
        StoreError: the record cannot be written, or something else has pulsed the array since.
        FaultError: the guard turned the array off.
    """
    if planned.resumed is None:
        planned = dataclasses.replace(planned, chosen=planned.chosen & ~bench.carrier.bad)
        if not planned.chosen.any():
            raise UsageError(f"No cell is left to experiment on: all are on bad lines of the carrier. {NOTHING_SENT}")
    for step in planned.experiment.steps():
        bench.require_within_carrier(step.limits)
    with _journal(bench, planned, ledgered) as journal:
        found = loop.run(planned.experiment, bench, planned.chosen, progress, journal)
    run_id = None if journal is None else journal.run.id
    serial = None if ledgered is None else ledgered.serial
    return Experimented(planned, bench.info.rung, serial, run_id, found, bench.provenance)


def already_done(planned: Planned, ledgered: Ledgered) -> Experimented:
    """What a run that is done found, from the record."""
    run = planned.resumed
    assert run is not None
    found = recorded(planned.experiment, samples(ledgered.store, run.id))
    provenance = {name: value for name, value in run.provenance.items() if name != "cells"}
    return Experimented(planned, run.rung, run.serial, run.id, found, provenance)


@contextmanager
def _journal(bench: Bench, planned: Planned, ledgered: Ledgered | None) -> Iterator[Journaled | None]:
    if ledgered is None:
        yield None
        return
    ledgered.register(bench.info)
    store, chosen, experiment = ledgered.store, planned.chosen, planned.experiment
    if planned.resumed is not None:
        run = store.reopen(planned.resumed.id, ledgered.serial)
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
        )
    try:
        yield Journaled(run, store)
    except BaseException as error:
        run.__exit__(type(error), error, None)
        error.add_note(
            f"Run {run.id} on array {ledgered.serial} is unfinished; what was done is recorded. Give "
            f"`ohmbench experiment {experiment.name}` with the same array and --resume to go on."
        )
        raise
    if experiment.aborted:
        run.finish(RunStatus.INTERRUPTED, "aborted")
    else:
        run.finish(RunStatus.DONE)


def _number(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)}: " + ", ".join(map(str, value[:8])) + (", ..." if len(value) > 8 else "")
    return "-" if value is None else f"{value:.4g}"
