"""What methods start from: a network trained in whole levels."""

from __future__ import annotations

import pytest
from tests.unit.compress.conv_making import images, network

from ohmbench.network.nets import Split
from ohmbench.study.methods import Start


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_a_network_from_elsewhere_learns_at_any_number_of_levels(bits: int) -> None:
    """A rate in level steps that suits 7 levels is too small for 127."""
    x, y = images(900)
    split = Split(x[:600], y[:600], x[600:750], y[600:750], x[750:], y[750:], "", {})
    start = Start.of_imported(network(), "untrained", split, bits=bits, epochs=8, batch=50)
    assert start.accuracy_base > 0.85  # a fifth by chance
