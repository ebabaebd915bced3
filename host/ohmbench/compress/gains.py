"""Column merging with gains: outputs whose weights in a tile are alike but for size and sign share a pair of columns.

Group quantisation with a scale for each output of a tile: the pair is read once and copied to its outputs, times whole
gains. A negative copy swaps the two columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.allocation import lines_for_budget, merge_costs
from ohmbench.compress.columns import Tile, tiles_of
from ohmbench.compress.compressed import Segment
from ohmbench.compress.tied import TiedNetwork, segment_layer
from ohmbench.errors import UsageError
from ohmbench.isa import load_firmware
from ohmbench.support.array_types import FloatArray, Index, NetworkInputs

GAIN_ONE = 4
"""The gain that stands for 1: gains have 2 bits behind the point, which the scale of the layer takes back."""
STARTS = 4


def merge_columns_with_gains(
    network: TiedNetwork, cells: int, inputs: NetworkInputs, *, height: int = 32, seed: int = 0
) -> TiedNetwork:
    """The network, whose layers hold signed weights, with pairs of columns shared by k-means, at most `cells` cells.

    Each tile gets as many as the budget allows where merging costs most, and one at least.

    Raises:
        UsageError: the budget is below one pair a tile.
    """
    tiles = tiles_of(network, inputs, height)
    sizes = [2 * len(t.importance) for t in tiles]
    if cells < sum(sizes):
        raise UsageError(
            f"A budget of {cells} cells is below the {sum(sizes)} of one pair of columns a tile.",
            "Merge or prune rows first, or raise the budget.",
        )
    patterns = [_Patterns.of(tile) for tile in tiles]
    costs = [merge_costs(p.points, np.square(p.lengths)) for p in patterns]
    pairs = lines_for_budget(costs, [len(p.points) for p in patterns], sizes, cells)
    segments: list[list[Segment]] = [[] for _ in network.layers]
    for tile, found, count in zip(tiles, patterns, pairs, strict=True):
        segments[tile.layer].append(_merge_tile(tile, found, count, network.max_level, seed))
    layers = []
    for layer, parts in zip(network.layers, segments, strict=True):
        made = segment_layer(layer, tuple(parts), network.max_level)
        layers.append(replace(made, scale=made.scale / np.float32(GAIN_ONE)))
    return replace(network, layers=tuple(layers))


@dataclass(frozen=True, eq=False)
class _Patterns:
    """The outputs of a tile that have weights, as vectors of length 1 whose heaviest weight is positive.

    Attributes:
        outputs: (n,); lengths: (n,) by which the points were divided.
        points: (n, rows), weighted by the root of the importance.
    """

    outputs: Index
    lengths: FloatArray
    points: FloatArray

    @classmethod
    def of(cls, tile: Tile) -> _Patterns:
        weighted = tile.pool.weights().T * np.sqrt(tile.importance)
        lengths = np.linalg.norm(weighted, axis=1)
        outputs = np.flatnonzero(lengths > 0)
        points, lengths = weighted[outputs] / lengths[outputs, None], lengths[outputs]
        heaviest = np.argmax(np.abs(points), axis=1)
        # a vector and its opposite are one pattern: swapped columns negate
        points *= np.sign(points[np.arange(len(points)), heaviest])[:, None]
        return cls(outputs, lengths, points)


def _merge_tile(tile: Tile, found: _Patterns, pairs: int, max_level: int, seed: int) -> Segment:
    from sklearn.cluster import KMeans

    weights = tile.pool.weights().astype(np.float64)  # (rows, outputs)
    pairs = min(pairs, len(np.unique(found.points.round(9), axis=0)))
    means = KMeans(pairs, n_init=STARTS, random_state=seed).fit(found.points, sample_weight=np.square(found.lengths))
    columns = np.empty((len(weights), 2 * pairs), np.uint8)
    p, n = (np.full(weights.shape[1], -1, np.int16) for _ in range(2))
    gain = np.ones(weights.shape[1], np.int32)
    for label, centre in enumerate(means.cluster_centers_ / np.sqrt(tile.importance)):
        outputs = found.outputs[means.labels_ == label]
        pattern, signed = _fit(centre, weights[:, outputs], tile.importance, max_level)
        columns[:, 2 * label], columns[:, 2 * label + 1] = np.maximum(pattern, 0), np.maximum(-pattern, 0)
        p[outputs], n[outputs] = 2 * label + (signed < 0), 2 * label + (signed > 0)
        gain[outputs] = np.abs(signed)
    return Segment(tile.row_of_input, columns, 0, p, n, gain)


def _fit(
    centre: FloatArray, weights: FloatArray, importance: FloatArray, max_level: int
) -> tuple[FloatArray, NDArray[np.int32]]:
    """Whole levels (rows,) along `centre` and signed gains (outputs,), whose products come closest to `weights`."""
    best: tuple[float, FloatArray, NDArray[np.int32]] | None = None
    for top in range(1, max_level + 1):
        pattern = np.rint(centre * top / np.maximum(np.abs(centre).max(), 1e-12))
        fitted = (importance * pattern) @ weights / np.maximum(importance @ np.square(pattern), 1e-12)
        size = np.clip(np.rint(np.abs(fitted) * GAIN_ONE), 1, _gain_max())
        signed = np.where(fitted < 0, -size, size).astype(np.int32)
        error = float((importance @ np.square(weights - np.outer(pattern, signed / GAIN_ONE))).sum())
        if best is None or error < best[0]:
            best = error, pattern, signed
    assert best is not None
    return best[1:]


def _gain_max() -> int:
    """The largest gain that the FPGA multiplies by."""
    return (1 << load_firmware("mvm").constants["GAIN_BITS"]) - 1
