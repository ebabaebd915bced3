"""What runs came to, in numbers: cells in their window, pulses, steps, images recognised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ohmbench.record.ledger import Ledger
from ohmbench.record.records import RunRecord
from ohmbench.support.sqlite_file import interpreting

_MANY = 500  # runs in a query; SQLite takes 999 values in old versions


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        cells: with a record; good: those that were in their window at their last read.
        pulses: of all passes, SET, RESET and forming.
        samples: steps of an experiment, and results of inferences.
        recognised: the last result of an inference, with accuracy, images and dataset; None if there is none.
        passing: the last of an inference's inputs that is known of before: passed and of, in a tile. None if none is.
    """

    cells: int = 0
    good: int = 0
    pulses: int = 0
    samples: int = 0
    recognised: dict[str, Any] | None = None
    passing: dict[str, Any] | None = None

    @property
    def share(self) -> float | None:
        """Of the cells that are in their window; None without cells."""
        return self.good / self.cells if self.cells else None

    @property
    def inference_lines(self) -> list[str]:
        """What an inference came to, or has until now, in a few words each."""
        found, passing = self.recognised or {}, self.passing
        said = []
        if passing is not None:
            tile = f"tile {passing['tile'] + 1} of {passing['tiles']}"
            said.append(f"{passing['passed']} of {passing['of']} inputs through {tile}")
        for name, what in (("accuracy", "raw"), ("accuracy_trimmed", "trimmed")):
            if name in found:
                first = "" if passing is None else "the first "
                said.append(f"{100 * found[name]:.2f} % of {first}{found['images']} images, {what}")
        return said


@interpreting(lambda store: store.database)
def outcomes(store: Ledger, runs: Sequence[RunRecord]) -> dict[int, Outcome]:
    """Of each run, by its number.

    Raises:
        StoreError: the record cannot be read.
    """
    found: dict[int, Outcome] = {}
    for first in range(0, len(runs), _MANY):
        numbers = [run.id for run in runs[first : first + _MANY]]
        marks = ", ".join("?" * len(numbers))
        # SQLite takes status from the line that has the maximum
        cells = store.database.rows(
            "SELECT run, count(*), sum(status <> 'failed'), sum(pulses) FROM (SELECT run, status, max(pass), "
            "sum(set_pulses + reset_pulses + form_pulses) AS pulses FROM cells WHERE status IS NOT NULL AND "
            f"run IN ({marks}) GROUP BY run, row, column) GROUP BY run",
            *numbers,
        )
        steps = store.database.rows(
            "SELECT run, count(*), max(step), CASE WHEN coalesce(json_extract(data, '$.images'), "
            "json_extract(data, '$.passed')) IS NULL THEN NULL ELSE data END "
            f"FROM samples WHERE run IN ({marks}) GROUP BY run",
            *numbers,
        )
        by_run = {run: values for run, *values in cells}
        samples = {run: (count, data) for run, count, _, data in steps}
        for number in numbers:
            known, good, pulses = by_run.get(number, (0, 0, 0))
            count, data = samples.get(number, (0, None))
            said = {} if data is None else json.loads(data)
            recognised, passing = (said if key in said else None for key in ("images", "passed"))
            found[number] = Outcome(known, good, pulses, count, recognised, passing)
    return found
