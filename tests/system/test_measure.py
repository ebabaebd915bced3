"""`ohmbench measure program`: what it counts, and that a bench in simulation gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import open_bench
from ohmbench.bench.twin import TwinBench
from ohmbench.errors import UsageError
from ohmbench.isa import Program, load_firmware
from ohmbench.link.messages import Done, State
from ohmbench.measure import link as measure_link
from ohmbench.measure.bench import PRODUCTS, image_programmer, programming_speed
from ohmbench.measure.bench import Program as ImageProgram
from ohmbench.measure.link import FAST, SLOW, link_speed
from ohmbench.model.array import ArrayModel
from ohmbench.model.simulator import replay
from ohmbench.model.simulator_build import SESSION
from ohmbench.progress import Progress
from ohmbench.support.array_types import Inputs, Words
from ohmbench.support.resources import resource_root

FIGURES = {
    *("cells_per_s", "image_time_s", "busy_share", "converged_fraction", "pulses_mean"),
    *("mvm_time_s", "mvm_busy_share"),
}
WAITED = 12_345


class ClockedTwin(TwinBench):
    """A twin with a clock: that of its programs, and what else it is told that passed."""

    def __init__(self) -> None:
        super().__init__(ArrayModel(seed=1))
        self.info = replace(self.info, rung="sim")
        self.passed = 0
        self.mvm_busy = 0

    def _run(
        self,
        program: Program,
        entry: int,
        args: list[int],
        inputs: Inputs | None,
        on_words: Callable[[Words], None],
        result_bytes: int = 4,
    ) -> Done:
        before = self.state().busy_cycles
        end = super()._run(program, entry, args, inputs, on_words, result_bytes)
        if program.digest == load_firmware("mvm").digest:
            self.mvm_busy += self.state().busy_cycles - before
        return end

    def state(self) -> State:
        state = super().state()
        return replace(state, clock_cycles=state.run_cycles + self.passed)


def test_preparing_is_not_counted_but_waiting_is() -> None:
    bench = ClockedTwin()
    inside: list[State] = []

    @contextmanager
    def slow(bench: Bench) -> Iterator[ImageProgram]:
        assert isinstance(bench, ClockedTwin)
        bench.passed += 10**9
        with image_programmer(bench) as program:

            def waiting(levels: np.ndarray):  # type: ignore[no-untyped-def]
                inside.append(bench.state())
                records = program(levels)
                bench.passed += WAITED
                inside.append(bench.state())
                return records

            yield waiting
        bench.passed += 10**9

    figures = programming_speed(bench, Progress(quiet=True), slow)
    start, end = inside
    cycles = end.run_cycles - start.run_cycles + WAITED
    assert figures["image_time_s"] * bench.info.clock_hz == pytest.approx(cycles)
    assert figures["busy_share"] == pytest.approx((end.busy_cycles - start.busy_cycles) / cycles)
    assert figures["cells_per_s"] * figures["image_time_s"] == pytest.approx(1024)
    assert figures["mvm_busy_share"] == pytest.approx(
        bench.mvm_busy / (figures["mvm_time_s"] * bench.info.clock_hz * PRODUCTS), rel=1e-12
    )


def test_twin_has_no_clock() -> None:
    with pytest.raises(UsageError, match="no programming time. Give --port sim"):
        programming_speed(TwinBench(ArrayModel(seed=1)), Progress(quiet=True))


@pytest.mark.slow
def test_simulator() -> None:
    with open_bench("sim") as bench:
        figures = programming_speed(bench, Progress(quiet=True))
    assert figures.keys() == FIGURES
    assert figures["converged_fraction"] > 0.9
    assert figures["mvm_time_s"] <= 50e-6
    assert 0.9 <= figures["mvm_busy_share"] < 1
    assert 0.7 < figures["busy_share"] < 1


def test_twin_has_no_link() -> None:
    with pytest.raises(UsageError, match="The twin has no link"):
        link_speed("twin", Progress(quiet=True))


@pytest.mark.slow
def test_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """The issue's bounds, on a shorter stream than `measure link` takes."""
    monkeypatch.setattr(measure_link, "_BYTES", {SLOW: 256 << 10, FAST: 256 << 10})
    monkeypatch.setattr(measure_link, "IMAGES", 8)
    figures = link_speed("sim", Progress(quiet=True))
    assert 0.95 < figures["goodput_3M"] < 0.962
    assert 0.95 < figures["goodput_12M"] < 0.962
    assert 0.88 < figures["goodput_12M_programming"] < 0.95
    assert 0.4 < figures["programming_share"] < 1
    # by chance 2 to 25 frames are damaged either way
    assert 0.80 < figures["goodput_3M_damaged"] < figures["goodput_3M"]
    assert figures["cpu_s_per_MB"] > 0


def test_the_work_that_the_profile_is_taken_of_is_the_work_of_this_bench() -> None:
    """If it is not, its clocks have changed: run `make session`."""
    assert replay(resource_root() / SESSION).run_clocks > 500_000
