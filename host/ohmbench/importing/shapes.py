"""Operators that move numbers and change none: reshapes, transposes, padding, parts put together."""

from __future__ import annotations

import numpy as np

from ohmbench.importing.builder import Builder
from ohmbench.importing.folding import type_name
from ohmbench.importing.graph import Node, size_of
from ohmbench.importing.handling import Arguments, Handler, axis_of, constant, live, optional
from ohmbench.importing.values import BATCH, FLOATS, Constant, Known, Live, Refused


def reshaped(b: Builder, x: Live, shape: tuple[int, ...]) -> Live:
    """The same numbers in another shape."""
    return x if shape == x.shape else b.through("reshape", x, shape, {"shape": list(shape)})


def _same(b: Builder, node: Node, arguments: Arguments) -> Known:
    return live(arguments)


def _dropout(b: Builder, node: Node, arguments: Arguments) -> Known:
    training = optional(arguments, 2)
    if training is not None and training.values.any():
        raise Refused("is exported in training mode", "Export it for inference.")
    return live(arguments)


def _cast(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, kind = live(arguments), type_name(node.integer("to", 1))
    if kind not in FLOATS:
        raise Refused(f"casts the network's values to {kind}", "Quantise them with QuantizeLinear.")
    if x.grid is not None and x.scale is None:
        return Live(x.number, x.shape, x.grid, np.ones((), np.float32), x.grid.offset)
    return x


def _reshape(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    shape = constant(arguments, 1).integers if len(arguments) > 1 else node.integers("shape", ())
    if not node.integer("allowzero", 0):
        if any(size == 0 and at > len(x.shape) for at, size in enumerate(shape)):
            raise Refused(f"copies a size that {list(x.shape)} does not have")
        shape = [(BATCH, *x.shape)[at] if size == 0 else size for at, size in enumerate(shape)]
    total, rest = size_of(x.shape), shape[1:]
    if not shape:
        raise Refused("leaves nothing of the batch")
    if shape[0] not in (BATCH, -1, 1, b.batch):
        raise Refused(f"makes {shape} of a batch", "Keep the batch as its first axis: Flatten, or Reshape to [0, -1].")
    if rest.count(-1) == 1 and shape[0] != -1:
        known = size_of([size for size in rest if size != -1] or [1])
        rest = [total // known if size == -1 else size for size in rest]
    if any(size < 1 for size in rest) or size_of(rest or [1]) != total:
        raise Refused(f"makes {shape} of {list(x.shape)}", "Keep the batch as its first axis.")
    return reshaped(b, x, tuple(rest))


def _flatten(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, axis = live(arguments), node.integer("axis", 1)
    if axis % (len(x.shape) + 1) != 1 and len(x.shape) > 0:
        raise Refused(f"flattens from axis {axis}, which puts the batch among the values", "Flatten from axis 1.")
    return reshaped(b, x, (size_of(x.shape),))


def _transpose(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    axes = node.integers("perm", range(len(x.shape) + 1)[::-1])
    if sorted(axes) != list(range(len(x.shape) + 1)) or axes[0] != 0:
        raise Refused(f"orders the axes as {axes}", "The batch must stay first.")
    if axes == sorted(axes):
        return x
    return b.through("transpose", x, tuple(x.shape[axis - 1] for axis in axes[1:]), {"axes": axes[1:]})


def _axes(node: Node, arguments: Arguments) -> list[int] | None:
    given = optional(arguments, 1)
    if given is not None:
        return given.integers
    return node.integers("axes", ()) if "axes" in node.attributes else None


def _squeeze(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, axes = live(arguments), _axes(node, arguments)
    gone = {axis_of(axis, x) for axis in axes} if axes is not None else {a for a, s in enumerate(x.shape) if s == 1}
    if any(x.shape[axis] != 1 for axis in gone):
        raise Refused(f"takes away axes of {list(x.shape)} that are not of size 1")
    return reshaped(b, x, tuple(size for axis, size in enumerate(x.shape) if axis not in gone))


def _unsqueeze(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, axes = live(arguments), _axes(node, arguments) or []
    rank = len(x.shape) + 1 + len(axes)
    places = {axis % rank for axis in axes if -rank <= axis < rank}
    if len(places) != len(axes) or 0 in places:
        raise Refused(f"puts axes at {axes}", "The batch must stay first.")
    sizes = iter(x.shape)
    return reshaped(b, x, tuple(1 if axis in places else next(sizes) for axis in range(1, rank)))


def _shape(b: Builder, node: Node, arguments: Arguments) -> Known:
    shape = [BATCH, *live(arguments).shape]
    cut = shape[node.integer("start", 0) : node.integer("end", len(shape))]
    return Constant(np.asarray(cut, np.int64), "int64")


def _pad(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, given, mode = live(arguments), optional(arguments, 1), node.text("mode", "constant")
    pads = node.integers("pads", ()) if given is None else given.integers
    filled, chosen = optional(arguments, 2), optional(arguments, 3)
    rank = len(x.shape) + 1
    if chosen is not None:
        axes, each = [axis % rank for axis in chosen.integers], len(pads) // 2
        wide = [0] * (2 * rank)
        for at, axis in enumerate(axes):
            wide[axis], wide[rank + axis] = pads[at], pads[each + at]
        pads = wide
    if mode != "constant":
        raise Refused(f"pads by {mode}", "Pad with zeros.")
    if len(pads) != 2 * rank or pads[0] or pads[rank] or min(pads) < 0:
        raise Refused(f"pads by {pads}", "Pads are of the axes behind the batch, none negative.")
    before, after = pads[1:rank], pads[rank + 1 :]
    if not any(pads):
        return x
    shape = tuple(size + first + last for size, first, last in zip(x.shape, before, after, strict=True))
    value = node.number("value", 0.0) if filled is None else filled.scalar()
    whole_scale = x.scale is not None and x.scale.size == 1
    if x.grid is not None and (x.scale is None or (whole_scale and value == 0)):
        fill: float = x.zero if x.scale is not None else int(value) + x.grid.offset
        if not x.grid.low <= fill <= x.grid.high:
            x = b.floating(x)
            fill = value
    else:
        x, fill = b.floating(x), value
    if not np.isfinite(fill):
        raise Refused(f"pads with {fill}", "Pad with zeros.")
    return b.through("pad", x, shape, {"before": before, "after": after, "value": fill})


def _concat(b: Builder, node: Node, arguments: Arguments) -> Known:
    parts = [b.floating(live(arguments, at)) for at in range(len(arguments))]
    axis = axis_of(node.integer("axis", 1), parts[0])
    others = {(*part.shape[:axis], *part.shape[axis + 1 :]) for part in parts}
    if len(others) != 1:
        raise Refused(f"puts together {[list(part.shape) for part in parts]}")
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return b.put("concat", tuple(parts), tuple(shape), {"axis": axis + 1})


SHAPES: dict[str, Handler] = {
    "Identity": _same,
    "Dropout": _dropout,
    "Cast": _cast,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Shape": _shape,
    "Pad": _pad,
    "Concat": _concat,
}
