"""The simulator with the real RTL behind it: what it adds to the loopback of tests/unit/model/simulator."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import BAUD
from ohmbench.bench.over_link import LinkBench
from ohmbench.bench.twin import TwinBench
from ohmbench.link.client import Link
from ohmbench.link.transport import SerialTransport
from ohmbench.model.array import ArrayModel
from ohmbench.model.simulator import Simulator, build
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Codes
from ohmbench.support.build_id import build_id
from ohmbench.tables import Control, Fault, Register

pytestmark = pytest.mark.slow

SEED = 4


@pytest.fixture(scope="module")
def executable() -> Path:
    return build()


def some_rows(bench: Bench) -> tuple[CellRecords, Codes]:
    """Program three rows, read everything."""
    levels = np.random.default_rng(5).integers(0, 16, (32, 32)).astype(np.uint8)
    mask = np.zeros((32, 32), np.bool_)
    mask[5:8] = True
    return program_image(bench, levels, mask, 15, Recipe()), read_array(bench, Recipe())


def test_session_equals_the_twin_and_replays_to_the_clock(executable: Path, tmp_path: Path) -> None:
    record = tmp_path / "session"
    with (
        Simulator(executable=executable, seed=SEED, record=record) as simulator,
        LinkBench.of(simulator, baud=BAUD) as bench,
    ):
        records, codes = some_rows(bench)
    twin_records, twin_codes = some_rows(TwinBench(ArrayModel(seed=SEED)))
    assert records.run_cycles == twin_records.run_cycles
    np.testing.assert_array_equal(records.code, twin_records.code)
    np.testing.assert_array_equal(records.pulses, twin_records.pulses)
    np.testing.assert_array_equal(codes, twin_codes)

    command = [str(executable), "--build-id", f"{build_id():08x}", "--seed", str(SEED), "--replay", str(record)]
    replay = subprocess.run(command, capture_output=True, text=True)
    assert (replay.returncode, replay.stderr) == (0, "")
    command[command.index("--seed") + 1] = str(SEED + 1)
    replay = subprocess.run(command, capture_output=True, text=True)
    assert replay.returncode == 1
    assert "other bytes" in replay.stderr


def test_sleeps_between_sessions_and_while_one_is_open_and_idle(executable: Path) -> None:
    with Simulator(executable=executable) as simulator:
        with Link.open(simulator.port, baud=BAUD) as link:
            link.status()
            assert_asleep(simulator)
        assert_asleep(simulator)


def assert_asleep(simulator: Simulator) -> None:
    """It falls asleep, on a machine with other work too: there, the watchdog's 20 ms take a second."""
    deadline = time.monotonic() + 20
    while True:
        before = simulator.speed()
        time.sleep(0.5)
        after = simulator.speed()
        # SIGUSR1 wakes it for some thousand clocks
        if after.cpu_s - before.cpu_s < 0.1 and after.clocks - before.clocks < 50_000:
            return
        assert time.monotonic() < deadline, (before, after)


def test_array_keeps_its_weights_from_run_to_run(executable: Path, tmp_path: Path) -> None:
    def session(work: Callable[[Bench], Codes]) -> Codes:
        with (
            Simulator(executable=executable, seed=SEED, state=tmp_path / "array") as simulator,
            LinkBench.of(simulator, baud=BAUD) as bench,
        ):
            return work(bench)

    codes = session(lambda bench: some_rows(bench)[1])
    again = session(lambda bench: read_array(bench, Recipe()))
    # Reads differ by noise and relaxation, levels by some hundred codes.
    assert np.abs(again[5:8] - codes[5:8]).max() < 100
    assert np.ptp(codes[5:8]) > 400


def test_array_goes_off_when_the_host_falls_silent(executable: Path) -> None:
    with Simulator(executable=executable) as simulator:
        transport = SerialTransport(simulator.port)
        link = Link(transport, baud=BAUD)
        link.write_register(Register.WATCHDOG, 20)
        link.write_register(Register.CONTROL, Control.ARM)
        transport.close()  # as for a host that was killed: no good-bye, and 12 Mbaud still set
        assert_asleep(simulator)
        with Link.open(simulator.port, baud=BAUD) as link:
            state = link.status()
        assert (state.armed, state.fault) == (False, Fault.SILENCE)
