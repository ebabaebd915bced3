"""Steps as they are made out of a graph's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ohmbench.importing.graph import MAX_MADE, BadModel, size_of
from ohmbench.importing.values import Constant, Grid, Live, Refused
from ohmbench.network.flow import ARRAY, Step, Value, Window
from ohmbench.network.imported import FLOAT_PRODUCTS

MAX_ARRAY_BITS = 16
MAX_ARRAY_LEVEL = 255


class Builder:
    """The steps so far.

    Attributes:
        node: name of the node that is being taken.
        said: what a user should know.
        labels: names of classes, if the graph has them.
        shared: numbers of values that more than one node takes.
        batch: size of the batch that the graph was exported with; None: any.
    """

    nothing = Step("identity", (0,))
    """Stands for what a refused node would make."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.node = ""
        self.said: list[str] = []
        self.labels: list[str] = []
        self.shared: set[int] = set()
        self.batch: int | None = None
        self._made = 0
        self._floats: dict[tuple[int, int, bytes], Live] = {}

    def say(self, text: str) -> None:
        if text not in self.said:
            self.said.append(text)

    def count(self, numbers: int) -> None:
        """So many numbers are made now.

        Raises:
            BadModel: all together are too large; no further node is looked at.
        """
        self._made += numbers
        if self._made > MAX_MADE:
            raise BadModel(f"its nodes up to {self.node!r} make more than {MAX_MADE} numbers")

    def put(
        self,
        kind: str,
        inputs: tuple[Live, ...],
        shape: tuple[int, ...],
        numbers: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Value] | None = None,
    ) -> Live:
        """A step, and the value that it makes."""
        size_of(shape)
        held = {name: np.require(array, requirements="C") for name, array in (arrays or {}).items()}
        self.count(sum(array.size for array in held.values()))
        self.steps.append(Step(kind, tuple(live.number for live in inputs), numbers or {}, held, self.node))
        return Live(len(self.steps), tuple(shape))

    def through(self, kind: str, x: Live, shape: tuple[int, ...], numbers: Mapping[str, Any] | None = None) -> Live:
        """A step that only moves or picks numbers: on whole ones, if these are behind the value."""
        if x.grid is not None and x.scale is not None and x.scale.size != 1:
            x = self.floating(x)
        made = self.put(kind, (x,), shape, numbers)
        return replace(x, number=made.number, shape=made.shape)

    def floating(self, x: Live) -> Live:
        """The value in floating point.

        Raises:
            Refused: it is whole in ONNX too.
        """
        if x.tail:
            raise Refused(f"{x.tail} is supported only at the end", "Export the network without what is behind it.")
        if x.grid is None:
            return x
        if x.scale is None:
            raise Refused("computes with whole numbers", "Export it with DequantizeLinear in front.")
        key = (x.number, x.zero, x.scale.tobytes() + bytes(str(x.scale.shape), "ascii"))
        if key not in self._floats:
            arrays: dict[str, Value] = {"scale": x.scale, "zero": np.asarray(x.zero, np.int32)}
            self._floats[key] = self.put("dequantise", (x,), x.shape, arrays=arrays)
        return self._floats[key]

    def quantise(self, x: Live, scale: Value, zero: int, low: int, high: int, *, inside: int = 0) -> Live:
        """rint(x / scale + inside) + zero within low..high, held without numbers below 0."""
        grid = x.grid
        if grid is not None and x.scale is not None and np.array_equal(x.scale, scale):  # nothing changes
            same = x.zero - grid.offset == zero + inside
            if same and low <= grid.low - grid.offset and grid.high - grid.offset <= high:
                return replace(x, scale=None, zero=0)
        offset = -min(low, zero + inside)
        numbers = {"zero": zero + offset, "low": low + offset, "high": high + offset}
        if inside:
            numbers["inside"] = inside
        made = self.put("quantise", (self.floating(x),), x.shape, numbers, {"scale": scale})
        return replace(made, grid=Grid(low + offset, high + offset, offset))

    def clip_whole(self, x: Live, low: int, high: int) -> Live:
        """Whole numbers within ONNX's low..high, and so in fewer bits.

        Raises:
            Refused: nothing is left.
        """
        assert x.grid is not None
        low, high = max(low, x.grid.low - x.grid.offset), min(high, x.grid.high - x.grid.offset)
        if low > high:
            raise Refused(f"leaves no number between {low} and {high}")
        step = self.steps[x.number - 1] if x.number else None
        if step is not None and step.kind == "quantise" and x.number not in self.shared:
            zero = step.numbers["zero"] - x.grid.offset
            offset = -min(low, zero + step.numbers.get("inside", 0))
            numbers = {**step.numbers, "zero": zero + offset, "low": low + offset, "high": high + offset}
            self.steps[x.number - 1] = replace(step, numbers=numbers)
            return replace(x, grid=Grid(low + offset, high + offset, offset))
        numbers = {"low": low + x.grid.offset, "high": high + x.grid.offset}
        made = self.put("clip", (x,), x.shape, numbers)
        return replace(x, number=made.number, grid=replace(x.grid, **numbers))

    # products

    def dense(self, x: Live, weights: Constant, bias: Constant | None) -> Live:
        """x @ weights + bias, weights (inputs, outputs)."""
        if weights.values.ndim != 2 or x.shape != weights.values.shape[:1]:
            raise Refused(
                f"multiplies {list(x.shape)} by {list(weights.values.shape)}",
                "Flatten its inputs to (batch, inputs) first.",
            )
        outputs = weights.values.shape[1]
        whole = self._whole(x, weights, 1)
        if whole is not None:
            levels, scale = whole
            return self._array(x, levels, scale, bias, (outputs,), {"groups": 1})
        vector = _vector(bias, outputs)
        return self.put("dense", (self.floating(x),), (outputs,), arrays={"weights": weights.floats, "bias": vector})

    def conv(self, x: Live, weights: Constant, bias: Constant | None, window: Window, groups: int) -> Live:
        """A convolution, weights (outputs, inputs of a group, height, width) on (channels, height, width)."""
        outputs, inputs, *kernel = weights.values.shape
        if groups < 1 or outputs % groups or x.shape[0] != inputs * groups or tuple(kernel) != window.kernel:
            raise Refused(f"has weights {list(weights.values.shape)} in {groups} groups for {list(x.shape)}")
        shape = (outputs, *window.size(*x.shape[1:]))
        whole = self._whole(x, weights, 0)
        if whole is not None:
            levels, scale = whole
            matrix = levels.reshape(outputs, -1).T
            return self._array(x, matrix, scale, bias, shape, {"groups": groups, **window.numbers()})
        arrays = {"weights": weights.floats, "bias": _vector(bias, outputs)}
        return self.put("conv", (self.floating(x),), shape, {"groups": groups, **window.numbers()}, arrays)

    def _whole(self, x: Live, weights: Constant, axis: int) -> tuple[Value, Value] | None:
        """Levels, and the scale of each output, if the product is one of whole numbers."""
        if weights.whole is None:
            return None
        levels, scale = weights.whole.levels, weights.whole.scale
        each = [size for at, size in enumerate(scale.shape) if at != axis]
        reason = ""
        if x.grid is None or x.scale is None or x.scale.size != 1:
            reason = "its inputs are not whole numbers of one scale"
        elif x.zero < 0 or max(x.grid.high, x.zero).bit_length() > MAX_ARRAY_BITS:
            reason = "its inputs do not fit an array's"
        elif any(size != 1 for size in each):
            reason = "its weights do not have one scale an output"
        elif int(np.abs(levels).max(initial=0)) > MAX_ARRAY_LEVEL:
            reason = f"its weights go beyond {MAX_ARRAY_LEVEL}"
        if reason:
            self.say(f"{self.node}: {reason}; quantise it on import")
            return None
        return levels, np.broadcast_to(scale.ravel(), levels.shape[axis])

    def _array(
        self,
        x: Live,
        levels: Value,
        scale: Value,
        bias: Constant | None,
        shape: tuple[int, ...],
        numbers: Mapping[str, Any],
    ) -> Live:
        """The product of whole numbers, and the affine step that gives its value."""
        assert x.scale is not None
        factor = np.asarray(x.scale.ravel()[0] * scale.astype(np.float32), np.float32)
        sums = self.array_sums(x, levels, shape, numbers, x.zero)
        add = np.zeros(len(scale), np.int64)
        vector = np.zeros(len(scale), np.float32)
        if bias is not None:
            whole = bias.whole
            if whole is not None and np.allclose(np.broadcast_to(whole.scale.ravel(), add.shape), factor, rtol=1e-5):
                add = np.broadcast_to(whole.levels.ravel(), add.shape).astype(np.int64)
            else:
                vector = _vector(bias, len(add))
        return self.affine(sums, factor, add, vector)

    def array_sums(
        self, x: Live, levels: Value, shape: tuple[int, ...], numbers: Mapping[str, Any], zero: int
    ) -> tuple[Live, Value]:
        """An array step, and what its zero point adds to each output's sum."""
        assert x.grid is not None
        described = {
            "bits": max(x.grid.high, zero, 1).bit_length(),
            "zero": zero,
            "max_level": max(int(np.abs(levels).max(initial=0)), 1),
            **numbers,
        }
        made = self.put(ARRAY, (x,), shape, described, {"weights": levels.astype(np.int32)})
        return made, -zero * levels.astype(np.int64).sum(axis=0)

    def affine(self, sums: tuple[Live, Value], scale: Value, add: Value, bias: Value) -> Live:
        """scale * (sums + add) + bias for each output of an array step."""
        made, of_zero = sums
        rest = (1,) * (len(made.shape) - 1)
        total = of_zero + add
        arrays: dict[str, Value] = {
            "add": total.astype(np.int64).reshape(-1, *rest),
            "scale": np.asarray(scale, np.float32).reshape(-1, *rest),
            "bias": np.asarray(bias, np.float32).reshape(-1, *rest),
        }
        return self.put("affine", (made,), made.shape, arrays=arrays)

    def fold(self, x: Live, scale: Value, shift: Value) -> Live | None:
        """x * scale + shift taken into the product that made x; None if that is not possible.

        Args:
            scale, shift: one number, or one an output.
        """
        if not x.number or x.number in self.shared or x.grid is not None or x.tail:
            return None
        step = self.steps[x.number - 1]
        outputs = x.shape[0]
        if step.kind not in (*FLOAT_PRODUCTS, "affine") or scale.size not in (1, outputs):
            return None
        if shift.size not in (1, outputs):
            return None
        scale = np.broadcast_to(np.asarray(scale, np.float32).ravel(), outputs)
        shift = np.broadcast_to(np.asarray(shift, np.float32).ravel(), outputs)
        a = dict(step.arrays)
        if step.kind == "conv":
            a = {"weights": a["weights"] * scale[:, None, None, None], "bias": a["bias"] * scale + shift}
        elif step.kind == "dense":
            a = {"weights": a["weights"] * scale, "bias": a["bias"] * scale + shift}
        else:
            form = a["scale"].shape
            a["scale"] = a["scale"] * scale.reshape(form)
            a["bias"] = a["bias"] * scale.reshape(form) + shift.reshape(form)
        self.steps[x.number - 1] = replace(step, arrays=a)
        return x

    def finish(self, output: Live) -> tuple[Step, ...]:
        """The steps that the output needs, which is the last one's value."""
        needed = {output.number}
        for number in range(output.number, 0, -1):
            if number in needed:
                needed.update(self.steps[number - 1].inputs)
        kept = [number for number in range(1, output.number + 1) if number in needed]
        place = {0: 0, **{number: at for at, number in enumerate(kept, 1)}}
        return tuple(
            replace(self.steps[number - 1], inputs=tuple(place[i] for i in self.steps[number - 1].inputs))
            for number in kept
        )


def _vector(bias: Constant | None, outputs: int) -> Value:
    """A bias of each output.

    Raises:
        Refused: it is not one number an output.
    """
    if bias is None:
        return np.zeros(outputs, np.float32)
    if bias.values.size not in (1, outputs):
        raise Refused(f"has a bias of the shape {list(bias.values.shape)} for {outputs} outputs")
    return np.array(np.broadcast_to(bias.floats.ravel(), outputs))
