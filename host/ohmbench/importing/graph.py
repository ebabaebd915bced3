"""An ONNX file as plain data: nodes, constants, inputs and outputs. Nothing but the file itself is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.importing.values import Constant, Refused
from ohmbench.network.flow import Value

MAX_BYTES = 32 << 20
MAX_NODES = 10_000
MAX_ELEMENTS = 100_000_000
"""Numbers in one value, a batch of one."""

MAX_MADE = 50_000_000
"""Numbers in all constants that nodes make out of others, and in all steps."""

_DOMAINS = {"": "", "ai.onnx": "", "finn.custom_op.general": "qonnx.custom_op.general"}


class BadModel(Exception):
    """What is wrong with a model."""


@dataclass(frozen=True, eq=False)
class Node:
    """One node; its domain is "" for ONNX's own operators."""

    operator: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.domain}.{self.operator}" if self.domain else self.operator

    def number(self, name: str, default: float) -> float:
        """A float or int attribute."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float):
            raise Refused(f"its attribute {name} is not a number")
        return value

    def integer(self, name: str, default: int) -> int:
        return int(self.number(name, default))

    def integers(self, name: str, default: Sequence[int]) -> list[int]:
        """An attribute that lists whole numbers."""
        value = self.attributes.get(name, default)
        if not isinstance(value, list | tuple | range) or not all(isinstance(v, int) for v in value):
            raise Refused(f"its attribute {name} is not a list of whole numbers")
        return list(value)

    def numbers(self, name: str) -> list[float]:
        """An attribute that lists numbers; [] if it has none."""
        value = self.attributes.get(name, [])
        if not isinstance(value, list | tuple) or not all(isinstance(v, int | float) for v in value):
            raise Refused(f"its attribute {name} is not a list of numbers")
        return [float(v) for v in value]

    def text(self, name: str, default: str) -> str:
        value = self.attributes.get(name, default)
        return value if isinstance(value, str) else default


@dataclass(frozen=True, eq=False)
class Graph:
    """A model.

    Attributes:
        input: name, type and shape of its only input; None: a size that is not given.
        nodes: in an order in which they can be computed.
        opsets: version of each domain.
    """

    input: tuple[str, str, tuple[int | None, ...] | None]
    outputs: list[str]
    constants: dict[str, Constant]
    nodes: list[Node]
    opsets: dict[str, int]
    producer: str


def import_onnx() -> Any:
    """The package.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise UsageError(
            f"ONNX files need the package onnx ({error}).", "Install it: pip install 'ohmbench[onnx]'."
        ) from error
    return onnx


def parse(data: bytes) -> Any:
    """The ModelProto of a file's bytes.

    Raises:
        BadModel: they are none.
    """
    onnx = import_onnx()
    if len(data) > MAX_BYTES:
        raise BadModel(f"it has {len(data) >> 20} MB, and at most {MAX_BYTES >> 20} are supported")
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        raise BadModel("it is not an ONNX model, or damaged") from error
    if not model.graph.node:
        raise BadModel("it is not an ONNX model, or one without nodes")
    return model


def read_graph(model: Any) -> Graph:
    """Raises:
    BadModel: the model makes no sense, or is not all in the file.
    """
    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise BadModel(f"it has {len(graph.node)} nodes, and at most {MAX_NODES} are supported")
    opsets = {_DOMAINS.get(_text(o.domain), _text(o.domain)): o.version for o in model.opset_import}
    if opsets.get("", 7) < 7:
        raise BadModel(
            f"it is of opset {opsets['']}, and 7 and later are supported: convert it with onnx.version_converter"
        )
    if graph.sparse_initializer:
        raise BadModel("it has sparse initialisers, which are not supported: export them dense")
    constants = {_text(tensor.name): constant_of(tensor) for tensor in graph.initializer}
    inputs = [value for value in graph.input if _text(value.name) not in constants]
    if len(inputs) != 1:
        names = ", ".join(repr(value.name) for value in inputs[:5]) or "none"
        raise BadModel(f"it has {len(inputs)} inputs ({names}), and exactly one is supported")
    if not graph.output:
        raise BadModel("it has no outputs")
    nodes = [_node(node, number) for number, node in enumerate(graph.node)]
    return Graph(
        _input(inputs[0]),
        [_text(value.name) for value in graph.output],
        constants,
        _sorted(nodes, {_text(inputs[0].name), *constants}),
        opsets,
        f"{_text(model.producer_name)} {_text(model.producer_version)}".strip()[:100],
    )


def _input(value: Any) -> tuple[str, str, tuple[int | None, ...] | None]:
    onnx = import_onnx()
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        raise BadModel(f"its input {value.name!r} is no tensor")
    kind = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
    if not tensor.HasField("shape"):
        return _text(value.name), kind, None
    return _text(value.name), kind, tuple(d.dim_value if d.dim_value > 0 else None for d in tensor.shape.dim)


def constant_of(tensor: Any) -> Constant:
    """A tensor's numbers, which must be in the file itself.

    Raises:
        BadModel: they are not, or damaged.
    """
    onnx = import_onnx()
    what = f"its tensor {tensor.name[:60]!r}"
    if tensor.data_location != onnx.TensorProto.DEFAULT or tensor.external_data:
        raise BadModel(
            f"{what} is kept outside of the file, where nothing is read: save the model as one file "
            "(torch.onnx.export with external_data=False)"
        )
    if any(size < 0 for size in tensor.dims) or _size(tensor.dims) > MAX_ELEMENTS:
        raise BadModel(
            f"{what} is of the shape {list(tensor.dims)[:8]}, and at most {MAX_ELEMENTS} numbers are supported"
        )
    kind = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
    if kind == "string":
        return Constant(np.array([t.decode(errors="replace") for t in tensor.string_data], object), kind)
    if kind.startswith("float8") or kind.startswith("float4") or "complex" in kind or kind == "undefined":
        raise BadModel(f"{what} is of the type {kind}, which is not supported")
    try:
        values = onnx.numpy_helper.to_array(tensor)
    except Exception as error:
        raise BadModel(f"{what} is damaged") from error
    if kind in ("int2", "int4", "uint2", "uint4"):
        values = values.astype(np.int8 if kind[0] == "i" else np.uint8)
    elif kind in ("bfloat16", "float16"):
        values = values.astype(np.float32)
    return Constant(values, kind)


def _size(dims: Sequence[int]) -> int:
    total = 1
    for size in dims:
        total *= size
        if total > MAX_ELEMENTS:
            break
    return total


def size_of(shape: Sequence[int]) -> int:
    """Numbers in a value of this shape.

    Raises:
        Refused: too many, or a size below 1.
    """
    if any(size < 1 for size in shape):
        raise Refused(f"makes a value of the shape {list(shape)}", "Export it with all sizes known.")
    if (total := _size(shape)) > MAX_ELEMENTS:
        raise Refused(f"makes a value of the shape {list(shape)}, more than {MAX_ELEMENTS} numbers")
    return total


def check_made(shape: Sequence[int]) -> None:
    """That nodes may make a constant of this shape.

    Raises:
        Refused: it is too large.
    """
    if _size(shape) > MAX_MADE:
        raise Refused(f"makes a constant of the shape {list(shape)}, more than {MAX_MADE} numbers")


def _node(node: Any, number: int) -> Node:
    attributes = {_text(attribute.name): _attribute(attribute) for attribute in node.attribute}
    inputs, outputs = tuple(map(_text, node.input)), tuple(map(_text, node.output))
    name = _text(node.name) or (outputs[0] if outputs else f"node {number}")
    domain = _text(node.domain)
    return Node(_text(node.op_type), _DOMAINS.get(domain, domain), name[:100], inputs, outputs, attributes)


def _text(value: str | bytes) -> str:
    """A name: of a damaged file, it may be bytes."""
    return value if isinstance(value, str) else value.decode(errors="replace")


def _attribute(attribute: Any) -> Any:
    onnx = import_onnx()
    kinds = onnx.AttributeProto
    match attribute.type:
        case kinds.FLOAT:
            return float(attribute.f)
        case kinds.INT:
            return int(attribute.i)
        case kinds.STRING:
            return attribute.s.decode(errors="replace")
        case kinds.FLOATS:
            return [float(v) for v in attribute.floats]
        case kinds.INTS:
            return [int(v) for v in attribute.ints]
        case kinds.STRINGS:
            return [v.decode(errors="replace") for v in attribute.strings]
        case kinds.TENSOR:
            return constant_of(attribute.t)
    return None  # graphs and the like: no operator that is taken has one


def _sorted(nodes: list[Node], known: set[str]) -> list[Node]:
    """The nodes so that each stands behind those whose values it takes.

    Raises:
        BadModel: a value has no maker, or two, or nodes wait for each other.
    """
    makers: dict[str, int] = {}
    for number, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in makers or name in known:
                raise BadModel(f"its value {name[:60]!r} is made twice")
            makers[name] = number
    waits: list[set[int]] = []
    takers: dict[int, list[int]] = {}
    for number, node in enumerate(nodes):
        for name in filter(None, node.inputs):
            if name not in makers and name not in known:
                raise BadModel(f"its node {node.name!r} takes the value {name[:60]!r}, which nothing makes")
        waits.append({makers[name] for name in node.inputs if name in makers})
        for maker in waits[-1]:
            takers.setdefault(maker, []).append(number)
    ready = deque(number for number, of in enumerate(waits) if not of)
    order = []
    while ready:
        number = ready.popleft()
        order.append(nodes[number])
        for taker in takers.get(number, []):
            waits[taker].discard(number)
            if not waits[taker]:
                ready.append(taker)
    if len(order) < len(nodes):
        raise BadModel("its nodes wait for each other in a circle")
    return order


def array_of(values: Sequence[float]) -> Value:
    """A list of numbers in single precision."""
    return np.asarray(values, np.float32)
