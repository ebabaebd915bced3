"""Training of the one-array network: on the errors of programmed cells, chosen on images that are not tested on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ohmbench.network.imported import ImportedNetwork
from ohmbench.study.one_array.designs import VIEWS, Design
from ohmbench.study.one_array.net import BITS, DesignNet, as_network
from ohmbench.support.array_types import FloatArray, IntArray

VALIDATION = 6000
"""Training images that are held back; which ones is the same for every seed."""
_BATCH, _RATE, _WARM = 128, 0.01, 0.15
_PARTS = 8
"""Of a batch, each with a view of its own."""
_MEASURED = 4000
"""Training images on which batch normalisation is measured again, as an array is trimmed."""
ARRAYS = 5
"""Draws of held errors over which the validation accuracy is a mean."""


def split(count: int) -> tuple[IntArray, IntArray]:
    """Numbers of the images to train on and to validate on."""
    order = np.random.default_rng(1).permutation(count)
    return order[VALIDATION:], order[:VALIDATION]


def train(
    images: FloatArray,
    labels: IntArray,
    errors: FloatArray,
    design: Design,
    *,
    seed: int,
    epochs: int,
) -> tuple[ImportedNetwork, dict[str, float]]:
    """A network, and what it reached on the validation images: ideal, and with held errors (mean).

    Args:
        images: (n, 1, 28, 28), shares of white.
        errors: of cells in level steps, as `cell_errors` gives them.
    """
    torch.manual_seed(seed)
    top = float((1 << BITS) - 1)
    x = torch.round(torch.tensor(images, dtype=torch.float32) * top) / top
    y = torch.tensor(labels, dtype=torch.long)
    chosen, held_back = (torch.tensor(part) for part in split(len(x)))
    net = DesignNet(errors, design)
    steps = epochs * (len(chosen) // _BATCH)
    optimiser = torch.optim.Adam(net.parameters(), lr=_RATE)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps, pct_start=_WARM)
    for _ in range(epochs):
        net.train()
        order = chosen[torch.randperm(len(chosen))]
        for first in range(0, len(order) - _BATCH + 1, _BATCH):
            batch = order[first : first + _BATCH]
            parts = [_view(part, VIEWS[torch.randint(len(VIEWS), ())]) for part in x[batch].chunk(_PARTS)]
            loss = functional.cross_entropy(net(torch.cat(parts)), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
    _measure_again(net, x[chosen[:_MEASURED]])
    ideal, network = _share_right(net, x[held_back], y[held_back]), as_network(net)
    with_errors = []
    for _ in range(ARRAYS):
        for cells in net.cells:
            cells.held = cells.drawn()
        _measure_again(net, x[chosen[:_MEASURED]])
        with_errors.append(_share_right(net, x[held_back], y[held_back]))
    return network, {"validation_ideal": ideal, "validation_with_errors": float(np.mean(with_errors))}


def _measure_again(net: DesignNet, x: Tensor) -> None:
    for norm in net.norms():
        norm.reset_running_stats()
        norm.momentum = None
    for cells in net.cells:
        cells.noisy = False
    net.train()
    with torch.no_grad():
        net(torch.cat([_view(x, view) for view in net.views]))
    for cells in net.cells:
        cells.noisy = True


def _share_right(net: DesignNet, x: Tensor, y: Tensor) -> float:
    net.eval()
    with torch.no_grad():
        scores = sum(net(_view(x, view)) for view in net.views)
        return float((torch.as_tensor(scores).argmax(1) == y).float().mean())


def _view(x: Tensor, shift: tuple[int, int]) -> Tensor:
    """Images moved by a shift; what comes in from the border is black."""
    down, right = shift
    moved = functional.pad(x, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)))
    height, width = x.shape[2:]
    return moved[:, :, max(-down, 0) : max(-down, 0) + height, max(-right, 0) : max(-right, 0) + width]
