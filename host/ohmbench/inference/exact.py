"""Exact integer evaluation of a weight image: what an ideal array, and so the bench, has to give.

The FPGA adds up inputs bit by bit, takes the difference along the wiring, and multiplies by the gain. In whole numbers
the sums are the same all at once. Scales, biases and ReLU are the host's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.pool import signed
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Tile
from ohmbench.network.flow import ARRAY, Step, Value, Walk, Window, rows_of, sums_as_value
from ohmbench.support.array_types import FloatArray, IntArray, Integers, NetworkInputs

_Numbers = TypeVar("_Numbers", IntArray, FloatArray)

TileRunner = Callable[[WeightImage, int, IntArray], IntArray | FloatArray]
"""(image, tile index, row values (n, rows)) -> what each lane adds, as `Tile` says, in level steps (n, columns)."""


def column_sums(levels: NDArray[np.uint8], row_values: Integers) -> IntArray:
    """S (n, columns): sum over the rows of value * level.

    Args:
        levels: (rows, columns).
        row_values: unsigned, (n, rows), of up to 16 bits.
    """
    # a product of doubles is much faster than one of integers, and exact: sums are far below 2^53
    sums = np.asarray(row_values, np.float64) @ levels.astype(np.float64)
    return sums.astype(np.int64)


def lane_values(sums: _Numbers, tile: Tile, row_values: IntArray) -> _Numbers:
    """What each lane adds (n, columns), as `Tile` says, for the sums of the columns and the inputs that made them."""
    lanes: _Numbers = signed(sums, tile.p, tile.n) * tile.gain - middles(tile, row_values)
    return lanes


def middles(tile: Tile, row_values: IntArray) -> IntArray:
    """What the host takes off the lanes (n, columns) of single cells for row values (n, rows)."""
    return np.outer(row_values.sum(axis=1), tile.middle.astype(np.int64) * tile.gain)


def run_tile_exact(image: WeightImage, index: int, row_values: IntArray) -> IntArray:
    """The ideal TileRunner."""
    tile = image.tiles[index]
    return lane_values(column_sums(image.levels[tile.image], row_values), tile, row_values)


@dataclass(frozen=True, eq=False)
class LayerRows:
    """What a layer takes of a batch: integer inputs (n * places, inputs), which are made a part of the batch at a time.

    A convolution's places are as many as its outputs have pixels; all their patches at once would take gigabytes.

    Attributes:
        waiting: the value (n, ...) that the array step takes.
    """

    step: Step
    waiting: Value

    @cached_property
    def places(self) -> int:
        if "kernel" not in self.step.numbers or not len(self.waiting):
            return 1
        down, across = Window.of(self.step.numbers).size(*self.waiting.shape[2:])
        return down * across

    def __len__(self) -> int:
        return len(self.waiting) * self.places

    def parts(self) -> Iterator[tuple[slice, IntArray]]:
        """Places among the rows, and the inputs there."""
        images = max(len(self.waiting), 1)
        if self.places > 1:
            of_patch = self.waiting.shape[1] * int(np.prod(self.step.numbers["kernel"]))
            images = max(1, _PART_NUMBERS // (self.places * of_patch))
        for first in range(0, len(self.waiting), images):
            part = self.waiting[first : first + images]
            yield slice(first * self.places, (first + len(part)) * self.places), rows_of(self.step, part)


_EXACT_INPUTS = 1000
"""At once, where no array has to be loaded: memory stays bounded."""
_PART_NUMBERS = 1 << 20
"""Inputs of patches at once: some 50 MB with what a bench makes of them."""


def layer_rows(inputs: IntArray) -> LayerRows:
    """Integer inputs (n, inputs) of a dense layer as they are."""
    return LayerRows(Step(ARRAY, (0,)), inputs)


def run_lanes(image: WeightImage, index: int, rows: LayerRows, run_tile: TileRunner) -> Value:
    """Lanes (rows, outputs) of a tile."""
    tile = image.tiles[index]
    found: Value = np.zeros((0, tile.outputs))
    for at, inputs in rows.parts():
        lanes: Value = run_tile(image, index, tile.row_inputs(inputs, image.rows))[:, : tile.outputs]
        if not len(found):
            # a convolution has as many numbers as pixels: half of the memory, and precise beyond the ADC
            small = np.float32 if rows.places > 1 and lanes.dtype.kind == "f" else lanes.dtype
            found = np.empty((len(rows), tile.outputs), small)
        found[at] = lanes
    return found


def run_layer(
    image: WeightImage, number: int, rows: LayerRows, run_tile: TileRunner = run_tile_exact
) -> dict[int, Value]:
    """Lanes (rows, outputs) of each tile of a layer, by the tile's number."""
    return {index: run_lanes(image, index, rows, run_tile) for index in image.tiles_of(number)}


def add_up(image: WeightImage, number: int, lanes: Mapping[int, Value], total: Value | None = None) -> Value:
    """Sums (rows, outputs) of a layer's lanes, as `run_layer` gives them.

    Args:
        total: of other tiles of the layer, which these are added to.
    """
    if total is None:
        kind = np.result_type(*(part.dtype for part in lanes.values()))
        rows = len(next(iter(lanes.values())))
        total = np.zeros((rows, image.layers[number].outputs), kind)
    for index, part in lanes.items():
        total[:, image.tiles[index].lanes_of] += part
    return total


def evaluate(
    image: WeightImage,
    inputs: NetworkInputs,
    run_tile: TileRunner = run_tile_exact,
    at_last_layer: Callable[[Walk], None] | None = None,
) -> FloatArray:
    """Outputs (n, outputs) of inputs (n, ...), tile after tile; all inputs pass a tile before the next one.

    Args:
        inputs: integers (n, inputs) of a network that was trained here, or as an imported one takes them.
        run_tile: computes a tile's lanes; a bench programs the tile's image and runs the array here.
        at_last_layer: called with the inputs on their way, when they wait for the sums of the last layer.
    """
    x = np.asarray(inputs)
    if run_tile is run_tile_exact and len(x) > _EXACT_INPUTS:
        starts = range(0, len(x), _EXACT_INPUTS)
        return np.concatenate([evaluate(image, x[start : start + _EXACT_INPUTS]) for start in starts])
    walk = Walk(image.walk_steps, x)
    for number in range(len(image.layers)):
        assert walk.step is not None
        if at_last_layer is not None and number == len(image.layers) - 1:
            at_last_layer(walk)
        rows = LayerRows(walk.step, walk.waiting)
        walk.give(
            sums_as_value(walk.step, walk.waiting, add_up(image, number, run_layer(image, number, rows, run_tile)))
        )
    return np.asarray(walk.outputs, np.float64)


def predict(image: WeightImage, inputs: NetworkInputs, run_tile: TileRunner = run_tile_exact) -> IntArray:
    """Class (n,) of inputs, as `evaluate` takes them."""
    return classes_of(evaluate(image, inputs, run_tile))


def classes_of(outputs: FloatArray) -> IntArray:
    """The largest output's number (n,) of outputs (n, ...)."""
    return np.asarray(np.argmax(outputs.reshape(len(outputs), -1), axis=1), np.int64)
