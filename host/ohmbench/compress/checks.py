"""Refuses what cannot be compressed, before any work is lost on it."""

from __future__ import annotations

import numpy as np

from ohmbench.errors import DataError
from ohmbench.network.network import Network
from ohmbench.support.array_types import Integers


def check_network(network: Network) -> None:
    """Raise DataError if a weight is no number, or a layer has no weights."""
    for index, (weights, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        bad = int(np.count_nonzero(~np.isfinite(weights))) + int(np.count_nonzero(~np.isfinite(bias)))
        if bad:
            raise DataError(
                f"{bad} weights of layer {index} are not finite numbers.",
                "Train again, with a lower rate.",
            )
        if not weights.any():
            raise DataError(f"Layer {index} has no weights left: all are 0.", "Train again, or prune less.")


def check_labels(labels: Integers, classes: int) -> None:
    """Raise DataError unless labels (n,) are classes 0..classes - 1."""
    low, high = (int(labels.min()), int(labels.max())) if len(labels) else (0, 0)
    if low < 0 or high >= classes:
        raise DataError(
            f"The labels are {low} to {high}, and the network has outputs 0 to {classes - 1}.",
            "Give the labels of this network.",
        )
