"""What stands behind the last layer and leaves the largest output the largest: dropped, and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ohmbench.importing.builder import Builder
from ohmbench.importing.graph import Node
from ohmbench.importing.handling import Arguments, Handler, axis_of, live
from ohmbench.importing.values import Constant, Known, Live, Refused


def _softmax(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    return replace(x, tail=node.operator)


def _arg_max(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    if len(x.shape) != 1 or axis_of(node.integer("axis", 0), x) != 0:
        raise Refused(f"picks along the axis {node.integer('axis', 0)} of {list(x.shape)}", "Pick among the classes.")
    return replace(x, tail=node.operator)


TAILS: dict[str, Handler] = {
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "ArgMax": _arg_max,
    "ai.onnx.ml.ZipMap": _softmax,
}

_AFTER = {
    "Identity",
    "Cast",
    "QuantizeLinear",
    "DequantizeLinear",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "ArgMax",
    "ai.onnx.ml.ArrayFeatureExtractor",
    "ai.onnx.ml.ZipMap",
    "ai.onnx.ml.Normalizer",
    "ai.onnx.ml.LabelEncoder",
}


def after_tail(b: Builder, node: Node, arguments: Sequence[Known | None]) -> Live | None:
    """The value that was dropped behind, if the node only dresses it; None if it is no such node."""
    tails = [value for value in arguments if isinstance(value, Live) and value.tail]
    if len(tails) != 1 or node.key not in _AFTER:
        return None
    for value in arguments:
        if isinstance(value, Constant) and node.operator == "ArrayFeatureExtractor":
            b.labels = [str(label) for label in value.values.ravel()]
    names = node.attributes.get("classlabels_strings") or node.attributes.get("classlabels_int64s")
    if isinstance(names, list) and names:
        b.labels = [str(name) for name in names]
    (tail,) = tails
    return replace(tail, tail=f"{tail.tail}, {node.operator}")
