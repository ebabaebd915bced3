"""The file of results: what it refuses, and that a full disk costs nothing that was written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from ohmbench.errors import StoreError
from ohmbench.sweep.compute import STAGES, PointResult
from ohmbench.sweep.config import SweepConfig
from ohmbench.sweep.networks import MadeNetwork
from ohmbench.sweep.points import Point, expand
from ohmbench.sweep.schema import SCHEMA
from ohmbench.sweep.store import ResultStore

CONFIG = SweepConfig.parse('[[grid]]\nnetwork = "digits-64-10"\narray_seed = [1, 2, 3]\n', Path("a.toml"))


def network(point: Point, size: int = 100) -> MadeNetwork:
    said = np.arange(10, dtype=np.uint8)
    return MadeNetwork(point.network, bytes(size), said, said[::-1], {"cells": 5}, 0.5)


def result(point: Point) -> PointResult:
    return PointResult(point, "twin", 7, dict.fromkeys(STAGES, 0.5), [[1, 0], [0, 1]])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    points = expand(CONFIG)
    with ResultStore.open(tmp_path / "new" / "r.sqlite", make=True) as store:
        number = store.add_config(CONFIG)
        assert store.add_config(CONFIG) == number
        made = network(points[0])
        store.add_network(made, {"code": "1"})
        store.add_point(result(points[0]), number, {"code": "1"})
        with pytest.raises(sqlite3.IntegrityError):
            store.add_point(result(points[0]), number, {"code": "1"})
    with ResultStore.open(tmp_path / "new" / "r.sqlite") as store:
        assert store.done("twin") == {points[0].key}
        assert store.done("sim") == set()
        again = store.network(points[0].network_key)
        assert (again.spec, again.image, again.counts) == (made.spec, made.image, made.counts)
        assert (again.said_quantised == made.said_quantised).all()
        (row,) = store.rows()
        assert (row["point"], row["accuracy"], row["build_id"], row["code"]) == (points[0].key, 0.5, "00000007", "1")
        assert store.confusions() == [(points[0].key, [[1, 0], [0, 1]])]
        assert store.configs() == [("a.toml", CONFIG.text)]


def test_a_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    point = expand(CONFIG)[0]
    with ResultStore.open(tmp_path / "r.sqlite", make=True) as store:
        number = store.add_config(CONFIG)
        store.add_network(network(point), {})
        # SQLite's own limit: the same error as from a disk that is full
        store._file.connection.execute("PRAGMA max_page_count = 10")
        other = expand(SweepConfig.parse(CONFIG.text.replace("-10", "-32-10"), Path("b.toml")))[0]
        with pytest.raises(StoreError, match="disk is full.*What was computed before is kept"):
            store.add_network(network(other, 1 << 20), {})
        store._file.connection.execute("PRAGMA max_page_count = 1000000")
        store.add_point(result(point), number, {})
        assert store.networks() == {point.network_key}
        assert len(store.rows()) == 1


def test_what_is_not_ours_is_refused_and_left(tmp_path: Path) -> None:
    newer, foreign, text = (tmp_path / name for name in ("newer.sqlite", "foreign.sqlite", "text.sqlite"))
    with ResultStore.open(newer, make=True):
        pass
    with sqlite3.connect(newer) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE other(a)")
    connection.close()
    text.write_text("no database, by far" * 100)
    for path, said in ((newer, f"version {SCHEMA + 1}"), (foreign, "no results of a sweep"), (text, "no results")):
        before = path.read_bytes()
        for make in (True, False):
            with pytest.raises(StoreError, match=said), ResultStore.open(path, make=make):
                pass
        assert path.read_bytes() == before
    with pytest.raises(StoreError, match="no results at"), ResultStore.open(tmp_path / "none.sqlite"):
        pass


def test_one_sweep_at_a_time_and_any_number_of_readers(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with ResultStore.open(path, make=True) as store:
        with pytest.raises(StoreError, match="Another sweep"), ResultStore.open(path, make=True):
            pass
        store.add_config(CONFIG)
        with ResultStore.open(path) as reader:
            assert len(reader.configs()) == 1
