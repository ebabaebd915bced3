"""What `ohmbench experiment` is asked to do: which experiment, on which cells, or which run of the record again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.errors import StoreError, UsageError
from ohmbench.experiments.base import Experiment
from ohmbench.experiments.registry import load
from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.ledger import Ledgered
from ohmbench.record.names import RunStatus
from ohmbench.record.records import RunRecord
from ohmbench.support.array_types import Mask
from ohmbench.tables import COLUMNS, ROWS

ALL = "all"
"""What --cells says for every cell."""

_CELLS = re.compile(r"(\d+),(\d+)(?::(\d+),(\d+))?")


def kind_of(name: str) -> str:
    """Kind of an experiment's runs in the record."""
    return f"experiment {name}"


def is_experiment(run: RunRecord) -> bool:
    """Whether a run is an experiment's: its `recipe` is the experiment's settings then."""
    return run.kind.startswith(kind_of(""))


@dataclass(frozen=True, eq=False)
class Planned:
    """An experiment on cells of an array. resumed: the run to resume."""

    experiment: Experiment
    chosen: Mask
    resumed: RunRecord | None = None

    @property
    def is_done(self) -> bool:
        """Whether the run to resume has nothing left to do."""
        return self.resumed is not None and self.resumed.status == RunStatus.DONE

    @property
    def pulses(self) -> bool:
        """Whether it gives pulses."""
        return any(step.limits.pulses for step in self.experiment.steps())


def parse_settings(texts: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE of each text.

    Raises:
        UsageError: no such form.
    """
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise UsageError(f"--set {name} has no value.", "Give NAME=VALUE.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_cells(texts: Sequence[str], faults: FaultMap | None = None, serial: str | None = None) -> Mask:
    """Cells (rows, columns) of ROW,COL or ROW,COL:ROW,COL, both corners included, or of `all`; all without a text.

    Args:
        faults: its stuck and unformed cells are left out.
        serial: of the array in the socket, if it has one.

    Raises:
        UsageError: no such form, outside of the array, or no cell is left.
        DataError: the fault map is of another array.
    """
    chosen = np.full((ROWS, COLUMNS), not texts)
    for text in texts:
        if text == ALL:
            chosen[:] = True
            continue
        match = _CELLS.fullmatch(text.replace(" ", ""))
        row, column, *to = (0 if part is None else int(part) for part in match.groups()) if match else (ROWS, 0)
        last_row, last_column = to if match and match[3] else (row, column)
        if not (row <= last_row < ROWS and column <= last_column < COLUMNS):
            raise UsageError(
                f"--cells {text} names no cells of the array.",
                f"Give ROW,COL or ROW,COL:ROW,COL, from 0,0 to {ROWS - 1},{COLUMNS - 1}; or {ALL}.",
            )
        chosen[row : last_row + 1, column : last_column + 1] = True
    if faults is not None:
        chosen &= ~faults.left_out(chosen.shape, serial)
    if not chosen.any():
        raise UsageError("No cell is left to experiment on: all are bad in the fault map.")
    return chosen


def plan(name: str, settings: Mapping[str, Any], chosen: Mask) -> Planned:
    """Raises:
    UsageError: no such experiment or setting, or settings that make no sense.
    """
    return Planned(load(name).of(settings), chosen)


def plan_resumed(
    name: str,
    ledgered: Ledgered | None,
    serial: str | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    cells: Mask | None = None,
) -> Planned:
    """The last run of an experiment on this array, with its settings and cells.

    Args:
        serial: of the array in the socket, where it has one but no record.
        settings, cells: those that the command names besides; they must be the run's, so that the command that was
            broken off can be given again as it was.

    Raises:
        UsageError: they are others, or the array's runs are not recorded.
        StoreError: there is no such run.
    """
    serial = serial if ledgered is None else ledgered.serial
    if serial is None:
        raise UsageError(
            "--resume continues a recorded run, and nothing was recorded.",
            "Name the array with --array or --serial.",
        )
    found = load(name)
    runs = [] if ledgered is None else ledgered.store.find_runs(serial=serial, kind=kind_of(name), limit=1)
    if not runs:
        raise StoreError(
            f"Nothing to resume: the record knows no {name} on array {serial}.",
            "Start without --resume, or correct --serial or --lab.",
        )
    chosen = np.zeros((ROWS, COLUMNS), np.bool_)
    run = runs[0]
    chosen[tuple(np.array(run.provenance["cells"]).T)] = True
    made = found.of(run.recipe)
    others = [
        *(["settings"] if found.of({**run.recipe, **(settings or {})}).settings != made.settings else []),
        *(["cells"] if cells is not None and not np.array_equal(cells, chosen) else []),
    ]
    if others:
        raise UsageError(
            f"Run {run.id}, the last {name} on array {serial}, has other {' and other '.join(others)}.",
            "Leave out --set, --cells and --fault-map to resume it, or start without --resume.",
        )
    return Planned(made, chosen, run)


@dataclass(frozen=True)
class Asked:
    """An experiment as a command names it.

    Attributes:
        settings: NAME=VALUE each; cells: as `parse_cells` takes them.
        fault_map: stuck and unformed cells that are left out.
        resume: resume the last such run on this array, which has the settings and cells.
    """

    name: str
    settings: Sequence[str] = ()
    cells: Sequence[str] = ()
    fault_map: FaultMap | None = None
    resume: bool = False

    def plan(self, serial: str | None, ledgered: Ledgered | None = None) -> Planned:
        """What it comes to.

        Args:
            serial: of the array in the socket, if it has one; ledgered: the same in the record.

        Raises:
            UsageError, DataError, StoreError: it makes no sense.
        """
        settings = parse_settings(self.settings)
        if self.resume:
            named = self.cells or self.fault_map is not None
            cells = parse_cells(self.cells, self.fault_map, serial) if named else None
            return plan_resumed(self.name, ledgered, serial, settings=settings, cells=cells)
        planned = plan(self.name, settings, parse_cells(self.cells, self.fault_map, serial))
        if not self.cells and planned.pulses:
            raise UsageError(
                f"{self.name} pulses the cells that it is given, and none were named.",
                f"Give --cells ROW,COL:ROW,COL, or --cells {ALL} for all {ROWS * COLUMNS}.",
            )
        return planned
