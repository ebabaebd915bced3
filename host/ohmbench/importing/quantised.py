"""QuantizeLinear and DequantizeLinear, and operators on whole numbers: QLinear*, *Integer, those of com.microsoft."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ohmbench.importing.builder import Builder
from ohmbench.importing.folding import type_name
from ohmbench.importing.graph import Node
from ohmbench.importing.handling import Arguments, Handler, constant, for_each_input, live, optional
from ohmbench.importing.pools import average_pool, pool_window
from ohmbench.importing.products import as_before, as_image, as_images, window_of
from ohmbench.importing.values import TYPES, Constant, Grid, Known, Live, Refused, Whole
from ohmbench.network.flow import Value

ONE = np.ones((), np.float32)


def check_scale(scale: Value) -> Value:
    """A scale in single precision.

    Raises:
        Refused: it is not above 0.
    """
    scale = np.asarray(scale, np.float32)
    if not np.isfinite(scale).all() or (scale <= 0).any():
        raise Refused("has a scale that is not above 0")
    return scale


def _along(node: Node, values: Value, shape: tuple[int, ...]) -> Value:
    """A scale or zero point as it is broadcast over a value of this shape, the batch among it."""
    if values.size == 1:
        return values.reshape((1,) * len(shape))
    axis = node.integer("axis", 1)
    if values.ndim != 1 or not -len(shape) <= axis < len(shape) or shape[axis] != values.size:
        raise Refused(f"has a scale of the shape {list(values.shape)} for {list(shape)}", "Scale by tensor or channel.")
    form = [1] * len(shape)
    form[axis] = values.size
    return values.reshape(form)


def _type(node: Node, zero: Constant | None) -> str:
    kind = zero.type if zero is not None else "uint8"
    if node.integer("output_dtype", 0):
        kind = type_name(node.integer("output_dtype", 0))
    if kind not in TYPES:
        raise Refused(f"quantises to {kind}", "Quantise to whole numbers of up to 16 bits.")
    return kind


def _quantise(b: Builder, node: Node, arguments: Arguments) -> Known:
    scale, zero = constant(arguments, 1), optional(arguments, 2)
    kind = _type(node, zero)
    low, high = TYPES[kind]
    steps, x = check_scale(scale.values), arguments[0]
    if isinstance(x, Constant):
        around: Value = np.zeros((1,) * x.values.ndim) if zero is None else _along(node, zero.values, x.values.shape)
        whole = np.rint(x.floats / _along(node, steps, x.values.shape)).astype(np.float64) + around.astype(np.float64)
        return Constant(np.clip(whole, low, high).astype(np.int64), kind)
    x = live(arguments)
    return b.quantise(x, _per_sample(node, steps, x), _one_zero(zero), low, high)


def _per_sample(node: Node, scale: Value, x: Live) -> Value:
    if scale.size == 1:
        return scale.reshape(())
    return for_each_input(_along(node, scale, (1, *x.shape)), x.shape)


def _one_zero(zero: Constant | None) -> int:
    if zero is None:
        return 0
    values = np.unique(zero.values)
    if values.size != 1 or values.dtype.kind not in "iu":
        raise Refused("has several zero points for values of the network", "Quantise activations per tensor.")
    return int(values[0])


def _dequantise(b: Builder, node: Node, arguments: Arguments) -> Known:
    scale, zero, x = check_scale(constant(arguments, 1).values), optional(arguments, 2), arguments[0]
    if isinstance(x, Constant):
        return _dequantised(b, node, x, scale, zero)
    x = live(arguments)
    if x.grid is None or x.scale is not None:
        raise Refused("takes values that are not quantised")
    return replace(x, scale=_per_sample(node, scale, x), zero=_one_zero(zero) + x.grid.offset)


def _dequantised(b: Builder, node: Node, x: Constant, scale: Value, zero: Constant | None) -> Constant:
    if x.type not in TYPES:
        raise Refused(f"takes numbers of the type {x.type}", "Quantise to whole numbers.")
    levels = x.values.astype(np.int64)
    if scale.ndim == levels.ndim > 1 and scale.size > 1:  # by blocks
        axis, block = node.integer("axis", 1), node.integer("block_size", 0)
        if block < 1 or not -levels.ndim <= axis < levels.ndim:
            raise Refused("has scales of blocks, and no block_size")
        cut = tuple(slice(size) for size in levels.shape)
        wide = np.repeat(scale, block, axis)[cut]
        if zero is not None:
            levels = levels - np.repeat(zero.values.astype(np.int64), block, axis)[cut]
        return Constant(np.asarray(levels * wide, np.float32), "float")
    if zero is not None:
        levels = levels - _along(node, zero.values.astype(np.int64), levels.shape)
    steps = _along(node, scale, levels.shape)
    return Constant(np.asarray(levels * steps, np.float32), "float", Whole(levels, steps))


def whole_live(arguments: Arguments, index: int) -> Live:
    """An argument of whole numbers that depends on the input."""
    x = live(arguments, index)
    if x.grid is None or x.scale is not None:
        raise Refused("takes whole numbers, and gets others", "Put QuantizeLinear in front.")
    return x


def _zero_of(zero: Constant | None, x: Live) -> int:
    """A zero point among the numbers that the steps hold."""
    assert x.grid is not None
    held = _one_zero(zero) + x.grid.offset
    if not 0 <= held <= 255:
        raise Refused("has a zero point outside of its numbers")
    return held


def _levels(weights: Constant, zero: Constant | None, axis: int) -> Value:
    """Weights without their zero point, which is one number or one an output."""
    if weights.type not in TYPES:
        raise Refused(f"has weights of the type {weights.type}")
    values = weights.values.astype(np.int64)
    if zero is None:
        return values
    if zero.values.size == 1:
        return values - int(zero.values.ravel()[0])
    if zero.values.size != values.shape[axis]:
        raise Refused("has zero points of its weights that are not one an output")
    form = [1] * values.ndim
    form[axis] = -1
    return values - zero.values.astype(np.int64).reshape(form)


def _sums_of_conv(
    b: Builder, node: Node, x: Live, weights: Constant, x_zero: Constant | None, w_zero: Constant | None
) -> tuple[Live, Value]:
    levels = _levels(weights, w_zero, 0)
    window = window_of(node, list(weights.values.shape[2:]), x)
    image, levels = as_image(b, x), as_images(Constant(levels, "int32")).values
    groups, outputs = node.integer("group", 1), levels.shape[0]
    if groups < 1 or outputs % groups or x.shape[0] != levels.shape[1] * groups:
        raise Refused(f"has weights {list(levels.shape)} in {groups} groups for {list(x.shape)}")
    shape = (outputs, *window.size(*image.shape[1:]))
    numbers = {"groups": groups, **window.numbers()}
    return b.array_sums(image, levels.reshape(outputs, -1).T, shape, numbers, _zero_of(x_zero, x))


def _sums_of_matmul(b: Builder, x: Live, levels: Value, x_zero: Constant | None) -> tuple[Live, Value]:
    if levels.ndim != 2 or x.shape != levels.shape[:1]:
        raise Refused(f"multiplies {list(x.shape)} by {list(levels.shape)}", "Flatten its inputs first.")
    return b.array_sums(x, levels, (levels.shape[1],), {"groups": 1}, _zero_of(x_zero, x))


def _affine(b: Builder, sums: tuple[Live, Value], scale: Value, bias: Constant | None) -> Live:
    outputs = sums[0].shape[0]
    if scale.size not in (1, outputs) or (bias is not None and bias.values.size not in (1, outputs)):
        raise Refused("has scales or a bias that are not one an output")
    add = np.zeros(outputs, np.int64) if bias is None else np.asarray(bias.integers, np.int64)
    return b.affine(
        sums,
        np.broadcast_to(scale.ravel(), outputs),
        np.broadcast_to(add, outputs),
        np.zeros(outputs, np.float32),
    )


def _qlinear_conv(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = whole_live(arguments, 0)
    x_scale, w_scale, y_scale = (check_scale(constant(arguments, at).values) for at in (1, 4, 6))
    y_zero = optional(arguments, 7)
    sums = _sums_of_conv(b, node, x, constant(arguments, 3), optional(arguments, 2), optional(arguments, 5))
    scale = np.asarray(_single(x_scale) * w_scale / _single(y_scale), np.float32)
    made = _affine(b, sums, scale, optional(arguments, 8))
    return as_before(b, b.quantise(made, ONE, _one_zero(y_zero), *TYPES[_type(node, y_zero)]), x)


def _qlinear_matmul(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = whole_live(arguments, 0)
    x_scale, w_scale, y_scale = (check_scale(constant(arguments, at).values) for at in (1, 4, 6))
    y_zero = optional(arguments, 7)
    sums = _sums_of_matmul(b, x, _levels(constant(arguments, 3), optional(arguments, 5), 1), optional(arguments, 2))
    scale = np.asarray(_single(x_scale) * w_scale / _single(y_scale), np.float32)
    made = _affine(b, sums, scale, None)
    return b.quantise(made, ONE, _one_zero(y_zero), *TYPES[_type(node, y_zero)])


def _qgemm(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = whole_live(arguments, 0)
    x_scale, w_scale = (check_scale(constant(arguments, at).values) for at in (1, 4))
    y_scale, y_zero = optional(arguments, 7), optional(arguments, 8)
    if node.integer("transA", 0):
        raise Refused("transposes the batch", "Export it with transA=0.")
    trans = bool(node.integer("transB", 0))
    levels = _levels(constant(arguments, 3), optional(arguments, 5), 0 if trans else 1)
    sums = _sums_of_matmul(b, x, levels.T if trans else levels, optional(arguments, 2))
    scale = np.float32(node.number("alpha", 1.0)) * _single(x_scale) * w_scale
    if y_scale is None:
        return _affine(b, sums, np.asarray(scale, np.float32), optional(arguments, 6))
    scale = np.asarray(scale / _single(check_scale(y_scale.values)), np.float32)
    made = _affine(b, sums, scale, optional(arguments, 6))
    return b.quantise(made, ONE, _one_zero(y_zero), *TYPES[_type(node, y_zero)])


def _matmul_integer(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, weights = whole_live(arguments, 0), constant(arguments, 1)
    sums = _sums_of_matmul(b, x, _levels(weights, optional(arguments, 3), 1), optional(arguments, 2))
    return _affine(b, sums, ONE, None)


def _conv_integer(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = whole_live(arguments, 0)
    sums = _sums_of_conv(b, node, x, constant(arguments, 1), optional(arguments, 2), optional(arguments, 3))
    return as_before(b, _affine(b, sums, ONE, None), x)


def _single(scale: Value) -> np.float32:
    if scale.size != 1:
        raise Refused("has several scales for values of the network", "Quantise activations per tensor.")
    return np.float32(scale.ravel()[0])


def _qlinear_add(b: Builder, node: Node, arguments: Arguments) -> Known:
    """In onnxruntime's order: all zero points in one constant, scales divided by the sum's."""
    scales = [_single(check_scale(constant(arguments, at).values)) for at in (1, 4, 6)]
    zeros = [_one_zero(optional(arguments, at)) for at in (2, 5, 7)]
    first, second = scales[0] / scales[2], scales[1] / scales[2]
    fixed = np.float32(zeros[2]) - (first * np.float32(zeros[0]) + second * np.float32(zeros[1]))
    y_zero = optional(arguments, 7)
    kind = _type(node, y_zero)
    if isinstance(arguments[0], Constant):
        raise Refused("adds to a constant", "Give the constant as its second value.")
    x, other = whole_live(arguments, 0), arguments[3]
    total = _times(b, x, first, fixed)
    if isinstance(other, Constant):
        value = for_each_input(np.asarray(other.values * second, np.float32), x.shape)
        made = b.put("add", (total,), np.broadcast_shapes(value.shape, x.shape), arrays={"value": value})
    else:
        y = _times(b, whole_live(arguments, 3), second, np.float32(0))
        if y.shape != x.shape:
            raise Refused(f"has values of {list(x.shape)} and {list(y.shape)}", "Give both the same shape.")
        made = b.put("add", (total, y), x.shape)
    low, high = TYPES[kind]
    made = b.quantise(made, ONE, 0, low, high)
    return made


def _times(b: Builder, x: Live, scale: np.float32, bias: np.float32) -> Live:
    """ONNX's whole numbers times a scale, plus a bias."""
    assert x.grid is not None
    arrays: dict[str, Value] = {
        "add": np.asarray(-x.grid.offset, np.int64),
        "scale": np.asarray(scale),
        "bias": np.asarray(bias),
    }
    return b.put("affine", (x,), x.shape, arrays=arrays)


def _qlinear_global_average(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, y_zero = whole_live(arguments, 0), optional(arguments, 4)
    if node.integer("channels_last", 0) or len(x.shape) != 3:
        raise Refused(f"takes the mean of {list(x.shape)}", "Channels come first, and two axes behind them.")
    x_scale, y_scale = (_single(check_scale(constant(arguments, at).values)) for at in (1, 3))
    places, shape = x.shape[1] * x.shape[2], (x.shape[0], 1, 1)
    sums = b.put("global_sum", (x,), shape)
    arrays: dict[str, Value] = {
        "add": np.asarray(-_zero_of(optional(arguments, 2), x) * places, np.int64),
        "scale": np.asarray(x_scale / (y_scale * np.float32(places)), np.float32),
    }
    made = b.put("affine", (sums,), shape, arrays=arrays)
    return b.quantise(made, ONE, _one_zero(y_zero), *TYPES[_type(node, y_zero)])


def _behind(b: Builder, arguments: Arguments) -> Live:
    """The first argument in floating point, by the scale and zero point behind it."""
    x = whole_live(arguments, 0)
    assert x.grid is not None
    scale = check_scale(constant(arguments, 1).values)
    return b.floating(replace(x, scale=scale.reshape(()), zero=_one_zero(optional(arguments, 2)) + x.grid.offset))


def _qlinear_softmax(b: Builder, node: Node, arguments: Arguments) -> Known:
    return replace(_behind(b, arguments), tail=node.operator)


def _again(b: Builder, node: Node, arguments: Arguments, x: Live) -> Live:
    """Quantised by the scale and zero point behind those of the first argument."""
    y_zero = optional(arguments, 4)
    scale = check_scale(constant(arguments, 3).values)
    return b.quantise(x, scale.reshape(()), _one_zero(y_zero), *TYPES[_type(node, y_zero)])


def _qlinear_average_pool(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = _behind(b, arguments)
    if node.integer("channels_last", 0):
        raise Refused("has its channels last", "Export it with channels first.")
    made = average_pool(b, x, pool_window(node, x), node.integer("count_include_pad", 0))
    return _again(b, node, arguments, made)


def _qlinear_plain(kind: str) -> Handler:
    def handle(b: Builder, node: Node, arguments: Arguments) -> Known:
        x = _behind(b, arguments)
        numbers = {"alpha": node.number("alpha", 0.01)} if kind == "leaky" else {}
        return _again(b, node, arguments, b.put(kind, (x,), x.shape, numbers))

    return handle


def _dynamic(b: Builder, node: Node, arguments: Arguments) -> Known:
    raise Refused("finds its scale anew for each input", "Quantise statically, with calibration inputs.")


def input_of(b: Builder, shape: tuple[int, ...], kind: str) -> Live:
    """The network's input: of whole numbers if its type is one of theirs.

    Raises:
        Refused: neither whole nor floating.
    """
    made = Live(0, shape)
    if kind in ("float", "double", "float16"):
        return made
    if kind not in ("uint8", "int8", "uint16", "int16", "int4", "uint4"):
        raise Refused(f"its input is of the type {kind}", "export it with inputs of float, or of 8 or 16 bits")
    low, high = TYPES[kind]
    numbers = {"zero": -low, "low": 0, "high": high - low}
    made = b.put("quantise", (made,), shape, numbers, {"scale": ONE})
    return replace(made, grid=Grid(0, high - low, -low))


QUANTISED: dict[str, Handler] = {
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _dequantise,
    "com.microsoft.QuantizeLinear": _quantise,
    "com.microsoft.DequantizeLinear": _dequantise,
    "QLinearConv": _qlinear_conv,
    "QLinearMatMul": _qlinear_matmul,
    "MatMulInteger": _matmul_integer,
    "ConvInteger": _conv_integer,
    "com.microsoft.QGemm": _qgemm,
    "com.microsoft.QLinearAdd": _qlinear_add,
    "com.microsoft.QLinearGlobalAveragePool": _qlinear_global_average,
    "com.microsoft.QLinearAveragePool": _qlinear_average_pool,
    "com.microsoft.QLinearLeakyRelu": _qlinear_plain("leaky"),
    "com.microsoft.QLinearSigmoid": _qlinear_plain("sigmoid"),
    "com.microsoft.QLinearSoftmax": _qlinear_softmax,
    "DynamicQuantizeLinear": _dynamic,
    "com.microsoft.DynamicQuantizeMatMul": _dynamic,
    "com.microsoft.MatMulIntegerToFloat": _dynamic,
}
