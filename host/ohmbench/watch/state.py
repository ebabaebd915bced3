"""What the page of a running job shows, from the record alone: whoever runs the job does not know of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

import numpy as np

from ohmbench.bench.base import codes_per_siemens
from ohmbench.errors import OhmbenchError, StoreError
from ohmbench.experiments.loop import expected_s
from ohmbench.experiments.registry import load
from ohmbench.record.cell_lines import COLUMNS as CELL_COLUMNS
from ohmbench.record.cell_lines import cell_lines, pass_progress
from ohmbench.record.journal import EXPERIMENT, next_step
from ohmbench.record.names import RunStatus
from ohmbench.record.outcomes import outcomes
from ohmbench.record.records import RunRecord
from ohmbench.record.store import Store
from ohmbench.record.trail import events
from ohmbench.report.cell_charts import arrival_chart
from ohmbench.report.shades import confusion_shades
from ohmbench.watch.cell import READ_V, cell_page

State = dict[str, Any]

_EVENTS = 12
_RUNS = 50
"""That one can choose from; `--run` and the address take any."""


class Watcher:
    """A record that is looked at and never written; it belongs to the thread that opened it.

    Args:
        run: the one to show; None: the last that runs, or else the last.
        serial: of the array whose runs count; None: of all arrays.
    """

    def __init__(self, path: Path, run: int | None = None, serial: str | None = None) -> None:
        self._path = path
        self._opened: Store | None = None
        self._run, self._serial = run, serial
        self._version: int | None = -1
        self._killed = False
        self._weights: dict[int, list[float]] = {}  # of an experiment's steps, by run

    @classmethod
    def open(cls, path: Path, run: int | None = None, serial: str | None = None) -> Self:
        """A record that is not there is not made; it is opened when it comes.

        Raises:
            StoreError: it cannot be read, or is of a newer version.
        """
        watcher = cls(path, run, serial)
        watcher._look()
        return watcher

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _look(self) -> bool:
        """Whether the record is there, which is opened then."""
        if self._opened is None and self._path.exists():
            self._opened = Store.open(self._path)
            self._opened.database.refuse_writing()
        return self._opened is not None

    @property
    def _store(self) -> Store:
        assert self._opened is not None
        return self._opened

    def changed(self) -> bool:
        """Whether another process has written since the last call, or was killed; true at first."""
        before = self._version
        self._version = self._store.database.change_count() if self._look() else None
        if before != self._version:
            return True
        if self._version is None:
            return False
        # one that is killed writes nothing; once it is known to be, it is no news again
        run = None if self._killed else self._chosen()
        return run is not None and run.status is RunStatus.KILLED

    def state(self) -> State:
        """What there is to show, as JSON has it.

        Raises:
            StoreError: the record cannot be read, or has no such run.
        """
        if not self._look():
            if self._run is not None:
                raise StoreError(f"There is no record at {self._path} yet, so it has no run {self._run}.")
            return {"run": None, "events": [], "runs": [], "arrays": []}
        run = self._chosen()
        if run is None:
            return {"run": None, "events": [], **self._choice()}
        self._killed = run.status is RunStatus.KILLED
        array = self._store.known_array(run.serial)
        shape = (array.rows, array.columns)
        experiment = self._experiment(run, shape)
        usiemens, done, total, stage = experiment or self._programming(run, shape)
        what = f"{stage}, " if stage else ""
        what = f"{what}{done} of {total} {'steps' if experiment else 'cells'}"
        share = self._share(run, done, total) if experiment else done / total if total else 0.0
        outcome = outcomes(self._store, [run])[run.id]
        if outcome.passing is not None:
            done, total = int(outcome.passing["passed"]), int(outcome.passing["of"])
            share, stage = done / total if total else 0.0, f"tile {outcome.passing['tile'] + 1}"
        if outcome.inference_lines:
            what = ", ".join([*_image_of(run), *outcome.inference_lines])
        counts = (outcome.recognised or {}).get("confusion")
        wear = self._store.wear(run.serial)
        happened = events(self._store, serial=run.serial, limit=_EVENTS)
        return {
            "run": run.id,
            "kind": run.kind,
            "serial": run.serial,
            "rung": run.rung,
            "status": run.status.value,
            "started": run.started.isoformat(),
            "ended": None if run.ended is None else run.ended.isoformat(),
            "done": done,
            "total": total,
            "share": share,
            "stage": "" if experiment else stage,
            "what": what,
            "confusion": counts,
            "shades": None if counts is None else _shades(counts),
            "next_step": next_step(run),
            "rows": array.rows,
            "columns": array.columns,
            "usiemens": [None if np.isnan(g) else round(g, 1) for g in usiemens.ravel().tolist()],
            "wear": wear.given.ravel().tolist(),
            "charged": wear.reserved.ravel().tolist(),
            "budget": array.budget,
            "events": [{"at": e.at.isoformat(), "run": e.run, "kind": e.kind, "what": e.what} for e in happened],
            **self._choice(),
        }

    def cell(self, serial: str, row: int, column: int) -> str:
        """The page of a cell.

        Raises:
            StoreError: the record cannot be read, or has no such array or cell.
        """
        if not self._look():
            raise StoreError(f"There is no record at {self._path} yet.")
        return cell_page(self._store, serial, row, column)

    def convergence(self) -> str:
        """Of a run that programs, the share of its cells in their window over pulses, as an SVG file; "": none.

        Raises:
            StoreError: the record cannot be read, or has no such run.
        """
        run = self._chosen() if self._look() else None
        if run is None or not run.most_pulses or run.kind.startswith(EXPERIMENT):
            return ""
        cells = self._store.cells(run.id)
        pulses = (cells.pulses + cells.form_pulses)[cells.mask]
        return arrival_chart(pulses, cells.inside[cells.mask]).svg if pulses.size else ""

    def _choice(self) -> State:
        """What there is to choose from: the last runs, and all arrays."""
        runs = self._store.find_runs(limit=_RUNS)
        return {
            "runs": [
                {"id": r.id, "kind": r.kind, "serial": r.serial, "status": r.status.value, "at": r.started.isoformat()}
                for r in runs
            ],
            "arrays": [{"serial": serial, "pulses": pulses} for serial, pulses in self._store.most_worn().items()],
        }

    def _chosen(self) -> RunRecord | None:
        if self._run is not None:
            return self._store.run(self._run)
        if self._serial is not None:
            self._store.known_array(self._serial)
        running = self._store.find_runs(serial=self._serial, status=RunStatus.RUNNING, limit=1)
        return next(iter(running or self._store.find_runs(serial=self._serial, limit=1)), None)

    def _experiment(self, run: RunRecord, shape: tuple[int, int]) -> tuple[Any, int, int, str] | None:
        """Conductances (rows, columns) of the last step, NaN where not known; steps done, steps, and which it is."""
        places, steps = run.provenance.get("cells"), run.provenance.get("steps")
        if places is None or steps is None:
            return None
        usiemens = np.full(shape, np.nan)
        done, last = self._store.last_sample(run.id)
        what = ""
        if last is not None:
            usiemens[tuple(np.array(places).T)] = np.array(last["codes"][-1]) / last["codes_per_usiemens"]
            what = str(last["name"])
        return usiemens, done, int(steps), what

    def _share(self, run: RunRecord, done: int, total: int) -> float:
        """Of the time that an experiment's steps are expected to take, by what is known of them."""
        if run.id not in self._weights:
            try:
                steps = load(run.kind.removeprefix(EXPERIMENT)).of(run.recipe).steps()
                array = self._store.known_array(run.serial)
                chosen = np.zeros((array.rows, array.columns), np.bool_)
                chosen[tuple(np.array(run.provenance["cells"]).T)] = True
                self._weights[run.id] = expected_s(steps, chosen, is_simulated=run.rung != "board")
            except OhmbenchError:  # an experiment that this ohmbench does not have
                self._weights[run.id] = [1.0] * total
        weights = self._weights[run.id]
        return sum(weights[:done]) / sum(weights) if weights else 0.0

    def _programming(self, run: RunRecord, shape: tuple[int, int]) -> tuple[Any, int, int, str]:
        """The same of the cells' records; done and total are cells of the pass that goes on."""
        usiemens = np.full(shape, np.nan)
        per_usiemens = codes_per_siemens(float(run.recipe.get("read_v", READ_V))) * 1e-6
        for line in cell_lines(self._store, run.id):
            cell = dict(zip(CELL_COLUMNS, line, strict=True))
            usiemens[cell["row"], cell["column"]] = cell["code"] / per_usiemens
        done, total = pass_progress(self._store, run.id, run.passes - 1)
        return usiemens, done, total, ", ".join([*_image_of(run), f"pass {self._pass(run)}"])

    def _pass(self, run: RunRecord) -> int:
        """The number of the pass, as the run's events have it: cells that failed are taken up again in the same one."""
        said = [re.match(r"pass (\d+):", event.what) for event in events(self._store, run=run.id)]
        return max((int(found[1]) for found in said if found), default=1)


def _image_of(run: RunRecord) -> list[str]:
    return [] if run.image_number is None else [f"image {run.image_number} (counted from 0)"]


def _shades(counts: list[list[int]]) -> list[list[State]]:
    """A confusion matrix with the grounds and inks that it has on every other page."""
    rows = confusion_shades(np.array(counts)).rows
    return [[{"text": s.text, "ground": s.ground, "ink": s.ink} for s in row.squares] for row in rows]
