"""Operators on constants: their result is known at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ohmbench.importing.graph import Node, check_made, import_onnx
from ohmbench.importing.values import FLOATS, Constant, Refused, Whole
from ohmbench.network.flow import Value

Fold = Callable[[Node, Sequence[Constant | None]], Constant]


def _need(arguments: Sequence[Constant | None], index: int) -> Constant:
    value = arguments[index] if index < len(arguments) else None
    if value is None:
        raise Refused("lacks an argument")
    return value


def _two(operation: Callable[[Value, Value], Value]) -> Fold:
    def fold(node: Node, arguments: Sequence[Constant | None]) -> Constant:
        a, b = _need(arguments, 0), _need(arguments, 1)
        check_made(np.broadcast_shapes(a.values.shape, b.values.shape))
        return Constant(np.asarray(operation(a.values, b.values)), a.type)

    return fold


def _one(operation: Callable[[Value], Value]) -> Fold:
    return lambda node, arguments: Constant(np.asarray(operation(_need(arguments, 0).values)), _need(arguments, 0).type)


def _divide(a: Value, b: Value) -> Value:
    return np.asarray(a // b if a.dtype.kind in "iu" else a / b)


def _keep(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    return _need(arguments, 0)


def _cast(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x, kind = _need(arguments, 0), type_name(node.integer("to", 1))
    if kind in FLOATS:
        return Constant(np.asarray(x.values, np.float64 if kind == "double" else np.float32), kind, x.whole)
    if kind not in ("int32", "int64", "int8", "uint8", "bool"):
        raise Refused(f"casts a constant to {kind}")
    return Constant(x.values.astype(kind), kind)


def type_name(number: int) -> str:
    """ONNX's name of a type."""
    try:
        return str(import_onnx().TensorProto.DataType.Name(number)).lower()
    except ValueError as error:
        raise Refused(f"names the type {number}, which is none") from error


def _reshape(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x, shape = _need(arguments, 0), _need(arguments, 1).integers
    if not node.integer("allowzero", 0):
        shape = [x.values.shape[at] if size == 0 else size for at, size in enumerate(shape)]
    return _reshaped(x, shape)


def _reshaped(x: Constant, shape: Sequence[int]) -> Constant:
    values, whole = x.values.reshape(shape), x.whole
    if whole is not None:
        if whole.scale.size == 1:
            whole = Whole(whole.levels.reshape(values.shape), whole.scale.reshape((1,) * values.ndim))
        else:
            whole = None
    return Constant(values, x.type, whole)


def _flatten(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x, axis = _need(arguments, 0), node.integer("axis", 1)
    return _reshaped(x, [int(np.prod(x.values.shape[:axis])), -1])


def _transpose(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x = _need(arguments, 0)
    return x.transposed(tuple(node.integers("perm", range(x.values.ndim)[::-1])))


def _axes(node: Node, arguments: Sequence[Constant | None]) -> list[int] | None:
    if len(arguments) > 1 and arguments[1] is not None:
        return arguments[1].integers
    return node.integers("axes", ()) if "axes" in node.attributes else None


def _unsqueeze(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x, axes = _need(arguments, 0), _axes(node, arguments) or []
    return _reshaped(x, np.expand_dims(x.values, tuple(axes)).shape)


def _squeeze(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x, axes = _need(arguments, 0), _axes(node, arguments)
    return _reshaped(x, np.squeeze(x.values, None if axes is None else tuple(axes)).shape)


def _gather(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x, places, axis = _need(arguments, 0), _need(arguments, 1), node.integer("axis", 0)
    if places.values.dtype.kind not in "iu":
        raise Refused("takes from places that are not whole numbers")
    check_made([places.values.size, x.values.size])
    return Constant(np.take(x.values, places.values, axis=axis), x.type)


def _concat(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    parts = [_need(arguments, at) for at in range(len(arguments))]
    check_made([sum(part.values.size for part in parts)])
    return Constant(np.concatenate([part.values for part in parts], node.integer("axis", 0)), parts[0].type)


def _slice(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x = _need(arguments, 0)
    if "starts" in node.attributes:
        starts, ends, axes, steps = node.integers("starts", ()), node.integers("ends", ()), None, None
        axes = node.integers("axes", range(len(starts)))
    else:
        starts, ends = _need(arguments, 1).integers, _need(arguments, 2).integers
        third, fourth = (arguments[at] if at < len(arguments) else None for at in (3, 4))
        axes = list(range(len(starts))) if third is None else third.integers
        steps = None if fourth is None else fourth.integers
    cut: list[slice] = [slice(None)] * x.values.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps or [1] * len(starts), strict=True):
        cut[axis] = slice(start, end if end > -(1 << 62) else None, step)
    return Constant(x.values[tuple(cut)], x.type)


def _shape(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    return Constant(np.asarray(_need(arguments, 0).values.shape, np.int64), "int64")


def _constant_of_shape(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    shape, value = _need(arguments, 0).integers, node.attributes.get("value")
    check_made(shape)
    if not isinstance(value, Constant):
        return Constant(np.zeros(shape, np.float32), "float")
    return Constant(np.full(shape, value.values.ravel()[0]), value.type)


def _clip(node: Node, arguments: Sequence[Constant | None]) -> Constant:
    x = _need(arguments, 0)
    bounds = [
        (argument.scalar() if (argument := arguments[at] if at < len(arguments) else None) is not None else None)
        for at in (1, 2)
    ]
    low = node.attributes.get("min", bounds[0])
    high = node.attributes.get("max", bounds[1])
    return Constant(np.clip(x.values, low, high).astype(x.values.dtype), x.type)


FOLDS: dict[str, Fold] = {
    "Identity": _keep,
    "Dropout": _keep,
    "Cast": _cast,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Gather": _gather,
    "Concat": _concat,
    "Slice": _slice,
    "Shape": _shape,
    "ConstantOfShape": _constant_of_shape,
    "Clip": _clip,
    "Add": _two(np.add),
    "Sub": _two(np.subtract),
    "Mul": _two(np.multiply),
    "Div": _two(_divide),
    "Pow": _two(lambda a, b: np.asarray(np.power(a, b), a.dtype)),
    "Sqrt": _one(np.sqrt),
    "Neg": _one(np.negative),
    "Abs": _one(np.abs),
    "Exp": _one(np.exp),
    "Floor": _one(np.floor),
    "Reciprocal": _one(lambda a: np.asarray(1 / a, a.dtype)),
}
"""By operator; its arguments are all constants."""
