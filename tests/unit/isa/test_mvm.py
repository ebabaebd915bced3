"""firmware/mvm.useq on the twin: the integers that it must give, and how fast it gives them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench.bench.base import dac_code
from ohmbench.bench.twin import TwinBench
from ohmbench.inference.on_bench import run_tile
from ohmbench.measure.bench import full_tile
from ohmbench.model.array import ArrayModel
from ohmbench.programming.recipe import Recipe
from ohmbench.tables import ADC_LSB_V, DAC_FULL_SCALE_V, TIA_OHM

SIEMENS_PER_CODE = ADC_LSB_V / TIA_OHM / (dac_code(Recipe().read_v) / 65536 * DAC_FULL_SCALE_V)


def ideal_bench(weights: np.ndarray) -> TwinBench:
    """A twin whose codes are the sums of the active rows' weights."""
    array = ArrayModel("ideal")
    array.set_conductance(weights * SIEMENS_PER_CODE)
    return TwinBench(array)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.integers(1, 16),
    products=st.integers(1, 4),
    rows=st.integers(1, 32),
    outputs=st.integers(1, 32),
    max_gain=st.sampled_from([1, 2, 3, 7, 15, 16, 1000]),  # the FPGA multiplies by up to 15, the host by the others
)
def test_products_equal_the_integer_reference(
    seed: int, bits: int, products: int, rows: int, outputs: int, max_gain: int
) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 1000, (32, 32))
    inputs = np.zeros((products, 32), np.int64)
    row_of_input = rng.permutation(32)[:rows].astype(np.int16)
    inputs[:, row_of_input] = rng.integers(0, 1 << bits, (products, rows))
    p, n = (np.where(np.arange(32) < outputs, rng.integers(-1, 32, 32), -1).astype(np.int16) for _ in range(2))
    gain = np.where(np.arange(32) < outputs, rng.integers(1, max_gain + 1, 32), 0).astype(np.int32)
    tile = replace(full_tile(), outputs=outputs, row_of_input=row_of_input, p=p, n=n, gain=gain)

    codes, _ = run_tile(ideal_bench(weights), tile, inputs, bits, Recipe())

    sums = np.concatenate([inputs @ weights, np.zeros((products, 1), np.int64)], axis=1)  # -1: none
    np.testing.assert_array_equal(codes, ((sums[:, p] - sums[:, n]) * gain)[:, :outputs])


def test_the_largest_sums_and_gains_of_the_fpga() -> None:
    """Every column at the top of the ADC's range: 12-bit inputs times gains of 15 fill its 32 bits."""
    weights = np.full((32, 32), 1000)
    weights[:, 1::2] = 0
    inputs = np.full((1, 32), 4095)
    gain = np.where(np.arange(32) < 16, 15, 0).astype(np.int32)
    for side in ({}, {"p": full_tile().n, "n": full_tile().p}):
        codes, _ = run_tile(ideal_bench(weights), replace(full_tile(), gain=gain, **side), inputs, 12, Recipe())
        np.testing.assert_array_equal(codes, np.full((1, 16), 15 * 4095 * 32000 * (-1 if side else 1)))


def clocks_and_busy_share(gain: int) -> tuple[float, float]:
    """Of a product in the long run: of 8-bit inputs on the whole array."""
    rng = np.random.default_rng(1)
    bench, inputs = ideal_bench(rng.integers(0, 1000, (32, 32))), rng.integers(0, 256, (300, 32))
    tile = replace(full_tile(), gain=full_tile().gain * np.int32(gain))
    cycles, busy = [], []
    for count in (100, 300):
        before = bench.state().busy_cycles
        cycles.append(run_tile(bench, tile, inputs[:count], 8, Recipe())[1])
        busy.append(bench.state().busy_cycles - before)
    each = (cycles[1] - cycles[0]) / 200
    return each, (busy[1] - busy[0]) / 200 / each


def test_clocks_of_a_product() -> None:
    each, busy_share = clocks_and_busy_share(gain=1)
    assert each <= 8 * 100
    assert busy_share >= 0.9


def test_clocks_of_gains() -> None:
    """40 for each bit of the largest gain, and some for the way there and back."""
    none = clocks_and_busy_share(gain=1)[0]
    for bits in (2, 3, 4):
        each, _ = clocks_and_busy_share(gain=(1 << bits) - 1)
        assert each - none <= 40 * bits + 40
