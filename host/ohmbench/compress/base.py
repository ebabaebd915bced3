"""Training from nothing, and the un-merged quantised network that every method starts from and is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ohmbench.compress.checks import check_labels, check_network
from ohmbench.compress.tied import TiedNetwork, tie, tie_imported
from ohmbench.compress.tuning import Training, tune
from ohmbench.network.imported import FLOAT_PRODUCTS, ImportedNetwork
from ohmbench.network.network import Network
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import Integers, NetworkInputs

FLOAT_RATE = 3e-3
FLOAT_DECAY = 1e-4


def train_float(
    inputs: Integers,
    labels: Integers,
    sizes: Sequence[int],
    *,
    input_bits: int,
    epochs: int,
    seed: int = 0,
    decay: float = FLOAT_DECAY,
    batch: int = Training.batch,
    progress: OnProgress | None = None,
) -> Network:
    """Train a dense ReLU network on integer inputs (n, sizes[0]), in single precision: minutes become seconds.

    `ohmbench.network.network.train` does the same in double precision and with noise.
    """
    rng = np.random.default_rng(seed)
    # He et al., "Delving Deep into Rectifiers", ICCV 2015: standard deviation sqrt(2 / inputs) ahead of a ReLU
    weights = tuple(rng.normal(0.0, np.sqrt(2.0 / a), (a, b)) for a, b in pairwise(sizes))
    start = Network(weights, tuple(np.zeros(b) for b in sizes[1:]))
    tied = tie(start, 1, input_bits=input_bits, activation_bits=8)
    layers = [
        replace(y, cells=np.append(w.ravel(), 0).astype(np.float32), scale=np.ones_like(y.scale))
        for y, w in zip(tied.layers, weights, strict=True)
    ]
    training = Training(
        epochs, batch, rate=FLOAT_RATE, scale_rate=0.0, bias_rate=FLOAT_RATE, round_levels=False, decay=decay
    )
    tied = tune(replace(tied, layers=tuple(layers)), inputs, labels, training, seed=seed, progress=progress)
    return Network(
        tuple(y.codebook(rounded=False).astype(np.float64) for y in tied.layers),
        tuple(y.bias.astype(np.float64) for y in tied.layers),
    )


def train_imported(
    network: ImportedNetwork,
    inputs: NetworkInputs,
    labels: Integers,
    *,
    epochs: int,
    batch: int = Training.batch,
    seed: int = 0,
    decay: float = FLOAT_DECAY,
    progress: OnProgress | None = None,
) -> ImportedNetwork:
    """`network`, whose products are in floating point, with its weights and biases trained on inputs (n, ...).

    Raises:
        DataError: a step lets no gradient pass.
    """
    training = Training(
        epochs, batch, rate=FLOAT_RATE, scale_rate=0.0, bias_rate=FLOAT_RATE, round_levels=False, decay=decay
    )
    layers = iter(tune(tie_imported(network), inputs, labels, training, seed=seed, progress=progress).layers)
    steps = []
    for step in network.steps:
        if step.kind in FLOAT_PRODUCTS:
            groups = int(step.numbers.get("groups", 1))
            parts = [next(layers) for _ in range(groups)]
            weights = np.concatenate([y.codebook(rounded=False) for y in parts], axis=1)
            if step.kind == "conv":
                weights = weights.T.reshape(step.arrays["weights"].shape)
            step = replace(step, arrays={"weights": weights, "bias": np.concatenate([y.bias for y in parts])})
        steps.append(step)
    return replace(network, steps=tuple(steps))


def train_levels(
    network: Network,
    inputs: Integers,
    labels: Integers,
    *,
    max_level: int,
    input_bits: int,
    activation_bits: int,
    training: Training,
    seed: int = 0,
    progress: OnProgress | None = None,
) -> TiedNetwork:
    """`network` in whole levels -max_level..max_level, trained so that it works with them: one cell a weight.

    Raises:
        DataError: weights that are no numbers, a layer without weights, or labels that do not fit.
    """
    check_network(network)
    check_labels(labels, network.sizes[-1])
    tied = tie(network, max_level, input_bits=input_bits, activation_bits=activation_bits)
    return tune(tied, inputs, labels, training, seed=seed, progress=progress)
