"""Each operator on floats, in one small model, against onnx's own evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto
from tests.onnx_models import Array, goes_round, ints, model, node, random, reference, tensor

from ohmbench.importing.onnx_file import from_onnx

IMAGE = ("N", 2, 6, 5)
K = tensor("k", random(4, 2, 3, 3, seed=1))
BN = [tensor("g", np.array([1.0, 2.0, -0.5, 0.1])), tensor("s", random(4)), tensor("m", random(4, seed=2))]
BN.append(tensor("v", np.array([1.0, 0.5, 2.0, 0.1])))
CONV = node("Conv", "x k", "a")


def conv(shape: tuple[Any, ...] = IMAGE, k: onnx.TensorProto = K, **attributes: Any) -> onnx.ModelProto:
    return model([node("Conv", "x k b", "y", **attributes)], [k, tensor("b", random(k.dims[0]))], shape)


def after(operator: str, *constants: onnx.TensorProto, names: str = "", opset: int = 19, **attributes: Any) -> Any:
    """A convolution, and an operator on its values."""
    return model([CONV, node(operator, f"a {names}", "y", **attributes)], [K, *constants], IMAGE, opset=opset)


def flat(operator: str, *constants: onnx.TensorProto, names: str = "", opset: int = 19, **attributes: Any) -> Any:
    """A dense layer, and an operator on its values."""
    nodes = [node("MatMul", "x w", "a"), node(operator, f"a {names}", "y", **attributes)]
    return model(nodes, [tensor("w", random(4, 6, seed=1)), *constants], opset=opset)


W = tensor("w", random(4, 3, seed=1))
WT = tensor("w", random(3, 4, seed=1))
B = tensor("b", random(3, seed=5))
ONE = tensor("c", np.float32(1.5))

MODELS = {
    "Gemm": model([node("Gemm", "x w b", "y")], [W, B]),
    "Gemm, transposed and scaled": model([node("Gemm", "x w b", "y", transB=1, alpha=0.5, beta=2.0)], [WT, B]),
    "Gemm without bias": model([node("Gemm", "x w", "y")], [W]),
    "MatMul": model([node("MatMul", "x w", "y")], [W]),
    "MatMul and Add": model([node("MatMul", "x w", "a"), node("Add", "b a", "y")], [W, B]),
    "Add of a product that is used twice": model(
        [node("MatMul", "x w", "a"), node("Add", "a b", "c"), node("Mul", "a c", "y")], [W, B]
    ),
    "a product behind Identity is used twice": model(
        [node("MatMul", "x w", "a"), node("Identity", "a", "i"), node("Add", "i b", "c"), node("Mul", "a c", "y")],
        [W, B],
    ),
    "Conv": conv(),
    "Conv, strides and pads": conv(strides=[2, 1], pads=[1, 2, 0, 1]),
    "Conv, dilations": conv(dilations=[2, 1], pads=[1, 1, 1, 1]),
    "Conv, SAME_UPPER": conv(auto_pad="SAME_UPPER", strides=[2, 2]),
    "Conv, SAME_LOWER": conv(auto_pad="SAME_LOWER", strides=[1, 2]),
    "Conv, VALID": conv(auto_pad="VALID"),
    "Conv, groups": conv(k=tensor("k", random(4, 1, 3, 3)), group=2),
    "Conv, depthwise": conv(("N", 4, 6, 5), tensor("k", random(4, 1, 3, 3)), group=4),
    "Conv, one axis": conv(("N", 2, 9), tensor("k", random(3, 2, 3)), strides=[2], pads=[1, 1]),
    "Conv, a batch of one": conv((1, 2, 6, 5)),
    "Relu": after("Relu"),
    "Clip": after("Clip", tensor("l", np.float32(-0.5)), tensor("h", np.float32(1)), names="l h"),
    "Clip, above only": after("Clip", tensor("h", np.float32(0.5)), names="- h"),
    "Clip, attributes": after("Clip", opset=7, min=0.0, max=0.7),
    "LeakyRelu": after("LeakyRelu", alpha=0.2),
    "PRelu": after("PRelu", tensor("c", np.array([0.3])), names="c"),
    "Sigmoid": after("Sigmoid"),
    "Tanh": after("Tanh"),
    "MaxPool": after("MaxPool", kernel_shape=[2, 2], strides=[2, 1], pads=[1, 0, 0, 1]),
    "MaxPool, ceil": after("MaxPool", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    "MaxPool, dilations": after("MaxPool", kernel_shape=[2, 2], dilations=[2, 1]),
    "MaxPool, SAME": after("MaxPool", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER"),
    "AveragePool": after("AveragePool", kernel_shape=[2, 2], pads=[1, 1, 0, 0]),
    "AveragePool, pads counted": after("AveragePool", kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1),
    "AveragePool, ceil": after("AveragePool", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    "GlobalAveragePool": after("GlobalAveragePool"),
    "ReduceMean": after("ReduceMean", axes=[2, 3], keepdims=0),
    "ReduceMean, axes as input": after("ReduceMean", ints("c", -1, -2), names="c", opset=18),
    "Flatten": after("Flatten"),
    "Reshape": after("Reshape", ints("c", 0, -1), names="c"),
    "Reshape, any batch": after("Reshape", ints("c", -1, 6, 8), names="c"),
    "Reshape, batch of one": model([CONV, node("Reshape", "a c", "y")], [K, ints("c", 1, -1)], (1, 2, 6, 5)),
    "Transpose": after("Transpose", perm=[0, 2, 3, 1]),
    "Transpose of the weights, as it is by default": model(
        [node("Transpose", "v", "w"), node("MatMul", "x w", "y")], [tensor("v", random(3, 4))]
    ),
    "Squeeze and Unsqueeze": model(
        [CONV, node("GlobalAveragePool", "a", "p"), node("Squeeze", "p s", "q"), node("Unsqueeze", "q u", "y")],
        [K, ints("s", 2, -1), ints("u", 2)],
        IMAGE,
    ),
    "Squeeze, attributes": model(
        [CONV, node("GlobalAveragePool", "a", "p"), node("Squeeze", "p", "y", axes=[2, 3])], [K], IMAGE, opset=11
    ),
    "BatchNormalization": after("BatchNormalization", *BN, names="g s m v", epsilon=1e-3),
    "BatchNormalization of a dense layer": model(
        [node("MatMul", "x w", "a"), node("BatchNormalization", "a g s m v", "y")], [tensor("w", random(4, 4)), *BN]
    ),
    "BatchNormalization behind Relu": model(
        [CONV, node("Relu", "a", "r"), node("BatchNormalization", "r g s m v", "y")], [K, *BN], IMAGE
    ),
    "Identity, Dropout, Cast": model(
        [CONV, node("Identity", "a", "i"), node("Dropout", "i", "d"), node("Cast", "d", "y", to=1)], [K], IMAGE
    ),
    "Constant": model(
        [node("Constant", "", "w", value=W), node("MatMul", "x w", "y")],
    ),
    "Pad": model([node("Pad", "x p", "q"), node("Conv", "q k", "y")], [K, ints("p", 0, 0, 1, 0, 0, 0, 2, 1)], IMAGE),
    "Pad, attributes": model(
        [node("Pad", "x", "q", pads=[0, 0, 1, 0, 0, 0, 2, 1]), node("Conv", "q k", "y")], [K], IMAGE, opset=9
    ),
    "Pad, axes": model(
        [node("Pad", "x p - a", "q"), node("Conv", "q k", "y")], [K, ints("p", 1, 1), ints("a", 3)], IMAGE, opset=18
    ),
    "inputs normalised": model(
        [node("Sub", "x m", "d"), node("Div", "d s", "n"), node("MatMul", "n w", "y")],
        [W, tensor("m", random(4)), tensor("s", np.array([1.0, 2, 3, 4]))],
    ),
    "images normalised": model(
        [node("Mul", "x m", "d"), node("Add", "d s", "n"), node("Conv", "n k", "y")],
        [K, tensor("m", random(1, 2, 1, 1)), tensor("s", random(2, 1, 1))],
        IMAGE,
    ),
    "Sub from a constant": flat("Sub", tensor("c", random(6)), names=""),
    "Mul": flat("Mul", ONE, names="c"),
    "Div": flat("Div", tensor("c", np.array([1.0, 2, 3, 4, 5, 6])), names="c"),
    "residual Add": model(
        [node("Conv", "x k", "a", pads=[1, 1, 1, 1]), node("Relu", "a", "r"), node("Add", "r x", "y")],
        [tensor("k", random(2, 2, 3, 3))],
        IMAGE,
    ),
    "Concat": model([CONV, node("Relu", "a", "r"), node("Concat", "a r", "y", axis=1)], [K], IMAGE),
    "weights through Reshape and Transpose": model(
        [node("Reshape", "v s", "u"), node("Transpose", "u", "w", perm=[1, 0]), node("MatMul", "x w", "y")],
        [tensor("v", random(12)), ints("s", 3, 4)],
    ),
    "initialisers as inputs": model([node("Gemm", "x w b", "y")], [W, B], opset=8, also_inputs=True),
    "flattened by the shape of its input": model(
        [
            node("Shape", "x", "s"),
            node("Gather", "s z", "n", axis=0),
            node("Unsqueeze", "n z1", "n1"),
            node("Concat", "n1 minus", "t", axis=0),
            node("Reshape", "x t", "f"),
            node("MatMul", "f w", "y"),
        ],
        [tensor("z", np.array(0, np.int64)), ints("z1", 0), ints("minus", -1), tensor("w", random(60, 3))],
        IMAGE,
    ),
    "ai.onnx.ml.Scaler": model(
        [
            node("Scaler", "x", "s", domain="ai.onnx.ml", offset=[1.0, 2, 3, 4], scale=[1.0, 0.5, 2, 3]),
            node("MatMul", "s w", "y"),
        ],
        [W],
    ),
    "ai.onnx.ml.LinearRegressor": model(
        [
            node(
                "LinearRegressor",
                "x",
                "y",
                domain="ai.onnx.ml",
                coefficients=list(range(8)),
                intercepts=[1.0, 2],
                targets=2,
            )
        ]
    ),
}
MODELS["Sub from a constant"] = model(
    [node("MatMul", "x w", "a"), node("Sub", "c a", "y")], [W, tensor("c", random(3))]
)


def inputs_of(m: onnx.ModelProto, n: int = 3) -> Array:
    sizes = [d.dim_value for d in m.graph.input[0].type.tensor_type.shape.dim]
    return random(sizes[0] or n, *sizes[1:], seed=9)


@pytest.mark.parametrize("name", MODELS)
def test_gives_what_the_reference_gives(name: str, tmp_path: Path) -> None:
    m = MODELS[name]
    x = inputs_of(m)
    network = from_onnx(m.SerializeToString())
    wanted = reference(m, x)
    got = network.forward(x)
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)
    goes_round(network, x, tmp_path)


def kinds(m: onnx.ModelProto) -> list[str]:
    return [step.kind for step in from_onnx(m).steps]


def test_biases_and_batch_normalisation_are_in_the_product() -> None:
    assert kinds(MODELS["BatchNormalization"]) == ["conv"]
    assert kinds(MODELS["MatMul and Add"]) == ["dense"]
    assert kinds(MODELS["BatchNormalization behind Relu"]) == ["conv", "relu", "affine"]


@pytest.mark.parametrize("tail", ["Softmax", "LogSoftmax", "ArgMax"])
def test_a_tail_is_dropped_and_said(tail: str) -> None:
    m = model([node("MatMul", "x w", "a"), node(tail, "a", "y", axis=1)], [W])
    network = from_onnx(m)
    assert network.said == (f"dropped at the end: {tail}",)
    x = inputs_of(m)
    np.testing.assert_array_equal(network.forward(x).argmax(axis=1), runtime_class(m, x))


def runtime_class(m: onnx.ModelProto, x: Array) -> Array:
    wanted = reference(m, x)
    return wanted.ravel() if wanted.shape[1] == 1 else wanted.argmax(axis=1)


def test_a_file_by_its_path(tmp_path: Any) -> None:
    m = MODELS["Conv"]
    onnx.save(m, tmp_path / "net.onnx")
    network = from_onnx(tmp_path / "net.onnx")
    assert network.provenance["model"] == "net.onnx"
    network.save(tmp_path / "net.ohmn")
    x = inputs_of(m)
    np.testing.assert_array_equal(type(network).load(tmp_path / "net.ohmn").forward(x), network.forward(x))


def test_whole_inputs() -> None:
    nodes = [node("Cast", "x", "f", to=1), node("Div", "f c", "d"), node("MatMul", "d w", "y")]
    m = model(nodes, [W, tensor("c", np.float32(255))], kind=TensorProto.UINT8)
    x = np.random.default_rng(0).integers(0, 256, (5, 4), np.uint8)
    np.testing.assert_allclose(from_onnx(m).forward(x.astype(np.float64)), reference(m, x), rtol=1e-5)
