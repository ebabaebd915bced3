"""firmware/mvm.useq on the twin: the integers that it must give, and how fast it gives them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench._tables import ADC_LSB_V, DAC_FULL_SCALE_V, TIA_OHM
from ohmbench.array import ArrayModel
from ohmbench.bench import dac_code
from ohmbench.inference import run_tile
from ohmbench.measure import full_tile
from ohmbench.recipe import Recipe
from ohmbench.twin_bench import TwinBench

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
)
def test_products_equal_the_integer_reference(seed: int, bits: int, products: int, rows: int, outputs: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 1000, (32, 32))
    inputs = np.zeros((products, 32), np.int64)
    row_of_input = rng.permutation(32)[:rows].astype(np.int16)
    inputs[:, row_of_input] = rng.integers(0, 1 << bits, (products, rows))
    p, n = (np.where(np.arange(32) < outputs, rng.integers(-1, 32, 32), -1).astype(np.int16) for _ in range(2))
    tile = replace(full_tile(), outputs=outputs, row_of_input=row_of_input, p=p, n=n)

    codes, _ = run_tile(ideal_bench(weights), tile, inputs, bits, Recipe())

    sums = np.concatenate([inputs @ weights, np.zeros((products, 1), np.int64)], axis=1)  # -1: none
    np.testing.assert_array_equal(codes, (sums[:, p] - sums[:, n])[:, :outputs])


def test_clocks_of_a_product() -> None:
    """In the long run: of 8-bit inputs on the whole array."""
    rng = np.random.default_rng(1)
    bench, inputs = ideal_bench(rng.integers(0, 1000, (32, 32))), rng.integers(0, 256, (300, 32))
    cycles, busy = [], []
    for count in (100, 300):
        before = bench.state().busy_cycles
        cycles.append(run_tile(bench, full_tile(), inputs[:count], 8, Recipe())[1])
        busy.append(bench.state().busy_cycles - before)
    each = (cycles[1] - cycles[0]) / 200
    assert each <= 8 * 100
    assert (busy[1] - busy[0]) / 200 / each >= 0.9
