"""Column merging: the unipolar columns of every tile share fewer physical columns, within one budget of cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.allocation import columns_for_budget, merge_costs
from ohmbench.compress.clusters import Method, cluster, merge
from ohmbench.compress.compressed import Segment
from ohmbench.compress.pool import Pool, pool_of
from ohmbench.compress.refit import refit
from ohmbench.compress.rows import row_importance
from ohmbench.compress.tied import TiedLayer, TiedNetwork, segment_layer
from ohmbench.errors import UsageError

FloatArray = NDArray[np.float64]
Clustering = Method | Literal["none"]


@dataclass(frozen=True, eq=False)
class Tile:
    """Physical rows of a layer that are driven together, with the pool of the columns on them."""

    layer: int
    rows: NDArray[np.intp]
    importance: FloatArray
    pool: Pool


def merge_columns(
    network: TiedNetwork,
    cells: int,
    inputs: NDArray[np.integer],
    *,
    method: Clustering = "spectral",
    height: int = 32,
    seed: int = 0,
) -> TiedNetwork:
    """The network, whose layers hold signed weights, with its columns in segments of at most `cells` cells.

    Args:
        cells: budget; equal columns, and rows and columns of zeros, are left out first, which loses nothing.
        inputs: integers (n, inputs) of training images, which weigh the rows.
        method: "none" stops there, whatever the budget is.
        height: rows of a tile; at most the array's.

    Raises:
        UsageError: the budget is below what remains if everything is merged that may be.
    """
    tiles = tiles_of(network, inputs, height)
    columns = [t.pool.columns.shape[1] for t in tiles]
    if method != "none":
        rows = [len(t.rows) for t in tiles]
        costs = [merge_costs(t.pool, t.importance) for t in tiles]
        least = sum(r * (k - len(c)) for r, k, c in zip(rows, columns, costs, strict=True))
        if cells < least:
            raise UsageError(
                f"A budget of {cells} cells is below the {least} that remain when all columns are merged that may be: "
                "an output would lose all of its weights. Nothing was sent to the array. Merge or prune rows first, or "
                "raise the budget."
            )
        columns = columns_for_budget(costs, columns, rows, cells)
    segments: list[list[Segment]] = [[] for _ in network.layers]
    for number, (tile, count) in enumerate(zip(tiles, columns, strict=True)):
        pool, layer = tile.pool, network.layers[tile.layer]
        if method != "none" and count < pool.columns.shape[1]:
            labels = cluster(pool, count, tile.importance, method, seed + number)
            pool = merge(pool, labels)
            # random merging stays what it is: its levels are fitted, but no output moves to a better column
            pool = refit(pool, tile.pool.weights(), tile.importance, network.max_level, rewire=method != "random")
        segments[tile.layer].append(_segment(layer, tile, pool))
    layers = [
        segment_layer(layer, tuple(found), network.max_level)
        for layer, found in zip(network.layers, segments, strict=True)
    ]
    return replace(network, layers=tuple(layers))


def tiles_of(network: TiedNetwork, inputs: NDArray[np.integer], height: int) -> list[Tile]:
    """Blocks of `height` physical rows, less their rows of zeros; importance on one scale for all layers."""
    tiles = []
    for number, (layer, importance) in enumerate(zip(network.layers, row_importance(network, inputs), strict=True)):
        codebook = layer.codebook().astype(np.int64)
        # an error counts by its share of what the layer's weights carry; the floor keeps inputs that are never on
        energy = max(float(importance @ np.square(codebook).sum(axis=1)), 1e-12)
        weight = np.maximum(importance / energy, 1e-9)
        for start in range(0, len(codebook), height):
            rows = start + np.flatnonzero(codebook[start : start + height].any(axis=1))
            if len(rows):
                tiles.append(Tile(number, rows, weight[rows], pool_of(codebook[rows])))
    return tiles


def position_in_tile(layer: TiedLayer, tile: Tile) -> NDArray[np.int16]:
    """(inputs,): row of the tile that each input of the layer is added to, -1 for none."""
    position = np.full(len(layer.codebook()) + 1, -1, np.int16)  # the last: of inputs that drive no row
    position[tile.rows] = np.arange(len(tile.rows))
    return np.asarray(position[layer.row_of_input], np.int16)


def _segment(layer: TiedLayer, tile: Tile, pool: Pool) -> Segment:
    p, n = pool.p.astype(np.int16), pool.n.astype(np.int16)
    one = np.ones(len(p), np.int32)
    return Segment(position_in_tile(layer, tile), pool.columns.astype(np.uint8), 0, p, n, one)
