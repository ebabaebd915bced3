"""The record of a run's cells as it was written, a line a cell and pass."""

from __future__ import annotations

from typing import Any

from ohmbench.record.ledger import Ledger

COLUMNS = (
    *("pass", "row", "column", "status", "low", "high", "code"),
    *("set_pulses", "reset_pulses", "form_pulses", "attempts"),
)
"""What a line has, in this order."""


def cell_lines(store: Ledger, run: int) -> list[tuple[Any, ...]]:
    """Lines of a run in the order of passes, rows and columns.

    Raises:
        StoreError: the record cannot be read.
    """
    return store.database.rows(
        f"SELECT {', '.join(COLUMNS)} FROM cells WHERE run = ? AND status IS NOT NULL ORDER BY pass, row, column", run
    )


def pass_progress(store: Ledger, run: int, pass_number: int) -> tuple[int, int]:
    """Cells of a pass with a result, and all of them.

    Raises:
        StoreError: the record cannot be read.
    """
    ((total, done),) = store.database.rows(
        "SELECT count(*), count(status) FROM cells WHERE run = ? AND pass = ?", run, pass_number
    )
    return done, total
