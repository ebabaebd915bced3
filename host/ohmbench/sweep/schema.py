"""The file below the results of a sweep: its tables, and what is said when it cannot be used."""

from __future__ import annotations

from pathlib import Path

from ohmbench.errors import StoreError
from ohmbench.support.sqlite_file import Kind, Problem

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


def _explain(path: Path, problem: Problem, detail: str) -> StoreError:
    match problem:
        case Problem.FULL:
            what = f"The disk is full: the results {path} cannot grow. {KEPT}"
            return StoreError(what, "Free some space and give the same command again.")
        case Problem.LOCKED:
            what = f"Another process keeps the results {path} locked. {KEPT}"
            return StoreError(what, "Wait for it, or name another file.")
        case Problem.ANOTHERS:
            what = f"{path} holds no results of a sweep. It was left as it is."
            return StoreError(what, "Name another file.")
        case Problem.NEWER:
            what = f"The results {path} have {detail}. The file was left as it is."
            return StoreError(what, "Update ohmbench, or name another file.")
        case Problem.DAMAGED | Problem.UNUSABLE:
            what = f"Cannot read or write the results {path}: {detail}. {KEPT}"
            return StoreError(what, "Name another file, or a copy of it.")


KIND = Kind(_APPLICATION_ID, _MIGRATIONS, _explain)
