"""Compression of MNIST itself, where OHMBENCH_MNIST names its folder."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ohmbench.compress.base import train_float
from ohmbench.inference.exact import evaluate
from ohmbench.mapping.counting import count
from ohmbench.mapping.mapper import map_compressed
from ohmbench.network.mnist import ENVIRONMENT
from ohmbench.network.nets import INPUT_BITS, load_split, net_named
from ohmbench.study.methods import Start, run_method

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder"),
]


def test_784_10_ternary_keeps_a_third_of_its_cells_and_its_images_are_exact() -> None:
    net = net_named("784-10")
    split = load_split(net)
    network = train_float(split.train_x, split.train_y, net.sizes, input_bits=INPUT_BITS, epochs=2)
    start = Start.of(network, 2, split)
    outcome = run_method(start, "all", 0.35)
    assert outcome.counts.cells_saved >= 0.65
    assert start.accuracy_base - outcome.accuracy < 0.01
    image = map_compressed(outcome.network)
    assert count(image) == outcome.counts
    assert np.array_equal(evaluate(image, split.test_x), outcome.network.forward_integer(split.test_x))
