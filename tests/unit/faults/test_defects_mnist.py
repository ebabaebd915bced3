"""The figure: 4 % stuck cells, MNIST at 14x14, 196-10, 4-bit weights, all 10,000 test images."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ohmbench.compress.quantise import quantise
from ohmbench.faults.avoid import BadCells, accuracy_with_faults, avoid_faults
from ohmbench.inference.exact import predict
from ohmbench.mapping.mapper import map_pairs
from ohmbench.measure.defects import measure_defects, random_faults
from ohmbench.network.mnist import ENVIRONMENT, load_mnist
from ohmbench.network.network import train
from ohmbench.programming.recipe import Recipe

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder"),
]


def test_four_percent_of_stuck_cells() -> None:
    figure = measure_defects(load_mnist(shape=(14, 14)))
    print(figure)
    assert figure["network"] == "196-10"
    assert figure["test_images"] == 10_000
    assert figure["fault_maps"] == 10
    assert figure["accuracy_quantised"] > 0.91
    assert figure["accuracy_plain"] < 0.85
    assert figure["won_back"] >= 0.8
    assert figure["won_back_worst"] >= 0.8


def test_stuck_cells_need_not_conduct_exactly_what_the_mapping_takes_them_for() -> None:
    """Stuck cells 30 uS below, and 10 uS above, what the mapping assumed."""
    data = load_mnist(shape=(14, 14))
    network = train(np.asarray(data.train_x * data.input_scale), data.train_y, (196, 10), epochs=10, batch=64)
    image = map_pairs(quantise(network, data.train_x, input_bits=data.input_bits))
    real = BadCells.of(Recipe(), 7, low_usiemens=13.0, high_usiemens=230.0)
    best = float(np.mean(predict(image, data.test_x) == data.test_y))
    for seed in range(5):
        faults = random_faults(0.02, 0.02, seed)
        mapped = avoid_faults(image, faults, inputs=data.train_x)
        plain = accuracy_with_faults(image, faults, data.test_x, data.test_y, real)
        aware = accuracy_with_faults(mapped, faults, data.test_x, data.test_y, real)
        assert aware - plain >= 0.8 * (best - plain)
