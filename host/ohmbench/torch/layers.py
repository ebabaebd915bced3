"""A dense layer of torch on an array: its values are the array's, its gradients those of the ideal layer.

The array holds the weights as they were when it was programmed. Training moves the weights of the module, and an array
cannot be pulsed at every step. So the output is what the array gives for what it holds, plus what the ideal layer says
that the change since then adds: errors of the array are seen at every step, and cells are pulsed when the network is
programmed again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ohmbench.support.array_types import FloatArray, IntArray

Products = Callable[[IntArray], FloatArray]
"""Integer inputs (n, inputs) to their products (n, outputs) with the levels that the array holds."""


class _Through(torch.autograd.Function):
    """The array forward, the ideal layer backward (straight-through: Bengio et al., arXiv 1308.3432, 2013)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, measured: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return measured

    @staticmethod
    def backward(ctx: Any, *grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, weight = ctx.saved_tensors
        return grad[0] @ weight, grad[0].T @ x, None


class ArrayLinear(torch.nn.Module):
    """In place of a torch.nn.Linear: x (n, inputs) to (n, outputs).

    Attributes:
        weight, bias: as in the layer that it stands for; parameters.
        input_bits: width of the unsigned integers that the inputs become.
        step, zero: real value of one of their steps, and of 0.
    """

    def __init__(self, linear: torch.nn.Linear, seen: torch.Tensor, input_bits: int) -> None:
        """Args:
        seen: inputs (n, inputs) that set the range of what the layer takes.
        """
        super().__init__()
        self.weight = torch.nn.Parameter(linear.weight.detach().clone())
        outputs = len(self.weight)
        bias = torch.zeros(outputs) if linear.bias is None else linear.bias.detach().clone()
        self.bias = torch.nn.Parameter(bias, requires_grad=linear.bias is not None)
        low, high = min(float(seen.min()), 0.0), float(seen.max())
        self.input_bits = input_bits
        self.zero = low
        self.step = max(high - low, 1e-12) / ((1 << input_bits) - 1)
        self._held: torch.Tensor | None = None
        self._level = 1.0
        self._products: Products | None = None

    def levels(self, max_level: int) -> tuple[IntArray, float]:
        """The weights (inputs, outputs) as whole levels, and the real value of one."""
        from ohmbench.compress.quantise import quantise_weights

        return quantise_weights(self.weight.detach().numpy().T.astype(np.float64), max_level)

    def attach(self, levels: IntArray, level: float, products: Products) -> None:
        """The array holds these levels (inputs, outputs) now, each worth `level`."""
        self._held = torch.from_numpy((levels.T * level).astype(np.float32))
        self._level, self._products = level, products

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Raises:
        FaultError: the guard turned the array off.
        """
        assert self._held is not None
        assert self._products is not None, "ArrayNetwork programs it"
        top = (1 << self.input_bits) - 1
        whole = torch.clamp(torch.round((x.detach() - self.zero) / self.step), 0, top)
        sums = self._products(whole.numpy().astype(np.int64))
        with torch.no_grad():
            measured = torch.from_numpy((sums * (self._level * self.step)).astype(np.float32))
            # what the inputs' zero adds, and what the weights changed since they were programmed
            measured += self.zero * self._held.sum(dim=1)
            measured += x @ (self.weight - self._held).T
        out: torch.Tensor = _Through.apply(x, self.weight, measured)
        return out + self.bias
