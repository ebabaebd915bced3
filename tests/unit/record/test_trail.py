"""Events and samples, and looking them up."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.unit.record.making import SHAPE, Mask, make_cells

from ohmbench.errors import StoreError, UsageError
from ohmbench.operations.export import export
from ohmbench.operations.log import Filter, log, parse_since
from ohmbench.operations.tidy import flat
from ohmbench.record.database import _VERSION_1, SCHEMA, open_record
from ohmbench.record.names import LOGGED, TABLES, RunStatus
from ohmbench.record.store import Store
from ohmbench.record.trail import events, samples


def whats(store: Store) -> list[str]:
    return [event.what for event in reversed(events(store))]


def fill(store: Store, everything: Mask) -> None:
    """Three runs on two arrays: one done, one failed, one as a kill leaves it."""
    store.array("B", "1T1R", *SHAPE, budget=100)
    recipe, provenance = {"n": 1}, {"cells": [[0, 0], [0, 1]], "steps": 2}
    data = {"codes_per_usiemens": 2.0, "pulsed": [1, 0]}
    with store.begin_run(
        "experiment iv", "A", rung="twin", mask=everything, pulses=4, recipe=recipe, provenance=provenance
    ) as run:
        run.record_step(0, {"codes": [[1, 2]], "name": "found", **data}, make_cells(everything, set_pulses=3))
        run.record_step(1, {"codes": [[3, 4], [5, 6]], "name": "after", "volts": 0.1 + 0.2, **data})
    with pytest.raises(RuntimeError), store.begin_run("program", "B", rung="sim", mask=everything, pulses=2):
        raise RuntimeError("the cable fell out")
    store.begin_run("form", "B", rung="sim", mask=everything, pulses=9)


def test_what_happens_to_a_run_is_an_event(store: Store, everything: Mask) -> None:
    run = store.begin_run("program", "A", rung="twin", mask=everything, pulses=1, image_sha256="a")
    run.note("pass 1")
    with pytest.raises(KeyboardInterrupt), store.reopen(run.id, "A"):
        raise KeyboardInterrupt
    with pytest.raises(RuntimeError), store.reopen(run.id, "A"):
        raise RuntimeError("it broke")
    store.begin_run("form", "A", rung="sim", mask=everything, pulses=1)
    store.begin_run("form", "A", rung="sim", mask=everything, pulses=1).finish(RunStatus.DONE)
    assert whats(store) == [
        *("begun on twin", "pass 1"),
        *("found killed", "resumed", "interrupted", "resumed", "failed: it broke"),
        *("begun on sim", "found killed", "begun on sim", "done"),
    ]


def test_a_step_is_recorded_once_and_whole(store: Store, everything: Mask) -> None:
    run = store.begin_run("experiment", "A", rung="twin", mask=everything, pulses=2)
    run.record_step(0, {"codes": [1]}, make_cells(everything, set_pulses=1))
    run.begin_pass(everything, 2)
    with pytest.raises(ValueError, match="step 0 of run 1 has been recorded"):
        run.record_step(0, {"codes": [2]}, make_cells(everything, set_pulses=1))
    assert [sample.data for sample in samples(store, run.id)] == [{"codes": [1]}]
    assert np.all(store.wear("A").set_pulses == 1)
    assert np.all(store.wear("A").reserved == 2)
    run.record_step(1, {"codes": [2]}, make_cells(everything, set_pulses=1))
    assert [sample.step for sample in samples(store, run.id, 1)] == [1]


def test_a_record_of_the_first_version_is_brought_up_to_date(path: Path, everything: Mask) -> None:
    path.parent.mkdir()
    database = open_record(path)
    database.close()
    path.unlink()
    import sqlite3

    with sqlite3.connect(path) as sql:
        for statement in _VERSION_1:
            sql.execute(statement)
        sql.execute(f"PRAGMA application_id = {int.from_bytes(b'ohmB')}")
        sql.execute("PRAGMA user_version = 1")
        sql.execute("INSERT INTO arrays VALUES (1, 'old', '1T1R', 1, 1, NULL, '2026-01-01T00:00:00.000+00:00')")
        sql.execute("INSERT INTO wear VALUES (1, 0, 0, 7, 0, 0, 0)")
    sql.close()
    with Store.open(path) as store:
        assert store.wear("old").total.tolist() == [[7]]
        store.begin_run("form", "old", rung="twin", mask=np.ones((1, 1), np.bool_), pulses=1).note("new")
        assert whats(store) == ["begun on twin", "new"]
        store.check()
        assert (store.known_array("old").reads, store.runs("old")[0].reads) == (0, None)
        assert store.database.rows("PRAGMA user_version") == [(SCHEMA,)]


def test_log_and_its_filters(store: Store, everything: Mask) -> None:
    fill(store, everything)
    ids = {"all": Filter(), "B": Filter(serial="B"), "kind": Filter(kind="form"), "last": Filter(limit=1)}
    ids |= {"failed": Filter(status="failed"), "run": Filter(run=1)}
    found = {name: [row["run"] for row in log(store, "runs", asked).rows] for name, asked in ids.items()}
    assert found == {"all": [3, 2, 1], "B": [3, 2], "kind": [3], "last": [3], "failed": [2], "run": [1]}
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert log(store, "runs", Filter(since=soon)).describe() == "no runs"
    assert log(store, "events", Filter(since=soon)).rows == []
    assert [row["what"] for row in log(store, "events", Filter(run=2)).rows] == [
        *("failed: the cable fell out", "begun on sim")
    ]
    (row,) = log(store, "arrays", Filter(serial="B")).rows
    assert (row["budget"], row["pulses_max"], row["reserved"]) == (100, 11, 11 * everything.size)
    assert "budget used: 11 %" in log(store, "arrays", Filter()).describe()


@pytest.mark.parametrize("asked", [Filter(serial="C"), Filter(run=9)])
def test_an_unknown_run_or_array_is_said(store: Store, everything: Mask, asked: Filter, tmp_path: Path) -> None:
    fill(store, everything)
    for what in LOGGED:
        with pytest.raises(StoreError):
            log(store, what, asked)
    for table in TABLES:
        with pytest.raises(StoreError):
            export(store, tmp_path / "t.csv", asked, table)
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    ("asked", "runs", "events", "arrays"),
    [
        (Filter(limit=1), [3], 1, ["A", "B"]),
        (Filter(run=1, serial="B"), [], 0, []),
        (Filter(run=1, kind="form"), [], 0, []),
        (Filter(serial="B", kind="form"), [3], 1, ["B"]),
        (Filter(status="failed"), [2], 2, ["B"]),
        (Filter(run=1, status="done", limit=1), [1], 1, ["A"]),
    ],
)
def test_filters_hold_together(
    store: Store, everything: Mask, asked: Filter, runs: list[int], events: int, arrays: list[str], tmp_path: Path
) -> None:
    fill(store, everything)
    assert [row["run"] for row in log(store, "runs", asked).rows] == runs
    assert len(log(store, "events", asked).rows) == events
    assert [row["serial"] for row in log(store, "arrays", asked).rows] == arrays
    assert export(store, tmp_path / "t.csv", asked, "wear").contents == {"wear": everything.size * len(arrays)}


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_has_its_header(store: Store, everything: Mask, table: str, tmp_path: Path) -> None:
    fill(store, everything)
    headers = []
    for asked in (Filter(), Filter(run=1, serial="B")):
        export(store, tmp_path / "t.csv", asked, table)
        with (tmp_path / "t.csv").open() as file:
            headers.append(next(csv.reader(file)))
    # what the steps of an experiment are about, and a run's recipe, come after
    beside = {"samples": {"voltage_v"}, "runs": {"recipe.n", "provenance.cells", "provenance.steps"}}
    assert headers[0][: len(headers[1])] == headers[1]
    assert {name for name in headers[0][len(headers[1]) :] if name != "provenance.command"} == beside.get(table, set())
    if table in LOGGED:
        assert set(flat(log(store, table, Filter()).rows[0])) <= set(headers[0])
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    export(store, tmp_path / "t.parquet", Filter(run=1, serial="B"), table)
    assert parquet.read_table(tmp_path / "t.parquet").column_names == headers[1]


def test_since_when() -> None:
    assert parse_since("2026-11-25T10:00:00+02:00") == datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert abs(parse_since("90m") - (datetime.now(UTC) - timedelta(minutes=90))) < timedelta(seconds=10)
    at = parse_since("yesterday").astimezone()
    assert (at.date(), at.hour, at.minute) == (date.today() - timedelta(1), 0, 0)
    for text in ("", "h", "yesterdy", "1e99d"):
        with pytest.raises(UsageError, match="--since"):
            parse_since(text)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_as_csv(store: Store, everything: Mask, table: str, tmp_path: Path) -> None:
    fill(store, everything)
    said = export(store, tmp_path / "t.csv", Filter(), table).summary()
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    cells = everything.size
    expected = {"runs": 3, "arrays": 2, "wear": 2 * cells, "cells": cells, "samples": 6, "events": 5}
    assert len(rows) == said[table] == expected[table]
    if table == "samples":
        last = {name: rows[-1][name] for name in ("step", "name", "read", "row", "column", "code", "voltage_v")}
        assert list(last.values()) == ["1", "after", "1", "0", "1", "6", "0.3"]
        assert [row["conductance_usiemens"] for row in rows] == ["0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]
    if table == "runs":
        assert {row["recipe.n"] for row in rows} == {"1", ""}
    assert not any(character in value for row in rows for value in row.values() for character in '{}[]"')
    if table == "wear":
        assert {row["set_pulses"] for row in rows if row["serial"] == "A"} == {"3"}


def test_hdf5_has_everything(store: Store, everything: Mask, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    fill(store, everything)
    said = export(store, tmp_path / "r.h5", Filter()).summary()
    assert (said["runs"], said["arrays"]) == (3, 2)
    with h5py.File(tmp_path / "r.h5") as file:
        assert (file.attrs["format"], file.attrs["schema"]) == ("ohmbench record", 1)
        assert file["arrays/0"].attrs["serial"] == "A"
        assert file["arrays/0/set_pulses"][()].tolist() == store.wear("A").set_pulses.tolist()
        run = file["runs/1"]
        assert json.loads(run.attrs["recipe"]) == {"n": 1}
        assert run["samples/1/codes"][()].tolist() == [[3, 4], [5, 6]]
        assert run["samples/0"].attrs["name"] == "found"
        assert len(run["cells"]) == everything.size
        assert set(run["cells"]["set_pulses"]) == {3}
        assert [what.decode() for what in run["events"]["what"]] == ["begun on twin", "done"]
        assert len(file["runs/3/cells"]) == 0


def test_what_cannot_be_exported(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Give \.csv, \.json, \.npz, \.parquet, \.h5"):
        export(store, tmp_path / "r.xls", Filter())


def test_a_kind_that_there_is_not_is_guessed(store: Store, everything: Mask) -> None:
    fill(store, everything)
    with pytest.raises(UsageError, match="kind programm \\(did you mean 'program'\\?\\)"):
        log(store, "runs", Filter(kind="programm"))
    assert log(store, "runs", Filter(kind="demo")).rows == []  # of a kind that commands make: there are none yet
