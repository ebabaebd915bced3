"""Reads: exact without non-idealities, noise as specified with them, and no dependence on the order of calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench.bench.base import dac_code
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.tables import ADC_LSB_V, DAC_FULL_SCALE_V, TIA_OHM, Mode

ALL = 0xFFFF_FFFF
READ, GATE = dac_code(0.2), dac_code(3.0)
VOLTS = READ / 65536 * DAC_FULL_SCALE_V
SIEMENS_PER_CODE = ADC_LSB_V / TIA_OHM / VOLTS


def bits(mask: int) -> np.ndarray:
    return np.array([mask >> i & 1 for i in range(32)])


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), wl=st.integers(0, ALL), bl=st.integers(0, ALL), gate=st.sampled_from([GATE, 0]))
def test_ideal_array_equals_the_integer_reference(seed: int, wl: int, bl: int, gate: int) -> None:
    weights = np.random.default_rng(seed).integers(0, 1024, (32, 32))
    array = ArrayModel("ideal")
    array.set_conductance(weights * SIEMENS_PER_CODE)
    active = bits(wl & bl if gate else 0)
    assert np.array_equal(array.sense(wl, bl, READ, gate, 0), np.minimum(active @ weights, 32767))


def test_ideal_row_equals_the_integer_reference() -> None:
    weights = np.random.default_rng(3).integers(0, 1024, (32, 32))
    array = ArrayModel("ideal")
    array.set_conductance(weights * SIEMENS_PER_CODE)
    for row in range(32):
        assert np.array_equal(array.sense(1 << row, 1 << row, READ, GATE, 0), weights[row])
        assert not array.sense(1 << row, ALL ^ 1 << row, READ, GATE, 0).any()


def test_codes_round_half_away_from_zero_and_saturate() -> None:
    params = load_params("ideal")
    array = ArrayModel(params | {"adc_offset_lsb": -2.5})
    assert np.all(array.sense(0, 0, READ, GATE, 0) == -3)
    array = ArrayModel(params | {"adc_offset_lsb": 2.5})
    assert np.all(array.sense(0, 0, READ, GATE, 0) == 3)
    array.set_conductance(np.full((32, 32), 1e-3))
    assert np.all(array.sense(ALL, ALL, READ, GATE, 0) == 32767)
    array = ArrayModel(params | {"adc_offset_lsb": -32768.0, "adc_noise_lsb": 50.0})
    assert array.sense(0, 0, READ, GATE, 0).min() == -32768


def test_nonlinearity_is_one_at_the_reference_voltage() -> None:
    params = load_params("ideal") | {"read_nonlinearity_v": 0.43, "read_reference_v": VOLTS}
    array = ArrayModel(params)
    array.set_conductance(np.full((32, 32), 100 * SIEMENS_PER_CODE))
    assert np.all(array.sense(1, 1, READ, GATE, 0) == 100)
    half = array.sense(1, 1, READ // 2, GATE, 0)[0] / 100
    ratio = (1 + (VOLTS / 2 / 0.43) ** 2 / 6) / (1 + (VOLTS / 0.43) ** 2 / 6)
    assert half == pytest.approx(0.5 * ratio, abs=0.01)


@pytest.mark.parametrize("wl", [1 << 5, ALL, 0x0000_FF00])
def test_noise_has_the_exact_variance(wl: int) -> None:
    array = ArrayModel(
        load_params("ideal") | {"read_noise_relative": 0.05, "read_noise_usiemens": 2.0, "adc_noise_lsb": 5.0}
    )
    g = np.random.default_rng(1).uniform(20e-6, 100e-6, (32, 32))
    array.set_conductance(g)
    codes = array.mvm(np.full(20000, wl, np.uint32), wl, READ, GATE, 0).astype(float)
    active = bits(wl)
    cells = active @ ((0.05 * g) ** 2 + 2e-6**2) / SIEMENS_PER_CODE**2
    np.testing.assert_allclose(codes.mean(axis=0), active @ g / SIEMENS_PER_CODE, rtol=0.005)
    np.testing.assert_allclose(codes.std(axis=0), np.sqrt(cells + 25 + 1 / 12), rtol=0.03)
    correlation = np.corrcoef(codes.T) - np.eye(32)
    assert np.max(np.abs(correlation)) < 5 / np.sqrt(20000)


def programmed(seed: int = 1) -> ArrayModel:
    array = ArrayModel(seed=seed)
    array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(2.0), 48, 100)
    array.pulse(Mode.RESET, 0xFFFF, 0x00FF_FF00, dac_code(1.0), 0, dac_code(3.5), 10, 2000)
    return array


@settings(max_examples=25, deadline=None)
@given(
    masks=st.lists(st.integers(0, ALL), max_size=8),
    wl=st.sampled_from([ALL, 1 << 7, 0, 0xFFFF]),
    start=st.integers(0, 2**50),
    step=st.sampled_from([0, 100, 48_000, 48_000_000]),
)
def test_mvm_is_the_same_senses_bit_for_bit(masks: list[int], wl: int, start: int, step: int) -> None:
    one, other = programmed(), programmed()
    clocks = start + step * np.arange(len(masks), dtype=np.uint64)
    codes = one.mvm(masks, wl, READ, GATE, clocks)
    assert codes.shape == (len(masks), 32)
    for mask, clock, line in zip(masks, clocks.tolist(), codes, strict=True):
        assert np.array_equal(line, other.sense(wl, mask, READ, GATE, clock))


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(24)))
def test_results_do_not_depend_on_the_order_of_calls(order: list[int]) -> None:
    """Pulses at other cells and reads of other rows, in any order, change nothing of a cell's life."""
    lives = [(cell, n) for cell in range(8) for n in range(3)]

    def run(sequence: list[int]) -> tuple[np.ndarray, dict[int, list[np.ndarray]]]:
        array, lived = ArrayModel(seed=5), dict.fromkeys(range(8), 0)
        reads: dict[int, list[np.ndarray]] = {cell: [] for cell in range(8)}
        for index in sequence:
            cell = lives[index][0]
            n, lived[cell] = lived[cell], lived[cell] + 1
            row, col, now = 1 << cell, 1 << 3 * cell, 1000 * (n + 1)
            if n != 1:
                array.pulse(Mode.SET, row, col, dac_code(2.0), dac_code(2.0), dac_code(1.9 + n / 10), 24, now)
            else:
                array.pulse(Mode.RESET, row, col, dac_code(1.0), 0, dac_code(3.5), 10, now)
            reads[cell].append(array.sense(row, row, READ, GATE, now + 500))
        return array.conductance(10**9), reads

    g, reads = run(list(range(24)))
    g_other, reads_other = run(list(order))
    assert np.array_equal(g, g_other)
    assert all(np.array_equal(reads[cell], reads_other[cell]) for cell in reads)


def test_an_array_sense_is_a_function_of_state_and_time_only() -> None:
    """What was sensed before, other masks and other times, leaves nothing behind but the count of senses."""
    straight, wandering = programmed(), programmed()
    for now in (10_000, 10**12, 10**6):
        wandering.sense(0xFF00, ALL, READ, GATE, now)
    for now in (10_000, 10_001, 10_002):
        straight.sense(ALL, ALL, READ, GATE, now)
    for now in (3 * 10**8, 3 * 10**8 + 1, 10**11, 50_000):
        assert np.array_equal(straight.sense(ALL, ALL, READ, GATE, now), wandering.sense(ALL, ALL, READ, GATE, now))


def test_seeds_are_different_arrays() -> None:
    assert not np.array_equal(programmed(1).conductance(), programmed(2).conductance())
    assert np.array_equal(programmed(1).conductance(), programmed(1).conductance())


def test_wires_take_from_far_cells() -> None:
    array = ArrayModel(load_params("ideal") | {"wire_bl_ohm": 2.0, "wire_sl_ohm": 2.0})
    array.set_conductance(np.full((32, 32), 50e-6))
    codes = array.sense(ALL, ALL, READ, GATE, 0)
    assert np.all(np.diff(codes) < 0)  # columns further from the drivers get less
    assert codes[0] < round(32 * 50e-6 / SIEMENS_PER_CODE)


@settings(max_examples=30, deadline=None)
@given(one=st.integers(0, ALL), other=st.integers(0, ALL), wl=st.sampled_from([ALL, 0xFFFF, 1 << 9]))
def test_currents_of_bit_lines_add(one: int, other: int, wl: int) -> None:
    """Superposition, wires included: the same rows on, what two sets of bit lines give together is their sum."""
    array = ArrayModel(load_params("ideal") | {"wire_bl_ohm": 2.0, "wire_sl_ohm": 3.0, "driver_ohm": 9.5})
    array.set_conductance(np.random.default_rng(2).uniform(1e-6, 60e-6, (32, 32)))
    codes = [array.sense(wl, mask, READ, GATE, 0).astype(int) for mask in (one, other, one | other, one & other)]
    assert np.max(np.abs(codes[0] + codes[1] - codes[2] - codes[3])) <= 2  # four roundings
