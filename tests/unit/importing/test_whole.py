"""Each operator on whole numbers, against onnxruntime: equal in every integer; QDQ within one step of the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx
from onnx import TensorProto
from tests.onnx_models import QONNX, Array, goes_round, model, node, random, reference, runtime, tensor

from ohmbench.importing.onnx_file import from_onnx

U8, I8, I32 = TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32
IMAGE = ("N", 2, 6, 5)
rng = np.random.default_rng(3)


def f(name: str, value: Any) -> onnx.TensorProto:
    return tensor(name, np.asarray(value, np.float32))


def scalars(**values: float) -> list[onnx.TensorProto]:
    return [f(name, value) for name, value in values.items()]


def zeros(kind: int, **values: int) -> list[onnx.TensorProto]:
    return [tensor(name, value, kind) for name, value in values.items()]


def levels(*shape: int, kind: int = I8, low: int = -127, high: int = 127, name: str = "w") -> onnx.TensorProto:
    return tensor(name, rng.integers(low, high + 1, shape), kind)


Q = node("QuantizeLinear", "x xs xz", "q")
X = scalars(xs=0.02)
PER_CHANNEL = f("ws", [0.01, 0.02, 0.005])


def q_model(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto], shape: Any = ("N", 4), **more: Any) -> Any:
    return model([Q, *nodes], constants, shape, **more)


def qlinear_conv(kind: int, per_channel: bool, group: int = 1) -> onnx.ModelProto:
    outputs = 4
    scale = np.array([0.01, 0.02, 0.005, 0.003])
    constants = [
        *X,
        *zeros(kind, xz=3, yz=5),
        levels(outputs, 2 // group, 3, 3),
        f("ws", scale if per_channel else 0.01),
        tensor("wz", np.zeros(outputs if per_channel else (), np.int64), I8),
        *scalars(ys=0.09),
        tensor("b", rng.integers(-500, 500, outputs), I32),
    ]
    conv = node("QLinearConv", "q xs xz w ws wz ys yz b", "y", pads=[1, 1, 0, 1], strides=[1, 2], group=group)
    return q_model([conv], constants, IMAGE, out_kind=kind)


def qlinear_matmul(kind: int, scale: Any) -> onnx.ModelProto:
    constants = [*X, *zeros(kind, xz=-7 if kind == I8 else 120, yz=2), levels(4, 3), f("ws", scale), *scalars(ys=0.05)]
    constants.append(tensor("wz", np.zeros(np.shape(scale), np.int64), I8))
    return q_model([node("QLinearMatMul", "q xs xz w ws wz ys yz", "y")], constants, out_kind=kind)


def qgemm(*, floats: bool, trans: int = 0) -> onnx.ModelProto:
    names = "q xs xz w ws wz b" + ("" if floats else " ys yz")
    constants = [
        *X,
        *zeros(U8, xz=128, yz=100),
        levels(3, 4) if trans else levels(4, 3),
        PER_CHANNEL,
        tensor("wz", np.zeros(3, np.int64), I8),
        *scalars(ys=0.05),
        tensor("b", rng.integers(-500, 500, 3), I32),
    ]
    gemm = node("QGemm", names, "y", domain="com.microsoft", alpha=1.0, transB=trans)
    return q_model([gemm], constants, out_kind=TensorProto.FLOAT if floats else U8)


def qlinear_add(y_scale: float) -> onnx.ModelProto:
    constants = [*X, *zeros(U8, xz=128, az=3, yz=100), *scalars(az_=1.0, as_=0.013, ys=y_scale)]
    nodes = [
        node("QuantizeLinear", "x as_ az", "p"),
        node("QLinearConv", "q xs xz w ws wz xs xz", "c"),
        node("QLinearAdd", "c xs xz p as_ az ys yz", "y", domain="com.microsoft"),
    ]
    constants += [levels(2, 2, 1, 1), f("ws", 0.01), tensor("wz", 0, I8)]
    return q_model(nodes, constants, IMAGE, out_kind=U8)


def pooled(operator: str, **attributes: Any) -> onnx.ModelProto:
    constants = [*X, *zeros(U8, xz=128, yz=100), *scalars(ys=0.017)]
    return q_model(
        [node(operator, "q xs xz ys yz", "y", domain="com.microsoft", **attributes)], constants, IMAGE, out_kind=U8
    )


WHOLE = {
    "QLinearConv, uint8": qlinear_conv(U8, False),
    "QLinearConv, per channel": qlinear_conv(U8, True),
    "QLinearConv, int8": qlinear_conv(I8, True),
    "QLinearConv, depthwise": qlinear_conv(U8, True, 2),
    "QLinearMatMul, uint8": qlinear_matmul(U8, 0.01),
    "QLinearMatMul, int8": qlinear_matmul(I8, 0.01),
    "QLinearMatMul, per column": qlinear_matmul(U8, [0.01, 0.02, 0.005]),
    "QGemm": qgemm(floats=False),
    "QGemm, transposed": qgemm(floats=False, trans=1),
    "QLinearAdd": qlinear_add(0.037),
    "QLinearGlobalAveragePool": pooled("QLinearGlobalAveragePool"),
    "QLinearAveragePool": pooled("QLinearAveragePool", kernel_shape=[2, 2]),
    "QLinearLeakyRelu": pooled("QLinearLeakyRelu", alpha=0.1),
    "QLinearSigmoid": pooled("QLinearSigmoid"),
    "MatMulInteger": q_model(
        [node("MatMulInteger", "q w xz", "y")], [*X, *zeros(U8, xz=128), levels(4, 3)], out_kind=I32
    ),
    "MatMulInteger, uint8 weights": q_model(
        [node("MatMulInteger", "q w xz wz", "y")],
        [*X, *zeros(U8, xz=128, wz=100), levels(4, 3, kind=U8, low=0, high=255)],
        out_kind=I32,
    ),
    "ConvInteger": q_model(
        [node("ConvInteger", "q w xz", "y", pads=[1, 1, 1, 1])],
        [*X, *zeros(U8, xz=128), levels(3, 2, 3, 3)],
        IMAGE,
        out_kind=I32,
    ),
    "MaxPool of whole numbers": q_model(
        [node("MaxPool", "q", "y", kernel_shape=[2, 2], pads=[0, 1, 1, 0])], [*X, *zeros(I8, xz=3)], IMAGE, out_kind=I8
    ),
}
WHOLE["MaxPool of whole numbers"] = model(
    [
        Q,
        node("MaxPool", "q", "p", kernel_shape=[2, 2], pads=[0, 1, 1, 0]),
        node("QLinearConv", "p xs xz w ws wz xs xz", "y"),
    ],
    [*X, *zeros(I8, xz=3), levels(2, 2, 1, 1), f("ws", 0.01), tensor("wz", 0, I8)],
    IMAGE,
    out_kind=I8,
)


def inputs_of(m: onnx.ModelProto, n: int = 50) -> Array:
    return random(n, *(d.dim_value for d in m.graph.input[0].type.tensor_type.shape.dim[1:]), seed=4)


@pytest.mark.parametrize("name", WHOLE)
def test_equal_in_every_integer(name: str, tmp_path: Path) -> None:
    m = WHOLE[name]
    x = inputs_of(m)
    network = from_onnx(m)
    assert network.is_whole
    np.testing.assert_array_equal(network.forward(x), runtime(m, x))
    goes_round(network, x, tmp_path)


def test_qlinear_add_at_ties() -> None:
    """onnxruntime itself rounds ties by what the processor has: no more than one step there, equal elsewhere."""
    m = qlinear_add(0.03)
    x = inputs_of(m)
    got, wanted = from_onnx(m).forward(x), runtime(m, x)
    assert np.abs(got - wanted).max() <= 1
    assert np.mean(got != wanted) < 0.01


# QDQ: QuantizeLinear, DequantizeLinear, and operators on floats between


DQ = node("DequantizeLinear", "q xs xz", "d")


def qdq(
    product: list[onnx.NodeProto],
    weights: onnx.TensorProto,
    w_scale: Any,
    shape: Any = ("N", 4),
    *,
    kind: int = U8,
    xz: int = 128,
    axis: int = 1,
    more: list[onnx.TensorProto] | None = None,
    opset: int = 19,
    between: list[onnx.NodeProto] | None = None,
) -> onnx.ModelProto:
    constants = [*X, *zeros(kind, xz=xz, yz=0), weights, f("ws", w_scale), *scalars(ys=0.05), *(more or [])]
    w_zero = tensor("wz", np.zeros(np.shape(w_scale), np.int64), weights.data_type)
    nodes = [
        *(between or [Q, DQ]),
        node("DequantizeLinear", "w ws wz", "v", axis=axis),
        *product,
        node("QuantizeLinear", "a ys yz", "r"),
        node("DequantizeLinear", "r ys yz", "y"),
    ]
    return model(nodes, [*constants, w_zero], shape, opset=opset)


B32 = [tensor("b", [100, -200, 300], I32), f("bs", np.float32(0.02) * np.array([0.01, 0.02, 0.005], np.float32))]
CLIPPED = [
    Q,
    node("Clip", "q lo hi", "c"),
    node("DequantizeLinear", "c xs xz", "d"),
]

QDQ = {
    "MatMul": qdq([node("MatMul", "d v", "a")], levels(4, 3), 0.01),
    "MatMul, per column": qdq([node("MatMul", "d v", "a")], levels(4, 3), [0.01, 0.02, 0.005]),
    "MatMul, signed": qdq([node("MatMul", "d v", "a")], levels(4, 3), 0.01, kind=I8, xz=-5),
    "Gemm, transposed, a bias": qdq(
        [node("DequantizeLinear", "b bs", "c", axis=0), node("Gemm", "d v c", "a", transB=1)],
        levels(3, 4),
        [0.01, 0.02, 0.005],
        axis=0,
        more=B32,
    ),
    "Gemm behind Transpose of the weights": qdq(
        [node("Transpose", "v", "t", perm=[1, 0]), node("Gemm", "d t", "a")],
        levels(3, 4),
        [0.01, 0.02, 0.005],
        axis=0,
    ),
    "Conv, per channel": qdq(
        [node("Conv", "d v", "a", pads=[1, 1, 1, 1])],
        levels(3, 2, 3, 3),
        [0.01, 0.02, 0.005],
        IMAGE,
        axis=0,
    ),
    "Conv, one axis": qdq([node("Conv", "d v", "a", pads=[1, 1])], levels(3, 2, 3), 0.01, ("N", 2, 9), kind=I8, xz=4),
    "Conv, depthwise": qdq([node("Conv", "d v", "a", group=2)], levels(2, 1, 3, 3), [0.01, 0.02], IMAGE, axis=0),
    "Conv behind MaxPool, Relu, Pad": qdq(
        [
            node("MaxPool", "d", "m", kernel_shape=[2, 2]),
            node("Relu", "m", "r1"),
            node("Pad", "r1 p", "r2"),
            node("Conv", "r2 v", "a"),
        ],
        levels(3, 2, 3, 3),
        0.01,
        IMAGE,
        more=[tensor("p", [0, 0, 1, 0, 0, 0, 0, 1])],
    ),
    "Gemm behind Flatten and Transpose": qdq(
        [
            node("Transpose", "d", "t", perm=[0, 2, 3, 1]),
            node("Flatten", "t", "m"),
            node("Gemm", "m v", "a"),
        ],
        levels(60, 3),
        0.01,
        IMAGE,
    ),
    "weights quantised in the graph": qdq(
        [
            node("QuantizeLinear", "u ws wz", "k"),
            node("DequantizeLinear", "k ws wz", "l"),
            node("MatMul", "d l", "a"),
        ],
        levels(4, 3),
        0.01,
        more=[f("u", random(4, 3))],
    ),
    "weights quantised and clipped in the graph": qdq(
        [
            node("QuantizeLinear", "u us wz", "k"),
            node("Clip", "k lo hi", "kc"),
            node("DequantizeLinear", "kc us wz", "l"),
            node("MatMul", "d l", "a"),
        ],
        levels(4, 3),
        0.01,
        more=[f("u", random(4, 3)), *scalars(us=0.2), tensor("lo", -7, I8), tensor("hi", 7, I8)],
    ),
    "4 bits": qdq(
        [node("MatMul", "d v", "a")],
        levels(4, 3, kind=TensorProto.INT4, low=-7, high=7),
        0.1,
        opset=21,
    ),
    "activations of 4 bits by Clip": qdq(
        [node("MatMul", "d v", "a")],
        levels(4, 3, low=-7, high=7),
        0.1,
        between=CLIPPED,
        more=[tensor("lo", 120, U8), tensor("hi", 135, U8)],
    ),
    "signed activations of 4 bits by Clip": qdq(
        [node("MatMul", "d v", "a")],
        levels(4, 3, low=-7, high=7),
        0.1,
        kind=I8,
        xz=0,
        between=CLIPPED,
        more=[tensor("lo", -8, I8), tensor("hi", 7, I8)],
    ),
}


@pytest.mark.parametrize("name", QDQ)
def test_within_one_step_of_the_last_quantiser(name: str, tmp_path: Path) -> None:
    m = QDQ[name]
    x = inputs_of(m)
    network = from_onnx(m)
    assert network.is_whole
    assert len(network.products) == 1
    got = network.forward(x)
    for wanted in (reference(m, x), runtime(m, x)):
        assert np.abs(got - wanted).max() <= 0.05 * 1.001
        assert np.mean(got != wanted) < 0.02
    (product,) = network.products
    assert 0 <= product.numbers["zero"] < 1 << product.numbers["bits"]
    goes_round(network, x, tmp_path)


def test_clip_saves_bits() -> None:
    for name in ("activations of 4 bits by Clip", "signed activations of 4 bits by Clip"):
        (product,) = from_onnx(QDQ[name]).products
        assert product.numbers["bits"] == 4
        assert product.numbers["max_level"] <= 7


def test_relu_in_a_zero_point_only() -> None:
    """No Relu node: the quantiser's zero point 0 cuts off what is below."""
    m = model(
        [
            Q,
            DQ,
            node("DequantizeLinear", "w ws", "v"),
            node("MatMul", "d v", "a"),
            node("QuantizeLinear", "a ys yz", "r"),
            node("DequantizeLinear", "r ys yz", "e"),
            node("DequantizeLinear", "w2 ws", "v2"),
            node("MatMul", "e v2", "y"),
        ],
        [*X, *zeros(U8, xz=128, yz=0), levels(4, 8), f("ws", 0.01), *scalars(ys=0.02), levels(8, 3, name="w2")],
    )
    x = inputs_of(m)
    network = from_onnx(m)
    second = network.products[1]
    assert second.numbers["zero"] == 0
    hidden = np.clip(np.rint(reference_hidden(m, x) / 0.02), 0, 255)
    assert (reference_hidden(m, x) < 0).mean() > 0.2
    assert hidden.min() == 0
    np.testing.assert_allclose(network.forward(x), reference(m, x), atol=0.03)


def reference_hidden(m: onnx.ModelProto, x: Array) -> Array:
    part = onnx.ModelProto()
    part.CopyFrom(m)
    part.graph.output[0].name = "a"
    return reference(part, x)


def test_what_is_quantised_in_weights_only_stays_floating() -> None:
    m = model([node("DequantizeLinear", "w ws", "v"), node("MatMul", "x v", "y")], [levels(4, 3), f("ws", 0.01)])
    network = from_onnx(m)
    assert not network.is_whole
    assert "not whole numbers" in network.said[0]
    x = inputs_of(m)
    np.testing.assert_allclose(network.forward(x), reference(m, x), rtol=1e-5, atol=1e-6)


def test_the_range_of_inputs() -> None:
    low, high = from_onnx(QDQ["MatMul"]).input_range or (0, 0)
    assert (low, high) == pytest.approx((-128 * 0.02, 127 * 0.02))
    m = qdq(
        [node("MatMul", "d v", "a")],
        levels(4, 3),
        0.01,
        between=[node("Div", "x c", "n"), node("QuantizeLinear", "n xs xz", "q"), DQ],
        more=[f("c", 10)],
    )
    assert from_onnx(m).input_range == pytest.approx((-25.6, 25.4))


# QONNX


def quant(x: Array, scale: Any, zero: float, low: int, high: int) -> Array:
    """As qonnx has it: rounded with the zero point within, then cut off."""
    scale = np.asarray(scale, np.float32)
    return np.asarray((np.clip(np.rint(x / scale + np.float32(zero)), low, high) - zero) * scale, np.float32)


@pytest.mark.parametrize("operator", ["Quant", "IntQuant"])
@pytest.mark.parametrize("domain", [QONNX, "finn.custom_op.general"])
def test_qonnx(operator: str, domain: str) -> None:
    w, x = random(4, 3, scale=0.5), inputs_of(QDQ["MatMul"])
    m = model(
        [
            node(operator, "x xs xz four", "q", domain=domain, signed=1, narrow=0, rounding_mode="ROUND"),
            node(operator, "w ws zero four", "v", domain=domain, signed=1, narrow=1, rounding_mode="ROUND"),
            node("MatMul", "q v", "a"),
            node("Relu", "a", "r"),
            node(operator, "r xs zero three", "y", domain=domain, signed=0, narrow=0, rounding_mode="ROUND"),
        ],
        [
            *scalars(xs=0.25, xz=1, zero=0, four=4, three=3),
            f("w", w),
            f("ws", [[0.1, 0.2, 0.05]]),
        ],
    )
    network = from_onnx(m)
    assert network.is_whole
    (product,) = network.products
    assert (product.numbers["bits"], product.numbers["max_level"]) == (4, 7)
    x[:10] = np.rint(x[:10] * 8) / 8  # ties
    hidden = quant(x, 0.25, 1, -8, 7) @ quant(w, [[0.1, 0.2, 0.05]], 0, -7, 7)
    got, wanted = network.forward(x), quant(np.maximum(hidden, 0), 0.25, 0, 0, 7)
    assert np.abs(got - wanted).max() <= 0.25
    assert np.mean(got != wanted) < 0.02


def test_qonnx_of_one_bit() -> None:
    w, x = random(3, 2, 3, 3), random(5, *IMAGE[1:])
    m = model(
        [
            node("BipolarQuant", "x s", "q", domain=QONNX),
            node("BipolarQuant", "w s", "v", domain=QONNX),
            node("Conv", "q v", "y", pads=[1, 1, 1, 1]),
        ],
        [*scalars(s=0.5), f("w", w)],
        IMAGE,
    )
    plain = model([node("Conv", "x w", "y", pads=[1, 1, 1, 1])], [f("w", np.where(w >= 0, 0.5, -0.5))], IMAGE)
    network = from_onnx(m)
    assert network.is_whole
    np.testing.assert_allclose(
        network.forward(x), reference(plain, np.where(x >= 0, 0.5, -0.5).astype(np.float32)), atol=1e-6
    )
