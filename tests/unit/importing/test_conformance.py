"""The models that come with the package onnx, and what onnxruntime quantises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from tests.onnx_models import model, node, random, reference, runtime, tensor

from ohmbench.errors import DataError
from ohmbench.importing.onnx_file import from_onnx

FOLDER = Path(onnx.__file__).parent / "backend/test/data"
TAKEN = (
    "AvgPool1d",
    "AvgPool1d_stride",
    "AvgPool2d",
    "AvgPool2d_stride",
    "BatchNorm1d_3d_input_eval",
    "BatchNorm2d_eval",
    "BatchNorm2d_momentum_eval",
    "Conv1d",
    "Conv1d_dilated",
    "Conv1d_groups",
    "Conv1d_pad1",
    "Conv1d_pad1size1",
    "Conv1d_pad2",
    "Conv1d_pad2size1",
    "Conv1d_stride",
    "Conv2d",
    "Conv2d_depthwise",
    "Conv2d_depthwise_padded",
    "Conv2d_depthwise_strided",
    "Conv2d_depthwise_with_multiplier",
    "Conv2d_dilated",
    "Conv2d_groups",
    "Conv2d_groups_thnn",
    "Conv2d_no_bias",
    "Conv2d_padding",
    "Conv2d_strided",
    "LeakyReLU",
    "LeakyReLU_with_negval",
    "Linear",
    "MaxPool1d",
    "MaxPool1d_stride",
    "MaxPool2d",
    "PReLU_1d",
    "PReLU_2d",
    "ReLU",
    "Sigmoid",
    "Tanh",
)


def stored(folder: Path) -> tuple[Any, Any]:
    tensors = []
    for name in ("input_0.pb", "output_0.pb"):
        t = onnx.TensorProto()
        t.ParseFromString((folder / "test_data_set_0" / name).read_bytes())
        tensors.append(onnx.numpy_helper.to_array(t))
    return tensors[0], tensors[1]


@pytest.mark.parametrize("name", TAKEN)
def test_models_converted_from_torch(name: str) -> None:
    folder = FOLDER / "pytorch-converted" / f"test_{name}"
    x, y = stored(folder)
    m = onnx.load(folder / "model.onnx")
    m.opset_import[0].version = 7  # of 2017, opset 6: those that are listed mean the same in both
    network = from_onnx(m)
    np.testing.assert_allclose(network.forward(x), y, rtol=1e-5, atol=1e-5)


def test_all_other_models_are_refused_cleanly() -> None:
    for file in sorted(FOLDER.glob("*/*/model.onnx")):
        try:
            from_onnx(file)
        except DataError as error:
            damaged = "damaged" in error.what
        else:
            damaged = False
        assert not damaged, file


def small_cnn() -> Any:
    constants = [
        tensor("k", random(6, 1, 3, 3, scale=0.5)),
        tensor("b", random(6, scale=0.2)),
        tensor("k2", random(6, 1, 3, 3, seed=1, scale=0.5)),
        tensor("k3", random(8, 6, 1, 1, seed=2, scale=0.5)),
        tensor("w", random(32, 10, seed=3, scale=0.3)),
        tensor("c", random(10, seed=4)),
    ]
    nodes = [
        node("Conv", "x k b", "a", pads=[1, 1, 1, 1]),
        node("Relu", "a", "r"),
        node("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "p k2", "d", pads=[1, 1, 1, 1], group=6),
        node("Add", "d p", "s"),
        node("Conv", "s k3", "e"),
        node("Relu", "e", "r2"),
        node("AveragePool", "r2", "q", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "q", "f"),
        node("MatMul", "f w", "g"),
        node("Add", "g c", "y"),
    ]
    return model(nodes, constants, ("N", 1, 8, 8))


X = np.random.default_rng(0).random((100, 1, 8, 8)).astype(np.float32)


def quantised(m: Any, folder: Path, form: str, *, per_channel: bool = True, signed: bool = False) -> Path:
    """What onnxruntime's quantize_static makes of a model."""
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = iter([{"x": X}])

        def get_next(self) -> Any:
            return next(self.batches, None)

    onnx.save(m, folder / "float.onnx")
    q.quantize_static(
        str(folder / "float.onnx"),
        str(folder / "whole.onnx"),
        Reader(),
        quant_format=q.QuantFormat[form],
        per_channel=per_channel,
        activation_type=q.QuantType.QInt8 if signed else q.QuantType.QUInt8,
        weight_type=q.QuantType.QInt8,
    )
    return folder / "whole.onnx"


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_a_quantised_softmax_at_the_end(form: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    m = small_cnn()
    m.graph.node[-1].output[0] = "z"
    m.graph.node.append(node("Softmax", "z", "y", axis=1))
    path = quantised(m, tmp_path, form)
    network = from_onnx(path)
    assert network.is_whole
    assert "Softmax" in network.said[-1]
    wanted, got = runtime(path.read_bytes(), X), network.forward(X)
    assert np.mean(got.argmax(axis=1) == wanted.argmax(axis=1)) > 0.95  # its probabilities have ties


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_quantised_by_onnxruntime(form: str, per_channel: bool, signed: bool, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = quantised(small_cnn(), tmp_path, form, per_channel=per_channel, signed=signed)
    network = from_onnx(path)
    assert network.is_whole
    assert len(network.products) == 4
    assert network.input_range == pytest.approx((0, 1), abs=0.01)
    wanted = runtime(path.read_bytes(), X)
    got = network.forward(X)
    last = np.abs(np.diff(np.unique(wanted))).min()
    assert np.abs(got - wanted).max() <= 1.01 * last
    assert np.mean(np.abs(got - wanted) > 1e-4 * last) < 0.02
    assert np.abs(wanted - reference(small_cnn(), X)).max() < 0.1 * np.abs(wanted).max()
