"""Two serial numbers of one array become one, with the wear of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ohmbench.errors import StoreError, UsageError
from ohmbench.record.merge import merge_arrays
from ohmbench.record.store import Store
from ohmbench.record.trail import events


def used(store: Store, serial: str, pulses: int, row: int) -> None:
    store.array(serial, "1T1R", 2, 3, 100 * pulses)
    mask = np.zeros((2, 3), np.bool_)
    mask[row] = True
    with store.begin_run("program", serial, rung="twin", mask=mask, pulses=pulses):
        pass


def test_wear_and_runs_of_both(tmp_path: Path) -> None:
    with Store.open(tmp_path / "r.sqlite") as store:
        used(store, "W3-17", 5, 0)
        used(store, "W3-17 ", 7, 0)
        used(store, "W3-17 ", 2, 1)
        store.add_reads("W3-17", 3, 40)
        store.add_reads("W3-17 ", 5, 60)
        first_seen = min(array.first_seen for array in store.arrays())
        number = merge_arrays(store, "W3-17", "W3-17 ")
        (array,) = store.arrays()
        assert (array.serial, array.budget, array.first_seen) == ("W3-17", 200, first_seen)
        assert (array.reads, array.read_us) == (8, 100)
        assert store.wear("W3-17").total.tolist() == [[12] * 3, [2] * 3]
        assert [run.kind for run in store.runs("W3-17")] == ["merge", "program", "program", "program"]
        (event,) = events(store, run=number)
        assert "array W3-17  is this array: its wear was added" in event.what
        store.check()


def test_refused_and_nothing_changed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "r.sqlite") as store:
        used(store, "A", 5, 0)
        store.array("B", "1T1R", 3, 3)
        with pytest.raises(StoreError, match="not one array"):
            merge_arrays(store, "A", "B")
        with pytest.raises(UsageError, match="same serial number"):
            merge_arrays(store, "A", "A")
        with pytest.raises(StoreError, match="does not know array C"):
            merge_arrays(store, "A", "C")
        assert [array.serial for array in store.arrays()] == ["A", "B"]
