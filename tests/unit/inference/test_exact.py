"""Exact sums: those of the FPGA, which takes inputs bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from ohmbench.inference.exact import column_sums


@pytest.mark.parametrize("bits", [1, 4, 8, 16])
def test_sums_are_those_of_single_bits(bits: int) -> None:
    rng = np.random.default_rng(bits)
    values = rng.integers(0, 1 << bits, (50, 32))
    values[0] = (1 << bits) - 1
    levels = rng.integers(0, 256, (32, 32), np.uint8)
    levels[:, 0] = 255
    wanted = sum((((values >> bit) & 1) @ levels.astype(np.int64)) << bit for bit in range(bits))
    found = column_sums(levels, values)
    assert found.dtype == np.int64
    assert (found == wanted).all()
