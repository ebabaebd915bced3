"""A small convolutional network that has learnt to tell blurred patterns apart, and those."""

from __future__ import annotations

from functools import cache

import numpy as np

from ohmbench.compress.base import train_imported
from ohmbench.compress.tied import TiedNetwork, tie_imported
from ohmbench.compress.tuning import Training, tune
from ohmbench.importing.quantise import quantise_network
from ohmbench.network.flow import Step, Window
from ohmbench.network.imported import ImportedNetwork

SIDE, CLASSES = 10, 5
TRAINING = Training(epochs=15, batch=50, rate=0.03)


def images(count: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy copies of one pattern a class, single precision (count, 1, SIDE, SIDE), 0..1."""
    rng = np.random.default_rng(seed)
    patterns, labels = rng.random((CLASSES, 1, SIDE, SIDE)), rng.integers(0, CLASSES, count)
    return np.clip(patterns[labels] + rng.normal(0, 0.1, (count, 1, SIDE, SIDE)), 0, 1).astype(np.float32), labels


def conv(rng: np.random.Generator, value: int, outputs: int, inputs: int, window: Window, groups: int = 1) -> Step:
    weights = rng.normal(0, 0.5, (outputs, inputs // groups, *window.kernel)).astype(np.float32)
    numbers = {"groups": groups, **window.numbers()}
    return Step("conv", (value,), numbers, {"weights": weights, "bias": np.zeros(outputs, np.float32)})


def network(seed: int = 0) -> ImportedNetwork:
    """A padded convolution, one in two groups, pools of both kinds, tanh, and a dense layer."""
    rng = np.random.default_rng(seed)
    two = Window((2, 2), (2, 2)).numbers()
    steps = (
        conv(rng, 0, 6, 1, Window((3, 3), (1, 1), (1, 1, 1, 1))),
        Step("relu", (1,)),
        Step("max_pool", (2,), two),
        conv(rng, 3, 8, 6, Window((2, 2)), groups=2),
        Step("tanh", (4,)),
        Step("average_pool", (5,), two),
        Step("reshape", (6,), {"shape": [32]}),
        Step(
            "dense",
            (7,),
            {},
            {"weights": rng.normal(0, 0.3, (32, CLASSES)).astype(np.float32), "bias": np.zeros(CLASSES, np.float32)},
        ),
    )
    return ImportedNetwork(steps, (1, SIDE, SIDE), (0.0, 1.0))


@cache
def whole() -> ImportedNetwork:
    """The network, trained and in whole numbers."""
    x, y = images()
    return quantise_network(train_imported(network(), x, y, epochs=20, batch=50), x, weight_bits=4)


@cache
def trained() -> TiedNetwork:
    """The network in whole levels, trained. Made once: nothing changes its arrays."""
    x, y = images()
    return tune(tie_imported(whole()), x, y, TRAINING)
