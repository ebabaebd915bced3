"""`ohmbench experiment` from the command line: on both simulated rungs, stopped with Ctrl-C, and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.system.command_line import as_json, command, environment, refused, run
from tests.system.dying import dying

from ohmbench.cli.signals import INTERRUPTED
from ohmbench.errors import StoreError, UsageError, WearError
from ohmbench.model.array import ArrayModel
from ohmbench.record.store import Store
from ohmbench.record.trail import samples

TRAIN = ["experiment", "pulse-train", "--cells", "1,2:2,9", "--set", "pulses=4"]
STEPS = 17


def array_of(folder: Path, name: str, port: str = "twin") -> list[str | Path]:
    return ["--port", port, "--array", folder / f"{name}.ohma", "--lab", folder]


def pulses(folder: Path, name: str) -> Any:
    file = folder / f"{name}.ohma"
    if not file.exists():
        return np.zeros((32, 32), np.int64)
    model = ArrayModel.open(file)
    try:
        return model.pulses().astype(np.int64)
    finally:
        model.close()


def is_begun(folder: Path, name: str) -> bool:
    if not (folder / "record.sqlite").exists():
        return False
    with Store.open(folder / "record.sqlite") as store:
        return bool(store.find_runs(serial=name))


def judge(folder: Path, name: str, *, at_most: int = 0) -> None:
    """Every step once, and the array's own count no more than the record's."""
    with Store.open(folder / "record.sqlite") as store:
        store.check()
        (found,) = store.runs(name)
        assert found.status == "done"
        assert [sample.step for sample in samples(store, found.id)] == list(range(STEPS))
        over = store.wear(name).total - pulses(folder, name)
    assert over.min() >= 0
    assert over.max() <= at_most


@pytest.mark.parametrize("name", ["pulse-train", "iv", "forming", "endurance", "retention", "read-noise"])
def test_sim_finds_what_the_twin_finds(name: str, tmp_path: Path, executable: Path) -> None:
    small = {"iv": "step_v=0.4", "endurance": "cycles=5", "read-noise": "reads=60", "pulse-train": "pulses=3"}
    settings = ["--set", small[name]] if name in small else ["--set", "points=1"] if name == "retention" else []
    if name == "forming":
        settings = ["--set", "step_v=0.4"]
    found = {}
    for port in ("twin", "sim"):
        page = tmp_path / f"{port}.html"
        arguments = ["experiment", name, "--cells", "3,0:3,5", *settings, *array_of(tmp_path, port, port)]
        summary = as_json(*arguments, "--report", page)
        assert (summary.pop("rung"), summary.pop("serial")) == (port, port)
        assert "simulated" in page.read_text()
        with Store.open(tmp_path / "record.sqlite") as store:
            summary["codes"] = [sample.data["codes"] for sample in samples(store, summary.pop("run"))]
        found[port] = summary
    assert found["sim"] == found["twin"]
    assert found["twin"]["steps"] == found["twin"]["steps_done"]


def test_the_catalogue_and_an_estimate(tmp_path: Path) -> None:
    listed = {row["experiment"]: row for row in as_json("experiments")}
    assert listed["endurance"]["settings"]["cycles"]["default"] == 1000
    assert "iv: " in run("experiments").stdout
    estimate = as_json(*TRAIN, *array_of(tmp_path, "E"), "--dry-run")
    assert (estimate["cells"], estimate["pulses_a_cell"], estimate["steps"]) == (16, 16, STEPS)
    assert not (tmp_path / "E.ohma").exists()
    assert not (tmp_path / "record.sqlite").exists()


def test_what_is_refused(tmp_path: Path) -> None:
    array = array_of(tmp_path, "R")
    refused(UsageError.exit_code, "experiment", "tea", *array)
    refused(UsageError.exit_code, "experiment", "iv", "--set", "set_to_v=4", "--cells", "all", *array)
    assert "--cells all for all 1024" in refused(UsageError.exit_code, "experiment", "iv", *array)
    refused(UsageError.exit_code, "experiment", "iv", "--cells", "all", "--port", "/dev/nothing")
    refused(StoreError.exit_code, *TRAIN, *array, "--resume")
    refused(StoreError.exit_code, "experiment", "iv", "--resume", *array)
    refused(WearError.exit_code, *TRAIN, *array, "--wear-budget", "3")
    assert not pulses(tmp_path, "R").any()


def test_ctrl_c_and_on(tmp_path: Path, executable: Path) -> None:
    array = array_of(tmp_path, "C", "sim")
    # signals to a group reach the simulator too, as a terminal's do
    process = subprocess.Popen(
        command(*TRAIN, *array), stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True
    )
    assert process.stderr is not None
    while "pulse-train: " not in (line := process.stderr.readline()):
        assert line
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert "--resume to go on" in said
    result = as_json("experiment", "pulse-train", *array, "--resume")
    assert (result["resumed"], result["steps_done"]) == (True, STEPS)
    judge(tmp_path, "C", at_most=1)
    assert as_json("log", "events", "--lab", tmp_path)["events"][0]["what"] == "done"


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_killed_at_any_moment(kills: int, tmp_path: Path) -> None:
    moment = np.random.default_rng(2)
    resumed = 0
    for number in range(kills):
        name = f"K{number}"
        array = array_of(tmp_path, name)
        # 16 pulses on each of two rows, 16 passes, 17 records and the end
        event = int(moment.integers(1, 2 * 16 + 16 + STEPS + 1))
        line = dying(event, "record_step", *TRAIN, *array)
        died = subprocess.run(line, capture_output=True, text=True, env=environment())
        assert died.returncode == -signal.SIGKILL, died.stderr
        done = run("experiment", "pulse-train", *array, "--resume", "--json")
        assert done.returncode == 0, done.stderr
        resumed += json.loads(done.stdout)["resumed"]
        judge(tmp_path, name, at_most=1)
    assert resumed == kills


@pytest.mark.slow
def test_the_simulators_host_killed(tmp_path: Path, executable: Path) -> None:
    moment = np.random.default_rng(3)
    for number in range(10):
        array = array_of(tmp_path, f"S{number}", "sim")
        process = subprocess.Popen(
            command(*TRAIN, *array), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
        )
        while not is_begun(tmp_path, f"S{number}"):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(float(moment.uniform(0, 0.5)))
        process.kill()
        process.wait()
        as_json("experiment", "pulse-train", *array, "--resume")
        judge(tmp_path, f"S{number}", at_most=1)
