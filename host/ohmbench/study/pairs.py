"""From a data set to a weight image in one step: a dense network trained, quantised and mapped as pairs of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ohmbench.compress.quantise import quantise
from ohmbench.inference.exact import predict
from ohmbench.mapping.image import Provenance, WeightImage
from ohmbench.mapping.mapper import map_pairs
from ohmbench.network.data import Dataset, share_right
from ohmbench.network.network import Network, train
from ohmbench.support.array_types import FloatArray, Integers


@dataclass(frozen=True, eq=False)
class TrainedPairs:
    """A network in floating point, and in whole levels on arrays."""

    data: Dataset
    network: Network
    image: WeightImage

    @cached_property
    def accuracy_float(self) -> float:
        """Share of the test set that is right in floating point."""
        return share_right(self.network.predict(_scaled(self.data, self.data.test_x)), self.data.test_y)

    @cached_property
    def accuracy_quantised(self) -> float:
        """Share of the test set that is right in exact integers."""
        return share_right(predict(self.image, self.data.test_x), self.data.test_y)

    @property
    def widths(self) -> str:
        """Inputs first: 64-32-10."""
        return "-".join(map(str, self.network.sizes))


def train_pairs(
    data: Dataset,
    hidden: Sequence[int] = (),
    *,
    weight_bits: int,
    activation_bits: int | None = None,
    seed: int = 0,
    provenance: Provenance | None = None,
    **training: Any,
) -> TrainedPairs:
    """Train on a data set, quantise to signed weights of so many bits, and map as pairs.

    Args:
        hidden: widths of the hidden layers.
        training: epochs, batch, weight_noise and so on of `ohmbench.network.network.train`.

    Raises:
        UsageError: widths outside their range.
    """
    scaled = _scaled(data, data.train_x)
    sizes = [scaled.shape[1], *hidden, int(data.train_y.max()) + 1]
    network = train(scaled, data.train_y, sizes, seed=seed, **training)
    quantised = quantise(
        network,
        data.train_x,
        input_bits=data.input_bits,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
    )
    return TrainedPairs(data, network, map_pairs(quantised, provenance=provenance))


def _scaled(data: Dataset, inputs: Integers) -> FloatArray:
    return np.asarray(inputs * data.input_scale, np.float64)
