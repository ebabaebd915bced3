"""Any command, ended at any moment in any way: no cell has had pulses that the record lacks, and no file is damaged.

`tests/system/test_kill.py` goes on with what was killed; here it is what is left that counts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.rounds import draws, rounds
from tests.system.command_line import command, environment
from tests.system.test_kill import simulators_of

from ohmbench.faults.fault_map import FaultMap
from ohmbench.model.array import ArrayModel
from ohmbench.record.store import Store
from ohmbench.sweep.store import ResultStore

FRESH = "unformed_fraction = 1.0\n"
SWEEP = """
[all]
network = "digits-64-10"
images = 10
[[grid]]
array_seed = [1, 2]
"""
COMMANDS = {
    "program": ["program", "IMAGE", "--only", "0"],
    "form": ["form", "--device", "fresh.toml"],
    "characterise": ["characterise", "--out", "map.json"],
    "experiment": ["experiment", "endurance", "--cells", "0,0:1,1", "--set", "cycles=300"],
    "infer": ["infer", "IMAGE", "--images", "20"],
    "calibrate": ["calibrate"],
    "sweep": ["sweep", "s.toml", "--results", "results.sqlite"],
    "export": ["export", "lab.h5", "--lab", "lab"],
}
NO_BENCH = ("sweep", "export")
BY = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSTOP)


def line(name: str, port: str, image: Path) -> list[str]:
    words = [str(image) if word == "IMAGE" else word for word in COMMANDS[name]]
    bench = [] if name in NO_BENCH else ["--port", port, "--array", "A.ohma"]
    lab = ["--lab", "lab"] if name != "calibrate" and bench else []
    return command(*words, *bench, *lab)


def begin(name: str, port: str, image: Path, here: Path, prepared: Path) -> subprocess.Popen[bytes]:
    shutil.copytree(prepared, here)
    own = environment(OHMBENCH_LAB=str(here / "lab"))
    with (here / "said").open("wb") as said:
        return subprocess.Popen(line(name, port, image), stdout=said, stderr=said, env=own, cwd=here, process_group=0)


def end(process: subprocess.Popen[bytes], by: signal.Signals, whom: list[int]) -> None:
    """Send it; who was stopped is let go on or killed after longer than the guard and the link wait."""
    for pid in whom:
        os.kill(pid, by)
    if by == signal.SIGSTOP:
        time.sleep(0.8)
        for pid in whom:
            os.kill(pid, signal.SIGCONT)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def judge(here: Path) -> None:
    given = np.zeros((32, 32), np.int64)
    if (here / "A.ohma").exists():
        with closing(ArrayModel.open(here / "A.ohma")) as array:
            given = array.pulses().astype(np.int64)
    known = False
    if (here / "lab/record.sqlite").exists():
        with Store.open(here / "lab/record.sqlite") as store:
            store.check()
            known = "A" in [array.serial for array in store.arrays()]
            assert not known or (store.wear("A").total >= given).all()
    assert known or not given.any()
    if (here / "map.json").exists():
        FaultMap.load(here / "map.json")
    if (here / "results.sqlite").exists():
        with ResultStore.open(here / "results.sqlite") as results:
            results.rows()
    if (here / "lab.h5").exists():
        import h5py

        with h5py.File(here / "lab.h5") as exported:
            assert "arrays" in exported
    said = (here / "said").read_text(errors="replace")
    assert "Traceback" not in said, said


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, image: Path) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "here"
    folder.mkdir()
    (folder / "fresh.toml").write_text(FRESH)
    (folder / "s.toml").write_text(SWEEP)
    whole = line("experiment", "twin", image)
    subprocess.run(whole, cwd=folder, env=environment(), check=True, capture_output=True)
    (folder / "A.ohma").unlink()  # every round has an array of its own
    shutil.move(folder / "lab/record.sqlite", folder / "old.sqlite")
    shutil.rmtree(folder / "lab")
    return folder


def prepare(name: str, prepared: Path, folder: Path) -> Path:
    here = folder / f"prepared-{name}"
    shutil.copytree(prepared, here)
    if name == "export":
        (here / "lab").mkdir()
        shutil.copy(here / "old.sqlite", here / "lab/record.sqlite")
        # the record's array A has pulses that the round's array does not
    return here


@pytest.mark.slow
@pytest.mark.parametrize("port", ["twin", "sim"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_wear_is_lost_and_no_file_damaged(
    name: str, port: str, image: Path, prepared: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if port == "sim":
        if name in NO_BENCH:
            pytest.skip("it has no simulator")
        request.getfixturevalue("executable")
    rng, seen = draws(), Counter[str]()
    from_there = prepare(name, prepared, tmp_path)
    began = time.monotonic()
    process = begin(name, port, image, tmp_path / "whole", from_there)
    process.wait(timeout=300)
    longest_s = time.monotonic() - began
    judge(tmp_path / "whole")
    for number in range(rounds(6)):
        here = tmp_path / str(number)
        process = begin(name, port, image, here, from_there)
        time.sleep(rng.uniform(0.2, 1.0) * longest_s)
        by = BY[int(rng.integers(len(BY)))]
        is_host = port == "twin" or bool(rng.integers(2))
        whom = [process.pid] if is_host else simulators_of(process.pid)
        in_time = process.poll() is None
        end(process, by, [process.pid] if in_time and is_host else whom if in_time else [])
        judge(here)
        print(f"{name} on {port}, {by.name}: no wear lost, no file damaged", flush=True)
        seen[f"{by.name} of {'host' if is_host else 'simulator'}, {'in time' if in_time else 'too late'}"] += 1
        shutil.rmtree(here)
    print(f"\n{name} on {port}: {dict(sorted(seen.items()))}")
