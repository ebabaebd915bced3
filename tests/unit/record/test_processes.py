"""A run whose process goes on is not taken for one that was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

from ohmbench.record.database import _VERSION_1, _VERSION_2, open_record
from ohmbench.record.processes import Process
from ohmbench.record.store import Store
from ohmbench.record.trail import events

NONE = np.zeros((2, 2), np.bool_)
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def begun(path: Path, process: Process | None) -> int:
    """A run in the record that another process began."""
    with Store.open(path) as store:
        store.array("A", "1T1R", 2, 2)
        run = store.begin_run("program", "A", rung="twin", mask=NONE, pulses=0)
        values = (None, None, None) if process is None else astuple(process)
        with store.database.transaction() as sql:
            sql.execute("UPDATE runs SET pid = ?, host = ?, process_started = ? WHERE id = ?", (*values, run.id))
    return run.id


def after_the_next(path: Path, number: int) -> str:
    with Store.open(path) as store, store.begin_run("program", "A", rung="twin", mask=NONE, pulses=0):
        return store.run(number).status


def started_by(process: subprocess.Popen[bytes]) -> Process:
    from ohmbench.record.processes import _started

    return replace(Process.own(), pid=process.pid, started=_started(process.pid))


def test_one_that_runs_stays_and_is_closed_when_it_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as process:
        number = begun(tmp_path / "r.sqlite", started_by(process))
        assert after_the_next(tmp_path / "r.sqlite", number) == "running"
        process.kill()
    assert after_the_next(tmp_path / "r.sqlite", number) == "killed"


def test_one_that_is_killed_is_said_to_be_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(SLEEP)
    number = begun(tmp_path / "r.sqlite", started_by(process))
    with Store.open(tmp_path / "r.sqlite") as store:
        assert store.run(number).status == "running"
        process.kill()
        since = time.monotonic()
        while store.run(number).status == "running":  # its parent has not asked how it ended: a zombie
            assert time.monotonic() - since < 5
        assert [run.id for run in store.find_runs(status="killed", limit=1)] == [number]
        assert store.find_runs(status="running") == []
        assert [event.run for event in events(store, status="killed")] == [number]
    process.wait()


def test_a_number_that_another_process_has_now(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as process:
        number = begun(tmp_path / "r.sqlite", replace(started_by(process), started="of another boot 1"))
        assert after_the_next(tmp_path / "r.sqlite", number) == "killed"
        process.kill()


def test_another_machine_cannot_be_asked(tmp_path: Path) -> None:
    number = begun(tmp_path / "r.sqlite", Process(1, "another", "x"))
    assert after_the_next(tmp_path / "r.sqlite", number) == "running"


@pytest.mark.parametrize("process", [None, Process.own()], ids=["of an old record", "own"])
def test_closed_as_ever(process: Process | None, tmp_path: Path) -> None:
    assert after_the_next(tmp_path / "r.sqlite", begun(tmp_path / "r.sqlite", process)) == "killed"


def test_a_record_of_version_2_is_brought_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    database = open_record(path)
    kind = database._kind
    database.close()
    path.unlink()
    import sqlite3

    connection = sqlite3.connect(path)
    for statement in (*_VERSION_1, *_VERSION_2):
        connection.execute(statement)
    connection.execute("INSERT INTO arrays VALUES (1, 'A', '1T1R', 2, 2, NULL, '2026-01-01T00:00:00.000+00:00')")
    connection.execute(
        "INSERT INTO runs VALUES (7, 1, 'program', 'twin', NULL, NULL, '{}', '{}', 3, 'running', "
        "'2026-01-01T00:00:00.000+00:00', NULL)"
    )
    connection.execute(f"PRAGMA application_id = {kind.application_id}")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    assert after_the_next(path, 7) == "killed"
