"""Small networks and images for the tests of compression."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from ohmbench.compress.base import train_float, train_levels
from ohmbench.compress.tied import TiedNetwork
from ohmbench.compress.tuning import Training
from ohmbench.network.network import Network

TRAINING = Training(epochs=3, batch=50, rate=0.05)


def images(inputs: int = 40, classes: int = 5, count: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy copies of one random pattern a class, 4 bits; the last input is always 0."""
    rng = np.random.default_rng(seed)
    patterns, labels = rng.integers(0, 16, (classes, inputs)), rng.integers(0, classes, count)
    x = np.clip(patterns[labels] + rng.normal(0, 4, (count, inputs)), 0, 15).astype(np.uint8)
    x[:, -1] = 0
    return x, labels


def network(*sizes: int, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    return Network(tuple(rng.normal(0, 1, (a, b)) for a, b in pairs), tuple(rng.normal(0, 0.1, b) for _, b in pairs))


@cache
def trained(*sizes: int, max_level: int = 7, seed: int = 0) -> tuple[TiedNetwork, np.ndarray, np.ndarray]:
    """A network in whole levels that has learnt `images`, and those. Made once: nothing changes its arrays."""
    x, y = images(sizes[0], sizes[-1], seed=seed)
    real = train_float(x, y, sizes, input_bits=4, epochs=80, seed=seed)
    return (
        train_levels(real, x, y, max_level=max_level, input_bits=4, activation_bits=8, training=TRAINING, seed=seed),
        x,
        y,
    )
