"""A run looked at afterwards: as text, as its page again, as a tidy table of its cells."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.system.command_line import as_json, command, ended_with_the_test, refused, run

from ohmbench.errors import StoreError, UsageError


@pytest.fixture(scope="module")
def lab(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs 1 to 5 are of `infer`, 6 of `program`, 7 of an experiment."""
    folder = tmp_path_factory.mktemp("lab")
    array: list[str | Path] = ["--port", "twin", "--array", folder / "W1.ohma", "--lab", folder]
    as_json("infer", image, "--images", "50", *array)
    as_json("program", image, "--only", "0", *array)
    as_json("experiment", "iv", "--cells", "0,0:0,1", *array)
    return folder


def read(path: Path) -> list[dict[str, Any]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_log_says_what_came_out(lab: Path) -> None:
    header, *lines = run("log", "--lab", lab).stdout.splitlines()
    assert header.split() == ["run", "begun", "took", "ended", "kind", "rung", "array", "result"]
    assert re.search(
        r"^7 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+ .*done +experiment iv +twin +W1 +76 of 76 steps", lines[0]
    )
    assert re.search(r"% of 1024 cells in window", lines[1])
    assert re.search(r"% of \d+ cells in window, \d+ pulses, \d+\.\d\d % of 50 images, raw", lines[2])
    there = run("log", "--lab", lab, "--last", "1", TZ="Asia/Tokyo").stdout
    assert " JST " in there


def test_show_says_all_of_a_run(lab: Path, image: Path) -> None:
    text = run("show", "5", "--lab", lab).stdout
    for said in (
        "5: infer",
        "W1, simulated (twin)",
        f"{image.name}, its image 4 (counted from 0)",
        "coarse-fine",
        "done",
    ):
        assert said in text
    assert f"infer {image} --images 50" in text
    found = as_json("show", "5", "--lab", lab)
    assert found["inference"]["images"] == 50
    confusion = found["inference"]["confusion"]
    assert sum(map(sum, confusion)) == 50
    assert found["inference"]["accuracy"] == sum(confusion[i][i] for i in range(10)) / 50 > 0.9
    assert found["converged_fraction"] > 0.9
    assert found["pulses"] > 100
    experiment = as_json("show", "7", "--lab", lab)
    assert (experiment["steps_done"], experiment["converged_fraction"]) == (76, None)
    assert "has no run 99" in refused(StoreError.exit_code, "show", "99", "--lab", lab)


def test_page_and_table_of_a_programming_run(lab: Path, tmp_path: Path) -> None:
    page, table = tmp_path / "run.html", tmp_path / "cells.csv"
    found = as_json("show", "6", "--lab", lab, "--report", page, "-o", table)
    text = page.read_text()
    assert "Convergence and errors" in text
    assert "simulated" in text
    rows = read(table)
    last = {(row["row"], row["column"]): row for row in rows}
    assert len(last) == found["cells"] == 1024
    inside = [row for row in last.values() if row["status"] != "failed"]
    assert len(inside) / 1024 == found["converged_fraction"]
    for row in inside:
        low, high = float(row["low_usiemens"]), float(row["high_usiemens"])
        assert low <= float(row["conductance_usiemens"]) <= high
        assert low < float(row["target_usiemens"]) < high
        # level and target of the default recipe: 30 to 195 uS
        assert abs(float(row["target_usiemens"]) - (30 + int(row["level"]) * 165 / 7)) < 0.3
    exported = tmp_path / "exported.csv"
    as_json("export", exported, "--table", "cells", "--run", "6", "--lab", lab)
    assert read(exported) == rows


def test_page_and_table_of_an_experiment(lab: Path, tmp_path: Path) -> None:
    page, table, exported = tmp_path / "run.html", tmp_path / "iv.csv", tmp_path / "exported.csv"
    as_json("show", "7", "--lab", lab, "--report", page, "-o", table)
    assert "iv on W1" in page.read_text()
    rows = read(table)
    assert {(row["row"], row["column"]) for row in rows} == {("0", "0"), ("0", "1")}
    assert {row["step"] for row in rows} == {str(n) for n in range(76)}
    assert all(float(row["conductance_usiemens"]) < 400 for row in rows)
    assert {len(row["voltage_v"]) <= 6 for row in rows} == {True}  # no 0.049999999999999996
    as_json("export", exported, "--table", "samples", "--run", "7", "--lab", lab)
    assert read(exported) == rows
    assert "[" not in exported.read_text()


def test_a_killed_job_is_said_to_be_at_once(tmp_path: Path) -> None:
    array: list[str | Path] = ["--port", "twin", "--array", tmp_path / "K.ohma", "--lab", tmp_path]
    line = command("experiment", "endurance", *array, "--cells", "all", "--set", "cycles=100000")
    with ended_with_the_test(line) as job:
        begun = time.monotonic()
        while time.monotonic() - begun < 60:
            runs = run("log", "--lab", tmp_path, "--json").stdout
            if '"running"' in runs:
                break
        job.send_signal(signal.SIGKILL)
        job.wait()
        assert as_json("show", "1", "--lab", tmp_path)["status"] == "killed"  # at the first look, whenever that is
    assert [r["run"] for r in as_json("log", "--status", "killed", "--lab", tmp_path)["runs"]] == [1]
    assert "killed: its process is gone" in run("show", "1", "--lab", tmp_path).stdout


def test_a_table_of_no_known_format(lab: Path, tmp_path: Path) -> None:
    refused(UsageError.exit_code, "show", "6", "--lab", lab, "-o", tmp_path / "x.docx")


def test_the_example_of_the_docs_runs(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/runs.md: a group by level of what `show -o` writes."""
    text = (Path(__file__).parents[2] / "docs/runs.md").read_text()
    (example,) = re.findall(r"^```python\n(import pandas\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    as_json("show", "6", "--lab", lab, "-o", tmp_path / "cells.csv")
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(example, {})
    found = [line.split() for line in said.getvalue().splitlines()[2:]]
    assert len(found) > 2
    means = [float(mean) for _level, mean, _std in found]
    assert means == sorted(means)
    assert means[-1] > 100


def test_tables_of_a_read_and_an_experiment(tmp_path: Path) -> None:
    """Tidy: a row a cell and read, with units in the names of columns; the same numbers in every format."""
    array: list[str | Path] = ["--port", "twin", "--array", tmp_path / "W9.ohma", "--lab", tmp_path]
    said = as_json("read", *array[:4], "-o", tmp_path / "r.csv")
    rows = read(tmp_path / "r.csv")
    assert len(rows) == 1024
    last = rows[-1]
    assert (last["row"], last["column"], int(last["code"])) == ("31", "31", said["codes"][31][31])
    assert float(last["conductance_usiemens"]) == pytest.approx(said["usiemens"][31][31], abs=1e-3)
    found = as_json("experiment", "iv", "--cells", "3,4:3,5", *array, "-o", tmp_path / "iv.csv")
    rows = read(tmp_path / "iv.csv")
    assert {(row["row"], row["column"]) for row in rows} == {("3", "4"), ("3", "5")}
    reads = sum(point["reads"] for point in found["curves"])
    assert len(rows) == 2 * reads
    point = found["curves"][5]
    of_it = [float(r["conductance_usiemens"]) for r in rows if r["step"] == "5" and r["column"] == "4"]
    assert sum(of_it) / len(of_it) == pytest.approx(point["usiemens"][0], abs=1e-3)
    assert {float(r["voltage_v"]) for r in rows if r["step"] == "5"} == {point["voltage_v"]}
    assert "no table has the suffix .xls" in refused(
        UsageError.exit_code, "experiment", "iv", "--cells", "0,0", *array, "-o", tmp_path / "iv.xls"
    )
    assert as_json("log", "--lab", tmp_path)["runs"][0]["run"] == 1  # nothing was begun
    for name in ("iv.json", "iv.npz"):
        as_json("show", "1", "--lab", tmp_path, "-o", tmp_path / name)
    listed = json.loads((tmp_path / "iv.json").read_text())
    with np.load(tmp_path / "iv.npz", allow_pickle=False) as arrays:
        assert arrays["code"].tolist() == [row["code"] for row in listed] == [int(row["code"]) for row in rows]
