"""An SQLite file of one kind: checked, brought to its version, written in whole transactions, errors in plain words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

from ohmbench.errors import StoreError
from ohmbench.support.files import temporary_folder

_P = ParamSpec("_P")
_R = TypeVar("_R")

SENSELESS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError)
"""What making something of a damaged value may raise."""


class Problem(Enum):
    """What can be wrong with such a file."""

    FULL = auto()  # the disk is
    LOCKED = auto()  # by another process
    ANOTHERS = auto()  # it is another program's file
    NEWER = auto()  # its version is
    DAMAGED = auto()
    UNUSABLE = auto()  # may not be read or written, or another error of the disk


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        application_id: SQLite's mark of whose file it is.
        migrations: statements that lead from one version of the schema to the next. What was released is never edited.
        explain: the error for a problem; its arguments are the file, the problem and a detail of it.
    """

    application_id: int
    migrations: Sequence[Sequence[str]]
    explain: Callable[[Path, Problem, str], StoreError]

    @property
    def schema(self) -> int:
        return len(self.migrations)


def interpreting(file_of: Callable[[Any], SqliteFile]) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorates what makes something of the rows of a file, which `file_of` takes from its first argument."""

    def decorate(reads: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(reads)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with file_of(args[0]).interpreted():
                return reads(*args, **kwargs)

        return guarded

    return decorate


class SqliteFile:
    """An open file.

    What a transaction wrote is on the disk when it returns: it survives kill -9, and a power loss as far as the disk
    keeps its own promises.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, kind: Kind) -> None:
        self.connection = connection
        self.path = path
        self._kind = kind

    @classmethod
    def open(cls, path: Path, kind: Kind, wait_s: float = 5.0) -> Self:
        """Open a file, or make it if absent; wait_s for another process that writes.

        Raises:
            StoreError: it cannot be read or written, is of another kind, is damaged, or is of a newer version.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise kind.explain(path, Problem.UNUSABLE, error.strerror or str(error)) from error
        with _translated(path, kind):
            # isolation_level None: transactions begin where this module says so, and nowhere else
            connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
            try:
                _prepare_patiently(connection, path, kind, wait_s)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path, kind)

    @classmethod
    @contextmanager
    def open_to_read(cls, path: Path, kind: Kind) -> Iterator[Self]:
        """Open a file of this version that may only be read, as on a colleague's disk, for as long as this lasts.

        A journal beside it may not be taken in where it is, so a copy of both is read then.

        Raises:
            StoreError: it cannot be read, is of another kind or version, or is damaged.
        """
        with ExitStack() as stack:
            with _translated(path, kind):
                journal = path.with_name(f"{path.name}-wal")
                source = path
                if journal.exists() and journal.stat().st_size:
                    folder = Path(stack.enter_context(temporary_folder()))
                    source = Path(shutil.copy(path, folder))
                    shutil.copy(journal, folder)
                address = f"{source.resolve().as_uri()}?mode=ro" + ("&immutable=1" if source == path else "")
                connection = stack.enter_context(closing(sqlite3.connect(address, uri=True, isolation_level=None)))
                if _pragma(connection, "application_id") != kind.application_id:
                    raise kind.explain(path, Problem.ANOTHERS, "")
                version = _pragma(connection, "user_version")
                if version != kind.schema:
                    which = Problem.NEWER if version > kind.schema else Problem.UNUSABLE
                    raise kind.explain(path, which, f"version {version}, this ohmbench reads {kind.schema} only here")
            yield cls(connection, path, kind)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the statements inside or none of them."""
        with _translated(self.path, self._kind):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk has ended it already
                    self.connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """All rows of a query."""
        with _translated(self.path, self._kind):
            return self.connection.execute(sql, values).fetchall()

    @staticmethod
    def may_be_written(path: Path) -> bool:
        """Whether this user may write the file, and the journal beside it."""
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)

    @contextmanager
    def interpreted(self) -> Iterator[None]:
        """What is made of values inside: SQLite keeps anything in any column, and one that makes no sense is damage."""
        try:
            yield
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
            MemoryError,
        ) as error:
            raise self.damaged(f"a value in it makes no sense ({type(error).__name__})") from error

    def refuse_writing(self) -> None:
        """From now on statements that write fail."""
        self.connection.execute("PRAGMA query_only = ON")

    def change_count(self) -> int:
        """A number that changes when another process has written."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def damaged(self, reason: str) -> StoreError:
        """The error of a file that contradicts itself."""
        return self._kind.explain(self.path, Problem.DAMAGED, reason)

    def close(self) -> None:
        self.connection.close()


def _prepare_patiently(connection: sqlite3.Connection, path: Path, kind: Kind, wait_s: float) -> None:
    """SQLite itself does not wait when two processes make the same file: the switch to WAL fails at once."""
    end = time.monotonic() + wait_s
    while True:
        try:
            return _prepare(connection, path, kind)
        except sqlite3.OperationalError as error:
            if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)


def _prepare(connection: sqlite3.Connection, path: Path, kind: Kind) -> None:
    """Check whose file it is before the first write; then bring it to this version."""
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall():
        if _pragma(connection, "application_id") != kind.application_id:
            raise kind.explain(path, Problem.ANOTHERS, "")
        _refuse_newer(connection, path, kind)
    connection.execute("PRAGMA journal_mode = WAL")  # who reads does not stop who writes
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # without it macOS leaves the data in the disk's cache
    connection.execute("PRAGMA foreign_keys = ON")
    if _pragma(connection, "user_version") == kind.schema:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _refuse_newer(connection, path, kind)  # another process may have been first
        for version in range(_pragma(connection, "user_version"), kind.schema):
            for statement in kind.migrations[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {kind.application_id}")
        connection.execute(f"PRAGMA user_version = {kind.schema}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _refuse_newer(connection: sqlite3.Connection, path: Path, kind: Kind) -> None:
    version = _pragma(connection, "user_version")
    if version > kind.schema:
        raise kind.explain(path, Problem.NEWER, f"version {version}, this ohmbench knows up to {kind.schema}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def _translated(path: Path, kind: Kind) -> Iterator[None]:
    """Turn SQLite's errors into StoreError; those that only a defect of ohmbench can cause stay as they are."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.Error as error:
        raise kind.explain(path, _problem(error), str(error)) from error
    except UnicodeDecodeError as error:  # of a message that quotes what is damaged
        raise kind.explain(path, Problem.DAMAGED, "a name in it is not text") from error


def _problem(error: sqlite3.Error) -> Problem:
    known = {
        sqlite3.SQLITE_FULL: Problem.FULL,
        sqlite3.SQLITE_BUSY: Problem.LOCKED,
        sqlite3.SQLITE_LOCKED: Problem.LOCKED,
        sqlite3.SQLITE_NOTADB: Problem.ANOTHERS,
        sqlite3.SQLITE_CORRUPT: Problem.DAMAGED,
    }
    return known.get(_primary(error), Problem.UNUSABLE)


def _primary(error: sqlite3.Error) -> int:
    """SQLite's error code without its details."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF
