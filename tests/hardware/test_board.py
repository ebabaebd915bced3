"""What a board has to do before an array is trusted to it.

    pytest tests/hardware --port /dev/ttyUSB0

No test gives a pulse of any voltage: what is in the socket is read, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ohmbench.bench.base import Bench, Limits
from ohmbench.bench.opening import open_bench
from ohmbench.checks.reads import echo
from ohmbench.checks.selftest import selftest
from ohmbench.errors import FaultError
from ohmbench.isa import assemble
from ohmbench.link.rate import RATES
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.tables import CLOCK_HZ, COLUMNS, ROWS, Fault

NO_PULSE = Limits({}, 0.0, 0)
PULSE = """
        li      r0, 1
        mone    m1, r0
        lines   set, m1, m1, m1
        pulse   r0
        halt    0
"""


@pytest.fixture
def bench(port: str) -> Iterator[Bench]:
    with open_bench(port) as bench:
        yield bench


def test_it_says_what_it_is_and_is_off(bench: Bench) -> None:
    assert (bench.info.rows, bench.info.columns, bench.info.clock_hz) == (ROWS, COLUMNS, CLOCK_HZ)
    assert bench.info.build_id
    state = bench.state()
    assert not state.armed
    assert not state.running


@pytest.mark.parametrize("baud", RATES)
def test_what_is_sent_comes_back_at_every_rate(port: str, baud: int) -> None:
    rng = np.random.default_rng(baud)
    with open_bench(port, baud=baud) as bench:
        for _ in range(50):
            vector = rng.integers(0, 2**32, COLUMNS, dtype=np.uint32)
            assert np.array_equal(echo(bench, vector), vector)


def test_the_guard_stops_a_pulse_that_nothing_allows(bench: Bench) -> None:
    """All rails are at 0 V and limited to it, so that even a guard that failed would do nothing."""
    with pytest.raises(FaultError, match="fault (width_limit|budget)"), bench.armed(NO_PULSE, {}):
        bench.execute(assemble(PULSE), {})
    assert not bench.state().armed
    assert bench.state().fault in (Fault.WIDTH_LIMIT, Fault.BUDGET)
    with bench.armed(NO_PULSE, {}):
        assert bench.state().armed
    assert not bench.state().armed


def test_reading_takes_the_clocks_that_the_twin_says(bench: Bench) -> None:
    recipe = Recipe.load("coarse-fine")

    def read(on: Bench) -> tuple[np.ndarray, int]:
        before = on.state().run_cycles
        codes = read_array(on, recipe)
        return codes, on.state().run_cycles - before

    codes, took = read(bench)
    with open_bench("twin") as twin:
        assert took == read(twin)[1]
    again, _ = read(bench)
    assert np.abs(codes - again).max() < 100


def test_its_carrier_is_well(bench: Bench) -> None:
    selftest(bench, Progress(quiet=True)).require_good()
