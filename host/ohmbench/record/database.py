"""The file below the record of runs: where it is, its schema, and SQLite's errors in the operator's words."""

from __future__ import annotations

import os
from pathlib import Path

from ohmbench.errors import StoreError, UsageError
from ohmbench.support.home import in_home
from ohmbench.support.sqlite_file import Kind, Problem, SqliteFile
from ohmbench.support.user_folders import data_folder

FILE_NAME = "record.sqlite"

_APPLICATION_ID = int.from_bytes(b"ohmB")  # SQLite's mark of whose file it is

_VERSION_1 = (
    """CREATE TABLE arrays(
        id INTEGER PRIMARY KEY,
        serial TEXT NOT NULL UNIQUE,
        array_type TEXT NOT NULL,
        rows INTEGER NOT NULL,
        columns INTEGER NOT NULL,
        budget INTEGER CHECK(budget >= 0), -- pulses a cell for life; NULL: no limit
        first_seen TEXT NOT NULL
    )""",
    """CREATE TABLE wear( -- pulses in the life of a cell, kept by the triggers below
        array INTEGER NOT NULL REFERENCES arrays(id),
        row INTEGER NOT NULL,
        column INTEGER NOT NULL,
        set_pulses INTEGER NOT NULL DEFAULT 0,
        reset_pulses INTEGER NOT NULL DEFAULT 0,
        form_pulses INTEGER NOT NULL DEFAULT 0,
        reserved INTEGER NOT NULL DEFAULT 0, -- pulses that it may have had: allowed, result not recorded
        PRIMARY KEY(array, row, column)
    ) WITHOUT ROWID""",
    """CREATE TABLE runs(
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- a number is never used again
        array INTEGER NOT NULL REFERENCES arrays(id),
        kind TEXT NOT NULL,
        rung TEXT NOT NULL,
        image_sha256 TEXT,
        image_number INTEGER,
        recipe TEXT NOT NULL, -- JSON
        provenance TEXT NOT NULL, -- JSON
        most_pulses INTEGER NOT NULL, -- the most that one pass may give a cell; 0: it only reads
        status TEXT NOT NULL,
        started TEXT NOT NULL, -- UTC, ISO 8601
        ended TEXT
    )""",
    "CREATE INDEX runs_of_array ON runs(array, id)",
    """CREATE TABLE cells( -- a line for each cell of each pass: made when the pass begins, filled in once
        run INTEGER NOT NULL REFERENCES runs(id),
        pass INTEGER NOT NULL,
        row INTEGER NOT NULL,
        column INTEGER NOT NULL,
        reserved INTEGER NOT NULL CHECK(reserved >= 0),
        status TEXT, -- NULL: not recorded
        low INTEGER, -- accepted ADC codes
        high INTEGER,
        code INTEGER, -- ADC code that was read last
        set_pulses INTEGER NOT NULL DEFAULT 0 CHECK(set_pulses >= 0),
        reset_pulses INTEGER NOT NULL DEFAULT 0 CHECK(reset_pulses >= 0),
        form_pulses INTEGER NOT NULL DEFAULT 0 CHECK(form_pulses >= 0),
        attempts INTEGER,
        PRIMARY KEY(run, pass, row, column)
    ) WITHOUT ROWID""",
    # Triggers, so that a line of `cells` cannot be written without its wear. A deleted line keeps its wear.
    """CREATE TRIGGER cell_reserved AFTER INSERT ON cells BEGIN
        UPDATE wear SET set_pulses = set_pulses + new.set_pulses, reset_pulses = reset_pulses + new.reset_pulses,
            form_pulses = form_pulses + new.form_pulses, reserved = reserved + new.reserved
        WHERE array = (SELECT array FROM runs WHERE id = new.run) AND row = new.row AND column = new.column;
    END""",
    """CREATE TRIGGER cell_recorded AFTER UPDATE ON cells BEGIN
        UPDATE wear SET set_pulses = set_pulses + new.set_pulses - old.set_pulses,
            reset_pulses = reset_pulses + new.reset_pulses - old.reset_pulses,
            form_pulses = form_pulses + new.form_pulses - old.form_pulses,
            reserved = reserved + new.reserved - old.reserved
        WHERE array = (SELECT array FROM runs WHERE id = new.run) AND row = new.row AND column = new.column;
    END""",
)

_VERSION_2 = (
    """CREATE TABLE calibrations(
        id INTEGER PRIMARY KEY,
        board TEXT NOT NULL, -- serial number of the board, whatever array it has
        at TEXT NOT NULL, -- UTC, ISO 8601
        data TEXT NOT NULL -- JSON
    )""",
    "CREATE INDEX calibrations_of_board ON calibrations(board, id)",
    """CREATE TABLE samples( -- what an experiment found, a line for each of its steps, written once
        run INTEGER NOT NULL REFERENCES runs(id),
        step INTEGER NOT NULL,
        at TEXT NOT NULL,
        data TEXT NOT NULL, -- JSON
        PRIMARY KEY(run, step)
    ) WITHOUT ROWID""",
    """CREATE TABLE events(
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs(id),
        at TEXT NOT NULL,
        what TEXT NOT NULL
    )""",
    "CREATE INDEX events_of_run ON events(run, id)",
)

_VERSION_3 = (
    # the process of a run, which tells one that was killed from one that goes on; NULL in a run of before
    "ALTER TABLE runs ADD COLUMN pid INTEGER",
    "ALTER TABLE runs ADD COLUMN host TEXT",
    "ALTER TABLE runs ADD COLUMN process_started TEXT",
)

_TRIMMINGS = (
    """CREATE TABLE trimmings(
        id INTEGER PRIMARY KEY,
        array INTEGER NOT NULL REFERENCES arrays(id),
        image_sha256 TEXT NOT NULL,
        at TEXT NOT NULL, -- UTC, ISO 8601
        data BLOB NOT NULL -- the bytes of a file .ohmt
    )""",
    "CREATE INDEX trimmings_of_array ON trimmings(array, id)",
)

_READS = (
    # conversions with a word line on, and microseconds with word lines on in READ: NULL where nobody knows
    "ALTER TABLE runs ADD COLUMN reads INTEGER",
    "ALTER TABLE runs ADD COLUMN read_us INTEGER",
    # of every command that named the array, recorded as a run or not
    "ALTER TABLE arrays ADD COLUMN reads INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE arrays ADD COLUMN read_us INTEGER NOT NULL DEFAULT 0",
)

_KILLED = (
    # a run that was found killed was called interrupted, as one that Ctrl-C ended
    "UPDATE runs SET status = 'killed' WHERE status = 'interrupted' AND 'found killed' = "
    "(SELECT what FROM events WHERE run = runs.id ORDER BY id DESC LIMIT 1)",
)

_MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _TRIMMINGS, _READS, _KILLED)
"""Statements that lead from one version of the schema to the next. What was released is never edited."""

SCHEMA = len(_MIGRATIONS)


def default_path() -> Path:
    """The record in the lab folder: OHMBENCH_LAB, or else a folder of the user's data.

    Never one that depends on the working directory: an array's wear has to be found again from everywhere.

    Raises:
        UsageError: OHMBENCH_LAB is relative, or nothing says where the user's data are.
    """
    if lab := os.environ.get("OHMBENCH_LAB"):
        return _named(lab) / FILE_NAME
    folder = data_folder()
    if folder is None:
        raise UsageError(
            "There is no home folder to keep the record of runs in.", "Set OHMBENCH_LAB to an absolute folder."
        )
    return folder / FILE_NAME


def _named(lab: str) -> Path:
    folder = in_home(lab)
    if not folder.is_absolute():
        raise UsageError(
            f"OHMBENCH_LAB={lab} is relative: from another working directory the array would seem to have no wear.",
            "Set it to an absolute folder.",
        )
    return folder


def open_record(path: Path, wait_s: float = 5.0) -> SqliteFile:
    """Open the record, or make it if absent; wait_s for another process that writes.

    Raises:
        StoreError: it cannot be read or written, is no record, is damaged, or is of a newer version.
    """
    return SqliteFile.open(path, KIND, wait_s)


def _explain(path: Path, problem: Problem, detail: str) -> StoreError:
    match problem:
        case Problem.FULL:
            return StoreError(
                f"The disk is full: the record {path} cannot grow.",
                "All that was recorded before is kept. Free some space, then start again with --resume.",
            )
        case Problem.LOCKED:
            return StoreError(
                f"Another process keeps the record {path} locked.",
                "End that process or wait for it, then start again with --resume.",
            )
        case Problem.ANOTHERS:
            return StoreError(
                f"{path} is not a record of ohmbench's runs.",
                "The file was left as it is. Give the record's own file, or a name that does not exist to start one.",
            )
        case Problem.NEWER:
            return StoreError(
                f"The record {path} has {detail}.",
                "Update ohmbench; do not start a new record, it would forget the array's wear.",
            )
        case Problem.DAMAGED:
            return StoreError(
                f"The record {path} is damaged ({detail}).",
                "Put back a copy of it, or copy it with the files beside it that have its name and try sqlite3's "
                ".recover; a new record would forget the array's wear.",
            )
        case Problem.UNUSABLE:
            return StoreError(
                f"Cannot read or write the record {path}: {detail}.",
                "Make the file and its folder writable, or set OHMBENCH_LAB to the folder of the record.",
            )


KIND = Kind(_APPLICATION_ID, _MIGRATIONS, _explain)
