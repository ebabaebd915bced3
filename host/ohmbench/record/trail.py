"""What a run leaves beside its cells: events as they happen, and the samples of an experiment's steps."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ohmbench.record.ledger import STATUS, Ledger, now, stamp
from ohmbench.support.sqlite_file import interpreting


@dataclass(frozen=True)
class Event:
    """Something that happened to a run."""

    id: int
    run: int
    serial: str
    kind: str
    at: datetime
    what: str


@dataclass(frozen=True)
class Sample:
    """What a step of an experiment found; `data` is as the experiment gave it."""

    step: int
    at: datetime
    data: Mapping[str, Any]


def note(sql: sqlite3.Connection, run: int, what: str) -> None:
    """Add an event within a transaction."""
    sql.execute("INSERT INTO events(run, at, what) VALUES (?, ?, ?)", (run, now(), what))


def add_sample(sql: sqlite3.Connection, run: int, step: int, data: Mapping[str, Any]) -> None:
    """Add a sample within a transaction.

    Raises:
        ValueError: the step has one.
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    added = sql.execute("INSERT OR IGNORE INTO samples VALUES (?, ?, ?, ?)", (run, step, now(), text))
    if not added.rowcount:
        raise ValueError(f"step {step} of run {run} has been recorded")


def add_result(sql: sqlite3.Connection, run: int, data: Mapping[str, Any]) -> None:
    """Add what a run found besides, after the samples that it has, within a transaction."""
    ((step,),) = sql.execute("SELECT coalesce(max(step) + 1, 0) FROM samples WHERE run = ?", (run,)).fetchall()
    add_sample(sql, run, step, data)


@interpreting(lambda store: store.database)
def samples(store: Ledger, run: int, first: int = 0) -> list[Sample]:
    """Samples of a run from a step on, in the order of the steps.

    Raises:
        StoreError: the record cannot be read.
    """
    rows = store.database.rows(
        "SELECT step, at, data FROM samples WHERE run = ? AND step >= ? ORDER BY step", run, first
    )
    return [Sample(step, datetime.fromisoformat(at), json.loads(data)) for step, at, data in rows]


@interpreting(lambda store: store.database)
def events(
    store: Ledger,
    *,
    run: int | None = None,
    serial: str | None = None,
    kind: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[Event]:
    """Events, the last first; each argument that is given leaves out what it does not name.

    Raises:
        StoreError: the record cannot be read.
    """
    rows = store.database.rows(
        "SELECT e.id, e.run, a.serial, r.kind, e.at, e.what FROM events e JOIN runs r ON r.id = e.run "
        "JOIN arrays a ON a.id = r.array WHERE (?1 IS NULL OR e.run = ?1) AND (?2 IS NULL OR a.serial = ?2) "
        f"AND (?3 IS NULL OR r.kind = ?3) AND (?4 IS NULL OR {STATUS} = ?4) AND (?5 IS NULL OR e.at >= ?5) "
        "ORDER BY e.id DESC LIMIT ?6",
        run,
        serial,
        kind,
        status,
        None if since is None else stamp(since),
        -1 if limit is None else limit,
    )
    return [
        Event(number, of, array, what_kind, datetime.fromisoformat(at), what)
        for number, of, array, what_kind, at, what in rows
    ]
