"""Consistency checks of a weight image: what `ohmbench.mapping.image` promises holds for every instance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ohmbench.errors import ImageError

if TYPE_CHECKING:
    from ohmbench.mapping.image import Layer, Tile, WeightImage

MAX_INPUT_BITS = 16  # a vector frame of the link carries at most 16 bits an element
MAX_LINES = 128
MAX_IMAGES = 4096
MAX_TILES = 4096
MAX_LAYERS = 64
MAX_WIDTH = 16384  # inputs or outputs of a layer


def validate(image: WeightImage) -> None:
    """Raise ImageError if the parts of `image` contradict each other; every index is in range afterwards."""
    levels, mask = image.levels, image.mask
    require(levels.ndim == 3 and levels.dtype == np.uint8, "the levels are not a stack of 8-bit images")
    require(1 <= image.images <= MAX_IMAGES, f"it has {image.images} images, not 1..{MAX_IMAGES}")
    require(1 <= image.rows <= MAX_LINES and 1 <= image.columns <= MAX_LINES, "the array's size is out of range")
    require(mask.shape == levels.shape and mask.dtype == np.bool_, "the cell mask does not match the levels")
    require(1 <= image.max_level <= 255, f"the highest level is {image.max_level}, not 1..255")
    require(int(levels.max()) <= image.max_level, f"a cell has a level above {image.max_level}")
    require(not levels[~mask].any(), "a cell outside of the mask has a level")
    require(isinstance(image.array_type, str) and 0 < len(image.array_type) <= 16, "the array type is missing")
    for key, value in image.provenance.items():
        good = isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
        require(isinstance(key, str) and good, f"its provenance {key!r} is neither text nor a finite number")
    validate_layers(image.layers)
    require(1 <= len(image.tiles) <= MAX_TILES, f"it has {len(image.tiles)} tiles, not 1..{MAX_TILES}")
    for index, tile in enumerate(image.tiles):
        _validate_tile(tile, image, f"tile {index}")
    order = [tile.layer for tile in image.tiles]
    require(
        order == sorted(order) and set(order) == set(range(len(image.layers))), "the tiles do not follow the layers"
    )


def validate_layers(layers: Sequence[Layer]) -> None:
    """Raise ImageError if a layer is impossible, or does not fit the next one."""
    require(1 <= len(layers) <= MAX_LAYERS, f"it has {len(layers)} layers, not 1..{MAX_LAYERS}")
    for index, layer in enumerate(layers):
        last = index + 1 == len(layers)
        _validate_layer(layer, f"layer {index}", last)
        require(last or layer.outputs == layers[index + 1].inputs, f"layer {index} does not fit the next one")


def _validate_layer(layer: Layer, name: str, last: bool) -> None:
    require(1 <= layer.inputs <= MAX_WIDTH and 1 <= layer.outputs <= MAX_WIDTH, f"{name} has an impossible size")
    require(1 <= layer.input_bits <= MAX_INPUT_BITS, f"{name} has {layer.input_bits}-bit inputs")
    for array in (layer.scale, layer.bias):
        good = array.shape == (layer.outputs,) and array.dtype == np.float64 and np.isfinite(array).all()
        require(bool(good), f"{name} has a scale or bias that is not a finite number for each output")
    require(bool((layer.scale > 0).all()), f"{name} has a scale that is not positive")
    require((layer.output_scale is None) == last, f"{name} has an output scale in the wrong place")
    if layer.output_scale is not None:
        require(math.isfinite(layer.output_scale) and layer.output_scale > 0, f"{name} has a bad output scale")


def _validate_tile(tile: Tile, image: WeightImage, name: str) -> None:
    require(0 <= tile.layer < len(image.layers), f"{name} belongs to no layer")
    require(0 <= tile.image < image.images, f"{name} belongs to no image")
    layer = image.layers[tile.layer]
    require(1 <= tile.outputs <= image.columns, f"{name} has {tile.outputs} outputs")
    require(0 <= tile.first_output <= layer.outputs - tile.outputs, f"{name} has outputs that its layer lacks")
    rows = tile.row_of_input
    require(rows.shape == (layer.inputs,) and rows.dtype == np.int16, f"{name} does not say which row an input drives")
    require(bool(((rows >= -1) & (rows < image.rows)).all()), f"{name} drives a row that the array lacks")
    for wiring in (tile.p, tile.n):
        require(wiring.shape == (image.columns,) and wiring.dtype == np.int16, f"{name} has a bad wiring table")
        require(
            bool(((wiring >= -1) & (wiring < image.columns)).all()), f"{name} is wired to a column that is not there"
        )
        require(bool((wiring[tile.outputs :] == -1).all()), f"{name} wires a lane without an output")
    gain = tile.gain
    require(gain.shape == (image.columns,) and gain.dtype == np.int32, f"{name} has a bad table of gains")
    require(bool((gain[: tile.outputs] >= 1).all() and not gain[tile.outputs :].any()), f"{name} has a gain below 1")
    require(tile.row_bits(layer.input_bits) <= MAX_INPUT_BITS, f"{name} needs inputs wider than {MAX_INPUT_BITS} bits")
    used = np.ix_(tile.rows_used(image.rows), tile.columns_used())
    require(bool(image.mask[tile.image][used].all()), f"{name} reads a cell that is not programmed")


def require(condition: bool, problem: str) -> None:
    """Raise ImageError with `problem` unless `condition` holds."""
    if not condition:
        raise ImageError(problem)
