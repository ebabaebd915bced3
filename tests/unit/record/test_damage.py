"""Processes that are killed, disks that fill up, and files that are not what they should be."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.unit.record.making import SHAPE, Mask, make_cells, unfinished

from ohmbench.errors import StoreError
from ohmbench.record.database import SCHEMA
from ohmbench.record.names import RunStatus
from ohmbench.record.store import Store
from ohmbench.record.trail import events, samples

PULSES = 3
MOST = 9

WRITER = f"""
import sys
from pathlib import Path
import numpy as np
from ohmbench.record.records import Cells
from ohmbench.record.store import Store

everything = np.ones((4, 8), bool)
ones = np.ones((4, 8), int)
print("ready", flush=True)
with Store.open(Path(sys.argv[1])) as store:
    store.array("K", "1T1R", 4, 8)
    print("open", flush=True)
    while True:
        with store.begin_run("program", "K", rung="twin", mask=everything, pulses={MOST}) as run:
            print("begun", run.id, flush=True)
            for row in range(4):
                mask = np.arange(4)[:, None] * ones == row
                cells = Cells(mask, ones, ones, ones, {PULSES} * ones, 0 * ones, 0 * ones, ones, ones)
                run.record_step(row, {{"row": row}}, cells)
                print("row", run.id, row, flush=True)
"""


def kill_a_writer(path: Path, wait_lines: int, wait_s: float) -> list[list[str]]:
    """What a process acknowledged until it was killed, some time after its first lines."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(wait_lines)]
    time.sleep(wait_s)
    writer.kill()
    rest, _ = writer.communicate()
    lines += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    return [line.split() for line in lines]


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_kill_9(path: Path, kills: int) -> None:
    moment = random.Random(7)
    recorded: set[tuple[int, int]] = set()
    begun: set[int] = set()
    for _ in range(kills):
        for what, *numbers in kill_a_writer(path, moment.randrange(1, 13), moment.uniform(0, 0.02)):
            if what == "begun":
                begun.add(int(numbers[0]))
            elif what == "row":
                recorded.add((int(numbers[0]), int(numbers[1])))
        with Store.open(path) as store:
            store.check()
            if not begun:
                continue
            runs = store.runs("K")
            rows = {(run.id, row) for run in runs for row in np.flatnonzero(store.cells(run.id).mask.any(axis=1))}
            wear = store.wear("K")
            steps = {(run.id, sample.step) for run in runs for sample in samples(store, run.id)}
            said = [event for event in events(store) if event.what == "begun on twin"]
        assert steps == rows  # a step's sample and its cells: both or neither
        assert len(said) == len(runs)
        assert recorded <= rows
        # a killed process may have written one more than it could say
        assert begun <= {run.id for run in runs}
        for row in range(4):
            done = sum(r == row for _, r in rows)
            assert np.all(wear.set_pulses[row] == PULSES * done)
            assert np.all(wear.reserved[row] == MOST * (len(runs) - done))
        assert sum(run.status == RunStatus.RUNNING for run in runs) <= 1
    assert len(recorded) > kills


def test_a_record_whose_making_was_killed(tmp_path: Path) -> None:
    moment = random.Random(8)
    for number in range(6):
        path = tmp_path / f"{number}.sqlite"
        kill_a_writer(path, 1, moment.uniform(0, 0.02))
        with Store.open(path) as store:
            store.array("K", "1T1R", 4, 8)
            store.check()


def test_a_full_disk_loses_nothing_that_was_recorded(store: Store, everything: Mask) -> None:
    """SQLite's own limit of pages stands in for the disk: the error is the same."""
    sql = store._database.connection
    (pages,) = sql.execute("PRAGMA page_count").fetchone()
    sql.execute(f"PRAGMA max_page_count = {pages + 2}")
    done: list[int] = []

    def fill() -> None:
        while True:
            run = store.begin_run(
                "program", "A", rung="twin", mask=everything, pulses=MOST, recipe={"note": "x" * 1000}
            )
            run.record(make_cells(everything, set_pulses=PULSES))
            run.finish(RunStatus.DONE)
            done.append(run.id)

    with pytest.raises(StoreError, match=r"disk is full.*recorded before is kept. Free some space.*--resume"):
        fill()
    assert done
    store.check()
    assert all(np.all(store.cells(number).set_pulses == PULSES) for number in done)
    rest = {run.id for run in store.runs("A")} - set(done)
    unsaid = sum(int(store.cells(number).set_pulses.sum()) for number in rest)
    assert store.wear("A").set_pulses.sum() == len(done) * PULSES * everything.size + unsaid
    sql.execute("PRAGMA max_page_count = 1000000")
    store.begin_run("program", "A", rung="twin", mask=everything, pulses=MOST)


def test_a_disk_that_fills_up_during_a_run(store: Store) -> None:
    store.array("big", "1T1R", 32, 32)
    everything = np.ones((32, 32), np.bool_)
    sql = store._database.connection
    first = everything & (np.arange(32) == 0)[:, None]
    run = store.begin_run("program", "big", rung="twin", mask=everything, pulses=MOST, image_sha256="a")

    def fill() -> None:
        with run:
            run.record(make_cells(first, set_pulses=PULSES))
            (pages,) = sql.execute("PRAGMA page_count").fetchone()
            sql.execute(f"PRAGMA max_page_count = {pages}")
            # records larger than their reserved lines: the table has to grow
            run.record(make_cells(everything & ~first, set_pulses=10**12, code=10**12, low=10**12, high=10**12))

    with pytest.raises(StoreError, match=r"disk is full.*All that was recorded before is kept"):
        fill()
    assert np.array_equal(store.cells(run.id).mask, first)
    assert np.array_equal(store.wear("big").total, np.where(first, PULSES, MOST))
    sql.execute("PRAGMA max_page_count = 1000000")
    found = unfinished(store, "big", "a")
    assert found is not None
    assert found.id == run.id


def test_a_newer_record_is_left_alone(path: Path) -> None:
    Store.open(path).close()
    with sqlite3.connect(path) as sql:
        sql.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    sql.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"version {SCHEMA + 1}.*up to {SCHEMA}.*Update ohmbench"):
        Store.open(path)
    assert path.read_bytes() == before


def test_another_programs_files_are_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "browser.sqlite"
    with sqlite3.connect(database) as sql:
        sql.execute("CREATE TABLE bookmarks(url)")
    sql.close()
    text = tmp_path / "notes.txt"
    text.write_text("not a database\n")
    for file in (database, text):
        before = file.read_bytes()
        with pytest.raises(StoreError, match="is not a record of ohmbench's runs"):
            Store.open(file)
        assert file.read_bytes() == before


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "record.sqlite", tmp_path):
        with pytest.raises(StoreError, match=r"Cannot read or write the record .*Make the file"):
            Store.open(path)


def test_an_empty_file_becomes_a_record(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with Store.open(path) as store:
        assert store.arrays() == []


def test_damage_is_found(path: Path, everything: Mask) -> None:
    with Store.open(path) as store:
        store.array("A", "1T1R", *SHAPE)
        for _ in range(30):
            store.begin_run("program", "A", rung="twin", mask=everything, pulses=1)
        store.check()
    data = bytearray(path.read_bytes())
    page = int.from_bytes(data[16:18])
    data[page:] = bytes(byte ^ 0x5A for byte in data[page:])
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"is damaged"), Store.open(path) as store:
        store.check()


def test_wear_that_was_tampered_with_is_found(path: Path, everything: Mask) -> None:
    with Store.open(path) as store:
        store.array("A", "1T1R", *SHAPE)
        store.begin_run("program", "A", rung="twin", mask=everything, pulses=5)
        store.check()
        store._database.connection.execute("UPDATE wear SET reserved = 4 WHERE row = 1 AND column = 2")
        with pytest.raises(StoreError, match="the wear of array A is less than its runs add up to"):
            store.check()


def test_a_record_that_another_process_locks(path: Path, everything: Mask) -> None:
    with Store.open(path, wait_s=0.05) as store:
        store.array("A", "1T1R", *SHAPE)
        run = store.begin_run("program", "A", rung="twin", mask=everything, pulses=5)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"Another process keeps .* locked\. End that process"):
            run.record(make_cells(everything))
        with pytest.raises(StoreError, match="Another process keeps"):
            store.begin_run("program", "A", rung="twin", mask=everything, pulses=5)
        assert store.wear("A").reserved.max() == 5  # reading goes on beside a writer
        other.close()
        run.record(make_cells(everything))


def test_processes_may_start_the_record_together(path: Path) -> None:
    start = time.time() + 0.7
    code = (
        "import sys, time; from pathlib import Path; from ohmbench.record.store import Store\n"
        f"time.sleep(max(0, {start} - time.time()))\n"
        "with Store.open(Path(sys.argv[1])) as store: store.array('A', '1T1R', 3, 4)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    with Store.open(path) as store:
        assert [array.serial for array in store.arrays()] == ["A"]
        store.check()
