"""Operators of ai.onnx.ml that are linear, as scikit-learn's converters write them."""

from __future__ import annotations

from dataclasses import replace

from ohmbench.importing.builder import Builder
from ohmbench.importing.graph import Node, array_of
from ohmbench.importing.handling import Arguments, Handler, live
from ohmbench.importing.values import Constant, Known, Refused


def _scaler(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    offset, scale = array_of(node.numbers("offset") or [0.0]), array_of(node.numbers("scale") or [1.0])
    if any(array.size not in (1, x.shape[-1]) for array in (offset, scale)):
        raise Refused(f"does not have one number a feature of {list(x.shape)}")
    moved = b.put("subtract", (b.floating(x),), x.shape, arrays={"value": offset})
    return b.put("multiply", (moved,), x.shape, arrays={"value": scale})


def _linear(b: Builder, node: Node, arguments: Arguments, outputs: int, names: str) -> Known:
    x, coefficients = live(arguments), array_of(node.numbers("coefficients"))
    bias = array_of(node.numbers(names) or [0.0] * outputs)
    if len(x.shape) != 1 or outputs < 1 or coefficients.size != outputs * x.shape[0] or bias.size != outputs:
        raise Refused(f"has {coefficients.size} coefficients for {outputs} outputs of {list(x.shape)}")
    weights = coefficients.reshape(outputs, -1).T
    return b.dense(x, Constant(weights, "float"), Constant(bias, "float"))


def _classifier(b: Builder, node: Node, arguments: Arguments) -> tuple[Known, ...]:
    labels = node.attributes.get("classlabels_strings") or node.attributes.get("classlabels_ints") or []
    coefficients, bias = node.numbers("coefficients"), node.numbers("intercepts")
    outputs = len(bias) or len(labels)
    if outputs == 1 and len(labels) == 2:  # one score: below or above zero
        opposite = {"coefficients": [-c for c in coefficients] + coefficients, "intercepts": [-v for v in bias] + bias}
        node = replace(node, attributes={**node.attributes, **opposite})
        outputs = 2
    made = _linear(b, node, arguments, outputs, "intercepts")
    b.labels = [str(label) for label in labels]
    assert not isinstance(made, Constant)
    after = node.text("post_transform", "NONE")
    if after not in ("NONE", "SOFTMAX", "LOGISTIC"):
        raise Refused(f"has the transform {after} behind it", "NONE, SOFTMAX and LOGISTIC are supported.")
    scores = made if after == "NONE" else replace(made, tail=after)
    return replace(made, tail="its label"), scores


def _regressor(b: Builder, node: Node, arguments: Arguments) -> Known:
    if node.text("post_transform", "NONE") != "NONE":
        raise Refused(f"has the transform {node.text('post_transform', '')} behind it", "Export it without.")
    return _linear(b, node, arguments, node.integer("targets", 1), "intercepts")


def _normaliser(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    return replace(x, tail="Normalizer")


CLASSIC: dict[str, Handler] = {
    "ai.onnx.ml.Scaler": _scaler,
    "ai.onnx.ml.LinearClassifier": _classifier,
    "ai.onnx.ml.LinearRegressor": _regressor,
    "ai.onnx.ml.Normalizer": _normaliser,
}
