"""Relaxation by bench time: sigma of technology C (akashlevy/RRAM-Relaxation-Master-Model), and when it starts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ohmbench.bench.base import dac_code
from ohmbench.errors import DataError
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.tables import CLOCK_HZ, Mode

ALL = 0xFFFF_FFFF
READ, GATE = dac_code(0.2), dac_code(3.0)


def seconds(value: float) -> int:
    return round(value * CLOCK_HZ)


@pytest.fixture(scope="module")
def arrays() -> list[ArrayModel]:
    """40 arrays of preset C, every cell set to about 20 uS at clock 0, far from the window's bounds."""
    params = load_params("c") | {"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
    params |= {"g_low_usiemens": 0.0, "g_high_usiemens": 1000.0}
    made = [ArrayModel(params, seed) for seed in range(40)]
    for array in made:
        array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(1.8), 48, 0)
    return made


def moved(arrays: list[ArrayModel], time_s: float) -> NDArray[np.float64]:
    return np.array([a.conductance(seconds(time_s)) - a.conductance(0) for a in arrays]) * 1e6


@pytest.mark.parametrize(
    ("time_s", "measured", "within"), [(0.01, 0.93, 0.1), (0.1, 1.56, 0.1), (1.0, 2.05, 0.1), (1e5, 3.63, 0.2)]
)
def test_sigma_grows_as_measured(arrays: list[ArrayModel], time_s: float, measured: float, within: float) -> None:
    assert moved(arrays, time_s).std() == pytest.approx(measured, abs=within)


@pytest.mark.parametrize(("time_s", "measured"), [(1.0, -0.27), (1e5, -1.44)])
def test_mean_falls_as_measured(arrays: list[ArrayModel], time_s: float, measured: float) -> None:
    assert moved(arrays, time_s).mean() == pytest.approx(measured, abs=0.1)


def test_tails_are_heavy_as_measured(arrays: list[ArrayModel]) -> None:
    """Measured at 1 s: robust sigma 1.13 uS, 99th percentile of the magnitude 7.8 uS."""
    change = moved(arrays, 1.0)
    assert 1.4826 * np.median(np.abs(change - np.median(change))) == pytest.approx(1.13, rel=0.1)
    assert np.quantile(np.abs(change), 0.99) == pytest.approx(7.8, rel=0.1)


def test_a_cell_relaxes_along_one_path(arrays: list[ArrayModel]) -> None:
    early, late = moved(arrays, 1.0).ravel(), moved(arrays, 1e4).ravel()
    assert np.corrcoef(early, late)[0, 1] > 0.99


def test_no_relaxation_right_after_a_pulse_nor_without_one() -> None:
    array = ArrayModel("c", seed=3)
    initial = array.conductance(0)
    assert np.array_equal(array.conductance(seconds(1e6)), initial)
    array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(1.8), 48, 0)
    assert np.array_equal(array.conductance(seconds(1e-3)), array.conductance(0))
    assert not np.array_equal(array.conductance(seconds(1.0)), array.conductance(0))


def test_a_pulse_too_weak_to_switch_does_not_stop_it() -> None:
    array, other = (ArrayModel("c", seed=3) for _ in range(2))
    for a in (array, other):
        a.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(1.8), 48, 0)
    array.pulse(Mode.SET, ALL, ALL, dac_code(0.5), 0, dac_code(1.8), 48, seconds(1.0))
    assert np.array_equal(array.conductance(seconds(100)), other.conductance(seconds(100)))


def test_a_pulse_starts_from_the_relaxed_state() -> None:
    params = load_params("c") | {"set_rate": 1e-9}  # so weak that the state before the pulse can be seen after it
    array = ArrayModel(params, seed=3)
    array.set_conductance(np.full((32, 32), 20e-6))
    array.pulse(Mode.RESET, ALL, ALL, dac_code(1.5), 0, dac_code(3.5), 48, 0)
    before = array.conductance(seconds(10))
    array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(2.5), 48, seconds(10))
    np.testing.assert_allclose(array.conductance(seconds(10)), before, rtol=1e-5)


def test_array_senses_follow_relaxation_within_a_step_of_the_grid() -> None:
    params = load_params("ideal") | {
        name: value for name, value in load_params("a").items() if name.startswith("relax")
    }
    array = ArrayModel(params, seed=4)
    array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(2.0), 48, 0)
    volts_per_code = 125e-6 / 2400 / (READ / 65536 * 5)
    for time_s in (1e-4, 0.5, 3.0, 1000.0):
        now = seconds(time_s)
        codes = array.sense(ALL, ALL, READ, GATE, now)
        exact = array.conductance(now).sum(axis=0) / volts_per_code
        start = array.conductance(0).sum(axis=0) / volts_per_code
        assert np.max(np.abs(codes - exact)) <= 0.5 + 0.05 * np.max(np.abs(exact - start))


@pytest.mark.parametrize(("time_s", "measured", "within"), [(1.0, 2.05, 0.1), (1e5, 3.6, 0.2)])
def test_sigma_after_a_rest_with_the_power_off(time_s: float, measured: float, within: float) -> None:
    """Preset C as it is, its window included, rested instead of clocked."""
    moves = []
    for seed in range(20):
        array = ArrayModel("c", seed)
        array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(1.8), 48, 0)
        before, good = array.conductance(), array.kinds() == 0
        array.rest(time_s)
        assert array.clock == 0
        moves.append((array.conductance() - before)[good] * 1e6)
    assert np.concatenate(moves).std() == pytest.approx(measured, abs=within)


@settings(max_examples=50)
@given(rest_s=st.floats(0.0, 1e10), clocks=st.integers(0, 10**9))
def test_rest_is_bench_time(rest_s: float, clocks: int) -> None:
    rested, clocked = ArrayModel("c", seed=3), ArrayModel("c", seed=3)
    for array in (rested, clocked):
        array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(1.8), 48, 100)
    rested.rest(rest_s)
    passed = int(rest_s * CLOCK_HZ)
    assert np.array_equal(rested.conductance(clocks), clocked.conductance(passed + clocks))
    for mask in (ALL, 1 << 5):
        codes = rested.sense(mask, ALL, READ, GATE, 100 + clocks)
        assert np.array_equal(codes, clocked.sense(mask, ALL, READ, GATE, 100 + clocks + passed))


@pytest.mark.parametrize("rest_s", [-1.0, float("nan"), float("inf"), 1e12])
def test_rest_that_is_no_time_is_refused(rest_s: float) -> None:
    array = ArrayModel("c", seed=3)
    before = array.save()
    with pytest.raises(DataError, match="array cannot rest for"):
        array.rest(rest_s)
    assert array.save() == before
