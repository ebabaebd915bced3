"""A network as steps: what the array multiplies, and what the host does between.

Step k makes value k + 1 out of earlier values; value 0 is the network's input (n, ...), the first axis is the batch.
Steps of the kind "array" are products of integers with the weights of a layer; all others are the host's, in single
precision as other programs compute them. A convolution is a product too: its patches are the rows' inputs.

A `Walk` takes a batch through: it stops at each array step and says which integers go in, and goes on with the sums
that it is given, be they exact or an array's.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.support.array_types import IntArray

Value = NDArray[Any]

ARRAY = "array"
"""The kind of a step that is an array's."""


class FlowError(ValueError):
    """What is wrong with a flow, or with what is put in; who reads it says what that means."""


@dataclass(frozen=True, eq=False)
class Step:
    """One step.

    Attributes:
        kind: ARRAY, or a name of HOST.
        inputs: numbers of the values that it takes.
        numbers: its parameters that are numbers or lists of them.
        arrays: those that are arrays.
        name: of the node that it comes from, for messages.
    """

    kind: str
    inputs: tuple[int, ...]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class Window:
    """How a kernel moves over (height, width).

    Attributes:
        kernel, stride, dilation: of both axes.
        pads: top, left, bottom, right.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, numbers: Mapping[str, Any]) -> Window:
        """The window among a step's numbers."""
        return cls(*(tuple(numbers[name]) for name in ("kernel", "stride", "pads", "dilation")))

    def numbers(self) -> dict[str, list[int]]:
        """As a step holds it."""
        return {name: list(getattr(self, name)) for name in ("kernel", "stride", "pads", "dilation")}

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Places of the kernel on an image.

        Raises:
            FlowError: the image is smaller than the kernel.
        """
        top, left, bottom, right = self.pads
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        places = [
            (size + pad - span) // stride + 1
            for size, pad, span, stride in zip(
                (height, width), (top + bottom, left + right), spans, self.stride, strict=True
            )
        ]
        if min(places) < 1:
            raise FlowError(f"a kernel of {spans[0]}x{spans[1]} does not fit an image of {height}x{width}")
        return places[0], places[1]

    def patches(self, x: Value, fill: float) -> Value:
        """(n, channels, places down, places across, kernel height, kernel width) of images (n, channels, h, w)."""
        top, left, bottom, right = self.pads
        padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
        (down, across), (kh, kw), (dh, dw) = self.size(*x.shape[2:]), self.kernel, self.dilation
        strides = padded.strides
        view = np.lib.stride_tricks.as_strided(
            padded,
            (*x.shape[:2], down, across, kh, kw),
            (*strides[:2], strides[2] * self.stride[0], strides[3] * self.stride[1], strides[2] * dh, strides[3] * dw),
            writeable=False,
        )
        return view

    def cuts(self, height: int, width: int) -> Iterator[tuple[tuple[int, int], tuple[slice, slice]]]:
        """Each place in the kernel, and where in a padded image it comes to lie."""
        (down, across), (sh, sw), (dh, dw) = self.size(height, width), self.stride, self.dilation
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                rows = slice(i * dh, i * dh + (down - 1) * sh + 1, sh)
                yield (i, j), (rows, slice(j * dw, j * dw + (across - 1) * sw + 1, sw))


Host = Callable[[Step, list[Value]], Value]


def _window_of_pool(step: Step, x: Value, fill: float) -> Value:
    view = Window.of(step.numbers).patches(x, fill)
    return np.asarray(view.reshape(*view.shape[:4], -1))


def _max_pool(step: Step, values: list[Value]) -> Value:
    (x,) = values
    window, lowest = Window.of(step.numbers), np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    top, left, bottom, right = window.pads
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=lowest)
    return reduce(np.maximum, (padded[:, :, *cut] for _place, cut in window.cuts(*x.shape[2:])))


def _average_pool(step: Step, values: list[Value]) -> Value:
    (x,) = values
    total = _window_of_pool(step, x, 0).sum(axis=-1)
    counted: Value = np.ones((1, 1, *x.shape[2:]), x.dtype)
    if step.numbers.get("count_pads"):
        count: Value = np.asarray(np.prod(step.numbers["kernel"]))
    else:
        count = _window_of_pool(step, counted, 0).sum(axis=-1)
    return np.asarray(total / count.astype(np.float32), np.float32)


def _quantise(step: Step, values: list[Value]) -> Value:
    """As ONNX QuantizeLinear: round half to even of x / scale, plus zero, within low..high.

    QONNX rounds with its zero point within: `inside`.
    """
    (x,), n = values, step.numbers
    scale = step.arrays["scale"].astype(np.float32)
    whole = np.rint(np.asarray(x, np.float32) / scale + np.float32(n.get("inside", 0))).astype(np.float64) + n["zero"]
    return np.asarray(np.clip(whole, n["low"], n["high"]), np.int32)


def _dequantise(step: Step, values: list[Value]) -> Value:
    (x,), a = values, step.arrays
    return np.asarray((x - a["zero"]) * a["scale"], np.float32)


def _affine(step: Step, values: list[Value]) -> Value:
    """scale * (x + add) + bias, in that order and in single precision; add is whole."""
    (x,), a = values, step.arrays
    total = x + a["add"] if "add" in a else x
    out = np.asarray(np.asarray(total, np.float32) * a["scale"], np.float32)
    if "bias" in a:
        out += a["bias"]  # its own array, which may be large
    return out


def _two(operation: Callable[[Value, Value], Value]) -> Host:
    def run(step: Step, values: list[Value]) -> Value:
        first = values[0]
        second = values[1] if len(values) > 1 else step.arrays["value"]
        if step.numbers.get("swapped"):
            first, second = second, first
        return np.asarray(operation(np.asarray(first, np.float32), np.asarray(second, np.float32)), np.float32)

    return run


def _float(operation: Callable[[Value], Value]) -> Host:
    return lambda step, values: np.asarray(operation(np.asarray(values[0], np.float32)), np.float32)


def _leaky(step: Step, values: list[Value]) -> Value:
    x = np.asarray(values[0], np.float32)
    return np.asarray(np.where(x < 0, np.float32(step.numbers["alpha"]) * x, x), np.float32)


def _reshape(step: Step, values: list[Value]) -> Value:
    (x,) = values
    one = np.empty(x.shape[1:], np.bool_).reshape(step.numbers["shape"])  # -1 is not known from an empty batch
    return x.reshape(len(x), *one.shape)


def _pad(step: Step, values: list[Value]) -> Value:
    (x,), n = values, step.numbers
    pairs = [(0, 0), *zip(n["before"], n["after"], strict=True)]
    return np.pad(x, pairs, constant_values=n["value"])


def _conv(step: Step, values: list[Value]) -> Value:
    """A convolution in floating point, weights (outputs, inputs of a group, kh, kw)."""
    (x,), weights, groups = values, step.arrays["weights"], step.numbers["groups"]
    view = Window.of(step.numbers).patches(np.asarray(x, np.float32), 0.0)
    parts = [
        np.einsum("nchwij,ocij->nohw", v, w, optimize=True)
        for v, w in zip(np.split(view, groups, axis=1), np.split(weights, groups), strict=True)
    ]
    return np.asarray(np.concatenate(parts, axis=1) + step.arrays["bias"][:, None, None], np.float32)


def _dense(step: Step, values: list[Value]) -> Value:
    """A product in floating point, weights (inputs, outputs)."""
    return np.asarray(np.asarray(values[0], np.float32) @ step.arrays["weights"] + step.arrays["bias"], np.float32)


def requantise(values: Value, scale: float, bits: int) -> IntArray:
    """ReLU and rounding to unsigned integers of `bits` bits; one step is worth `scale`."""
    top = (1 << bits) - 1
    return np.clip(np.floor(values / scale + 0.5), 0, top).astype(np.int64)


MOST_VIEWS = 64


def _views(step: Step, values: list[Value]) -> Value:
    """Images (n, channels, h, w) as (n * views, ...), each of them moved down and to the right by a view's shift."""
    (x,), shifts = values, np.reshape(step.numbers["shifts"], (-1, 2))
    height, width = x.shape[2:]
    if not 1 <= len(shifts) <= MOST_VIEWS or np.any(np.abs(shifts) >= (height, width)):
        raise FlowError(f"{len(shifts)} views, or shifts out of an image of {height}x{width}")
    moved = np.zeros((len(x), len(shifts), *x.shape[1:]), x.dtype)
    for view, (down, right) in enumerate(shifts):
        to_rows, to_columns = _onto(down, height), _onto(right, width)
        moved[:, view, :, to_rows, to_columns] = x[:, :, _onto(-down, height), _onto(-right, width)]
    return moved.reshape(-1, *x.shape[1:])


def _onto(shift: int, size: int) -> slice:
    """What of an axis is left, after a shift, of what was there."""
    return slice(max(shift, 0), size + min(shift, 0))


def _mean_of_views(step: Step, values: list[Value]) -> Value:
    (x,), views = values, step.numbers["views"]
    if len(x) % views:
        raise FlowError(f"{len(x)} values are no whole number of {views} views")
    return np.asarray(x.reshape(-1, views, *x.shape[1:]).mean(axis=1, dtype=np.float64))


HOST: dict[str, Host] = {
    # of networks that were trained here, in double precision
    "scaled": lambda step, values: np.asarray(values[0] * step.arrays["scale"] + step.arrays["bias"]),
    "requantise": lambda step, values: requantise(values[0], step.numbers["scale"], step.numbers["bits"]),
    # of networks from elsewhere, in single precision
    "affine": _affine,
    "quantise": _quantise,
    "dequantise": _dequantise,
    "relu": lambda step, values: np.maximum(values[0], 0),
    "leaky": _leaky,
    "clip": lambda step, values: np.clip(values[0], step.numbers["low"], step.numbers["high"]),
    "sigmoid": _float(lambda x: 1.0 / (1.0 + np.exp(-x))),
    "tanh": _float(np.tanh),
    "max_pool": _max_pool,
    "average_pool": _average_pool,
    "global_average": lambda step, values: np.asarray(values[0].mean(axis=(2, 3), keepdims=True, dtype=np.float32)),
    "reshape": _reshape,
    "transpose": lambda step, values: values[0].transpose(0, *step.numbers["axes"]),
    "pad": _pad,
    "concat": lambda step, values: np.concatenate(values, axis=step.numbers["axis"]),
    "bipolar": lambda step, values: np.where(np.asarray(values[0]) >= 0, 2, 0).astype(np.int32),
    "global_sum": lambda step, values: values[0].sum(axis=(2, 3), keepdims=True, dtype=np.int64),
    "add": _two(np.add),
    "subtract": _two(np.subtract),
    "multiply": _two(np.multiply),
    "divide": _two(np.divide),
    "conv": _conv,
    "dense": _dense,
    "views": _views,
    "mean_of_views": _mean_of_views,
}
"""What the host does, by kind; values of integers stay integers where an operation allows it."""
OF_BATCH = ("views", "mean_of_views")
"""Kinds that change the length of the batch. An image that a small network sees several times, each time moved by a
pixel, is told better: outputs are the mean over its views."""


_HOST_INPUTS = 500
"""Inputs that the host's steps take at once: what a step makes of a convolution's pixels is large."""
_NOTHING: Value = np.empty(0)


class Walk:
    """A batch on its way through the steps.

    Attributes:
        step: the array step that waits for its sums; None when all steps are done.
        outputs: value of the last step.
    """

    def __init__(self, steps: tuple[Step, ...], inputs: Value) -> None:
        self._steps, self._values = steps, [inputs]
        self._uses = _last_uses(steps)
        self.step: Step | None = None
        self._go_on()

    @property
    def outputs(self) -> Value:
        return self._values[-1]

    @property
    def waiting(self) -> Value:
        """Integers that the array step takes."""
        assert self.step is not None
        return self._values[self.step.inputs[0]]

    def __copy__(self) -> Walk:
        """Another batch of the same values, which goes on by itself."""
        other = object.__new__(Walk)
        other.__dict__ = {**self.__dict__, "_values": list(self._values)}
        return other

    def first(self, count: int) -> Walk:
        """The first so many of the batch, which go on by themselves."""
        other = copy.copy(self)
        other._values = [value[:count] for value in self._values]
        return other

    def change(self, steps: tuple[Step, ...]) -> None:
        """Go on by other steps, which are of the same kinds on the same values.

        A value that waits for an array's sums is as the steps before have made it.
        """
        assert [(a.kind, a.inputs) for a in steps] == [(b.kind, b.inputs) for b in self._steps]
        self._steps = steps
        if self.step is not None:
            self.step = steps[len(self._values) - 1]

    def give(self, sums: Value) -> None:
        """The sums of the array step: (n, outputs), or (n, outputs, down, across)."""
        self._put(sums)
        self._go_on()

    def _go_on(self) -> None:
        """Do the host's steps up to the next array step."""
        while (step := self._next) is not None and step.kind != ARRAY:
            if step.kind in OF_BATCH:
                self._put(HOST[step.kind](step, [self._values[i] for i in step.inputs]))
                if any(len(value) for value in self._values[:-1]):
                    raise FlowError(f"a value of the other batch is needed after step {step.kind}")
            else:
                self._in_parts()
        self.step = step

    @property
    def _next(self) -> Step | None:
        done = len(self._values) - 1
        return self._steps[done] if done < len(self._steps) else None

    def _in_parts(self) -> None:
        """Do the host's steps up to one that they cannot be done with, a part of the batch at a time."""
        first = stop = len(self._values)
        while stop <= len(self._steps) and self._steps[stop - 1].kind not in (ARRAY, *OF_BATCH):
            stop += 1
        batch = max(len(value) for value in self._values)
        parts = [self._part(slice(at, at + _HOST_INPUTS), first, stop) for at in range(0, max(batch, 1), _HOST_INPUTS)]
        self._values = [value if self._uses[n] >= stop else _NOTHING for n, value in enumerate(self._values)]
        for made in range(stop - first):
            self._values.append(np.concatenate([part[made] for part in parts]) if len(parts) > 1 else parts[0][made])

    def _part(self, at: slice, first: int, stop: int) -> list[Value]:
        """Values first to stop - 1 of a part of the batch; nothing instead of those that nobody asks for later."""
        values = [value[at] for value in self._values]
        for made in range(first, stop):
            step = self._steps[made - 1]
            values.append(HOST[step.kind](step, [values[i] for i in step.inputs]))
            for number in step.inputs:
                if self._uses[number] == made:
                    values[number] = _NOTHING
        return values[first:]

    def _put(self, value: Value) -> None:
        self._values.append(value)
        done = len(self._values) - 1
        for number in self._steps[done - 1].inputs:
            if self._uses[number] == done and number < done:
                self._values[number] = _NOTHING  # nobody asks for it any more


def _last_uses(steps: tuple[Step, ...]) -> list[int]:
    """The value that each value is used for last; its own number if for none."""
    uses = list(range(len(steps) + 1))
    for made, step in enumerate(steps, 1):
        for number in step.inputs:
            uses[number] = max(uses[number], made)
    return uses


def array_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Those that are an array's, in order."""
    return (step for step in steps if step.kind == ARRAY)


def rows_of(step: Step, waiting: Value) -> IntArray:
    """The layer's integer inputs (n * places, inputs) of what an array step takes; inputs ordered (channel, kernel)."""
    if "kernel" not in step.numbers:
        return np.asarray(waiting.reshape(len(waiting), math.prod(waiting.shape[1:])), np.int64)
    view = Window.of(step.numbers).patches(waiting, step.numbers["zero"])
    n, channels, down, across, kh, kw = view.shape
    return np.asarray(view.transpose(0, 2, 3, 1, 4, 5).reshape(n * down * across, channels * kh * kw), np.int64)


def sums_as_value(step: Step, waiting: Value, sums: Value) -> Value:
    """Sums (n * places, outputs) in the shape of the step's value."""
    if "kernel" not in step.numbers:
        return sums
    down, across = Window.of(step.numbers).size(*waiting.shape[2:])
    return sums.reshape(len(waiting), down, across, sums.shape[1]).transpose(0, 3, 1, 2)
