"""`ohmbench sweep` as a process: results, exit codes, kill -9 and resume, processes, a Dask cluster, the simulator."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from tests.system.command_line import command, environment, refused

from ohmbench.errors import DataError, ExpectationError, PortError, UsageError
from ohmbench.sweep.store import ResultStore

KILLS = 20
PATIENCE_S = 1800
TEXT = """
[all]
network = "digits-64-10"
images = 30
[[grid]]
array_seed = [1, 2, 3]
stuck_fraction = [0, 0.05]
[[grid]]
method = "lossless"
array_seed = [1, 2]
"""
POINTS = 8


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "s.toml").write_text(TEXT)
    return tmp_path / "s.toml"


def as_json(*arguments: str | Path) -> Any:
    """Of a command that may take long on a busy machine."""
    line = command(*arguments, "--json", "--quiet")
    done = subprocess.run(line, capture_output=True, text=True, env=environment(), timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in one order, without what time it took."""
    return sorted(({k: v for k, v in row.items() if k != "cpu_s"} for row in rows), key=lambda row: str(row["point"]))


def stored(path: Path) -> list[dict[str, Any]]:
    """What is in a file of results; nothing if a kill came before it was made."""
    if not path.exists():
        return []
    with ResultStore.open(path) as store:
        return store.rows()


def test_points_assertions_and_what_makes_no_sense(config: Path) -> None:
    listed = as_json("sweep", config, "--list")
    assert len({point["point"] for point in listed}) == POINTS
    key = listed[0]["point"]
    result = as_json("sweep", config, "--only", key, "--jobs", "1", "--assert", "accuracy >= 0.5")
    (row,) = result["rows"]
    assert (row["point"], result["computed"], result["kept"]) == (key, 1, 0)
    again = ("sweep", config, "--only", key, "--jobs", "1", "--quiet")
    line = command(*again, "--assert", "accuracy > 1")
    done = subprocess.run(line, capture_output=True, text=True, env=environment(), timeout=PATIENCE_S)
    assert done.returncode == ExpectationError.exit_code
    assert f"{key} has {row['accuracy']}" in done.stderr
    assert "0 points computed, 1 were there already" in done.stdout
    refused(UsageError.exit_code, "sweep", config, "--assert", "accuracy")
    config.write_text(TEXT + "colour = 3\n")
    assert "s.toml:11: colour is not a key" in refused(DataError.exit_code, "sweep", config)


@pytest.mark.slow
def test_kills_lose_nothing_and_nothing_is_computed_twice(config: Path, tmp_path: Path) -> None:
    """Twenty kills at random moments, of one sweep after another; each sweep then runs to its end."""
    began = time.monotonic()
    reference = comparable(as_json("sweep", config, "--results", tmp_path / "whole.sqlite", "--jobs", "1")["rows"])
    whole_s = time.monotonic() - began
    chance, kills, attempt = random.Random(7), 0, 0
    while kills < KILLS:
        attempt += 1
        path, before, ended = tmp_path / f"{attempt}.sqlite", [], False
        while not ended:
            jobs = chance.choice("12")
            line = command("sweep", config, "--results", path, "--jobs", jobs, "--quiet")
            # no pipes: processes that the killed one leaves behind for some seconds would hold them open
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            with subprocess.Popen(line, env=environment(), **quiet) as process:
                try:
                    # past the kills that are due, to its end
                    code = process.wait(None if kills >= KILLS else chance.uniform(0.1, 1.0) * whole_s)
                    assert code == 0
                    ended = True
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
            after = stored(path)
            # the same rows in the same places, with the times that they took: kept, and not computed again
            assert after[: len(before)] == before
            before = after
        assert comparable(before) == reference
        assert len(before) == POINTS


@pytest.mark.slow
def test_processes_and_a_dask_cluster_give_the_same(config: Path, tmp_path: Path) -> None:
    reference = comparable(as_json("sweep", config, "--results", tmp_path / "1.sqlite", "--jobs", "1")["rows"])
    two = as_json("sweep", config, "--results", tmp_path / "2.sqlite", "--jobs", "2")["rows"]
    assert comparable(two) == reference
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, worker_dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        found = as_json("sweep", config, "--results", tmp_path / "d.sqlite", "--dask", address)
    assert comparable(found["rows"]) == reference
    assert found["computed"] == POINTS
    refused(PortError.exit_code, "sweep", config, "--results", tmp_path / "n.sqlite", "--dask", address)
    assert not (tmp_path / "n.sqlite").exists()


@pytest.mark.slow
def test_the_simulator_repeats_a_point(config: Path) -> None:
    key = as_json("sweep", config, "--list")[0]["point"]
    (twin,) = as_json("sweep", config, "--only", key, "--jobs", "1")["rows"]
    (sim,) = as_json("sweep", config, "--only", key, "--port", "sim")["rows"]
    unknown = ("accuracy_programmed", "accuracy_relaxed")
    assert [sim[name] for name in unknown] == [None, None]
    other = ("rung", "cpu_s", "build_id", *unknown)
    assert {k: v for k, v in sim.items() if k not in other} == {k: v for k, v in twin.items() if k not in other}
    assert json.dumps(sim["accuracy"]) == json.dumps(twin["accuracy"])
