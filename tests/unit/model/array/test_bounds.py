"""Whatever is done to an array, its conductances stay within their bounds and are numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench.model.array import ArrayModel, default_params

CODE = st.integers(0, 0xFFFF)
MASK = st.integers(0, 0xFFFF_FFFF)
CLOCKS = st.integers(0, 2**64 - 1)
PULSE = st.tuples(st.integers(-1, 5), MASK, MASK, CODE, CODE, CODE, st.integers(0, 2**32 - 1), CLOCKS)
SPREADS = [name for name in default_params() if name.endswith(("d2d", "c2c", "_ln", "_v", "rate", "decade_usiemens2"))]


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    pulses=st.lists(PULSE, max_size=6),
    spreads=st.dictionaries(st.sampled_from(SPREADS), st.sampled_from([0.0, 0.5, 5.0, 1e3]), max_size=3),
    unformed=st.sampled_from([0.0, 0.5]),
    now=CLOCKS,
)
def test_conductance_stays_in_its_bounds(
    seed: int,
    pulses: list[tuple[int, int, int, int, int, int, int, int]],
    spreads: dict[str, float],
    unformed: float,
    now: int,
) -> None:
    lows = {"set_v_a_v", "set_v_b_v", "reset_v_r_v", "read_reference_v", "dac_full_scale_v", "adc_lsb_v"}
    params = {name: max(value, 1e-3) if name in lows else value for name, value in spreads.items()}
    array = ArrayModel(params | {"unformed_fraction": unformed}, seed)
    low, high = array.params["g_low_usiemens"] * 1e-6, array.params["g_high_usiemens"] * 1e-6
    for pulse in pulses:
        array.pulse(*pulse)
        for time in (pulse[-1], now):
            g, formed = array.conductance(time), array.formed()
            assert np.all((g[formed] >= low) & (g[formed] <= high))
            assert np.all(g[~formed] == array.params["unformed_usiemens"] * 1e-6)
    array.sense(0xFFFF_FFFF, 0xFFFF_FFFF, 2621, 40000, now)


@given(value=st.floats())
def test_set_conductance_is_bounded(value: float) -> None:
    array = ArrayModel({"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0})
    before = array.conductance()
    array.set_conductance(np.full((32, 32), value))
    expected = before if np.isnan(value) else np.clip(value * 1e6, 3.0, 260.0) * 1e-6
    np.testing.assert_allclose(array.conductance(), expected, rtol=1e-15)


@given(
    seed=st.integers(0, 100),
    bl_code=CODE,
    wl=MASK,
    bl=MASK,
)
def test_more_voltage_never_reads_less(seed: int, bl_code: int, wl: int, bl: int) -> None:
    quiet = {"adc_noise_lsb": 0.0, "read_noise_relative": 0.0, "read_noise_usiemens": 0.0}
    array = ArrayModel(quiet, seed)
    less, more = (array.sense(wl, bl, code, 40000, 0) for code in (bl_code // 2, bl_code))
    assert np.all(less <= more)


@pytest.mark.parametrize("argument", range(1, 8))
def test_values_that_do_not_fit_are_refused(argument: int) -> None:
    values = [2, 1, 1, 1, 1, 1, 1, 1]
    values[argument] = -1
    with pytest.raises(OverflowError):
        ArrayModel().pulse(*values)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        ArrayModel().set_conductance(np.zeros(32))
    with pytest.raises(ValueError, match="bl_masks"):
        ArrayModel().mvm(np.zeros((2, 2), np.uint32), 1, 1, 1, 0)
