"""Networks out of arrays, layer by layer, for what does not come as a graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ohmbench.errors import DataError
from ohmbench.importing.builder import Builder
from ohmbench.importing.values import Constant, Live
from ohmbench.network.flow import Value
from ohmbench.network.imported import ImportedNetwork


def floats(values: object) -> Constant:
    """Weights or a bias."""
    return Constant(np.asarray(values, np.float32), "float")


def scaled(b: Builder, x: Live, *, subtract: object = None, divide: object = None) -> Live:
    """(x - subtract) / divide of each feature."""
    for kind, value in (("subtract", subtract), ("divide", divide)):
        if value is not None:
            x = b.put(kind, (x,), x.shape, arrays={"value": np.asarray(value, np.float32)})
    return x


def finished(
    b: Builder, output: Live, shape: tuple[int, ...], provenance: Mapping[str, str | int | float]
) -> ImportedNetwork:
    """The network, if it is one.

    Raises:
        DataError: it holds numbers that are not finite.
    """
    steps = b.finish(output)
    arrays: list[tuple[str, Value]] = [(step.name, array) for step in steps for array in step.arrays.values()]
    for name, array in arrays:
        if not np.isfinite(array).all():
            raise DataError(f"Cannot take the network: {name} has numbers that are not finite.", "Train it again.")
    return ImportedNetwork(steps, shape, None, tuple(b.said), provenance)
