"""Bench time that passes with the array off, on every rung."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.base import Bench, Limits
from ohmbench.bench.opening import BAUD, SimulatedArray, open_bench
from ohmbench.bench.over_link import LinkBench
from ohmbench.bench.twin import TwinBench
from ohmbench.errors import DataError, LinkError, PortError, UsageError
from ohmbench.model.array import ArrayModel
from ohmbench.model.simulator import Simulator, build
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Codes
from ohmbench.support.build_id import build_id
from ohmbench.tables import Rail

SEED = 4
LONG_S = 1e5


def program_rest_read(bench: Bench) -> tuple[CellRecords, Codes, Codes]:
    levels = np.random.default_rng(5).integers(0, 16, (32, 32)).astype(np.uint8)
    mask = np.zeros((32, 32), np.bool_)
    mask[5:7] = True
    records = program_image(bench, levels, mask, 15, Recipe())
    before = read_array(bench, Recipe())
    clock = bench.state().run_cycles
    bench.rest(LONG_S)
    assert bench.state().run_cycles == clock
    return records, before, read_array(bench, Recipe())


def test_simulator_and_twin_rest_alike(tmp_path: Path) -> None:
    """The same conductances and codes, bit for bit; relaxed, in no time; and it replays."""
    executable, record, state = build(), tmp_path / "session", tmp_path / "array"
    start = time.monotonic()
    with (
        Simulator(executable=executable, seed=SEED, state=state, record=record) as simulator,
        LinkBench.of(simulator, baud=BAUD) as bench,
    ):
        records, before, after = program_rest_read(bench)
        clocks = simulator.speed().clocks
    assert time.monotonic() - start < LONG_S / 1000
    assert clocks < 48_000_000
    twin = ArrayModel(seed=SEED)
    twin_records, twin_before, twin_after = program_rest_read(TwinBench(twin))
    np.testing.assert_array_equal(records.code, twin_records.code)
    np.testing.assert_array_equal(before, twin_before)
    np.testing.assert_array_equal(after, twin_after)
    np.testing.assert_array_equal(ArrayModel.open(state).conductance(0), twin.conductance())
    # relaxation, which reads that follow each other do not see
    moved = np.abs(after[5:7].astype(int) - before[5:7])
    assert np.median(moved) > 3 * np.median(np.abs(read_array(TwinBench(twin), Recipe())[5:7].astype(int) - after[5:7]))

    replay = subprocess.run(
        [executable, "--build-id", f"{build_id():08x}", "--seed", str(SEED), "--replay", record],
        capture_output=True,
        text=True,
    )
    assert (replay.returncode, replay.stderr) == (0, "")


@pytest.mark.parametrize("port", ["sim", "twin"])
def test_time_that_makes_no_sense_is_refused(port: str) -> None:
    with open_bench(port, array=SimulatedArray(seed=SEED)) as bench:
        for seconds in (-1.0, float("nan"), float("inf")):
            with pytest.raises(UsageError, match="array cannot rest"):
                bench.rest(seconds)
        with pytest.raises(DataError, match="array cannot rest"):
            bench.rest(1e12)
        rails_v = {Rail.BL_READ: 0.1}
        with bench.armed(Limits(rails_v, 0.0, 0), rails_v), pytest.raises(UsageError, match="Disarm"):
            bench.rest(1.0)
        bench.rest(0.0)
        bench.rest(1e9)
        bench.state()


def test_simulator_that_is_gone_is_named() -> None:
    simulator = Simulator()
    simulator._process.kill()
    with pytest.raises(LinkError, match="SIGKILL"):
        simulator.rest(1.0)
    simulator.stop()


def test_simulator_refuses_what_is_no_order() -> None:
    with Simulator() as simulator:
        stdin = simulator._process.stdin
        assert stdin is not None
        for line in (b"rest\n", b"rest 1 s\n", b"rest x\n", b"\n", b"rest nan\n", b"x" * 5000 + b"\n"):
            stdin.write(line)
            stdin.flush()
            assert simulator._read_line(5.0) == "refused\n"
        simulator.rest(5.0)


class Board(LinkBench):
    """A simulator that is taken for a board: bench time passes by itself."""

    def __init__(self, simulator: Simulator) -> None:
        opened = LinkBench.of(simulator, baud=BAUD)
        super().__init__(opened.link, simulator.port, "board")


def test_board_waits_and_says_so() -> None:
    said: list[tuple[str, int, int]] = []
    with Simulator() as simulator, Board(simulator) as board:
        start = time.monotonic()
        board.rest(0.2, lambda *progress: said.append(progress))
        assert 0.2 <= time.monotonic() - start < 1.0
        assert said == []
        board.rest(1.5, lambda *progress: said.append(progress))
        assert 1.7 <= time.monotonic() - start < 4.0
    assert said == [("rest, seconds", 0, 2), ("rest, seconds", 1, 2)]


def test_board_that_goes_away_ends_the_rest() -> None:
    simulator = Simulator()
    board = Board(simulator)
    threading.Timer(1.5, simulator._process.kill).start()
    start = time.monotonic()
    with pytest.raises((LinkError, PortError)):
        board.rest(3600.0)
    assert time.monotonic() - start < 60
    with pytest.raises((LinkError, PortError)):
        board.close()
    simulator.stop()
