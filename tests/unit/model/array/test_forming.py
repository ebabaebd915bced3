"""Forming of fresh cells: each above its own voltage, and those voltages spread as the parameters say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from ohmbench.bench.base import dac_code
from ohmbench.model.array import ArrayModel
from ohmbench.tables import Mode

ALL = 0xFFFF_FFFF
FRESH = {"unformed_fraction": 1.0, "stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
STEP_V = 0.02


def form(array: ArrayModel, bl_v: float, us: float = 1.0, wl_v: float = 1.8) -> None:
    array.pulse(Mode.SET, ALL, ALL, dac_code(bl_v), 0, dac_code(wl_v), round(us * 48), 0)


def forming_voltages(array: ArrayModel, us: float = 1.0) -> NDArray[np.float64]:
    """Bit line voltage (32, 32) at which a staircase of 20 mV forms each cell; no formed cell becomes unformed."""
    volts = np.full((32, 32), np.nan)
    for bl_v in np.arange(1.7, 3.4, STEP_V):
        before = array.formed()
        form(array, float(bl_v), us)
        assert np.all(array.formed()[before])
        volts[array.formed() & ~before] = bl_v
    return volts


@pytest.fixture(scope="module")
def volts() -> NDArray[np.float64]:
    """Of 8 arrays."""
    return np.array([forming_voltages(ArrayModel(FRESH, seed)) for seed in range(8)])


def test_forming_voltages_are_spread_as_the_parameters_say(volts: NDArray[np.float64]) -> None:
    assert not np.isnan(volts).any()
    centre = volts - STEP_V / 2  # of the step in which the cell's voltage lies
    error = 0.15 / np.sqrt(volts.size)
    assert centre.mean() == pytest.approx(2.5, abs=4 * error)
    assert centre.std() == pytest.approx(0.15, abs=4 * error / np.sqrt(2) + 0.001)
    spread = centre + np.random.default_rng(1).uniform(-STEP_V / 2, STEP_V / 2, volts.shape)
    assert stats.kstest(spread.ravel(), "norm", args=(2.5, 0.15)).pvalue > 1e-3
    z = (centre - centre.mean()) / centre.std()
    for a, b in [(z[:, 1:], z[:, :-1]), (z[:, :, 1:], z[:, :, :-1]), (z[1:], z[:-1])]:
        assert abs(np.mean(a * b)) < 4 / np.sqrt(a.size)


def test_a_cell_forms_above_its_own_voltage_and_never_below(volts: NDArray[np.float64]) -> None:
    """One pulse on a fresh array forms what the staircase had formed by then, however often it is repeated."""
    for bl_v in (2.3, 2.5, 2.7):
        array = ArrayModel(FRESH, seed=3)
        for _ in range(5):
            form(array, bl_v)
        assert np.array_equal(array.formed(), volts[3] <= bl_v + 1e-9)


def test_longer_pulses_form_at_less(volts: NDArray[np.float64]) -> None:
    decade = forming_voltages(ArrayModel(FRESH, seed=3), us=10.0)
    assert (volts[3] - decade).mean() == pytest.approx(0.10, abs=0.002)


def test_a_formed_cell_is_in_the_range_after_forming() -> None:
    array = ArrayModel(FRESH, seed=1)
    assert np.all(array.conductance() < 0.2e-6)
    form(array, 3.4)
    g = array.conductance() * 1e6
    assert array.formed().all()
    assert np.mean((g > 30) & (g < 120)) > 0.9  # sky130's range after forming
    assert np.median(g) == pytest.approx(60, rel=0.05)


@pytest.mark.parametrize(("bl_v", "wl_v"), [(1.8, 2.0), (3.4, 0.5)])
def test_what_does_not_form(bl_v: float, wl_v: float) -> None:
    """Too little on the bit line; enough there, but the transistor off; and RESET never."""
    array = ArrayModel(FRESH, seed=1)
    form(array, bl_v, wl_v=wl_v)
    array.pulse(Mode.RESET, ALL, ALL, dac_code(3.4), 0, dac_code(4.0), 480, 0)
    assert not array.formed().any()
    assert np.all(array.conductance() == 0.1e-6)
