"""QONNX: Quant, IntQuant and BipolarQuant, whose values stay in floating point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ohmbench.importing.builder import MAX_ARRAY_BITS, Builder
from ohmbench.importing.graph import Node
from ohmbench.importing.handling import Arguments, Handler, constant, for_each_input, live, optional
from ohmbench.importing.quantised import check_scale
from ohmbench.importing.values import Constant, Grid, Known, Refused, Whole
from ohmbench.network.flow import Value


def _bounds(node: Node, bits: int) -> tuple[int, int]:
    signed, narrow = bool(node.integer("signed", 1)), bool(node.integer("narrow", 0))
    if signed:
        return -(1 << (bits - 1)) + narrow, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - narrow


def _quant(b: Builder, node: Node, arguments: Arguments) -> Known:
    scale, zero = check_scale(constant(arguments, 1).values), optional(arguments, 2)
    width = constant(arguments, 3).scalar()
    shift = 0.0 if zero is None else _one_of(zero)
    if node.text("rounding_mode", "ROUND").upper() != "ROUND":
        raise Refused(f"rounds by {node.text('rounding_mode', '')}", "Use rounding_mode ROUND.")
    if width != int(width) or not 2 <= width <= 32 or shift != int(shift):
        raise Refused(
            f"has {width:g} bits and the zero point {shift:g}",
            "Whole numbers of 2 bits or more are supported; BipolarQuant for one bit.",
        )
    low, high = _bounds(node, int(width))
    x = arguments[0]
    if isinstance(x, Constant):
        steps = _aligned(scale, x.values)
        levels = np.clip(np.rint(x.floats / steps + np.float32(shift)), low, high).astype(np.int64) - int(shift)
        return Constant(np.asarray(levels * steps, np.float32), "float", Whole(levels, steps))
    x = live(arguments)
    if width > MAX_ARRAY_BITS:
        raise Refused(f"has {width:g} bits", f"Up to {MAX_ARRAY_BITS} bits are supported.")
    steps = scale.reshape(()) if scale.size == 1 else for_each_input(scale, x.shape)
    made = b.quantise(x, steps, 0, low, high, inside=int(shift))
    assert made.grid is not None
    return replace(made, scale=steps, zero=int(shift) + made.grid.offset)


def _one_of(zero: Constant) -> float:
    """A zero point, given once or once a channel."""
    if zero.values.size < 1 or (zero.values != zero.values.ravel()[0]).any():
        raise Refused("has several zero points", "Quantise with one.")
    return float(zero.values.ravel()[0])


def _aligned(scale: Value, values: Value) -> Value:
    """A scale of the rank of what it scales."""
    if scale.ndim > values.ndim:
        raise Refused(f"has a scale of the shape {list(scale.shape)} for {list(values.shape)}")
    np.broadcast_shapes(scale.shape, values.shape)
    return scale.reshape((1,) * (values.ndim - scale.ndim) + scale.shape)


def _bipolar(b: Builder, node: Node, arguments: Arguments) -> Known:
    scale, x = check_scale(constant(arguments, 1).values), arguments[0]
    if isinstance(x, Constant):
        levels, steps = np.where(x.floats >= 0, 1, -1), _aligned(scale, x.values)
        return Constant(np.asarray(levels * steps, np.float32), "float", Whole(levels, steps))
    x = live(arguments)
    if scale.size != 1:
        raise Refused("has several scales for values of the network", "Quantise activations per tensor.")
    made = b.put("bipolar", (b.floating(x),), x.shape)  # 0 and 2, so that 1 stands for the zero of padding
    return replace(made, grid=Grid(0, 2, 1), scale=scale.reshape(()), zero=1)


_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas")

QONNX: dict[str, Handler] = {
    f"{domain}.{name}": handler
    for domain in _DOMAINS
    for name, handler in (("Quant", _quant), ("IntQuant", _quant), ("BipolarQuant", _bipolar))
}
