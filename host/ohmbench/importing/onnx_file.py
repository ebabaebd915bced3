"""An ONNX model as a network of steps. Needs the extra `onnx`, which is the package onnx alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.errors import DataError, OhmbenchError
from ohmbench.importing.builder import Builder
from ohmbench.importing.classic import CLASSIC
from ohmbench.importing.folding import FOLDS
from ohmbench.importing.graph import (
    MAX_BYTES,
    MAX_ELEMENTS,
    BadModel,
    Graph,
    Node,
    import_onnx,
    parse,
    read_graph,
    size_of,
)
from ohmbench.importing.handling import Handler
from ohmbench.importing.pointwise import POINTWISE
from ohmbench.importing.pools import POOLS
from ohmbench.importing.products import PRODUCTS
from ohmbench.importing.qonnx import QONNX
from ohmbench.importing.quantised import QUANTISED, input_of
from ohmbench.importing.ranges import input_range
from ohmbench.importing.shapes import SHAPES
from ohmbench.importing.tails import TAILS, after_tail
from ohmbench.importing.values import Constant, Known, Live, Refused, Unknown
from ohmbench.network.imported import MAX_STEPS, ImportedNetwork
from ohmbench.support.guesses import cannot_read

HANDLERS: dict[str, Handler] = {
    **PRODUCTS,
    **POINTWISE,
    **POOLS,
    **SHAPES,
    **QUANTISED,
    **QONNX,
    **CLASSIC,
    **TAILS,
}

_INSTEAD = {
    "If": "Export the network for inference, without conditions.",
    "Loop": "Export the network without loops.",
    "Softmax": "It is supported only at the end.",
    "LayerNormalization": "Use BatchNormalization, which is folded into its layer.",
    "InstanceNormalization": "Use BatchNormalization, which is folded into its layer.",
    "Elu": "Use Relu or LeakyRelu.",
    "Selu": "Use Relu or LeakyRelu.",
    "Gelu": "Use Relu.",
    "HardSigmoid": "Use Sigmoid.",
    "HardSwish": "Use Relu.",
    "ConvTranspose": "Only forward convolutions are supported.",
}
_DEFAULT = "Leave it out, or compute it before or behind the network."


class UnsupportedError(DataError):
    """A model with nodes that cannot be taken.

    Attributes:
        unsupported: each of them as a sentence: operator, name, shapes, why, what to do.
    """

    def __init__(self, name: str, unsupported: list[str], nodes: int) -> None:
        self.unsupported = tuple(unsupported)
        super().__init__(
            f"Cannot import {name}: {len(unsupported)} of its {nodes} nodes are not supported:\n"
            + "".join(f"  {text}\n" for text in unsupported),
            "Nothing was made.",
        )


def from_onnx(source: Path | str | bytes | Any) -> ImportedNetwork:
    """The network of an ONNX model: a path, its bytes, or a ModelProto.

    Products stay in floating point if the model's are; `quantise_network` makes them whole. What was dropped or stays
    with the host is in `said`.

    Raises:
        DataError: it is missing, damaged, or has nodes that cannot be taken, all of which are named.
        UsageError: the package onnx is not installed.
    """
    import_onnx()
    name, data = _bytes_of(source)
    try:
        with np.errstate(all="ignore"):
            return _import(read_graph(parse(data)), data, name)
    except OhmbenchError:
        raise
    except BadModel as error:
        reason = str(error)
    except MemoryError:
        reason = "it needs more memory than there is"
    except Exception as error:
        reason = f"it is damaged ({type(error).__name__}: {str(error)[:200]})"
    raise DataError(f"Cannot import {name}: {reason}.", "Check the model, for instance with onnx.checker.")


def _bytes_of(source: Path | str | bytes | Any) -> tuple[str, bytes]:
    if isinstance(source, bytes | bytearray):
        return "the model", bytes(source)
    if hasattr(source, "SerializeToString"):
        return "the model", bytes(source.SerializeToString())
    path = Path(source)
    try:
        with path.open("rb") as file:
            return str(path), file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"Cannot import {path}: {cannot_read(path, error)}.", "Name an ONNX file.") from error


def _import(graph: Graph, data: bytes, name: str) -> ImportedNetwork:
    shape = _input_shape(graph)
    b, values, refused = _walk(graph, shape, {})
    if refused:
        # once more, with shapes behind those nodes as ONNX has them, so that what follows is looked at too
        _, _, refused = _walk(graph, shape, _inferred(data))
        raise _refusal(graph, name, refused)
    output = _output(b, graph, values)
    steps = b.finish(output)
    if not steps:
        raise BadModel("it gives back its input")
    if len(steps) > MAX_STEPS:
        raise BadModel(f"it makes {len(steps)} steps, and at most {MAX_STEPS} are supported")
    for step in steps:
        if not all(np.isfinite(array).all() for array in step.arrays.values()):
            raise BadModel(f"{step.name!r} has a number that is not finite")
    provenance: dict[str, str | int | float] = {
        "source": "onnx",
        "model": Path(name).name,
        "input": graph.input[0],
        "opset": graph.opsets.get("", 0),
    }
    if graph.producer:
        provenance["producer"] = graph.producer
    if b.labels:
        provenance["labels"] = json.dumps(b.labels, allow_nan=False)
    return ImportedNetwork(steps, shape, input_range(steps), tuple(b.said), provenance)


def _input_shape(graph: Graph) -> tuple[int, ...]:
    name, _, shape = graph.input
    if shape is None or None in shape[1:]:
        raise BadModel(f"its input {name!r} does not say its shape; export it with all sizes but the batch's fixed")
    if len(shape) < 2:
        raise BadModel(f"its input {name!r} has no axis of the batch: export it with inputs of (batch, ...)")
    known = tuple(size for size in shape[1:] if size is not None)
    try:
        size_of(known)
    except Refused as error:
        raise BadModel(
            f"its input {name!r} {error.reason}, and at most {MAX_ELEMENTS} numbers are supported"
        ) from error
    return known


Offending = list[tuple[Node, str, str]]


def _walk(
    graph: Graph, shape: tuple[int, ...], inferred: dict[str, tuple[int, ...]]
) -> tuple[Builder, dict[str, Known | Unknown], Offending]:
    """All nodes in order: the values, and the nodes that cannot be taken with the shapes of their inputs."""
    b = Builder()
    batch = graph.input[2]
    b.batch = batch[0] if batch else None
    values: dict[str, Known | Unknown] = dict(graph.constants)
    uses = Counter(name for node in graph.nodes for name in node.inputs)
    uses.update(graph.outputs)
    refused: Offending = []

    def bind(name: str, value: Known | Unknown) -> None:
        values[name] = value
        if isinstance(value, Live) and uses[name] > 1:
            b.shared.add(value.number)

    try:
        bind(graph.input[0], input_of(b, shape, graph.input[1]))
    except Refused as error:
        raise BadModel(f"{error.reason}: {error.todo}") from error
    for node in graph.nodes:
        b.node = node.name
        arguments = [values[name] if name else None for name in node.inputs]
        known = [value for value in arguments if not isinstance(value, Unknown)]
        made: tuple[Known | Unknown, ...]
        try:
            if len(known) < len(arguments):
                if node.key not in HANDLERS and node.key not in FOLDS:
                    raise Refused("is not supported", _INSTEAD.get(node.operator, _DEFAULT))
                made = _guesses(b, node, known, inferred)
            else:
                made = _counted(b, _take(b, node, known), known)
        except Refused as error:
            text = f"{error.reason}. {error.todo}".rstrip()
            refused.append((node, _shapes(known), text))  # not the error, which holds on to all values
            made = _guesses(b, node, known, inferred)
        for name, value in zip(node.outputs, made, strict=False):
            if name:
                bind(name, value)
        for name in node.outputs[len(made) :]:
            bind(name, Unknown())
    return b, values, refused


def _counted(b: Builder, made: tuple[Known, ...], arguments: list[Known | None]) -> tuple[Known, ...]:
    """The same; what is new in it is counted, views of other constants are not."""
    for value in made:
        if isinstance(value, Constant):
            olds = [old.values for old in arguments if isinstance(old, Constant)]
            arrays = [value.values] if value.whole is None else [value.values, value.whole.levels]
            b.count(sum(a.size for a in arrays if not any(np.may_share_memory(a, old) for old in olds)))
    return made


def _take(b: Builder, node: Node, arguments: list[Known | None]) -> tuple[Known, ...]:
    tail = after_tail(b, node, arguments)
    if tail is not None:
        return (tail,) * len(node.outputs)
    constants = [value for value in arguments if not isinstance(value, Live)]
    if len(constants) == len(arguments):
        if node.key == "Constant":
            return (_constant(node),)
        if node.key in FOLDS:
            try:
                return (FOLDS[node.key](node, constants),)
            except (ValueError, IndexError, TypeError) as error:
                raise Refused(f"computes with constants that do not fit ({str(error)[:100]})") from error
    handler = HANDLERS.get(node.key)
    if handler is None:
        raise Refused("is not supported", _INSTEAD.get(node.operator, _DEFAULT))
    try:
        made = handler(b, node, arguments)
    except (ValueError, IndexError) as error:
        raise Refused(f"does not fit its values ({str(error)[:100]})") from error
    return made if isinstance(made, tuple) else (made,)


def _constant(node: Node) -> Constant:
    for name, value in node.attributes.items():
        if isinstance(value, Constant):
            return value
        if name in ("value_float", "value_floats"):
            return Constant(np.asarray(value, np.float32), "float")
        if name in ("value_int", "value_ints"):
            return Constant(np.asarray(value, np.int64), "int64")
    raise Refused("holds no dense numbers", "Export it as a tensor.")


def _shapes(arguments: list[Known | None]) -> str:
    """Shapes of the values that a node takes, as a message says them."""
    found = [list(value.shape) for value in arguments if isinstance(value, Live)]
    return " and ".join(f"(batch, {', '.join(map(str, shape))})" for shape in found)


def _guesses(
    b: Builder, node: Node, arguments: list[Known | None], inferred: dict[str, tuple[int, ...]]
) -> tuple[Known | Unknown, ...]:
    """What a node would have made, in its shape if that is known."""
    guesses: list[Known | Unknown] = []
    for name in node.outputs:
        shape = inferred.get(name)
        if shape is None or not any(isinstance(value, Live) for value in arguments):
            guesses.append(Unknown())
        else:
            b.steps.append(b.nothing)
            guesses.append(Live(len(b.steps), shape))
    return tuple(guesses)


def _inferred(data: bytes) -> dict[str, tuple[int, ...]]:
    """Shapes without the batch as ONNX infers them; {} if it cannot."""
    onnx = import_onnx()
    try:
        model = parse(data)
        known = {opset.domain for opset in model.opset_import}
        for domain in {node.domain for node in model.graph.node} - known - {"ai.onnx"}:
            model.opset_import.add(domain=domain, version=1)
        graph = onnx.shape_inference.infer_shapes(model).graph
    except Exception:
        return {}
    found = {}
    for value in graph.value_info:
        sizes = [d.dim_value for d in value.type.tensor_type.shape.dim]
        if len(sizes) > 1 and min(sizes[1:]) > 0 and max(sizes[1:]) < MAX_ELEMENTS:
            found[value.name] = tuple(sizes[1:])
    return found


def _output(b: Builder, graph: Graph, values: dict[str, Known | Unknown]) -> Live:
    """The one value that all outputs are, in floating point."""
    found: list[Live] = []
    for name in graph.outputs:
        value = values.get(name)
        if not isinstance(value, Live):
            raise BadModel(f"its output {name!r} does not depend on the input")
        if value.tail:
            b.say(f"dropped at the end: {value.tail}")
        found.append(value)
    first = found[0]
    if any(value.number != first.number for value in found):
        raise BadModel(
            f"it has {len(found)} outputs ({', '.join(graph.outputs[:5])}), and one is supported: export one"
        )
    bare = Live(first.number, first.shape, first.grid, first.scale, first.zero)
    b.node = graph.outputs[0]
    if bare.grid is not None and bare.scale is None:  # whole numbers come out as ONNX has them
        bare = Live(bare.number, bare.shape, bare.grid, np.ones((), np.float32), bare.grid.offset)
    return b.floating(bare)


def _refusal(graph: Graph, name: str, refused: Offending) -> UnsupportedError:
    texts = [
        f"{node.operator} {node.name!r}{f' of {shapes}' if shapes else ''} {text}" for node, shapes, text in refused
    ]
    return UnsupportedError(name, texts, len(graph.nodes))
