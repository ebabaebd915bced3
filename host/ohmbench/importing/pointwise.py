"""Activations, and arithmetic of each number: the host's."""

from __future__ import annotations

import numpy as np

from ohmbench.importing.builder import Builder
from ohmbench.importing.graph import Node
from ohmbench.importing.handling import Arguments, Handler, constant, for_each_input, live, optional, per_output
from ohmbench.importing.values import Constant, Known, Live, Refused
from ohmbench.network.flow import Value

_HIGHEST = float(np.finfo(np.float32).max)


def _relu(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    if x.grid is not None and x.scale is not None and x.scale.size == 1 and x.zero <= x.grid.high:
        if x.grid.low >= x.zero:
            return x  # never below zero
        return b.through("clip", x, x.shape, {"low": max(x.zero, x.grid.low), "high": x.grid.high})
    return b.put("relu", (b.floating(x),), x.shape)


def _clip(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    low, high = -_HIGHEST, _HIGHEST
    if (least := optional(arguments, 1)) is not None or "min" in node.attributes:
        low = node.number("min", 0) if least is None else least.scalar()
    if (most := optional(arguments, 2)) is not None or "max" in node.attributes:
        high = node.number("max", 0) if most is None else most.scalar()
    if np.isnan(low) or np.isnan(high):
        raise Refused("clips at a bound that is no number")
    if x.grid is not None and x.scale is None:
        return b.clip_whole(x, int(max(low, -(1 << 31))), int(min(high, 1 << 31)))
    low, high = max(low, -_HIGHEST), min(high, _HIGHEST)
    return b.put("clip", (b.floating(x),), x.shape, {"low": low, "high": max(low, high)})


def _leaky(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    return b.put("leaky", (b.floating(x),), x.shape, {"alpha": node.number("alpha", 0.01)})


def _prelu(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, slope = live(arguments), constant(arguments, 1)
    if slope.values.size != 1:
        raise Refused("has a slope for each channel", "Use one slope, or LeakyRelu.")
    return b.put("leaky", (b.floating(x),), x.shape, {"alpha": slope.scalar()})


def _plain(kind: str) -> Handler:
    return lambda b, node, arguments: b.put(kind, (b.floating(live(arguments)),), live(arguments).shape)


def _arithmetic(kind: str) -> Handler:
    def handle(b: Builder, node: Node, arguments: Arguments) -> Known:
        if len(arguments) != 2 or arguments[0] is None or arguments[1] is None:
            raise Refused("has other than two arguments")
        first, second = arguments
        if isinstance(first, Live) and isinstance(second, Live):
            return _of_two(b, kind, live(arguments, 0), live(arguments, 1))
        swapped = isinstance(first, Constant)
        x, known = live(arguments, int(swapped)), constant(arguments, int(not swapped))
        value = for_each_input(known.floats, x.shape)
        vector = per_output(value, x)
        if vector is not None:
            folded = _fold(b, kind, x, vector, swapped)
            if folded is not None:
                return folded
        shape = np.broadcast_shapes(value.shape, x.shape)
        return b.put(kind, (b.floating(x),), shape, {"swapped": 1} if swapped else {}, {"value": value})

    return handle


def _fold(b: Builder, kind: str, x: Live, value: Value, swapped: bool) -> Live | None:
    """The operation within the product that made x, if it is one."""
    one, none = np.ones(1, np.float32), np.zeros(1, np.float32)
    match kind:
        case "add":
            return b.fold(x, one, value)
        case "subtract":
            return b.fold(x, -one, value) if swapped else b.fold(x, one, -value)
        case "multiply":
            return b.fold(x, value, none)
    return None if swapped or not value.all() else b.fold(x, one / value, none)


def _of_two(b: Builder, kind: str, x: Live, y: Live) -> Live:
    if len(x.shape) != len(y.shape):
        raise Refused(f"has values of {list(x.shape)} and {list(y.shape)}", "Give both the same axes.")
    try:
        shape = np.broadcast_shapes(x.shape, y.shape)
    except ValueError as error:
        raise Refused(f"has values of {list(x.shape)} and {list(y.shape)}") from error
    return b.put(kind, (b.floating(x), b.floating(y)), shape)


POINTWISE: dict[str, Handler] = {
    "Relu": _relu,
    "Clip": _clip,
    "LeakyRelu": _leaky,
    "PRelu": _prelu,
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    "Add": _arithmetic("add"),
    "Sub": _arithmetic("subtract"),
    "Mul": _arithmetic("multiply"),
    "Div": _arithmetic("divide"),
}
