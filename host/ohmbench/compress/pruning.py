"""Progressive pruning: while the network trains, the parts that matter least go, quickly at first and slowly at last.

Schedule: Zhu and Gupta, "To Prune, or Not to Prune", 2017, equation 1. Sensitivity |gradient * weight|: SNIP (Lee,
Ajanthan and Torr, ICLR 2019), here as a running mean over the steps. What is pruned never grows again.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.tied import TiedNetwork
from ohmbench.compress.tuning import Cells
from ohmbench.errors import UsageError
from ohmbench.support.array_types import Float32Array, FloatArray, Mask

Unit = Literal["weight", "segment", "row"]
Criterion = Literal["gradient", "magnitude"]

START, END = 0.10, 0.70
"""Shares of the steps between which is pruned; the rest recovers."""
STEPS_BETWEEN = 50
MEMORY = 0.99
"""What a step keeps of the running mean of the sensitivities."""
_ROUNDING = 1e-6
"""Of cells, so that a share that is a whole number of them does not take one more."""


class Pruning:
    """Watcher of `ohmbench.compress.tuning.tune` that narrows the bounds of the cells of signed weights.

    Args:
        sparsity: least share of the cells of all layers to prune, 0 to less than 1. Units are ranked over all layers by
            their score for each cell; each output keeps at least one.
        unit: "weight"; "segment": the positive or the negative weights of one output in a tile of `height` rows, which
            is a physical column there; "row": all weights of an input.
        criterion: "gradient": |gradient * weight|; "magnitude": |weight|.

    Raises:
        UsageError: a sparsity that leaves nothing, or columns that are merged already.
    """

    def __init__(
        self,
        network: TiedNetwork,
        sparsity: float,
        *,
        unit: Unit = "weight",
        criterion: Criterion = "gradient",
        height: int = 32,
    ) -> None:
        if not 0.0 <= sparsity < 1.0:
            raise UsageError(
                f"Pruning {sparsity:g} of the weights leaves a layer with none.", "Prune a share from 0 to less than 1."
            )
        if any(layer.segments is not None for layer in network.layers):
            raise UsageError("Columns that are merged cannot be pruned.", "Prune first.")
        self._sparsity, self._unit, self._criterion, self._height = sparsity, unit, criterion, height
        self._score = [np.zeros(len(layer.cells) - 1, np.float32) for layer in network.layers]
        self._step, self._finished = 0, False

    def __call__(self, done: float, cells: list[Cells], gradients: list[Float32Array]) -> None:
        """After a step: update the scores, and now and then prune."""
        self._step += 1
        for score, cell, gradient in zip(self._score, cells, gradients, strict=True):
            now = np.abs(gradient * cell.latent)[:-1]
            score += np.float32(1.0 - MEMORY) * (now - score)
        if self._finished or done < START:
            return
        self._finished = done >= END
        if self._finished or self._step % STEPS_BETWEEN == 0:
            left = max(0.0, 1.0 - (done - START) / (END - START))
            self._prune(cells, self._sparsity * (1.0 - left**3))

    def _prune(self, cells: list[Cells], sparsity: float) -> None:
        scores, costs = [], []
        for cell, sensitivity in zip(cells, self._score, strict=True):
            outputs = len(cell.bias)
            size = np.abs(cell.latent[:-1]) * np.tile(np.exp(cell.log_scale), len(sensitivity) // outputs)
            worth = sensitivity if self._criterion == "gradient" else size
            signs = np.stack([cell.latent[:-1] < 0, cell.latent[:-1] > 0])
            free = np.stack([cell.low[:-1] < 0, cell.high[:-1] > 0])
            costs.append(self._by_unit(np.ones(signs.shape), outputs))
            alive = self._by_unit(free, outputs) > 0
            score = np.where(alive, self._by_unit(worth * signs, outputs) / costs[-1], -1.0)
            if len(score):  # a layer whose rows are all idle has none
                score[np.argmax(score, axis=0), np.arange(score.shape[1])] = np.inf  # what each output keeps
            scores.append(score)
        flat = np.concatenate([score.ravel() for score in scores])
        cost = np.concatenate([c.ravel() for c in costs])
        order = np.argsort(flat, kind="stable")
        wanted = sparsity * cost.sum() - _ROUNDING
        if wanted <= 0:
            return
        # the unit that reaches the share goes too: one unit less would pass a budget of cells
        gone = 1 + int(np.searchsorted(np.cumsum(cost[order]), wanted))
        gone = min(gone, int(np.isfinite(flat).sum()))
        if gone == 0:
            return
        limit = flat[order[gone - 1]]
        for cell, score in zip(cells, scores, strict=True):
            keep = score > limit
            for side, bound in enumerate((cell.low, cell.high)):
                bound[:-1][~self._to_cells(keep, side, len(cell.bias), len(bound) - 1)] = 0

    def _by_unit(self, values: NDArray[np.number | np.bool_], outputs: int) -> FloatArray:
        """Sums (groups, outputs) over the units of `values` (2, cells): of negative and of positive weights."""
        both = values.reshape(2, -1, outputs).astype(np.float64)
        if self._unit == "weight":
            return np.asarray(both.sum(axis=0))
        if self._unit == "row":
            return np.broadcast_to(both.sum(axis=(0, 2))[:, None], both.shape[1:]) + np.zeros(outputs)
        starts = np.arange(0, both.shape[1], self._height)
        return np.concatenate(list(np.add.reduceat(both, starts, axis=1)))

    def _to_cells(self, units: Mask, side: int, outputs: int, count: int) -> Mask:
        """(cells,): whether the unit of each cell's negative (side 0) or positive (side 1) weight is set."""
        if self._unit == "segment":
            half = len(units) // 2
            units = np.repeat(units[side * half : (side + 1) * half], self._height, axis=0)
        return units[: count // outputs].ravel()
