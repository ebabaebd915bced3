"""The lab's record from the command line: what leaves a run there, and what log and export say of it."""

from __future__ import annotations

import csv
import json
import signal
import sys
import urllib.request
from pathlib import Path

from tests.system.command_line import as_json, command, ended_with_the_test, refused, run

from ohmbench import __version__
from ohmbench.errors import StoreError, UsageError, WearError
from ohmbench.model.array import ArrayModel
from ohmbench.support.build_id import build_id


def test_infer_wears_the_array(image: Path, tmp_path: Path) -> None:
    array = ["--port", "twin", "--array", tmp_path / "W1.ohma", "--lab", tmp_path]
    as_json("infer", image, "--images", "5", *array)
    runs = as_json("log", "--lab", tmp_path)["runs"]
    assert [(r["kind"], r["status"], r["image_number"]) for r in runs] == [
        ("infer", "done", n) for n in (4, 3, 2, 1, 0)
    ]
    assert {r["provenance"]["build_id"] for r in runs} == {f"{build_id():08x}"}
    assert {r["provenance"]["ohmbench"] for r in runs} == {__version__}
    assert {r["provenance"]["python"] for r in runs} == {".".join(map(str, sys.version_info[:3]))}
    assert runs[0]["recipe"]["read_v"] == 0.2
    assert [r["run"] for r in as_json("log", "--lab", tmp_path, "--kind", "infer", "--last", "2")["runs"]] == [5, 4]
    (wear,) = as_json("log", "arrays", "--lab", tmp_path)["arrays"]
    model = ArrayModel.open(tmp_path / "W1.ohma")
    given = int(model.pulses().sum())
    model.close()
    assert wear["set_pulses"] + wear["reset_pulses"] == given > 0
    assert wear["reserved"] == 0
    said = as_json("log", "events", "--run", "1", "--lab", tmp_path)["events"]
    assert [e["what"] for e in said] == ["done", "begun on twin"]

    out = tmp_path / "cells.csv"
    assert as_json("export", out, "--table", "cells", "--run", "2", "--lab", tmp_path)["cells"] > 100
    with out.open() as file:
        assert {row["run"] for row in csv.DictReader(file)} == {"2"}
    message = refused(WearError.exit_code, "infer", image, "--images", "5", *array, "--wear-budget", "3")
    assert "could pass their budget of 3" in message


def test_a_boards_array_has_a_serial_number(image: Path) -> None:
    for arguments in (["infer", image], ["demo"], ["measure", "program"]):
        message = refused(UsageError.exit_code, *arguments, "--port", "/dev/nothing")
        assert "its wear must be kept for life" in message


def test_measuring_is_charged(tmp_path: Path, executable: Path) -> None:
    array = ["--port", "sim", "--array", tmp_path / "W2.ohma", "--lab", tmp_path]
    as_json("measure", "program", *array)
    (found,) = as_json("log", "--lab", tmp_path)["runs"]
    (wear,) = as_json("log", "arrays", "--lab", tmp_path)["arrays"]
    model = ArrayModel.open(tmp_path / "W2.ohma")
    most = int(model.pulses().max())
    model.close()
    assert (found["kind"], found["status"]) == ("measure program", "done")
    assert 0 < most <= wear["pulses_max"]


def test_watch_serves_until_ctrl_c(tmp_path: Path) -> None:
    as_json(
        "experiment",
        "read-noise",
        "--set",
        "reads=2",
        "--port",
        "twin",
        "--array",
        tmp_path / "W3.ohma",
        "--lab",
        tmp_path,
    )
    with ended_with_the_test(command("watch", "--lab", tmp_path, "--http", "0", "--json")) as process:
        assert process.stdout is not None
        line = ""
        while not line.endswith("}\n"):
            line += process.stdout.readline()
        url = json.loads(line)["url"]
        with urllib.request.urlopen(f"{url}state", timeout=10) as answer:
            found = json.load(answer)
        assert (found["kind"], found["serial"], found["status"]) == ("experiment read-noise", "W3", "done")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0
    # a record that is not there yet is waited for; a run that it lacks is an error
    refused(StoreError.exit_code, "watch", "--lab", tmp_path / "none", "--run", "3")


def test_calibrations_are_logged(tmp_path: Path) -> None:
    as_json("calibrate", "--port", "twin", "--array", tmp_path / "W4.ohma", "--lab", tmp_path)
    (found,) = as_json("log", "calibrations", "--lab", tmp_path)["calibrations"]
    assert len(found["gain"]) == 32


def test_no_record(tmp_path: Path) -> None:
    for arguments in (["log"], ["export", tmp_path / "r.csv"]):
        assert "There is no record at" in refused(StoreError.exit_code, *arguments, "--lab", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_lab_of_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "ohmbench"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('lab = "here"\n')
    done = run("log", XDG_CONFIG_HOME=str(tmp_path / "config"), OHMBENCH_LAB="")
    assert str(folder / "here" / "record.sqlite") in done.stderr
