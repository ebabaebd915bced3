"""kill -9 of the host and of the simulator in the middle of a run: what is resumed ends as if nothing had been.

Each kill has an array of its own. Judged is what the resumed run itself read first: a cell that was in its window then
gets no pulse, by the record and by the array's own count, and every cell ends in its window.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.system.command_line import command, environment, run
from tests.system.dying import dying

from ohmbench.errors import LinkError, StoreError
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Layer, Tile
from ohmbench.model.array import ArrayModel
from ohmbench.record.names import RunStatus
from ohmbench.record.store import Store

ROWS = 5  # of cells to program: enough for several batches of records, and soon done
LEVELS = 8
FAST, SLOW = (2, 1, 1), (50, 30, 30)  # kills: twin, host of the simulator, simulator


@pytest.fixture(scope="session")
def rows_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of some rows of evenly drawn levels."""
    levels = np.zeros((1, 32, 32), np.uint8)
    levels[0, :ROWS] = np.random.default_rng(1).integers(0, LEVELS, (ROWS, 32))
    mask = np.zeros(levels.shape, np.bool_)
    mask[0, :ROWS] = True
    lanes = np.full(32, -1, np.int16)
    gain = np.zeros(32, np.int32)
    gain[0] = 1
    layer = Layer(1, 1, 8, np.ones(1), np.zeros(1), None)
    tile = Tile(0, 0, 0, 1, np.full(1, -1, np.int16), lanes, lanes, gain)
    path = tmp_path_factory.mktemp("rows") / "rows.ohmw"
    WeightImage(levels, mask, LEVELS - 1, (layer,), (tile,)).save(path)
    return path


@pytest.fixture(scope="session")
def good_array(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Preset a without stuck cells, and with half the spread between cells: one at the far end of that spread takes
    more tries than a run gives it, killed or not."""
    path = tmp_path_factory.mktemp("array") / "good.toml"
    path.write_text("stuck_low_fraction = 0.0\nstuck_high_fraction = 0.0\nreset_d2d_ln = 0.19\n")
    return path


@dataclass
class Victim:
    """A run to be killed, on an array of its own."""

    image: Path
    device: Path
    folder: Path
    number: int
    port: str

    @property
    def file(self) -> Path:
        return self.folder / f"array-{self.number}.ohm"

    @property
    def arguments(self) -> list[str | Path]:
        array = ["--array", self.file, "--device", self.device, "--seed", str(self.number), "--lab", self.folder]
        return ["program", self.image, "--port", self.port, *array, "--require", "1"]

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command(*self.arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment()
        )

    def pulses(self) -> Any:
        """By the array's own count."""
        if not self.file.exists():
            return np.zeros((32, 32), np.int64)
        model = ArrayModel.open(self.file)
        try:
            return model.pulses().astype(np.int64)
        finally:
            model.close()

    def resume(self) -> str:
        """Go on and judge; returns what there was to go on with."""
        before = self.pulses()
        done = run(*self.arguments, "--resume", "--json")
        if done.returncode == StoreError.exit_code:
            assert "Nothing to resume: the record knows no run" in done.stderr
            assert not before.any()
            return "never begun"
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        if not result["images"]:
            assert np.array_equal(self.pulses(), before)
        else:
            self._judge(result, self.pulses() - before)
        with Store.open(self.folder / "record.sqlite") as store:
            store.check()
            assert [r.status for r in store.runs(self.file.stem)] == [RunStatus.DONE]
            assert (store.wear(self.file.stem).total >= self.pulses()).all()
        return "resumed" if result["images"] else "done"

    def _judge(self, result: Any, given: Any) -> None:
        records = {name: np.array(values) for name, values in result["records"][0].items()}
        used = records["status"] != ""
        assert np.count_nonzero(used) == ROWS * 32
        inside = used & (records["low"] <= records["found"]) & (records["found"] <= records["high"])
        assert np.count_nonzero(inside) == result["found_in_window"]
        assert not given[inside].any()
        assert np.array_equal(given, records["set_pulses"] + records["reset_pulses"])
        assert (records["status"][inside] == "untouched").all()
        assert ((records["low"] <= records["code"]) & (records["code"] <= records["high"]))[used].all()
        assert np.isin(records["status"][used], ["untouched", "converged"]).all()


def simulators_of(pid: int) -> list[int]:
    """The simulators that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = stat.read_text().rpartition(")")
        except OSError:
            continue  # ended meanwhile
        if tail.split()[1] == str(pid) and "ohm_sim" in head:
            found.append(int(stat.parent.name))
    return found


class Killer:
    """Kills runs at random moments, resumes them, and counts what there was to go on with.

    A run that ended before its moment came is judged as well, but is not counted.
    """

    def __init__(self, image: Path, device: Path, folder: Path) -> None:
        self._place = image, device, folder
        self._rng = np.random.default_rng(1)
        self._numbers = count(1)
        self._span_s = 0.5  # from a run's first result to its end; shrinks while moments come too late
        self.found: Counter[str] = Counter()

    def _victim(self, port: str) -> Victim:
        return Victim(*self._place, next(self._numbers), port)

    def _until(self, kills: int, kill: Callable[[Victim], bool], port: str) -> None:
        end = self.found.total() + kills
        for _ in range(4 * kills + 8):
            if self.found.total() < end:
                one = self._victim(port)
                hit = kill(one)
                self.found[one.resume()] += hit
        assert self.found.total() == end

    def twins(self, kills: int) -> None:
        whole = self._dying(self._victim("twin"), 0)
        assert whole.returncode == 0, whole.stderr
        events = int(whole.stderr.split()[-1])
        assert events > 100

        def kill(one: Victim) -> bool:
            died = self._dying(one, int(self._rng.integers(1, events)))
            assert died.returncode in (-signal.SIGKILL, 0), died.stderr
            return died.returncode != 0

        self._until(kills, kill, "twin")

    @staticmethod
    def _dying(one: Victim, event: int) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(dying(event, "record", *one.arguments), capture_output=True, env=environment())

    def hosts(self, kills: int) -> None:
        def kill(one: Victim) -> bool:
            return self._kill_in_time(one, lambda process: [process.pid])[0] != 0

        self._until(kills, kill, "sim")

    def simulators(self, kills: int) -> None:
        def kill(one: Victim) -> bool:
            code, said = self._kill_in_time(one, lambda process: simulators_of(process.pid))
            assert code in (LinkError.exit_code, 0), said
            assert "Traceback" not in said
            return code != 0

        self._until(kills, kill, "sim")

    def _kill_in_time(self, one: Victim, whom: Callable[[subprocess.Popen[bytes]], list[int]]) -> tuple[int, str]:
        """Kill between the first result and the end; what is before has its own tests, and the dying twins."""
        process = one.start()
        assert process.stderr is not None
        first = line = process.stderr.readline()
        while line and b"program image" not in line:  # said before: which array it is
            first += (line := process.stderr.readline())
        time.sleep(self._rng.uniform(0, self._span_s))
        for pid in whom(process):
            os.kill(pid, signal.SIGKILL)
        said = process.communicate(timeout=30)[1]
        if process.returncode == 0:
            self._span_s *= 0.7
        return process.returncode, (first + said).decode()


@pytest.mark.parametrize(
    ("twin", "host", "simulator"), [FAST, pytest.param(*SLOW, marks=pytest.mark.slow)], ids=["fast", "slow"]
)
def test_kill(
    twin: int, host: int, simulator: int, rows_image: Path, good_array: Path, tmp_path: Path, executable: Path
) -> None:
    killer = Killer(rows_image, good_array, tmp_path)
    killer.twins(twin)
    killer.hosts(host)
    killer.simulators(simulator)
    print(dict(killer.found))
    # at some moments the run was not recorded yet, or all of it was; most must be between
    assert killer.found["resumed"] >= (twin + host + simulator) // 2
