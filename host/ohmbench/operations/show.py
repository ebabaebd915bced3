"""`ohmbench show`: one run of the record, as text, as a page again, and its cells as a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import codes_per_siemens
from ohmbench.errors import UsageError
from ohmbench.experiments.loop import recorded
from ohmbench.experiments.registry import load
from ohmbench.operations.log import run_row
from ohmbench.operations.run_lines import came_to, duration, local
from ohmbench.operations.tidy import CELL_COLUMNS, SAMPLE_COLUMNS, cell_rows, sample_rows
from ohmbench.programming.run import Standing
from ohmbench.record.journal import EXPERIMENT, next_step, skipped_of
from ohmbench.record.names import RunStatus
from ohmbench.record.outcomes import Outcome, outcomes
from ohmbench.record.records import RunRecord
from ohmbench.record.store import Store
from ohmbench.record.trail import Event, events, samples
from ohmbench.report.experiment import ExperimentPage
from ohmbench.report.program import ImageState, PassTotals, ProgramInfo, ProgramState
from ohmbench.report.program_page import program_html
from ohmbench.report.results import SummaryRow, percent
from ohmbench.report.run import run_html
from ohmbench.support.array_types import IntArray
from ohmbench.support.colour import words
from ohmbench.support.files import write_result
from ohmbench.sweep.export import columns_of, export
from ohmbench.tables import ADC_MAX

Row = dict[str, Any]

_LONG = (
    "skipped",
    "cells",
    "images",
    "command",
    "file",
    "recipe",
    "args",
    "rails_v",
    "limits",
)  # of the provenance: said elsewhere, or too much


@dataclass(frozen=True)
class Shown:
    """A run as the record has it."""

    run: RunRecord
    outcome: Outcome
    events: list[Event]

    def summary(self) -> Row:
        found, ended = self.outcome, self.run.ended
        return {
            **run_row(self.run),
            "duration_s": None if ended is None else (ended - self.run.started).total_seconds(),
            "cells": found.cells,
            "converged_fraction": None if self._is_experiment else found.share,
            "pulses": found.pulses,
            "steps_done": found.samples if self._is_experiment else None,
            "inference": found.recognised,
            "events": [{"at": e.at.isoformat(), "what": e.what} for e in self.events],
        }

    def describe(self) -> str:
        lines = [f"{name:10} {value}" for name, value in self.facts() if value]
        return "\n".join([*lines, "", *(f"{local(e.at)}  {e.what}" for e in self.events)])

    def paint(self, text: str) -> str:
        """How the run ended, in colours."""
        return words(text)

    def facts(self) -> list[tuple[str, str]]:
        """Names and values; one that does not apply is empty."""
        run, said = self.run, self.run.provenance
        ended = {
            RunStatus.RUNNING: "it runs",
            RunStatus.KILLED: f"killed: its process is gone; {next_step(run)}",
            RunStatus.INTERRUPTED: f"interrupted; {next_step(run)}",
        }.get(run.status, run.status.value)
        number = "" if run.image_number is None else f", its image {run.image_number} (counted from 0)"
        settings = ", ".join(f"{name} {value}" for name, value in run.recipe.items() if not isinstance(value, dict))
        return [
            ("run", f"{run.id}: {run.kind}"),
            ("array", f"{run.serial}, {'measured' if run.rung == 'board' else 'simulated'} ({run.rung})"),
            ("file", f"{said['file']}{number}" if "file" in said else ""),
            ("recipe", "" if self._is_experiment else str(said.get("recipe", ""))),
            ("settings", settings if self._is_experiment else ""),
            ("arguments", ", ".join(f"{name} {value}" for name, value in said.get("args", {}).items())),
            ("command", str(said.get("command", ""))),
            ("begun", local(run.started)),
            ("took", duration(run)),
            ("ended", ended),
            ("result", came_to(run, self.outcome)),
            ("passes", str(run.passes) if run.passes > 1 and not self._is_experiment else ""),
            ("build", str(said.get("build_id", ""))),
        ]

    @property
    def _is_experiment(self) -> bool:
        return self.run.kind.startswith(EXPERIMENT)


def show(store: Store, number: int) -> Shown:
    """Look a run up.

    Raises:
        StoreError: no such run, or the record cannot be read.
    """
    run = store.run(number)
    return Shown(run, outcomes(store, [run])[number], events(store, run=number)[::-1])


def save_table(store: Store, shown: Shown, path: Path) -> None:
    """Write the run's cells: a row a cell and pass, or a cell and read of an experiment.

    Raises:
        UsageError: another suffix than .csv, .parquet and .h5, or the file cannot be written.
        StoreError: the record cannot be read.
    """
    if shown._is_experiment:
        rows = sample_rows(store, shown.run)
        export(rows, path, list(dict.fromkeys([*SAMPLE_COLUMNS, *columns_of(rows)])))
    else:
        export(cell_rows(store, shown.run), path, CELL_COLUMNS)


def save_page(store: Store, shown: Shown, path: Path) -> None:
    """Write the run's page again.

    Raises:
        UsageError: the file cannot be written.
        StoreError: the record cannot be read.
    """
    write_result(path, _html(store, shown).encode())


def _html(store: Store, shown: Shown) -> str:
    if shown._is_experiment and (text := _experiment_html(store, shown)):
        return text
    if shown.run.image_number is not None and shown.outcome.cells:
        return program_html(program_state(store, shown))
    rows = [SummaryRow(name, value, "") for name, value in shown.facts() if value]
    happened = [(local(e.at), e.what) for e in shown.events]
    heading = f"{shown.run.kind} on {shown.run.serial}"
    return run_html(heading, shown.run.rung, rows, happened, _origin(shown.run), _recognised(shown.outcome)[1])


def _origin(run: RunRecord) -> dict[str, object]:
    said = {name: value for name, value in run.provenance.items() if name not in _LONG}
    return {"run": run.id, "begun": local(run.started), "command": run.provenance.get("command", ""), **said}


def program_state(store: Store, shown: Shown) -> ProgramState:
    """What a run that programmed an image did, as its page shows it.

    Raises:
        StoreError: the record cannot be read.
    """
    run = shown.run
    cells, per_usiemens = store.cells(run.id), codes_per_siemens(float(run.recipe.get("read_v", 0.2))) * 1e-6
    skipped = skipped_of(run, *cells.mask.shape)
    middle = np.clip((cells.low + cells.high) / 2, 0, ADC_MAX) / per_usiemens
    number = run.image_number or 0
    info = ProgramInfo(
        run.rung,
        run.serial,
        str(run.provenance.get("recipe", "")),
        float(run.recipe.get("window_usiemens", 0.0)),
        per_usiemens,
        (number,),
        max([number, *map(int, run.provenance.get("images", []))]) + 1,
        max(1, run.passes),
        {**_origin(run), "file": run.provenance.get("file", ""), "image sha256": run.image_sha256},
    )
    rows = np.ones(cells.mask.shape[0], np.bool_)
    image = ImageState(middle, skipped, Standing(cells, rows, max(0, run.passes - 1)))
    status = "interrupted" if run.status is RunStatus.RUNNING else run.status.value
    recognised, confusions = _recognised(shown.outcome)
    return ProgramState(
        info,
        {number: image},
        {number: _passes(store, run)},
        status,
        _why(shown),
        recognised=recognised,
        confusions=confusions,
        command=run.kind,
    )


def _recognised(outcome: Outcome) -> tuple[list[SummaryRow], dict[str, IntArray]]:
    """Rows and confusions of images that went through the array."""
    found, rows, confusions = outcome.recognised or {}, [], {}
    if outcome.passing is not None:
        tile = f"of {outcome.passing['of']}, tile {outcome.passing['tile'] + 1} of {outcome.passing['tiles']}"
        rows.append(SummaryRow("Inputs that passed", str(outcome.passing["passed"]), tile))
    for which, name in (("", "raw"), ("_trimmed", "trimmed")):
        if f"accuracy{which}" in found:
            of = found.get("images_of", found["images"])
            note = f"of {found['images']} images" + ("" if of == found["images"] else f", which are the first of {of}")
            rows.append(SummaryRow(f"Recognised, {name}", percent(found[f"accuracy{which}"], 2), note))
            confusions[name.capitalize()] = np.array(found[f"confusion{which}"])
    return rows, confusions


def _passes(store: Store, run: RunRecord) -> tuple[PassTotals, ...]:
    found: list[PassTotals] = []
    outside = np.zeros((), np.bool_)
    for number in range(run.passes):
        cells = store.cells(run.id, number)
        if cells.mask.any():  # the first of `program` charges nothing
            outside = np.where(cells.mask, ~cells.inside, outside)
            found.append(PassTotals(int(np.count_nonzero(cells.mask & (cells.pulses > 0))), int(outside.sum())))
    return tuple(found)


def _why(shown: Shown) -> str:
    if shown.run.status is RunStatus.RUNNING:
        return "it still runs; this page is of what it has done so far."
    return shown.events[-1].what if shown.events else ""


def _experiment_html(store: Store, shown: Shown) -> str:
    """ "" if this ohmbench does not have the experiment, or with other settings."""
    run = shown.run
    try:
        experiment = load(run.kind.removeprefix(EXPERIMENT)).of(run.recipe)
    except UsageError:
        return ""
    found = recorded(experiment, samples(store, run.id))
    return ExperimentPage(
        experiment.name,
        experiment.about,
        run.rung,
        run.serial,
        local(run.started),
        len(found),
        len(experiment.steps()),
        [(int(row), int(column)) for row, column in run.provenance.get("cells", [])],
        experiment.results(found) if found else {},
        experiment.meaning,
        experiment.charts(found) if found else [],
        experiment.notes(run.rung != "board"),
        {**run.recipe, **_origin(run)},
    ).html()
