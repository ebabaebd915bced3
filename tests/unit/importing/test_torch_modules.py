"""Modules of torch, as they are and through ONNX."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from ohmbench.errors import UsageError
from ohmbench.importing.torch_modules import from_torch

torch.manual_seed(0)
torch.set_num_threads(1)


def bn(made: Any) -> Any:
    made.running_mean.uniform_(-1, 1)
    made.running_var.uniform_(0.5, 2)
    nn.init.uniform_(made.weight)
    nn.init.uniform_(made.bias)
    return made


IMAGE = (3, 2, 9, 8)
MODULES = {
    "Linear": (nn.Linear(4, 3), (5, 4)),
    "Linear without bias": (nn.Linear(4, 3, bias=False), (5, 4)),
    "layers": (nn.Sequential(nn.Linear(4, 6), bn(nn.BatchNorm1d(6)), nn.Tanh(), nn.Linear(6, 3)), (5, 4)),
    "activations": (
        nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.LeakyReLU(0.2), nn.Linear(6, 6), nn.Sigmoid()),
        (5, 4),
    ),
    "ReLU6": (nn.Sequential(nn.Linear(4, 6), nn.ReLU6(), nn.Hardtanh(-0.5, 0.5)), (5, 4)),
    "Conv2d": (nn.Conv2d(2, 4, 3, stride=2, padding=1, dilation=2), IMAGE),
    "Conv2d, same": (nn.Conv2d(2, 4, (4, 3), padding="same"), IMAGE),
    "Conv2d, groups": (nn.Conv2d(2, 4, (3, 2), groups=2, bias=False, padding=(1, 0)), IMAGE),
    "Conv1d": (nn.Sequential(nn.Conv1d(2, 4, 3, padding=1), nn.MaxPool1d(2), nn.AvgPool1d(2)), (3, 2, 9)),
    "pools": (
        nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.AvgPool2d(2, stride=1, padding=1), nn.AdaptiveAvgPool2d(1)),
        IMAGE,
    ),
    "nested": (
        nn.Sequential(
            nn.Sequential(nn.Conv2d(2, 4, 3), bn(nn.BatchNorm2d(4)), nn.ReLU(), nn.Dropout2d()),
            nn.Sequential(nn.MaxPool2d(2), nn.Flatten()),
            nn.Identity(),
            nn.Linear(36, 3),
        ),
        IMAGE,
    ),
    "Unflatten": (nn.Sequential(nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 2, 2)), (2, 6)),
}


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("name", MODULES)
def test_gives_what_torch_gives(name: str) -> None:
    module, shape = MODULES[name]
    module.eval()
    x = torch.randn(*shape)
    with torch.no_grad():
        wanted = module(x).numpy()
    network = from_torch(module, x)
    np.testing.assert_allclose(network.forward(x.numpy()), wanted, rtol=1e-5, atol=1e-5)


def test_softmax_at_the_end_is_dropped_and_said() -> None:
    network = from_torch(nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)), torch.zeros(1, 4))
    assert network.said == ("dropped at the end: Softmax",)
    with pytest.raises(UsageError, match="behind Softmax"):
        from_torch(nn.Sequential(nn.Softmax(dim=1), nn.Linear(4, 3)), torch.zeros(1, 4))


def test_others_are_refused_by_name_all_at_once() -> None:
    with pytest.raises(UsageError, match=r"GRU '1'; PixelShuffle '2'.*torch.onnx.export"):
        from_torch(nn.Sequential(nn.Linear(4, 3), nn.GRU(3, 3), nn.PixelShuffle(2)), torch.zeros(1, 4))
    with pytest.raises(UsageError, match="Linear '0'"):
        from_torch(nn.Sequential(nn.Linear(4, 3)), torch.zeros(1, 5))
    with pytest.raises(UsageError, match="pads by reflect"):
        from_torch(nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), torch.zeros(IMAGE))


class Residual(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = bn(nn.BatchNorm2d(4))
        self.second = nn.Conv2d(4, 4, 3, groups=4, padding=1)
        self.last = nn.Linear(4 * 4 * 4, 3)

    def forward(self, x: Any) -> Any:
        x = nn.functional.max_pool2d(torch.relu(self.norm(self.first(x))), 2)
        x = x + torch.tanh(self.second(x))
        return torch.log_softmax(self.last(x.view(x.size(0), -1)), dim=1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("opset", [9, 13, 17])
@pytest.mark.parametrize("any_batch", [False, True])
def test_a_module_with_a_forward_of_its_own_through_onnx(opset: int, any_batch: bool) -> None:
    pytest.importorskip("onnx")
    from ohmbench.importing.onnx_file import from_onnx

    module, x, file = Residual().eval(), torch.randn(*IMAGE), io.BytesIO()
    axes = {"x": {0: "n"}} if any_batch else None
    torch.onnx.export(module, (x,), file, dynamo=False, opset_version=opset, input_names=["x"], dynamic_axes=axes)
    got = from_onnx(file.getvalue()).forward(x.numpy())
    with torch.no_grad():
        wanted = module(x)
    np.testing.assert_allclose(torch.log_softmax(torch.from_numpy(got), dim=1), wanted, rtol=1e-5, atol=1e-5)
