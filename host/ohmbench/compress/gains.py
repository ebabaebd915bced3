"""Column merging with gains: outputs whose weights in a tile are alike but for size and sign share a pair of columns.

Group quantisation with a scale for each output of a tile: the pair is read once and copied to its outputs, times whole
gains. A negative copy swaps the two columns.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.columns import Tile, tiles_of
from ohmbench.compress.compressed import Segment
from ohmbench.compress.tied import TiedNetwork, segment_layer
from ohmbench.errors import UsageError

FloatArray = NDArray[np.float64]

GAIN_ONE = 16
"""The gain that stands for 1: gains have 4 bits behind the point, which the scale of the layer takes back."""
GAIN_MAX = 255
STARTS = 4


def merge_columns_with_gains(
    network: TiedNetwork, cells: int, inputs: NDArray[np.integer], *, height: int = 32, seed: int = 0
) -> TiedNetwork:
    """The network, whose layers hold signed weights, with pairs of columns shared by k-means, at most `cells` cells.

    Every tile gets the same share of its pairs; one at least.

    Raises:
        UsageError: the budget is below one pair a tile.
    """
    tiles = tiles_of(network, inputs, height)
    sizes = np.array([2 * len(t.importance) for t in tiles])
    if cells < sizes.sum():
        raise UsageError(
            f"A budget of {cells} cells is below the {sizes.sum()} of one pair of columns a tile. Nothing was sent to "
            "the array. Merge or prune rows first, or raise the budget."
        )
    outputs = np.array([len(network.layers[t.layer].bias) for t in tiles])
    pairs = np.maximum(1, np.floor(outputs * cells / (sizes * outputs).sum()).astype(int))
    segments: list[list[Segment]] = [[] for _ in network.layers]
    for number, (tile, count) in enumerate(zip(tiles, pairs, strict=True)):
        segments[tile.layer].append(_merge_tile(tile, min(count, outputs[number]), network.max_level, seed))
    layers = []
    for layer, found in zip(network.layers, segments, strict=True):
        made = segment_layer(layer, tuple(found), network.max_level)
        layers.append(replace(made, scale=made.scale / np.float32(GAIN_ONE)))
    return replace(network, layers=tuple(layers))


def _merge_tile(tile: Tile, pairs: int, max_level: int, seed: int) -> Segment:
    from sklearn.cluster import KMeans

    weights = tile.pool.weights().astype(np.float64)  # (rows, outputs)
    root = np.sqrt(tile.importance)[:, None]
    length = np.linalg.norm(weights * root, axis=0)
    live = np.flatnonzero(length > 0)
    # each vector and its opposite are one pattern: the sign that makes the heaviest weight positive
    heaviest = np.argmax(np.abs(weights * root), axis=0)
    sign = np.where(weights[heaviest, np.arange(weights.shape[1])] < 0, -1.0, 1.0)
    points = ((weights * root) * sign / np.where(length > 0, length, 1.0)).T[live]
    pairs = min(pairs, len(np.unique(points, axis=0)))
    means = KMeans(pairs, n_init=STARTS, random_state=seed).fit(points, sample_weight=np.square(length[live]))
    pattern = (means.cluster_centers_ / root.T).T  # (rows, pairs)
    pattern = np.rint(pattern * max_level / np.maximum(np.abs(pattern).max(axis=0), 1e-12))
    columns = np.empty((len(weights), 2 * pairs), np.uint8)
    columns[:, 0::2], columns[:, 1::2] = np.maximum(pattern, 0), np.maximum(-pattern, 0)
    p, n = (np.full(weights.shape[1], -1, np.int16) for _ in range(2))
    gain = np.ones(weights.shape[1], np.int32)
    for output, label in zip(live, means.labels_, strict=True):
        shape = pattern[:, label]
        fitted = float(tile.importance @ (shape * weights[:, output])) / max(
            float(tile.importance @ np.square(shape)), 1e-12
        )
        swap = int(fitted < 0)
        p[output], n[output] = 2 * label + swap, 2 * label + 1 - swap
        gain[output] = np.clip(np.rint(abs(fitted) * GAIN_ONE), 1, GAIN_MAX)
    return Segment(tile.row_of_input, columns, 0, p, n, gain)
