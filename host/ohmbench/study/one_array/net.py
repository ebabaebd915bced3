"""The network in torch: weights as levels of single cells, activations of a few bits, errors of cells on top."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ohmbench.network.flow import ARRAY, Step, Window
from ohmbench.network.imported import ImportedNetwork
from ohmbench.study.one_array.designs import CLASSES, SIDE, Design
from ohmbench.support.array_types import FloatArray

MAX_LEVEL = 31
BITS = 4
"""Of inputs and activations."""
_TOP = (1 << BITS) - 1


class _Rounded(torch.autograd.Function):
    """Rounding forward, nothing backward (straight-through: Bengio et al., arXiv 1308.3432, 2013)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


def _rounded(x: Tensor) -> Tensor:
    return _Rounded.apply(x)


class Cells(nn.Module):
    """Weights (outputs, inputs of a group, ...) as levels of single cells.

    An output's weights, and 0, span the window of a cell. In training each weight has an error drawn anew in every
    batch; `held` are errors that stay, as an array's do.

    Attributes:
        errors: (n,) in level steps, to draw from.
    """

    def __init__(self, shape: tuple[int, ...], errors: FloatArray) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape) * (2.0 / float(np.prod(shape[1:]))) ** 0.5)
        self.errors = torch.tensor(errors, dtype=torch.float32)
        self.held: Tensor | None = None
        self.noisy = True

    def levels(self) -> tuple[Tensor, Tensor]:
        """Whole numbers of the shape of the weights, and the value of a step (outputs, 1, ...)."""
        flat = self.weight.flatten(1)
        low, high = flat.min(1).values.clamp(max=0.0), flat.max(1).values.clamp(min=0.0)
        shape = (-1,) + (1,) * (self.weight.dim() - 1)
        step = ((high - low) / MAX_LEVEL).detach().clamp(min=1e-6)
        lowest = torch.round(low.detach() / step).view(shape)
        step = step.view(shape)
        whole = _rounded(self.weight / step)
        return torch.minimum(torch.maximum(whole, lowest), lowest + MAX_LEVEL), step

    def drawn(self) -> Tensor:
        """Errors of the shape of the weights."""
        return self.errors[torch.randint(len(self.errors), tuple(self.weight.shape))]

    def forward(self) -> Tensor:
        whole, step = self.levels()
        if self.held is not None:
            whole = whole + self.held
        elif self.training and self.noisy:
            whole = whole + self.drawn()
        return whole * step


class Activation(nn.Module):
    """Batch normalisation, ReLU, and rounding to BITS bits up to a bound that is learned."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.bound = nn.Parameter(torch.tensor(3.0))

    @property
    def step(self) -> Tensor:
        """Value of one step."""
        return self.bound.abs() / _TOP

    def forward(self, x: Tensor) -> Tensor:
        bound = self.bound.abs()
        inside = torch.minimum(functional.relu(self.norm(x)), bound)
        return _rounded(inside / bound * _TOP) * (bound / _TOP)


class DesignNet(nn.Module):
    """Images (n, 1, 28, 28) of whole numbers 0.._TOP as shares of white to scores (n, CLASSES), of one view.

    Args:
        errors: as `Cells` has them.
    """

    def __init__(self, errors: FloatArray, design: Design) -> None:
        super().__init__()
        self.layers, self.views = design.layers, design.views
        self.cells, self.activations = nn.ModuleList(), nn.ModuleList()
        channels, side = 1, SIDE
        for layer in design.layers:
            shape = (layer.outputs, channels // layer.groups, layer.kernel, layer.kernel)
            self.cells.append(Cells(shape, errors))
            self.activations.append(Activation(layer.outputs))
            channels = layer.outputs
            side = (side + 2 * layer.padding - layer.kernel) // layer.stride + 1
            side = side // 2 if layer.pooled else side
        self.cells.append(Cells((CLASSES, channels * side * side), errors))
        self.last = nn.BatchNorm1d(CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        for layer, cells, activation in zip(self.layers, self.cells, self.activations, strict=False):
            x = activation(functional.conv2d(x, cells(), None, layer.stride, layer.padding, 1, layer.groups))
            x = functional.max_pool2d(x, 2) if layer.pooled else x
        scores: Tensor = self.last(functional.linear(x.flatten(1), self.cells[-1]()))
        return scores

    def norms(self) -> list[nn.Module]:
        """Its batch normalisations."""
        return [*(activation.norm for activation in self.activations), self.last]


def as_network(net: DesignNet) -> ImportedNetwork:
    """The trained network in whole numbers; batch normalisation becomes each layer's scale and bias."""
    first: dict[str, Any] = {"scale": np.asarray(1.0 / _TOP, np.float32)}
    shifts = [pixels for view in net.views for pixels in view]
    steps = [
        Step("views", (0,), {"shifts": shifts}, {}, "views"),
        Step("quantise", (1,), {"zero": 0, "low": 0, "high": _TOP}, first, "input"),
    ]
    worth = torch.tensor(1.0 / _TOP)

    def put(kind: str, numbers: dict[str, Any], arrays: dict[str, Any], name: str) -> None:
        steps.append(Step(kind, (len(steps),), numbers, arrays, name))

    with torch.no_grad():
        for number, (layer, activation) in enumerate(zip(net.layers, net.activations, strict=True)):
            name = f"conv{number + 1}"
            side, pad = (layer.kernel, layer.kernel), (layer.padding,) * 4
            window = Window(side, (layer.stride, layer.stride), pad).numbers()
            _product(put, net.cells[number], activation.norm, worth, {"groups": layer.groups, **window}, name)
            worth = activation.step
            put("quantise", {"zero": 0, "low": 0, "high": _TOP}, {"scale": np.asarray(worth, np.float32)}, name)
            if layer.pooled:
                put("max_pool", Window((2, 2), (2, 2)).numbers(), {}, name)
        put("reshape", {"shape": [-1]}, {}, "flat")
        _product(put, net.cells[-1], net.last, worth, {"groups": 1}, "dense")
    put("mean_of_views", {"views": len(net.views)}, {}, "views")
    return ImportedNetwork(tuple(steps), (1, 28, 28), (0.0, 1.0))


def _product(put: Any, cells: Any, norm: Any, worth: Tensor, described: dict[str, Any], name: str) -> None:
    """A layer's product and its batch normalisation in eval mode."""
    whole, step = cells.levels()
    numbers = {"bits": BITS, "zero": 0, "max_level": MAX_LEVEL, "cells": 1, **described}
    matrix = whole.flatten(1).T.numpy()
    put(ARRAY, numbers, {"weights": np.rint(matrix).astype(np.int32)}, name)
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    rest = (-1, 1, 1) if "kernel" in described else (-1,)
    scale = (gain * step.flatten() * worth).numpy().astype(np.float32)
    bias = (norm.bias - norm.running_mean * gain).numpy().astype(np.float32)
    put("affine", {}, {"scale": scale.reshape(rest), "bias": bias.reshape(rest)}, name)
