"""What a cell was given and what it was only charged with, for a run that was killed, are told apart."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from ohmbench.operations.log import Filter, log
from ohmbench.record.store import Store
from ohmbench.report.grids import wear_chart
from ohmbench.report.program import WearState, _wear


def test_the_map_marks_cells_that_were_only_charged() -> None:
    pulses = np.arange(16).reshape(4, 4)
    charged = np.zeros((4, 4), np.int64)
    charged[1, 2] = 3160
    figure = wear_chart(pulses, charged, "Wear")
    assert figure.svg.count(">x</text>") == 1
    assert "x: may have had up to 3160 more" in figure.svg
    lines = list(csv.DictReader(io.StringIO(figure.csv)))
    assert [(line["pulses"], line["charged"]) for line in lines[6:8]] == [("6", "3160"), ("7", "0")]
    assert "x: may" not in wear_chart(pulses, 0 * charged, "Wear").svg


def test_the_log_says_both(tmp_path: Path) -> None:
    with Store.open(tmp_path / "record.sqlite") as store:
        store.array("W1", "1T1R", 32, 32, budget=1000)
        mask = np.zeros((32, 32), np.bool_)
        mask[3, :2] = True
        store.begin_run("characterise", "W1", rung="twin", mask=mask, pulses=316)
        found = log(store, "arrays", Filter())
    (row,) = found.rows
    assert (row["reserved"], row["reserved_cells"], row["reserved_max"]) == (632, 2, 316)
    assert "charged besides, for killed runs: up to 316 in 2 cells" in found.describe()


def test_a_page_says_what_of_the_worst_cell_is_charged() -> None:
    assert (
        "7 of 100 pulses; up to 5 of them charged for killed runs" in _wear(WearState(np.array([[7, 1]]), 100, 5)).note
    )
    assert "charged" not in _wear(WearState(np.array([[7, 1]]), 100)).note
