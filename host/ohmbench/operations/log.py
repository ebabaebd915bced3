"""`ohmbench log`: what the record of a lab says of its runs, arrays and events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.operations.run_lines import came_to, duration, local
from ohmbench.record.calibrations import calibrations
from ohmbench.record.journal import KINDS
from ohmbench.record.ledger import Ledger
from ohmbench.record.outcomes import outcomes
from ohmbench.record.records import RunRecord
from ohmbench.record.store import Store
from ohmbench.record.trail import events
from ohmbench.support.colour import words
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.words import counted

Row = dict[str, Any]


@dataclass(frozen=True)
class Filter:
    """What to leave out, by all of these together; None: nothing.

    Attributes:
        limit: only the last so many runs, events or calibrations; arrays have no order in time.
    """

    run: int | None = None
    serial: str | None = None
    kind: str | None = None
    status: str | None = None
    since: datetime | None = None
    limit: int | None = None

    def check(self, store: Store) -> None:
        """Raises:
        StoreError: no such run or array.
        UsageError: there are no runs of this kind, and no command makes them.
        """
        if self.run is not None:
            store.run(self.run)
        if self.serial is not None:
            store.known_array(self.serial)
        if self.kind is not None and self.kind not in (known := [*KINDS, *store.kinds()]):
            raise UsageError(
                f"No run is of the kind {self.kind}{did_you_mean(self.kind, known)}.",
                f"Kinds: {', '.join(sorted(set(known)))}.",
            )

    def runs(self, store: Store) -> list[RunRecord]:
        return store.find_runs(
            run=self.run, serial=self.serial, kind=self.kind, status=self.status, since=self.since, limit=self.limit
        )

    def serials(self, store: Store) -> list[str]:
        """Arrays by serial number; if runs are asked for, those that have such a run."""
        known = [array.serial for array in store.arrays() if self.serial in (None, array.serial)]
        if (self.run, self.kind, self.status, self.since) == (None,) * 4:
            return known
        pulsed = {run.serial for run in replace(self, limit=None).runs(store)}
        return [serial for serial in known if serial in pulsed]


@dataclass(frozen=True)
class Log:
    """Rows of one kind, the last first, and how a row reads in a line."""

    what: str
    rows: list[Row]
    line: Callable[[Row], str]
    header: str = ""

    def summary(self) -> Row:
        return {self.what: self.rows}

    def paint(self, text: str) -> str:
        """How runs ended, in colours."""
        return words(text)

    def describe(self) -> str:
        lines = [*([self.header] if self.header and self.rows else []), *map(self.line, self.rows)]
        return "\n".join(lines) or f"no {self.what}"


def parse_since(text: str) -> datetime:
    """A date or time in ISO 8601, local unless it says its zone, or an age: 90m, 12h, 7d; today or yesterday.

    Raises:
        UsageError: it is none of these.
    """
    days = {"today": 0, "yesterday": 1}
    if text in days:
        return datetime.combine(date.today() - timedelta(days[text]), time()).astimezone(UTC)
    units = {"m": "minutes", "h": "hours", "d": "days"}
    try:
        if text[-1:] in units and text[:-1]:
            return datetime.now(UTC) - timedelta(**{units[text[-1]]: float(text[:-1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since {text} is not a time.",
            "Give a date such as 2026-11-25, an age such as 90m, 12h, 7d, or yesterday.",
        ) from error


def log(store: Store, what: str, asked: Filter) -> Log:
    """Look up what LOGGED (records.py) names.

    Raises:
        StoreError: the record cannot be read, or has no such run or array.
    """
    asked.check(store)
    found = {"runs": _runs, "arrays": _arrays, "events": _events, "calibrations": _calibrations}
    return found[what](store, asked)


def run_row(run: RunRecord) -> Row:
    """A run as JSON has it."""
    return {
        "run": run.id,
        "serial": run.serial,
        "kind": run.kind,
        "rung": run.rung,
        "status": run.status.value,
        "started": run.started.isoformat(),
        "ended": None if run.ended is None else run.ended.isoformat(),
        "passes": run.passes,
        "most_pulses": run.most_pulses,
        "reads": run.reads,
        "read_s": None if run.read_us is None else run.read_us / 1e6,
        "image_number": run.image_number,
        "image_sha256": run.image_sha256,
        "recipe": dict(run.recipe),
        "provenance": dict(run.provenance),
    }


def _at(text: str) -> str:
    return local(datetime.fromisoformat(text))


def table(header: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines in columns, the header first."""
    rows = [header, *lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def array_row(store: Ledger, serial: str) -> Row:
    """An array with its wear as JSON has it; worst: the cell with the most pulses."""
    array = store.known_array(serial)
    wear = store.wear(serial)
    total = wear.total
    return {
        "serial": array.serial,
        "array_type": array.array_type,
        "rows": array.rows,
        "columns": array.columns,
        "first_seen": array.first_seen.isoformat(),
        "budget": array.budget,
        "pulses_max": int(total.max()),
        "worst": list(divmod(int(total.argmax()), array.columns)),
        "pulses_mean": float(total.mean()),
        "set_pulses": int(wear.set_pulses.sum()),
        "reset_pulses": int(wear.reset_pulses.sum()),
        "form_pulses": int(wear.form_pulses.sum()),
        "reserved": int(wear.reserved.sum()),
        "reserved_cells": int(np.count_nonzero(wear.reserved)),
        "reserved_max": int(wear.reserved.max()),
        "reads": array.reads,
        "read_s": array.read_us / 1e6,
    }


def _runs(store: Store, asked: Filter) -> Log:
    found = asked.runs(store)
    came = outcomes(store, found)
    lines = [
        (str(r.id), local(r.started), duration(r), r.status.value, r.kind, r.rung, r.serial, came_to(r, came[r.id]))
        for r in found
    ]
    texts = iter(table(("run", "begun", "took", "ended", "kind", "rung", "array", "result"), lines))
    header = next(texts)
    return Log("runs", [run_row(run) for run in found], lambda row: next(texts), header)


def _arrays(store: Store, asked: Filter) -> Log:
    def line(row: Row) -> str:
        budget = "no limit" if row["budget"] is None else f"{100 * row['pulses_max'] / max(row['budget'], 1):.3g} %"
        cells = row["reserved_cells"]
        charged = f"; charged besides, for killed runs: up to {row['reserved_max']} in {counted(cells, 'cell')}"
        charged = charged if cells else ""
        return (
            f"{row['serial']}  {row['rows']}x{row['columns']} {row['array_type']}  since {row['first_seen'][:10]}  "
            f"pulses a cell: mean {row['pulses_mean']:.1f}, most {row['pulses_max']} (row {row['worst'][0]} column "
            f"{row['worst'][1]}); budget used: {budget}; reads: {row['reads']}, {row['read_s']:.3g} s{charged}"
        )

    return Log("arrays", [array_row(store, serial) for serial in asked.serials(store)], line)


def _events(store: Store, asked: Filter) -> Log:
    found = events(store, **vars(asked))
    rows = [
        {"event": e.id, "run": e.run, "serial": e.serial, "kind": e.kind, "at": e.at.isoformat(), "what": e.what}
        for e in found
    ]
    return Log(
        "events", rows, lambda row: f"{_at(row['at'])}  run {row['run']} {row['kind']} {row['serial']}: {row['what']}"
    )


def _calibrations(store: Store, asked: Filter) -> Log:
    """Those of all boards; run, array and kind mean nothing to them."""
    found = [c for c in calibrations(store) if asked.since is None or c.at >= asked.since]
    return Log(
        "calibrations",
        [c.summary() for c in found[: asked.limit]],
        lambda row: (
            f"{_at(row['at'])}  board {row['board']}  against {row['instrument']}, residual "
            f"{row['residual_codes']:.2f} codes{', stale' if row['stale'] else ''}"
        ),
    )
