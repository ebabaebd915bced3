"""Two serial numbers that turned out to be one array: one stays, with the wear of both."""

from __future__ import annotations

import json

from ohmbench.errors import StoreError, UsageError
from ohmbench.record.ledger import now
from ohmbench.record.names import RunStatus
from ohmbench.record.store import Store
from ohmbench.record.trail import note

MERGE = "merge"
"""Kind of the run that says so in the record; it gives no pulse."""


def merge_arrays(store: Store, keep: str, other: str) -> int:
    """Add the wear and the runs of `other` to `keep`, and forget the number `other`; all of it or nothing.

    Returns:
        The number of the run that records it.

    Raises:
        UsageError: both are the same.
        StoreError: no such array, of another type or size, or a run on one of them still goes on.
    """
    if keep == other:
        raise UsageError(f"{keep} and {other} are the same serial number.", "Give two.")
    with store.database.transaction() as sql:
        (kept, one), (gone, two) = store._find(keep), store._find(other)
        if (one.array_type, one.rows, one.columns) != (two.array_type, two.rows, two.columns):
            raise StoreError(
                f"{keep} is a {one.rows}x{one.columns} {one.array_type}, {other} a {two.rows}x{two.columns} "
                f"{two.array_type}: they are not one array.",
                "Correct the serial numbers.",
            )
        for number in (kept, gone):
            store.close_killed(number)
        running = "SELECT id FROM runs WHERE array IN (?, ?) AND status = ?"
        for (run,) in sql.execute(running, (kept, gone, RunStatus.RUNNING)).fetchall():
            raise StoreError(f"Run {run} on one of them is still running.", "Wait for its end, or end it.")
        sql.execute(
            "UPDATE wear SET (set_pulses, reset_pulses, form_pulses, reserved) = "
            "(SELECT wear.set_pulses + o.set_pulses, wear.reset_pulses + o.reset_pulses, "
            "wear.form_pulses + o.form_pulses, wear.reserved + o.reserved FROM wear o "
            "WHERE o.array = ?2 AND o.row = wear.row AND o.column = wear.column) WHERE array = ?1",
            (kept, gone),
        )
        budgets = [array.budget for array in (one, two) if array.budget is not None]
        sql.execute(
            "UPDATE arrays SET budget = ?, first_seen = min(first_seen, "
            "(SELECT first_seen FROM arrays WHERE id = ?)), reads = reads + ?, read_us = read_us + ? WHERE id = ?",
            (min(budgets, default=None), gone, two.reads, two.read_us, kept),
        )
        for table in ("runs", "trimmings"):
            sql.execute(f"UPDATE {table} SET array = ? WHERE array = ?", (kept, gone))
        sql.execute("DELETE FROM wear WHERE array = ?", (gone,))
        sql.execute("DELETE FROM arrays WHERE id = ?", (gone,))
        made = sql.execute(
            "INSERT INTO runs(array, kind, rung, recipe, provenance, most_pulses, status, started, ended) "
            "VALUES (?, ?, 'record', '{}', ?, 0, ?, ?, ?)",
            (kept, MERGE, json.dumps({"merged": other}, allow_nan=False), RunStatus.DONE, now(), now()),
        )
        assert made.lastrowid is not None
        note(sql, made.lastrowid, f"array {other} is this array: its wear was added, and its runs are listed here")
        return made.lastrowid
