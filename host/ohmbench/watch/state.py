"""What the page of a running job shows, from the record alone: whoever runs the job does not know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from ohmbench.bench.base import codes_per_siemens
from ohmbench.record.cell_lines import COLUMNS as CELL_COLUMNS
from ohmbench.record.cell_lines import cell_lines, pass_progress
from ohmbench.record.journal import next_step
from ohmbench.record.outcomes import outcomes
from ohmbench.record.records import RunRecord, RunStatus
from ohmbench.record.store import Store
from ohmbench.record.trail import events

State = dict[str, Any]

_EVENTS = 12


class Watcher:
    """A record that is looked at and never written; it belongs to the thread that opened it.

    Args:
        run: the one to show; None: the last that runs, or else the last.
    """

    def __init__(self, store: Store, run: int | None = None) -> None:
        self._store = store
        self._run = run
        self._version = -1
        self._killed = False

    @classmethod
    def open(cls, path: Path, run: int | None = None) -> Self:
        """Raises:
        StoreError: it cannot be read, or is of a newer version.
        """
        store = Store.open(path)
        store.database.refuse_writing()
        return cls(store, run)

    def close(self) -> None:
        self._store.close()

    def changed(self) -> bool:
        """Whether another process has written since the last call, or was killed; true at first."""
        before, self._version = self._version, self._store.database.change_count()
        if before != self._version:
            return True
        # one that is killed writes nothing; once it is known to be, it is no news again
        run = None if self._killed else self._chosen()
        return run is not None and run.status is RunStatus.KILLED

    def state(self) -> State:
        """What there is to show, as JSON has it.

        Raises:
            StoreError: the record cannot be read, or has no such run.
        """
        run = self._chosen()
        if run is None:
            return {"run": None, "events": []}
        self._killed = run.status is RunStatus.KILLED
        array = self._store.known_array(run.serial)
        shape = (array.rows, array.columns)
        experiment = self._experiment(run, shape)
        usiemens, done, total, what = experiment or self._programming(run, shape)
        what = f"{what}{done} of {total} {'steps' if experiment else 'cells'}"
        outcome = outcomes(self._store, [run])[run.id]
        if outcome.passing is not None:
            done, total = int(outcome.passing["passed"]), int(outcome.passing["of"])
        if outcome.inference_lines:
            what = ", ".join([*_image_of(run), *outcome.inference_lines])
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
            "what": what,
            "confusion": (outcome.recognised or {}).get("confusion"),
            "next_step": next_step(run),
            "rows": array.rows,
            "columns": array.columns,
            "usiemens": [None if np.isnan(g) else round(g, 1) for g in usiemens.ravel().tolist()],
            "wear": self._store.wear(run.serial).total.ravel().tolist(),
            "budget": array.budget,
            "events": [{"at": e.at.isoformat(), "run": e.run, "kind": e.kind, "what": e.what} for e in happened],
        }

    def _chosen(self) -> RunRecord | None:
        if self._run is not None:
            return self._store.run(self._run)
        running = self._store.find_runs(status=RunStatus.RUNNING, limit=1)
        return next(iter(running or self._store.find_runs(limit=1)), None)

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
        return usiemens, done, int(steps), f"{what}, " if what else ""

    def _programming(self, run: RunRecord, shape: tuple[int, int]) -> tuple[Any, int, int, str]:
        """The same of the cells' records; done and total are cells of the pass that goes on."""
        usiemens = np.full(shape, np.nan)
        per_usiemens = codes_per_siemens(float(run.recipe.get("read_v", 0.2))) * 1e-6
        for line in cell_lines(self._store, run.id):
            cell = dict(zip(CELL_COLUMNS, line, strict=True))
            usiemens[cell["row"], cell["column"]] = cell["code"] / per_usiemens
        done, total = pass_progress(self._store, run.id, run.passes - 1)
        return usiemens, done, total, "".join(f"{part}, " for part in [*_image_of(run), f"pass {run.passes}"])


def _image_of(run: RunRecord) -> list[str]:
    return [] if run.image_number is None else [f"array {run.image_number} of its image"]
