"""What was done to one cell in all runs of its array: its pulses, and what it read as after them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from ohmbench.record.ledger import Ledger
from ohmbench.support.sqlite_file import interpreting


@dataclass(frozen=True)
class CellLine:
    """A cell in one pass of a run.

    Attributes:
        started: of the run.
        read_v: volts that the run's recipe reads with; None: not in its recipe.
        status: converged, failed or untouched; None: the pass did not record the cell.
        low, high, code: accepted ADC codes and the one that was read last; None: not recorded.
        reserved: pulses that it may have had, if the pass did not record it.
    """

    run: int
    kind: str
    started: datetime
    read_v: float | None
    pass_number: int
    status: str | None
    low: int | None
    high: int | None
    code: int | None
    set_pulses: int
    reset_pulses: int
    form_pulses: int
    reserved: int

    @property
    def pulses(self) -> int:
        """That are known to have been given."""
        return self.set_pulses + self.reset_pulses + self.form_pulses


@interpreting(lambda store: store.database)
def cell_history(store: Ledger, serial: str, row: int, column: int) -> list[CellLine]:
    """All passes over a cell in the order of time; none if there is no such cell.

    Raises:
        StoreError: the record cannot be read.
    """
    rows = store.database.rows(
        "SELECT r.id, r.kind, r.started, r.recipe, c.pass, c.status, c.low, c.high, c.code, c.set_pulses, "
        "c.reset_pulses, c.form_pulses, c.reserved FROM runs r JOIN arrays a ON a.id = r.array "
        "JOIN cells c ON c.run = r.id WHERE a.serial = ? AND c.row = ? AND c.column = ? ORDER BY r.id, c.pass",
        serial,
        row,
        column,
    )
    return [
        CellLine(run, kind, datetime.fromisoformat(started), json.loads(recipe).get("read_v"), *rest)
        for run, kind, started, recipe, *rest in rows
    ]
