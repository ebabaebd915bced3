"""What a handler of an operator is, and how it looks at its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ohmbench.importing.builder import Builder
from ohmbench.importing.graph import Node
from ohmbench.importing.values import Constant, Known, Live, Refused
from ohmbench.network.flow import Value

Arguments = Sequence[Known | None]
Handler = Callable[[Builder, Node, Arguments], Known | tuple[Known, ...]]
"""Takes a node and its arguments; raises Refused."""


def live(arguments: Arguments, index: int = 0) -> Live:
    """An argument that depends on the input."""
    value = arguments[index] if index < len(arguments) else None
    if not isinstance(value, Live):
        raise Refused("has a constant where the network's values are expected")
    if value.tail:
        raise Refused(
            f"stands behind {value.tail}, which is supported only at the end", "Export the network without it."
        )
    return value


def constant(arguments: Arguments, index: int) -> Constant:
    """An argument that must be a constant."""
    value = optional(arguments, index)
    if value is None:
        raise Refused("lacks an argument")
    return value


def optional(arguments: Arguments, index: int) -> Constant | None:
    """The same, None if it is left out."""
    value = arguments[index] if index < len(arguments) else None
    if isinstance(value, Live):
        raise Refused("computes an argument that must be a constant", "Export it with a fixed one.")
    return value


def axis_of(axis: int, x: Live) -> int:
    """An axis among those without the batch.

    Raises:
        Refused: it is the batch's, or none.
    """
    axes = len(x.shape) + 1
    if not -axes <= axis < axes:
        raise Refused(f"has the axis {axis} of {axes}")
    if axis % axes == 0:
        raise Refused("works across the batch", "Each input must go through by itself.")
    return axis % axes - 1


def for_each_input(values: Value, shape: tuple[int, ...]) -> Value:
    """A constant that is broadcast over the batch, without the batch's axis.

    Raises:
        Refused: it differs within the batch, or does not fit.
    """
    if values.ndim == len(shape) + 1:
        if values.shape[0] != 1:
            raise Refused(f"has a constant of the shape {list(values.shape)}, which differs within the batch")
        values = values[0]
    if values.ndim > len(shape):
        raise Refused(f"has a constant of the shape {list(values.shape)} for values of {list(shape)}")
    try:
        np.broadcast_shapes(values.shape, shape)
    except ValueError as error:
        raise Refused(f"has a constant of the shape {list(values.shape)} for values of {list(shape)}") from error
    return values


def per_output(values: Value, x: Live) -> Value | None:
    """The same as one number an output (the first axis); None if it is not that."""
    form = (1,) * (len(x.shape) - values.ndim) + values.shape
    return values.ravel() if all(size == 1 for size in form[1:]) and form[0] in (1, x.shape[0]) else None
