"""Products in floating point or of whole numbers behind DequantizeLinear: Gemm, MatMul, Conv; BatchNormalization."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ohmbench.importing.builder import Builder
from ohmbench.importing.graph import Node
from ohmbench.importing.handling import Arguments, Handler, constant, live, optional
from ohmbench.importing.shapes import reshaped
from ohmbench.importing.values import Constant, Known, Live, Refused
from ohmbench.network.flow import Value, Window


def window_of(node: Node, kernel: list[int], x: Live) -> Window:
    """The window of a convolution or pool on (channels, height, width), or (channels, length) as height.

    Raises:
        Refused: it makes no sense, or has other than one or two axes.
    """
    axes = len(x.shape) - 1
    if axes not in (1, 2) or len(kernel) != axes:
        raise Refused(f"has a kernel of {len(kernel)} axes for {list(x.shape)}", "One and two axes are supported.")
    strides, dilations = node.integers("strides", [1] * axes), node.integers("dilations", [1] * axes)
    pads, auto = node.integers("pads", [0] * 2 * axes), node.text("auto_pad", "NOTSET")
    if [len(strides), len(dilations), len(pads)] != [axes, axes, 2 * axes]:
        raise Refused("has strides, dilations or pads of another number of axes")
    if min(*strides, *dilations, *kernel) < 1 or min(pads) < 0 or max(*pads, *strides, *dilations, *kernel) > 1 << 15:
        raise Refused(f"has a kernel {kernel}, strides {strides}, dilations {dilations}, pads {pads}")
    if auto == "VALID":
        pads = [0] * 2 * axes
    elif auto.startswith("SAME"):
        before, after = [], []
        for size, k, s, d in zip(x.shape[1:], kernel, strides, dilations, strict=True):
            total = max((-(-size // s) - 1) * s + (k - 1) * d + 1 - size, 0)
            small, large = total // 2, total - total // 2
            before.append(small if auto == "SAME_UPPER" else large)
            after.append(large if auto == "SAME_UPPER" else small)
        pads = before + after
    if axes == 1:
        kernel, strides, dilations, pads = [*kernel, 1], [*strides, 1], [*dilations, 1], [pads[0], 0, pads[1], 0]
    window = Window(
        (kernel[0], kernel[1]),
        (strides[0], strides[1]),
        (pads[0], pads[1], pads[2], pads[3]),
        (dilations[0], dilations[1]),
    )
    try:
        window.size(*(*x.shape[1:], 1)[:2])
    except ValueError as error:
        raise Refused(str(error)) from error
    return window


def as_image(b: Builder, x: Live) -> Live:
    """(channels, length) as (channels, length, 1)."""
    return x if len(x.shape) == 3 else reshaped(b, x, (*x.shape, 1))


def as_before(b: Builder, made: Live, x: Live) -> Live:
    """The same back, if x was one of those."""
    return made if len(x.shape) == 3 else reshaped(b, made, made.shape[:2])


def as_images(weights: Constant) -> Constant:
    """Weights of a convolution along one axis as those of one along two."""
    if weights.values.ndim != 3:
        return weights
    whole = weights.whole
    if whole is not None:
        whole = replace(whole, levels=whole.levels[..., None], scale=whole.scale[..., None])
    return replace(weights, values=weights.values[..., None], whole=whole)


def _conv(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, weights, bias = live(arguments), constant(arguments, 1), optional(arguments, 2)
    kernel = list(weights.values.shape[2:])
    if node.integers("kernel_shape", kernel) != kernel:
        raise Refused(f"has weights {list(weights.values.shape)}, which are not of its kernel's shape")
    window = window_of(node, kernel, x)
    made = b.conv(as_image(b, x), as_images(weights), bias, window, node.integer("group", 1))
    return as_before(b, made, x)


def _gemm(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, weights, bias = live(arguments), constant(arguments, 1), optional(arguments, 2)
    if node.integer("transA", 0):
        raise Refused("transposes the batch", "Export it with transA=0.")
    if weights.values.ndim == 2 and node.integer("transB", 0):
        weights = weights.transposed((1, 0))
    if bias is not None:
        bias = bias.scaled(node.number("beta", 1.0))
    return b.dense(x, weights.scaled(node.number("alpha", 1.0)), bias)


def _matmul(b: Builder, node: Node, arguments: Arguments) -> Known:
    return b.dense(live(arguments), constant(arguments, 1), None)


def _batch_normalisation(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    gain, shift, mean, variance = (constant(arguments, at).floats for at in range(1, 5))
    channels = x.shape[0]
    if any(array.shape != (channels,) for array in (gain, shift, mean, variance)):
        raise Refused(f"does not have one number a channel of {list(x.shape)}")
    if node.integer("training_mode", 0):
        raise Refused("is exported in training mode", "Export it for inference.")
    scale = gain / np.sqrt(variance + np.float32(node.number("epsilon", 1e-5)))
    return scaled_and_shifted(b, x, scale, shift - mean * scale)


def scaled_and_shifted(b: Builder, x: Live, scale: Value, shift: Value) -> Live:
    """x * scale + shift of each channel: in the product that made x, or as the host's steps."""
    folded = b.fold(x, scale, shift)
    if folded is not None:
        return folded
    form = (-1, *(1,) * (len(x.shape) - 1))
    arrays = {"scale": np.asarray(scale, np.float32).reshape(form), "bias": np.asarray(shift, np.float32).reshape(form)}
    return b.put("affine", (b.floating(x),), x.shape, arrays=arrays)


PRODUCTS: dict[str, Handler] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _batch_normalisation,
}
