"""The record of a lab: its arrays with the wear of every cell, its runs, and what each run did to each cell.

One SQLite file, written as results arrive. Wear is never counted too low: a pass charges every cell that it may pulse
with the most pulses that the guard will allow, before the first of them; the cell's record replaces that reservation by
what the cell really got. A run that was killed leaves the reservations of the cells without a record, so their wear is
an upper bound from then on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Self

import numpy as np

from ohmbench.errors import LinkError, StoreError
from ohmbench.record.database import default_path
from ohmbench.record.ledger import STATUS, Ledger, now, stamp
from ohmbench.record.names import RunStatus
from ohmbench.record.processes import Process, command_line
from ohmbench.record.records import ArrayRecord, Cells, CellStatus, RunRecord
from ohmbench.record.trail import add_sample, note
from ohmbench.support.array_types import Mask
from ohmbench.support.sqlite_file import SqliteFile, interpreting

__all__ = ["Run", "Store", "default_path"]

_RUNS = (
    "SELECT r.id, a.serial, r.kind, r.rung, r.image_sha256, r.image_number, r.recipe, r.provenance, r.most_pulses, "
    f"{STATUS}, r.started, r.ended, (SELECT coalesce(max(pass) + 1, 0) FROM cells WHERE run = r.id), r.reads, "
    "r.read_us FROM runs r JOIN arrays a ON a.id = r.array WHERE "
)

CountReads = Callable[[], tuple[int, int] | None]
"""Conversions with a word line on, and microseconds with word lines on in READ, since it was made; None: not known."""

_NUMBERS = ("low", "high", "code", "set_pulses", "reset_pulses", "form_pulses", "attempts")
_SUMMED = ("set_pulses", "reset_pulses", "form_pulses", "attempts")


class Store(Ledger):
    """An open record: `Store.open(path)`."""

    def begin_run(
        self,
        kind: str,
        serial: str,
        *,
        rung: str,
        mask: Mask,
        pulses: int,
        image_sha256: str | None = None,
        image_number: int | None = None,
        recipe: Mapping[str, Any] | None = None,
        provenance: Mapping[str, Any] | None = None,
        sent: Callable[[], int] | None = None,
        reads: CountReads | None = None,
    ) -> Run:
        """Begin a run and its first pass, and charge its reservation. Earlier runs that were killed are marked so.

        Args:
            kind: program, form, verify, ...
            mask: bool (rows, columns), the cells of the first pass.
            pulses: the most that the guard will allow a cell in this pass (`Limits.pulses`); 0 if it only reads.
            recipe, provenance: what JSON can hold; kept with the run.
            sent: how many programs that may pulse the bench was given so far. A pass that fails before one is gives
                its reservation back.
            reads: asked at the end for the conversions of the run, and the microseconds under their bias.

        Raises:
            StoreError: no such array.
            WearError: a cell's budget could be passed; nothing is recorded then.
        """
        with self._beginning() as (sql, begun):
            number, array = self._find(serial)
            self.close_killed(number)
            cursor = sql.execute(
                "INSERT INTO runs(array, kind, rung, image_sha256, image_number, recipe, provenance, most_pulses, "
                "status, started, pid, host, process_started) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
                (
                    number,
                    kind,
                    rung,
                    image_sha256,
                    image_number,
                    json.dumps(dict(recipe or {}), allow_nan=False),
                    json.dumps({"command": command_line(), **(provenance or {})}, allow_nan=False),
                    RunStatus.RUNNING,
                    now(),
                    *astuple(Process.own()),
                ),
            )
            assert cursor.lastrowid is not None
            run = Run(self, self._database, cursor.lastrowid, array, sent, reads)
            begun(run)
            note(sql, run.id, f"begun on {rung}")
            run._add_pass(mask, pulses)
        return run

    def reopen(
        self, run_id: int, serial: str, sent: Callable[[], int] | None = None, reads: CountReads | None = None
    ) -> Run:
        """Go on with a run that did not end; begin a pass next. What it reserved before stays charged.

        Args:
            sent, reads: as in `begin_run`.

        Raises:
            StoreError: no such run, it is of another array, it is done, or the array was pulsed since.
        """
        with self._beginning() as (sql, begun):
            number, array = self._find(serial)
            found = self.run(run_id)
            if found.serial != serial:
                raise StoreError(
                    f"Run {run_id} is of array {found.serial}, and array {serial} is in the socket.",
                    "Put the right array in, or start without --resume.",
                )
            last = self._last_change(number)
            if found.status == RunStatus.DONE or (last is not None and last.id > run_id):
                why = "it is done" if found.status == RunStatus.DONE else "the array was pulsed since"
                raise StoreError(f"Run {run_id} cannot be resumed: {why}.", "Start without --resume.")
            self.close_killed(number)
            sql.execute(
                "UPDATE runs SET status = ?, ended = NULL, pid = ?, host = ?, process_started = ? WHERE id = ?",
                (RunStatus.RUNNING, *astuple(Process.own()), run_id),
            )
            note(sql, run_id, "resumed")
            run = Run(self, self._database, run_id, array, sent, reads, is_new=False)
            begun(run)
        return run

    @contextmanager
    def _beginning(self) -> Iterator[tuple[Connection, Callable[[Run], None]]]:
        """A transaction in which a run begins, and what takes that run.

        A signal that comes while it is committed is raised afterwards. The caller then has no run to end, although the
        record has it, so it is ended here.
        """
        begun: list[Run] = []
        try:
            with self._database.transaction() as sql:
                yield sql, begun.append
        except BaseException as error:
            for run in begun:
                if self._is_open(run):
                    run.__exit__(type(error), error)
            raise

    def _is_open(self, run: Run) -> bool:
        """Whether a run is in the file: its number may be another process's if it is not."""
        own = "id = ? AND status = ? AND pid = ? AND host = ? AND process_started = ?"
        values = (run.id, RunStatus.RUNNING, *astuple(Process.own()))
        return bool(self._database.rows(f"SELECT 1 FROM runs WHERE {own}", *values))

    @interpreting(lambda store: store._database)
    def _last_change(self, number: int) -> RunRecord | None:
        """The last run that may have pulsed an array."""
        rows = self._database.rows(_RUNS + "r.array = ? AND r.most_pulses > 0 ORDER BY r.id DESC LIMIT 1", number)
        return self._run_record(rows[0]) if rows else None

    @interpreting(lambda store: store._database)
    def runs(self, serial: str) -> list[RunRecord]:
        """Runs of an array, the last first.

        Raises:
            StoreError: no such array.
        """
        number, _ = self._find(serial)
        return [self._run_record(row) for row in self._database.rows(_RUNS + "r.array = ? ORDER BY r.id DESC", number)]

    @interpreting(lambda store: store._database)
    def find_runs(
        self,
        *,
        run: int | None = None,
        serial: str | None = None,
        kind: str | None = None,
        status: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[RunRecord]:
        """Runs of all arrays, the last first; each argument that is given leaves out what it does not name."""
        rows = self._database.rows(
            _RUNS + f"(?1 IS NULL OR a.serial = ?1) AND (?2 IS NULL OR r.kind = ?2) AND (?3 IS NULL OR {STATUS} = ?3) "
            "AND (?4 IS NULL OR r.started >= ?4) AND (?5 IS NULL OR r.id = ?5) ORDER BY r.id DESC LIMIT ?6",
            serial,
            kind,
            status,
            None if since is None else stamp(since),
            run,
            -1 if limit is None else limit,
        )
        return [self._run_record(row) for row in rows]

    @interpreting(lambda store: store._database)
    def kinds(self) -> list[str]:
        """Kinds of the runs that there are."""
        return [kind for (kind,) in self._database.rows("SELECT DISTINCT kind FROM runs ORDER BY kind")]

    @interpreting(lambda store: store._database)
    def last_sample(self, run_id: int) -> tuple[int, dict[str, Any] | None]:
        """Number of samples of a run, and what the last one says; None if there is none."""
        rows = self._database.rows(
            "SELECT step + 1, data FROM samples WHERE run = ? ORDER BY step DESC LIMIT 1", run_id
        )
        return (rows[0][0], json.loads(rows[0][1])) if rows else (0, None)

    @interpreting(lambda store: store._database)
    def run(self, run_id: int) -> RunRecord:
        """A run by its number.

        Raises:
            StoreError: no such run.
        """
        for row in self._database.rows(_RUNS + "r.id = ?", run_id):
            return self._run_record(row)
        raise StoreError(f"The record {self._database.path} has no run {run_id}.", "`ohmbench log` lists its runs.")

    @interpreting(lambda store: store._database)
    def cells(self, run_id: int, pass_number: int | None = None) -> Cells:
        """What a run recorded in one pass, or in all: then each cell's last record, with pulses and attempts summed.

        Raises:
            StoreError: no such run.
        """
        array = self._find(self.run(run_id).serial)[1]
        lines = self._database.rows(
            f"SELECT row, column, status, {', '.join(_NUMBERS)} FROM cells "
            "WHERE run = ?1 AND status IS NOT NULL AND (?2 IS NULL OR pass = ?2) ORDER BY pass",
            run_id,
            pass_number,
        )
        shape = (array.rows, array.columns)
        values = {name: np.zeros(shape, np.int64) for name in ("status", *_NUMBERS)}
        mask = np.zeros(shape, np.bool_)
        for row, column, status, *numbers in lines:
            mask[row, column] = True
            values["status"][row, column] = CellStatus[status.upper()]
            for name, value in zip(_NUMBERS, numbers, strict=True):
                values[name][row, column] = value + (values[name][row, column] if name in _SUMMED else 0)
        return Cells(mask, *(values[name] for name in (*_NUMBERS, "status")))

    @interpreting(lambda store: store._database)
    def unrecorded(self, run_id: int) -> Mask:
        """The cells (rows, columns) that the last pass over them in a run may have pulsed, without a record of it.

        Raises:
            StoreError: no such run.
        """
        array = self._find(self.run(run_id).serial)[1]
        found = np.zeros((array.rows, array.columns), np.bool_)
        # SQLite takes status from the line that has the maximum
        for row, column, status, _ in self._database.rows(
            "SELECT row, column, status, max(pass) FROM cells WHERE run = ? AND (reserved > 0 OR status IS NOT NULL) "
            "GROUP BY row, column",
            run_id,
        ):
            found[row, column] = status is None
        return found

    def close_killed(self, number: int) -> None:
        """Mark the runs of an array, by its number in the file, whose process has ended without ending them.

        One that another process has resumed stays: two commands with one serial number are a slip that must not hide
        what the first one does. Within a transaction.
        """
        sql, own = self._database.connection, Process.own()
        running = "SELECT id, pid, host, process_started FROM runs WHERE array = ? AND status = ?"
        for run, pid, *where in self._database.rows(running, number, RunStatus.RUNNING):
            if pid is not None and (process := Process(pid, *where)) != own and process.may_run:
                continue
            sql.execute("UPDATE runs SET status = ? WHERE id = ?", (RunStatus.KILLED, run))
            note(sql, run, "found killed")

    @staticmethod
    def _run_record(row: tuple[Any, ...]) -> RunRecord:
        number, serial, kind, rung, sha256, image, recipe, provenance, most, status, started, ended, *rest = row
        return RunRecord(
            number,
            serial,
            kind,
            rung,
            sha256,
            image,
            json.loads(recipe),
            json.loads(provenance),
            most,
            RunStatus(status),
            datetime.fromisoformat(started),
            None if ended is None else datetime.fromisoformat(ended),
            *rest,
        )


class Run:
    """A run that goes on. As a context manager it ends as done, or by an exception as interrupted or failed."""

    def __init__(
        self,
        ledger: Ledger,
        database: SqliteFile,
        number: int,
        array: ArrayRecord,
        sent: Callable[[], int] | None = None,
        reads: CountReads | None = None,
        *,
        is_new: bool = True,
    ) -> None:
        self.id = number
        self.array = array
        self._ledger = ledger
        self._database = database
        self._pass = -1
        self._sent = sent
        self._reads = reads
        self._is_new = is_new
        self._sent_before = 0  # when its last pass began

    def begin_pass(self, mask: Mask, pulses: int) -> int:
        """Charge another pass over the masked cells, bool (rows, columns), and return its number.

        Args:
            pulses: the most that the guard will allow a cell in it; 0 if it only reads.

        Raises:
            WearError: a cell's budget could be passed; nothing is charged then.
        """
        with self._database.transaction():
            return self._add_pass(mask, pulses)

    def _add_pass(self, mask: Mask, pulses: int) -> int:
        self._check_shape(mask)
        self._ledger.require_budget(self.array.serial, mask, pulses)
        sql = self._database.connection
        (number,) = self._database.rows("SELECT coalesce(max(pass) + 1, 0) FROM cells WHERE run = ?", self.id)[0]
        sql.executemany(
            "INSERT INTO cells(run, pass, row, column, reserved) VALUES (?, ?, ?, ?, ?)",
            [(self.id, number, row, column, pulses) for row, column in np.argwhere(mask).tolist()],
        )
        sql.execute("UPDATE runs SET most_pulses = max(most_pulses, ?) WHERE id = ?", (pulses, self.id))
        self._pass = int(number)
        self._sent_before = 0 if self._sent is None else self._sent()
        return self._pass

    def record(self, cells: Cells) -> None:
        """Record cells of this pass, each once. When this returns they survive kill -9 and power loss.

        A cell of the pass that certainly got no pulse is recorded as untouched, which gives its reservation back.

        Raises:
            ValueError: a cell is not of this pass or has been recorded; none of these cells is recorded.
        """
        with self._database.transaction():
            self._fill(cells)

    def _fill(self, cells: Cells) -> None:
        self._check_shape(cells.mask)
        columns = [getattr(cells, name)[cells.mask].tolist() for name in _NUMBERS]
        status = [CellStatus(value).name.lower() for value in cells.status[cells.mask].tolist()]
        places = np.argwhere(cells.mask).tolist()
        filled = self._database.connection.executemany(
            f"UPDATE cells SET reserved = 0, status = ?, {', '.join(f'{name} = ?' for name in _NUMBERS)} "
            "WHERE run = ? AND pass = ? AND row = ? AND column = ? AND status IS NULL",
            [
                (text, *numbers, self.id, self._pass, *place)
                for text, place, *numbers in zip(status, places, *columns, strict=True)
            ],
        )
        if places and filled.rowcount != len(places):
            raise ValueError(
                f"{len(places) - filled.rowcount} cells are not of pass {self._pass}, or have been recorded"
            )

    def record_step(self, step: int, data: Mapping[str, Any], cells: Cells | None = None) -> None:
        """Record what a step of an experiment found, and the cells of its pass with it: both or neither.

        Args:
            data: what JSON can hold.
            cells: as `record` takes them; None for a step that gives no pulses.

        Raises:
            ValueError: the step has been recorded, or as `record`; nothing is recorded then.
        """
        with self._database.transaction() as sql:
            if cells is not None:
                self._fill(cells)
            add_sample(sql, self.id, step, data)

    def note(self, what: str) -> None:
        """Record an event."""
        with self._database.transaction() as sql:
            note(sql, self.id, what)

    def finish(self, status: RunStatus, why: str = "") -> None:
        """End the run. Cells without a record keep their reservation."""
        counted = None if self._reads is None else self._reads()
        with self._database.transaction() as sql:
            sql.execute("UPDATE runs SET status = ?, ended = ? WHERE id = ?", (status, now(), self.id))
            # what a run did before it was resumed is NULL if it was killed, and stays so
            before = "0" if self._is_new else "{}"
            sets = ", ".join(f"{name} = {before.format(name)} + ?" for name in ("reads", "read_us"))
            sql.execute(f"UPDATE runs SET {sets} WHERE id = ?", (*(counted or (None, None)), self.id))
            note(sql, self.id, f"{status}: {why}" if why else status)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *trace: object) -> None:
        if kind is None:
            self.finish(RunStatus.DONE)
            return
        if isinstance(error, LinkError):  # what is gone is not asked again: the supply is still on
            self._reads = None
        # the exception says more than that its run's end could not be written: it stays running, as if killed
        with suppress(StoreError):
            if self._sent is not None and self._pass >= 0 and self._sent() == self._sent_before:
                self._give_back()
            self.finish(RunStatus.FAILED if issubclass(kind, Exception) else RunStatus.INTERRUPTED, str(error))

    def _give_back(self) -> None:
        """Undo the last pass's reservation: the bench was given no program that could pulse since it began."""
        with self._database.transaction() as sql:
            given = sql.execute(
                "UPDATE cells SET reserved = 0 WHERE run = ? AND pass = ? AND status IS NULL AND reserved > 0",
                (self.id, self._pass),
            )
            if given.rowcount:
                others = "SELECT 1 FROM cells WHERE run = runs.id AND (pass < ? OR status IS NOT NULL)"
                sql.execute(
                    f"UPDATE runs SET most_pulses = 0 WHERE id = ? AND NOT EXISTS ({others})", (self.id, self._pass)
                )
                note(sql, self.id, "nothing was sent; its reserved pulses were given back")

    def _check_shape(self, mask: Mask) -> None:
        if mask.shape != (self.array.rows, self.array.columns):
            raise ValueError(f"a mask of shape {mask.shape} for a {self.array.rows}x{self.array.columns} array")
