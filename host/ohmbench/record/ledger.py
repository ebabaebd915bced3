"""The arrays of a lab and the wear of their cells: the part of the record that decides whether a run may begin."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np

from ohmbench.errors import StoreError, UsageError, WearError
from ohmbench.record.database import open_record
from ohmbench.record.processes import was_killed
from ohmbench.record.records import ArrayRecord, Wear
from ohmbench.support.array_types import Mask
from ohmbench.support.sqlite_file import SqliteFile, interpreting

_NAMED = 4
"""Cells that an error names."""

STATUS = (
    "CASE WHEN r.status = 'running' AND was_killed(r.pid, r.host, r.process_started) THEN 'killed' ELSE r.status END"
)
"""How a run `r` stands, as SQL: the moment its process is gone, not when the next run on its array finds out."""

_WEAR = ("set_pulses", "reset_pulses", "form_pulses", "reserved")


def stamp(at: datetime) -> str:
    """A time as the record holds it, so that texts sort as times do: UTC, ISO 8601, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def now() -> str:
    """The time of day as the record holds it."""
    return stamp(datetime.now(UTC))


class Ledger:
    """An open record's arrays and wear; `Store` adds the runs. Use it as a context manager.

    It belongs to the thread that opened it; several processes may have the same file open. Every method can raise
    StoreError: the file cannot be read or written (disk full, no permission, locked), or is damaged.
    """

    def __init__(self, database: SqliteFile) -> None:
        self._database = database
        database.connection.create_function("was_killed", 3, was_killed)

    @classmethod
    def open(cls, path: Path, wait_s: float = 5.0) -> Self:
        """Open a record, or make it if absent; wait_s for another process that writes.

        Raises:
            StoreError: it cannot be read or written, is no record, or comes from a newer ohmbench.
        """
        return cls(open_record(path, wait_s))

    @property
    def database(self) -> SqliteFile:
        """For the other parts of the record."""
        return self._database

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def check(self) -> None:
        """Read all of the file and compare it with itself, the wear with the cells' records included.

        Raises:
            StoreError: it is damaged.
        """
        found = [row[0] for row in self._database.rows("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise self._database.damaged("; ".join(found))
        if self._database.rows("PRAGMA foreign_key_check"):
            raise self._database.damaged("a line belongs to nothing")
        sums = ", ".join(f"sum(c.{name}) AS {name}" for name in _WEAR)
        less = " OR ".join(f"w.{name} < s.{name}" for name in _WEAR)
        short = self._database.rows(
            f"SELECT a.serial FROM arrays a JOIN (SELECT r.array, c.row, c.column, {sums} FROM cells c "
            "JOIN runs r ON r.id = c.run GROUP BY 1, 2, 3) s ON s.array = a.id LEFT JOIN wear w "
            f"ON w.array = a.id AND w.row = s.row AND w.column = s.column WHERE w.row IS NULL OR {less} LIMIT 1"
        )
        if short:
            raise self._database.damaged(f"the wear of array {short[0][0]} is less than its runs add up to")

    def array(self, serial: str, array_type: str, rows: int, columns: int, budget: int | None = None) -> ArrayRecord:
        """Register an array, or check it against what is recorded under its serial number.

        Args:
            budget: pulses a cell for life, from now on; None leaves what is recorded, which is no limit at first.

        Raises:
            StoreError: an array of another type or size is recorded under this number.
            UsageError: the number is empty or the budget negative.
        """
        if not serial.strip() or (budget is not None and budget < 0):
            what = f"a budget of {budget} pulses" if serial.strip() else "an empty serial number"
            raise UsageError(f"An array cannot have {what}.", "Correct it.")
        with self._database.transaction() as sql:
            added = sql.execute(
                "INSERT INTO arrays(serial, array_type, rows, columns, first_seen) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT(serial) DO NOTHING",
                (serial, array_type, rows, columns, now()),
            )
            number, known = self._find(serial)
            if added.rowcount:
                cells = [(number, row, column) for row in range(rows) for column in range(columns)]
                sql.executemany("INSERT INTO wear(array, row, column) VALUES (?, ?, ?)", cells)
            if (known.array_type, known.rows, known.columns) != (array_type, rows, columns):
                raise StoreError(
                    f"Array {serial} is recorded as {known.rows}x{known.columns} {known.array_type}, and the bench has "
                    f"a {rows}x{columns} {array_type}.",
                    "Give the serial number of the array in the socket.",
                )
            if budget is not None:
                sql.execute("UPDATE arrays SET budget = ? WHERE id = ?", (budget, number))
            return self._find(serial)[1]

    def known_array(self, serial: str) -> ArrayRecord:
        """The array of a serial number.

        Raises:
            StoreError: no such array.
        """
        return self._find(serial)[1]

    def arrays(self) -> list[ArrayRecord]:
        """All arrays, by serial number."""
        return [self.known_array(row[0]) for row in self._database.rows("SELECT serial FROM arrays ORDER BY serial")]

    def add_reads(self, serial: str, reads: int, microseconds: int) -> None:
        """Add conversions with a word line on, and time with word lines on in READ, to what an array has had.

        Raises:
            StoreError: no such array.
        """
        with self._database.transaction() as sql:
            number, _ = self._find(serial)
            sql.execute(
                "UPDATE arrays SET reads = reads + ?, read_us = read_us + ? WHERE id = ?",
                (reads, microseconds, number),
            )

    @interpreting(lambda ledger: ledger._database)
    def wear(self, serial: str) -> Wear:
        """Pulses in the life of each cell of an array.

        Raises:
            StoreError: no such array.
        """
        number, array = self._find(serial)
        lines = self._database.rows(f"SELECT {', '.join(_WEAR)} FROM wear WHERE array = ? ORDER BY row, column", number)
        if len(lines) != array.rows * array.columns:
            raise self._database.damaged(f"the wear of array {serial} is not complete")
        counts = np.array(lines, np.int64).T.reshape(len(_WEAR), array.rows, array.columns)
        return Wear(*counts)

    @interpreting(lambda ledger: ledger._database)
    def most_worn(self) -> dict[str, int]:
        """Of each array, by serial number, the pulses that its most worn cell is known to have had."""
        return dict(
            self._database.rows(
                "SELECT a.serial, max(w.set_pulses + w.reset_pulses + w.form_pulses) FROM arrays a "
                "JOIN wear w ON w.array = a.id GROUP BY a.id ORDER BY a.serial"
            )
        )

    def require_budget(self, serial: str, mask: Mask, pulses: int, budget: int | None = None) -> None:
        """Refuse if a masked cell could pass its budget by getting up to `pulses` more. mask: bool (rows, columns).

        Args:
            budget: in place of the array's own.

        Raises:
            StoreError: no such array.
            WearError: the message names the worst cells.
        """
        budget = self._find(serial)[1].budget if budget is None else budget
        if budget is None or pulses == 0:
            return
        total = np.where(mask, self.wear(serial).total, -1)
        over = np.flatnonzero(total > budget - pulses)
        over = over[mask.ravel()[over]]
        if not over.size:
            return
        worst = over[np.argsort(-total.ravel()[over], kind="stable")]
        named = ", ".join(
            f"row {row} column {column}: {total[row, column]}"
            for row, column in (divmod(int(cell), mask.shape[1]) for cell in worst[:_NAMED])
        )
        more = ", ..." if over.size > _NAMED else ""
        raise WearError(
            f"{over.size} of {np.count_nonzero(mask)} cells of array {serial} could pass their budget of {budget} "
            f"pulses for life. Pulses so far, the worst first: {named}{more}; up to {pulses} more may be needed.",
            "Leave these cells out, use a recipe that allows fewer pulses, take another array, "
            "or give this one a larger budget if you accept that its cells may break.",
        )

    @interpreting(lambda ledger: ledger._database)
    def _find(self, serial: str) -> tuple[int, ArrayRecord]:
        """The array's number in the file, and the array."""
        for number, array_type, rows, columns, budget, seen, *reads in self._database.rows(
            "SELECT id, array_type, rows, columns, budget, first_seen, reads, read_us FROM arrays WHERE serial = ?",
            serial,
        ):
            return number, ArrayRecord(serial, array_type, rows, columns, budget, datetime.fromisoformat(seen), *reads)
        known = ", ".join(row[0] for row in self._database.rows("SELECT serial FROM arrays ORDER BY serial LIMIT 8"))
        raise StoreError(
            f"The record {self._database.path} does not know array {serial}; it knows {known or 'no array yet'}.",
            "Give the serial number of the array in the socket, or the folder of its record with --lab.",
        )
