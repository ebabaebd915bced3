"""Exact integer evaluation of a weight image: what an ideal array, and so the bench, has to give.

The order of the arithmetic is the FPGA's: inputs bit by bit, the 32 column sums of each bit shifted and added,
then the difference along the wiring times the gain. Scales, biases and ReLU are the host's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.pool import signed
from ohmbench.compress.quantise import requantise
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Tile
from ohmbench.support.array_types import FloatArray, IntArray, Integers

_Numbers = TypeVar("_Numbers", IntArray, FloatArray)

TileRunner = Callable[[WeightImage, int, IntArray], IntArray | FloatArray]
"""(image, tile index, row values (n, rows)) -> gain * (S[p] - S[n]) in units of one level step, (n, columns)."""


def column_sums(levels: NDArray[np.uint8], row_values: Integers, bits: int) -> IntArray:
    """S (n, columns): sum over the rows of value * level, taken bit by bit of the values.

    Args:
        levels: (rows, columns).
        row_values: unsigned, (n, rows), below 2^bits.
    """
    values = np.asarray(row_values, dtype=np.int64)
    weights = levels.astype(np.int64)
    total = np.zeros((len(values), levels.shape[1]), dtype=np.int64)
    for bit in range(bits):
        total += (((values >> bit) & 1) @ weights) << bit
    return total


def lane_values(sums: _Numbers, tile: Tile) -> _Numbers:
    """(n, columns): gain * (S[p] - S[n]) a lane; the sum of a column that is not wired is 0."""
    lanes: _Numbers = signed(sums, tile.p, tile.n) * tile.gain
    return lanes


def run_tile_exact(image: WeightImage, index: int, row_values: IntArray) -> IntArray:
    """The ideal TileRunner."""
    tile = image.tiles[index]
    bits = tile.row_bits(image.layers[tile.layer].input_bits)
    return lane_values(column_sums(image.levels[tile.image], row_values, bits), tile)


def run_layer(
    image: WeightImage, number: int, inputs: IntArray, run_tile: TileRunner = run_tile_exact
) -> dict[int, IntArray | FloatArray]:
    """Lanes (n, outputs) of each tile of a layer, by the tile's number, of the layer's integer inputs (n, inputs)."""
    return {
        index: run_tile(image, index, tile.row_inputs(inputs, image.rows))[:, : tile.outputs]
        for index, tile in enumerate(image.tiles)
        if tile.layer == number
    }


def add_up(image: WeightImage, number: int, lanes: Mapping[int, IntArray | FloatArray]) -> IntArray | FloatArray:
    """Sums (n, outputs) of a layer's lanes, as `run_layer` gives them."""
    kind = np.result_type(np.int64, *(part.dtype for part in lanes.values()))
    rows = len(next(iter(lanes.values())))
    total: IntArray | FloatArray = np.zeros((rows, image.layers[number].outputs), kind)
    for index, part in lanes.items():
        total[:, image.tiles[index].lanes_of] += part
    return total


def next_inputs(image: WeightImage, number: int, logits: FloatArray) -> IntArray:
    """Integer inputs (n, inputs) of the layer after `number`, whose logits (n, outputs) these are."""
    scale = image.layers[number].output_scale
    assert scale is not None, "the last layer has no next one"
    return requantise(logits, scale, image.layers[number + 1].input_bits)


def evaluate(image: WeightImage, inputs: Integers, run_tile: TileRunner = run_tile_exact) -> FloatArray:
    """Logits (n, outputs) of integer inputs (n, inputs), tile after tile; all inputs pass a tile before the next one.

    Args:
        run_tile: computes a tile's lanes; a bench programs the tile's image and runs the array here.
    """
    x = np.asarray(inputs, dtype=np.int64)
    logits = np.empty((len(x), 0))
    for number, layer in enumerate(image.layers):
        logits = add_up(image, number, run_layer(image, number, x, run_tile)) * layer.scale + layer.bias
        if layer.output_scale is not None:
            x = next_inputs(image, number, logits)
    return logits


def predict(image: WeightImage, inputs: Integers, run_tile: TileRunner = run_tile_exact) -> IntArray:
    """Class (n,) of integer inputs (n, inputs)."""
    return np.asarray(np.argmax(evaluate(image, inputs, run_tile), axis=1), dtype=np.int64)
