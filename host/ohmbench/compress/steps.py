"""The steps of a network forward and, for training, backward: gradients of what the host does between the products.

An array step stands for the product together with the scale and bias behind it, so that its value is real; where an
imported network has a step of their own for these, that step is "passed". Quantisers round in the forward pass and let
gradients through within their range (Bengio, Leonard and Courville, arXiv 1308.3432, 2013).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.network.flow import ARRAY, HOST, Step, Value, Window
from ohmbench.support.array_types import Float32Array, Mask

PASSED, ACTIVATION = "passed", "activation"
Product = Callable[[int, Float32Array], Float32Array]
"""Number of a layer, and its inputs (n, inputs) or (n, inputs, places) -> (n, outputs) or (n, outputs, places)."""


def activation(z: Value, scale: float, bits: int) -> tuple[Float32Array, Mask]:
    """ReLU and rounding to `bits` bits as `ohmbench.network.flow.requantise` does; where the gradient passes."""
    top = (1 << bits) - 1
    steps = z * np.float32(1 / scale)
    inside = (steps > 0) & (steps < top)
    real = np.clip(np.floor(steps + np.float32(0.5)), 0, top) * np.float32(scale)
    return np.asarray(real, np.float32), inside


def inputs_of(step: Step, value: Value) -> Float32Array:
    """What an array step multiplies: (n, inputs), or of a convolution its patches (n, inputs, places); 0 stands for 0.

    Inputs are ordered channel, kernel row, kernel column.
    """
    x = np.asarray(value, np.float32)
    if step.numbers["zero"]:
        x = x - np.float32(step.numbers["zero"])
    if "kernel" not in step.numbers:
        return x.reshape(len(x), -1)
    patches = Window.of(step.numbers).patches(x, 0.0).transpose(0, 1, 4, 5, 2, 3)
    n, channels, kh, kw, down, across = patches.shape
    return np.ascontiguousarray(patches).reshape(n, channels * kh * kw, down * across)


@dataclass(frozen=True, eq=False)
class Forward:
    """A batch that has passed all steps.

    Attributes:
        values: of the steps, the input first.
        inputs: of each array step, as `inputs_of` gives them, by the step's place.
    """

    steps: tuple[Step, ...]
    values: list[Value]
    inputs: dict[int, Float32Array]

    @property
    def outputs(self) -> Float32Array:
        """(n, outputs)."""
        return np.asarray(self.values[-1].reshape(len(self.values[-1]), -1), np.float32)


def forward(steps: tuple[Step, ...], x: Value, product: Product) -> Forward:
    """Take inputs through the steps; layers are numbered over the groups of all array steps."""
    found = Forward(steps, [x], {})
    layer = 0
    for number, step in enumerate(steps):
        values = [found.values[i] for i in step.inputs]
        if step.kind == ARRAY:
            inputs = found.inputs[number] = inputs_of(step, values[0])
            groups = int(step.numbers["groups"])
            parts = [product(layer + at, part) for at, part in enumerate(by_group(inputs, groups))]
            layer += groups
            z = parts[0] if groups == 1 else np.concatenate(parts, axis=1)
            if "kernel" in step.numbers:
                z = z.reshape(*z.shape[:2], *Window.of(step.numbers).size(*values[0].shape[2:]))
            found.values.append(z)
        else:
            found.values.append(_FORWARD[step.kind](step, values))
    return found


def backward(found: Forward, delta: Float32Array, product: Callable[..., Float32Array | None]) -> None:
    """Take the gradient of the outputs back to the first product.

    Args:
        delta: (n, outputs).
        product: (number of a layer, its inputs, gradient of its value, whether that of its inputs is wanted) -> the
            gradient of its inputs. It is called from the last layer to the first.
    """
    steps, values = found.steps, found.values
    trained = [False]
    """Whether a value depends on a product."""
    for step in steps:
        trained.append(step.kind == ARRAY or any(trained[i] for i in step.inputs))
    deltas: dict[int, Value] = {len(steps): delta.reshape(values[-1].shape)}
    layer = sum(int(step.numbers["groups"]) for step in steps if step.kind == ARRAY)
    for number in range(len(steps) - 1, -1, -1):
        step, of_value = steps[number], deltas.pop(number + 1, None)
        if step.kind == ARRAY:
            layer -= int(step.numbers["groups"])
        if of_value is None or not trained[number + 1]:
            continue
        given = [values[i] for i in step.inputs]
        if step.kind == ARRAY:
            wanted = trained[step.inputs[0]]
            back = _back_through(step, found.inputs[number], given[0], of_value, layer, wanted, product)
            parts: Sequence[Value | None] = [back]
        else:
            parts = _BACKWARD[step.kind](step, given, values[number + 1], of_value)
        for place, part in zip(step.inputs, parts, strict=True):
            if trained[place] and part is not None:
                deltas[place] = deltas[place] + part if place in deltas else part


def by_group(values: Float32Array, groups: int) -> list[Float32Array]:
    """Inputs or values (n, all, ...) of each group."""
    return [values] if groups == 1 else np.split(values, groups, axis=1)


def _back_through(
    step: Step,
    inputs: Float32Array,
    value: Value,
    delta: Value,
    layer: int,
    wanted: bool,
    product: Callable[..., Float32Array | None],
) -> Value | None:
    groups = int(step.numbers["groups"])
    flat = delta.reshape(*delta.shape[:2], -1) if "kernel" in step.numbers else delta
    pairs = list(zip(by_group(inputs, groups), by_group(flat, groups), strict=True))
    found = [product(layer + at, *pairs[at], wanted) for at in range(groups - 1, -1, -1)][::-1]
    parts = [part for part in found if part is not None]
    if not parts:
        return None
    back = parts[0] if groups == 1 else np.concatenate(parts, axis=1)
    if "kernel" not in step.numbers:
        return back.reshape(value.shape)
    window = Window.of(step.numbers)
    n, channels = value.shape[:2]
    patches = back.reshape(n, channels, *window.kernel, *window.size(*value.shape[2:]))
    padded = _padded_zeros(window, value)
    for (i, j), cut in window.cuts(*value.shape[2:]):
        padded[:, :, *cut] += patches[:, :, i, j]
    return _unpadded(window, padded, value)


def _padded_zeros(window: Window, value: Value) -> Float32Array:
    top, left, bottom, right = window.pads
    height, width = value.shape[2:]
    return np.zeros((*value.shape[:2], height + top + bottom, width + left + right), np.float32)


def _unpadded(window: Window, padded: Value, value: Value) -> Value:
    top, left = window.pads[:2]
    return np.asarray(padded[:, :, top : top + value.shape[2], left : left + value.shape[3]])


Backward = Callable[[Step, list[Value], Value, Value], Sequence[Value | None]]
"""(step, its inputs, its value, gradient of its value) -> gradient of each input."""


def _affine(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    return [delta * step.arrays["scale"].astype(np.float32)]


def _quantise(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    scale = step.arrays["scale"].astype(np.float32)
    real = inputs[0] / scale + np.float32(step.numbers["zero"] + step.numbers.get("inside", 0))
    # not by the rounded value: that of 1 bit is always at an end of its range
    inside = (real > step.numbers["low"]) & (real < step.numbers["high"])
    return [delta * inside / scale]


def _dequantise(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    return [delta * np.asarray(step.arrays["scale"], np.float32)]


def _activation(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    (z,) = inputs
    if "bits" not in step.numbers:
        return [delta * (z > 0)]
    steps = z * np.float32(1 / step.numbers["scale"])
    return [delta * ((steps > 0) & (steps < (1 << step.numbers["bits"]) - 1))]


def _within(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    low, high = step.numbers["low"], step.numbers["high"]
    return [delta * ((inputs[0] > low) & (inputs[0] < high))]


def _max_pool(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    """To the first of the largest, as torch gives it."""
    (x,), window = inputs, Window.of(step.numbers)
    lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    top, left, bottom, right = window.pads
    if any(window.pads):
        x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=lowest)
    padded, free = _padded_zeros(window, inputs[0]), np.ones(out.shape, np.bool_)
    for _place, cut in window.cuts(*inputs[0].shape[2:]):
        largest = free & (x[:, :, *cut] == out)
        padded[:, :, *cut] += delta * largest
        free &= ~largest
    return [_unpadded(window, padded, inputs[0])]


def _average_pool(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    (x,), window = inputs, Window.of(step.numbers)
    shape = (1, 1, *x.shape[2:])
    if step.numbers.get("count_pads"):
        count: Any = np.float32(np.prod(step.numbers["kernel"]))
    else:
        count = window.patches(np.ones(shape, np.float32), 0.0).sum(axis=(4, 5))
    padded = _padded_zeros(window, x)
    for _place, cut in window.cuts(*x.shape[2:]):
        padded[:, :, *cut] += delta / count
    return [_unpadded(window, padded, x)]


def _pad(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    before, shape = step.numbers["before"], inputs[0].shape[1:]
    return [delta[:, *(slice(first, first + size) for first, size in zip(before, shape, strict=True))]]


def _concat(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
    axis = step.numbers["axis"]
    ends = np.cumsum([x.shape[axis] for x in inputs])[:-1]
    return np.split(delta, ends, axis=axis)


def _two(gradients: Callable[[Value, Value, Value], tuple[Value, Value]]) -> Backward:
    """Of a sum, product or the like of two values, or of a value and a constant."""

    def run(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
        both = [np.asarray(x, np.float32) for x in (*inputs, *([step.arrays["value"]] if len(inputs) == 1 else []))]
        order = (1, 0) if step.numbers.get("swapped") else (0, 1)
        of_both = gradients(both[order[0]], both[order[1]], delta)
        return [_summed(of_both[order[at]], x.shape) for at, x in enumerate(inputs)]

    return run


def _summed(delta: Value, shape: tuple[int, ...]) -> Value:
    """A gradient of a value that was broadcast from a shape."""
    delta = delta.sum(axis=tuple(range(delta.ndim - len(shape)))) if delta.ndim > len(shape) else delta
    axes = tuple(at for at, size in enumerate(shape) if size == 1 and delta.shape[at] > 1)
    return np.asarray(delta.sum(axis=axes, keepdims=True) if axes else delta)


def _over_image(divided: bool) -> Backward:
    def run(step: Step, inputs: list[Value], out: Value, delta: Value) -> Sequence[Value]:
        shape = inputs[0].shape
        share = np.float32(1 / (shape[2] * shape[3]) if divided else 1)
        return [np.broadcast_to(delta * share, shape)]

    return run


def _forward_activation(step: Step, values: list[Value]) -> Value:
    if "bits" not in step.numbers:
        return np.maximum(values[0], 0)
    return activation(values[0], step.numbers["scale"], step.numbers["bits"])[0]


_FORWARD = {**HOST, PASSED: lambda step, values: values[0], ACTIVATION: _forward_activation}

_BACKWARD: dict[str, Backward] = {
    PASSED: lambda step, inputs, out, delta: [delta],
    ACTIVATION: _activation,
    "affine": _affine,
    "quantise": _quantise,
    "dequantise": _dequantise,
    "relu": lambda step, inputs, out, delta: [delta * (inputs[0] > 0)],
    "leaky": lambda s, inputs, out, delta: [delta * np.where(inputs[0] < 0, s.numbers["alpha"], 1).astype(np.float32)],
    "clip": _within,
    "sigmoid": lambda step, inputs, out, delta: [delta * out * (1 - out)],
    "tanh": lambda step, inputs, out, delta: [delta * (1 - np.square(out))],
    "max_pool": _max_pool,
    "average_pool": _average_pool,
    "global_average": _over_image(divided=True),
    "global_sum": _over_image(divided=False),
    "reshape": lambda step, inputs, out, delta: [delta.reshape(inputs[0].shape)],
    "transpose": lambda step, inputs, out, delta: [
        delta.transpose(0, *(1 + np.argsort(np.array(step.numbers["axes"]) - 1)))
    ],
    "pad": _pad,
    "concat": _concat,
    # two steps between the signs: the slope is that of a line through both within -1..1
    "bipolar": lambda step, inputs, out, delta: [delta * (np.abs(inputs[0]) < 1)],
    "add": _two(lambda a, b, delta: (delta, delta)),
    "subtract": _two(lambda a, b, delta: (delta, -delta)),
    "multiply": _two(lambda a, b, delta: (delta * b, delta * a)),
    "divide": _two(lambda a, b, delta: (delta / b, -delta * a / np.square(b))),
}

TRAINABLE = frozenset(_BACKWARD)
"""Kinds of steps that gradients pass."""
