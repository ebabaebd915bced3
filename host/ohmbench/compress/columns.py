"""Column merging: the unipolar columns of every tile share fewer physical columns, within one budget of cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.allocation import lines_for_budget, merge_costs
from ohmbench.compress.clusters import Method, cluster, merge
from ohmbench.compress.compressed import Segment
from ohmbench.compress.forward import layer_inputs, sensitivities
from ohmbench.compress.pool import Pool, pool_of
from ohmbench.compress.refit import refit
from ohmbench.compress.rows import IMAGES, mean_squares
from ohmbench.compress.tied import TiedLayer, TiedNetwork, segment_layer, segments_of, without_idle
from ohmbench.errors import UsageError
from ohmbench.support.array_types import FloatArray, NetworkInputs

Clustering = Method | Literal["none"]


@dataclass(frozen=True, eq=False)
class Tile:
    """Rows of a layer that are driven together, with the pool of the columns on them.

    Attributes:
        row_of_input: int16 (inputs of the layer,), row of the tile, -1 for none.
        importance: (rows,) what a squared error of one level step adds to the loss.
    """

    layer: int
    row_of_input: NDArray[np.int16]
    importance: FloatArray
    pool: Pool

    @property
    def points(self) -> FloatArray:
        """(columns, rows): columns whose squared distances are weighted by importance."""
        return np.asarray(self.pool.columns.T * np.sqrt(self.importance))


def merge_columns(
    network: TiedNetwork,
    cells: int,
    inputs: NetworkInputs,
    *,
    method: Clustering = "spectral",
    height: int = 32,
    seed: int = 0,
) -> TiedNetwork:
    """The network with its columns in segments of at most `cells` cells; what is merged already is merged further.

    Args:
        cells: budget; equal columns, and rows and columns of zeros, are left out first, which loses nothing.
        inputs: (n, ...) of training images, which weigh the rows.
        method: "none" stops there, whatever the budget is.
        height: rows of a tile; at most the array's.

    Raises:
        UsageError: the budget is below what remains if everything is merged that may be.
    """
    tiles = tiles_of(network, inputs, height)
    columns = [t.pool.columns.shape[1] for t in tiles]
    if method != "none":
        rows = [len(t.importance) for t in tiles]
        costs = [merge_costs(t.points, t.pool.uses, t.pool.apart) for t in tiles]
        least = sum(r * (k - len(c)) for r, k, c in zip(rows, columns, costs, strict=True))
        if cells < least:
            raise UsageError(
                f"A budget of {cells} cells is below the {least} that remain when all columns are merged that may be: "
                "an output would lose all of its weights.",
                "Merge or prune rows first, or raise the budget.",
            )
        columns = lines_for_budget(costs, columns, rows, cells)
    segments: list[list[Segment]] = [[] for _ in network.layers]
    for number, (tile, count) in enumerate(zip(tiles, columns, strict=True)):
        pool = tile.pool
        if method != "none" and count < pool.columns.shape[1]:
            labels = cluster(pool, count, tile.importance, method, seed + number)
            pool = merge(pool, labels)
            # random merging stays what it is: its levels are fitted, but no output moves to a better column
            pool = refit(pool, tile.pool.weights(), tile.importance, network.max_level, rewire=method != "random")
        segments[tile.layer].append(_segment(tile, pool))
    layers = [
        segment_layer(layer, tuple(found), network.max_level)
        for layer, found in zip(network.layers, segments, strict=True)
    ]
    return replace(network, layers=tuple(layers))


def tiles_of(network: TiedNetwork, inputs: NetworkInputs, height: int) -> list[Tile]:
    """Blocks of `height` physical rows, less rows of zeros; or the segments, where columns are merged already."""
    tiles = []
    inputs = inputs[:IMAGES]
    weights = sensitivities(network, inputs)
    for number, (layer, x, weight) in enumerate(
        zip(network.layers, layer_inputs(network, inputs), weights, strict=True)
    ):
        weight *= float(np.square(layer.scale).mean())  # columns are in level steps
        for position, pool in _blocks(layer, height) if layer.segments is None else _merged(layer):
            importance = weight * mean_squares(x, position, len(pool.columns))
            # the floor keeps inputs that are never on
            tiles.append(Tile(number, position, np.maximum(importance, 1e-12), pool))
    return tiles


def _blocks(layer: TiedLayer, height: int) -> Iterator[tuple[NDArray[np.int16], Pool]]:
    codebook = layer.codebook().astype(np.int64)
    for start in range(0, len(codebook), height):
        rows = start + np.flatnonzero(codebook[start : start + height].any(axis=1))
        if len(rows):
            position = np.full(len(codebook) + 1, -1, np.int16)  # the last: of inputs that drive no row
            position[rows] = np.arange(len(rows))
            yield position[layer.row_of_input], pool_of(codebook[rows])


def _merged(layer: TiedLayer) -> Iterator[tuple[NDArray[np.int16], Pool]]:
    for s in map(without_idle, segments_of(layer)):
        if s.levels.size:
            yield s.row_of_input, Pool(s.levels.astype(np.int64), s.p.astype(np.int64), s.n.astype(np.int64))


def _segment(tile: Tile, pool: Pool) -> Segment:
    p, n = pool.p.astype(np.int16), pool.n.astype(np.int16)
    return Segment(tile.row_of_input, pool.columns.astype(np.uint8), 0, p, n, np.ones(len(p), np.int32))
