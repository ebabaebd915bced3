"""Expectations, tables and the page of results."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.errors import ExpectationError, UsageError
from ohmbench.operations.sweep import SweepResult
from ohmbench.report.sweep import sweep_html
from ohmbench.report.sweep_table import sweep_table
from ohmbench.sweep.compute import STAGES
from ohmbench.sweep.expectation import COLUMNS, Expectation, require
from ohmbench.sweep.export import export
from ohmbench.sweep.run import SweepRun

HOSTILE = "</script><b>&"


def rows(count: int = 4) -> list[dict[str, Any]]:
    made = []
    for i in range(count):
        row: dict[str, Any] = {"point": f"{i:012x}", "rung": "twin", "network": "digits-64-10", "bits": 2}
        row |= {"method": ("pairs", "all")[i % 2], "budget": (None, 0.5)[i % 2], "network_seed": 0, "array_seed": i}
        row |= {"window_usiemens": 5.0 + i // 2, "rest_s": 10.0 * (i % 2), "recipe": HOSTILE, "device": "a"}
        row |= dict.fromkeys(STAGES, 0.9 + i / 100) | {"accuracy_relaxed": None}
        row |= {"cells": 1280 // (1 + i % 2), "cells_saved": 0.5 * (i % 2), "images": 2, "passes": 8}
        row |= {"converged_fraction": 0.99, "pulses_per_cell": 5.0, "program_s": 0.01, "infer_s": 0.001}
        row |= {"cpu_s": 0.1, "ohmbench": "0", "code": "c", "python": "3", "numpy": "2", "machine": "m"}
        made.append(row | {"build_id": "00000000", "test_images": None})
    return made


@given(st.sampled_from(COLUMNS), st.sampled_from([">=", "<=", ">", "<"]), st.floats(-1e6, 1e6))
def test_an_expectation_is_what_it_says(column: str, comparison: str, number: float) -> None:
    expected = Expectation.parse(f"  {column}{comparison} {number!r} ")
    assert (expected.column, expected.comparison, expected.number) == (column, comparison, number)
    by_hand = {">=": number <= 0.5, "<=": number >= 0.5, ">": number < 0.5, "<": number > 0.5}[comparison]
    assert expected.holds({column: 0.5}) == by_hand
    assert not expected.holds({column: None})


@pytest.mark.parametrize(
    "text", ["", "accuracy", "accuracy => 1", "accuracy >= 0.9 or 1", "point > 1", "accuracy > 1e"]
)
def test_no_expectation(text: str) -> None:
    with pytest.raises(UsageError, match="is not a result, one of") as refused:
        Expectation.parse(text)
    assert "Nothing was sent to the array." in refused.value.told()


def test_what_is_required_of_every_point() -> None:
    require([Expectation.parse("accuracy >= 0.9")], rows())
    with pytest.raises(ExpectationError, match=r"accuracy >= 0.92 does not hold for 2 of 4 points: 0+ has 0.9, 0+1 "):
        require([Expectation.parse("accuracy >= 0.92")], rows())
    assert ExpectationError.exit_code == 16


def test_csv_has_every_column(tmp_path: Path) -> None:
    table = [*rows(2), {"point": "x", "wire_bl_ohm": 2.5}]
    export(table, tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == 3
    assert float(read[1]["accuracy"]) == table[1]["accuracy"]
    assert read[0]["budget"] == read[0]["wire_bl_ohm"] == ""
    assert (read[2]["wire_bl_ohm"], read[0]["recipe"]) == ("2.5", HOSTILE)


def test_the_table_has_means_over_seeds() -> None:
    made = rows()
    for row in made[2:]:
        row["window_usiemens"] = 5.0
    head, _rule, first, second = [line for line in sweep_table(made).splitlines() if line.startswith("|")]
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    assert "array_seed" not in columns
    cells = dict(zip(columns, (cell.strip() for cell in first.strip("|").split("|")), strict=True))
    assert (cells["method"], cells["budget"], cells["points"]) == ("pairs", "", "2")
    assert cells["quantised"] == cells["converters, wires"] == "91.00 ± 1.41 %"
    assert (cells["relaxed"], cells["points lost"]) == ("", "0.00 ± 0.00")
    assert "| all | 0.5 |" in second


def test_parquet_and_hdf5_have_the_same(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    h5py = pytest.importorskip("h5py")
    table = rows()
    table[0]["array_seed"] = 2**64 - 1
    export(table, tmp_path / "r.parquet")
    assert parquet.read_table(tmp_path / "r.parquet").to_pylist() == table
    export(table, tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5") as file:
        assert set(file) == set(table[0])
        assert file["array_seed"][:].tolist() == [row["array_seed"] for row in table]
        assert file["accuracy"][:].tolist() == [row["accuracy"] for row in table]
        assert file["recipe"].asstr()[:].tolist() == [HOSTILE] * 4


@pytest.mark.parametrize(("name", "package"), [("r.parquet", "pyarrow"), ("r.h5", "h5py")])
def test_a_missing_library_is_named(name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"needs {package}.*ohmbench\[export\]"):
        export(rows(), tmp_path / name)
    with pytest.raises(UsageError, match="no table has the suffix"):
        export(rows(), tmp_path / "r.xlsx")
    assert not list(tmp_path.iterdir())


def test_the_page_has_every_point_and_needs_nothing_else() -> None:
    table = rows()
    html = sweep_html(table, {row["point"]: [[5, 1], [0, 6]] for row in table}, [("a.toml", HOSTILE)])
    assert HOSTILE not in html
    assert not re.search(r"""(src|href)=["']|url\(|@import""", html)
    for row in table:  # a dot and a line of the table are its own, others are of its setting
        assert re.search(rf'<circle[^>]* data-of="{row["point"]}">', html)
        assert html.count(f'<tr data-of="{row["point"]}"><th') == 1
    for name in ("method", "budget", "window_usiemens", "rest_s"):
        assert f'<select name="{name}">' in html
    assert "simulated" in html
    assert "Accuracy over window_usiemens and rest_s" in html


def test_the_headline_is_the_mean_of_the_best_setting_not_the_best_seed() -> None:
    """A lucky seed of a worse setting changes nothing."""
    table = rows(6)
    for row, accuracy in zip(table, (0.998, 0.92, 0.70, 0.93, 0.71, 0.94), strict=True):
        row |= {"accuracy": accuracy, "window_usiemens": 5.0}
    html = sweep_html(table, {row["point"]: [[5, 1], [0, 6]] for row in table}, [])
    assert "<h1>6 points of 2 settings: 93.00 ± 1.00 % with the best</h1>" in html
    assert "99.8" not in html.split("<h2>", 1)[0]
    front = html.split("<svg", 1)[1].split('<path d="M', 1)[1].split('"', 1)[0]
    assert front.count("L") == 0  # the line joins means: the other setting's is beaten in both
    assert re.search(r">15</td>", html)  # of the confusion matrices: the sum over the seeds of the setting


def test_tables_and_lines_name_what_varies_and_nothing_else() -> None:
    table = rows()
    html = sweep_html(table, {row["point"]: [[5, 1], [0, 6]] for row in table}, [])
    head = html.split("<h2>Points</h2>", 1)[1].split("</thead>", 1)[0]
    names = re.findall(r'<th scope="col"><button>([^<]*)</button></th>', head)
    assert names[:2] == ["point", "accuracy"]
    assert "bits" not in names
    assert "method" in names
    assert "bits 2" in html
    run = SweepRun(4, 0, ())
    lines = SweepResult(Path("r.sqlite"), table, run).describe().splitlines()
    assert lines[0].endswith("%  method pairs, array_seed 0, window_usiemens 5, rest_s 0")
    assert len({line.split("  ")[-1] for line in lines[:4]}) == 4
