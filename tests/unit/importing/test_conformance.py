"""The models that come with the package onnx, and what onnxruntime quantises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from ohmbench.errors import DataError
from ohmbench.importing.onnx_file import from_onnx
from onnx_models import model, node, random, reference, runtime, tensor

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
            assert "damaged" not in error.what, file
