"""The file below the results of a sweep: its tables, its version, and SQLite's errors in the user's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ohmbench.errors import StoreError

KEPT = "What was computed before is kept."
_APPLICATION_ID = int.from_bytes(b"ohmS")  # SQLite's mark of whose file it is

_VERSION_1 = (
    "CREATE TABLE configs(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, name TEXT NOT NULL)",
    """CREATE TABLE networks(
        key TEXT PRIMARY KEY, -- hash of the spec
        spec TEXT NOT NULL, -- JSON
        image BLOB NOT NULL, -- weight image, the bytes of an .ohmw file
        said_float BLOB NOT NULL, -- a byte a test image: the class
        said_quantised BLOB NOT NULL,
        counts TEXT NOT NULL, -- JSON
        cpu_s REAL NOT NULL,
        provenance TEXT NOT NULL -- JSON
    )""",
    """CREATE TABLE points(
        key TEXT NOT NULL, -- hash of the content
        rung TEXT NOT NULL, -- board, sim or twin
        network TEXT NOT NULL REFERENCES networks(key),
        config INTEGER NOT NULL REFERENCES configs(id),
        settings TEXT NOT NULL, -- JSON: what tables show
        resolved TEXT NOT NULL, -- JSON: recipe and parameters of the array model in full
        result TEXT NOT NULL, -- JSON: accuracies by stage, costs, times
        confusion TEXT NOT NULL, -- JSON
        provenance TEXT NOT NULL, -- JSON: versions, build, host's kind
        PRIMARY KEY(key, rung)
    )""",
)

_MIGRATIONS = (_VERSION_1,)
"""Statements that lead from one version of the schema to the next. What was released is never edited."""

SCHEMA = len(_MIGRATIONS)


def connect(path: Path, wait_s: float = 5.0) -> sqlite3.Connection:
    """Open the file or make it, checked and brought to this version.

    Raises:
        StoreError: it cannot be read or written, is another program's, is damaged, or is of a newer version.
    """
    with translated(path):
        connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        if _pragma(connection, "application_id") != _APPLICATION_ID:
            raise _not_ours(path)
        if (version := _pragma(connection, "user_version")) > SCHEMA:
            raise StoreError(
                f"The results {path} have version {version}, this ohmbench knows up to {SCHEMA}. Nothing was computed "
                "and the file was left as it is. Update ohmbench, or name another file."
            )
    connection.execute("PRAGMA journal_mode = WAL")  # who reads a page's rows does not stop who writes
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if _pragma(connection, "user_version") == SCHEMA:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for version in range(_pragma(connection, "user_version"), SCHEMA):
            for statement in _MIGRATIONS[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into StoreError; those that only a defect of ohmbench can cause stay as they are."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.Error as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: sqlite3.Error) -> StoreError:
    code = int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF  # without its details
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"The disk is full: the results {path} cannot grow. {KEPT} Free some space and give the same command again."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"Another process keeps the results {path} locked. {KEPT} Wait for it, or name another file.")
    if code == sqlite3.SQLITE_NOTADB:
        return _not_ours(path)
    return StoreError(f"Cannot read or write the results {path}: {error}. {KEPT} Name another file, or a copy of it.")


def _not_ours(path: Path) -> StoreError:
    return StoreError(f"{path} holds no results of a sweep. It was left as it is. Name another file.")
