"""Small ONNX models of the tests, and what other programs make of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ohmbench.importing.quantise import quantise_network
from ohmbench.inference.exact import evaluate
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.imported import map_imported
from ohmbench.network.imported import ImportedNetwork

Array = NDArray[Any]

QONNX = "qonnx.custom_op.general"


def tensor(name: str, values: Any, kind: int | None = None) -> onnx.TensorProto:
    """An initialiser: single precision or int64 unless `kind` says otherwise."""
    array = np.asarray(values)
    if kind is not None:
        return helper.make_tensor(name, kind, array.shape, array.ravel().tolist())
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    return numpy_helper.from_array(array, name)


def node(operator: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """A node; `inputs` and `outputs` are names with spaces between, "-" one that is left out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(operator, names, outputs.split(), name=f"{operator}_{outputs}", **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    constants: Sequence[onnx.TensorProto] = (),
    shape: Sequence[int | str | None] = ("N", 4),
    *,
    opset: int = 19,
    kind: int = TensorProto.FLOAT,
    outputs: Sequence[str] = ("y",),
    out_kind: int = TensorProto.FLOAT,
    also_inputs: bool = False,
) -> onnx.ModelProto:
    """A model of the input x."""
    inputs = [helper.make_tensor_value_info("x", kind, shape)]
    if also_inputs:
        inputs += [helper.make_tensor_value_info(c.name, c.data_type, list(c.dims)) for c in constants]
    graph = helper.make_graph(
        list(nodes), "g", inputs, [helper.make_tensor_value_info(name, out_kind, None) for name in outputs], constants
    )
    domains = ("ai.onnx.ml", "com.microsoft", QONNX, "finn.custom_op.general")
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9 if opset < 21 else 10)


def random(*shape: int, seed: int = 0, scale: float = 1.0) -> Array:
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)


def reference(m: onnx.ModelProto, x: Array) -> Array:
    """The first output as onnx's own evaluator has it."""
    from onnx.reference import ReferenceEvaluator

    return np.asarray(ReferenceEvaluator(m).run(None, {m.graph.input[0].name: x})[0])


def runtime(m: onnx.ModelProto | bytes, x: Array, output: int = 0) -> Any:
    """An output as onnxruntime has it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    data = m if isinstance(m, bytes) else m.SerializeToString()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[output]


def goes_round(network: ImportedNetwork, x: Array, folder: Path) -> None:
    """That a network comes back from its file, and, whole, from images of an array, and gives the same each time."""
    path = folder / "net.ohmn"
    network.save(path)
    np.testing.assert_array_equal(ImportedNetwork.load(path).forward(x), network.forward(x))
    whole = quantise_network(network, x, weight_bits=8)
    if whole.products:
        path = folder / "net.ohmw"
        path.write_bytes(map_imported(whole).to_bytes())
        wanted = whole.forward(x)
        np.testing.assert_array_equal(evaluate(WeightImage.load(path), x).reshape(wanted.shape), wanted)


def ints(name: str, *values: int) -> onnx.TensorProto:
    """An initialiser of int64."""
    return tensor(name, np.array(values, np.int64))


def sample() -> bytes:
    """A model with many of the operators that are taken."""
    nodes = [
        node("QuantizeLinear", "x xs xz", "q"),
        node("DequantizeLinear", "q xs xz", "d"),
        node("Reshape", "k0 ks", "k1"),
        node("QuantizeLinear", "k1 xs", "k2"),
        node("DequantizeLinear", "k2 xs", "k3"),
        node("Conv", "d k3", "a", pads=[1, 1, 1, 1], strides=[2, 1]),
        node("BatchNormalization", "a g g g v", "b"),
        node("Clip", "b - c6", "r"),
        node("Pad", "r p", "r2"),
        node("MaxPool", "r2", "m", kernel_shape=[2, 2], ceil_mode=1),
        node("Transpose", "m", "t", perm=[0, 2, 3, 1]),
        node("Flatten", "t", "f"),
        node("Gemm", "f w", "e", transB=1, alpha=0.5),
        node("Add", "e c6", "e2"),
        node("Softmax", "e2", "y", axis=1),
    ]
    constants = [
        tensor("xs", np.float32(0.02)),
        tensor("xz", 3, TensorProto.UINT8),
        tensor("k0", random(36)),
        ints("ks", 2, 2, 3, 3),
        tensor("g", random(2)),
        tensor("v", np.ones(2)),
        tensor("c6", np.float32(6)),
        ints("p", 0, 0, 0, 0, 0, 0, 1, 1),
        tensor("w", random(3, 36)),
    ]
    return bytes(model(nodes, constants, ("N", 2, 6, 6)).SerializeToString())
