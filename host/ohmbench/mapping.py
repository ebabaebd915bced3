"""Maps a quantised network onto 32x32 arrays as differential pairs of cells.

A signed weight is the difference of two cells that share Gmin: G+ = Gmin + relu(w) dG, G- = Gmin + relu(-w) dG, so
I+ - I- = dG w x and Gmin cancels (the convention of PytorX, torx/module/w2g.py, and of most 1T1R benches).
The subtraction happens after conversion, in the FPGA, which is why the wiring is a table and not a layout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ohmbench._tables import ARRAY_TYPE, COLUMNS, ROWS
from ohmbench.compress.quantise import QuantisedNetwork
from ohmbench.image import Layer, Provenance, Tile, WeightImage


def map_pairs(
    network: QuantisedNetwork,
    *,
    rows: int = ROWS,
    columns: int = COLUMNS,
    array_type: str = ARRAY_TYPE,
    provenance: Provenance | None = None,
) -> WeightImage:
    """The plain mapping: every weight gets a pair of cells, output l of a tile has columns 2l (+) and 2l + 1 (-).

    Each layer is cut into tiles of at most `rows` inputs and `columns` / 2 outputs, one image a tile; the row tiles
    of one output follow each other, and their differences add up outside of the array.
    """
    levels: list[NDArray[np.uint8]] = []
    masks: list[NDArray[np.bool_]] = []
    layers: list[Layer] = []
    tiles: list[Tile] = []
    for number, layer in enumerate(network.layers):
        inputs, outputs = layer.weights.shape
        scale = np.full(outputs, layer.scale)
        layers.append(Layer(inputs, outputs, layer.input_bits, scale, layer.bias, layer.output_scale))
        for first_output in range(0, outputs, columns // 2):
            for first_input in range(0, inputs, rows):
                weights = layer.weights[first_input : first_input + rows, first_output : first_output + columns // 2]
                height, width = weights.shape
                target, mask = np.zeros((rows, columns), np.uint8), np.zeros((rows, columns), np.bool_)
                target[:height, 0 : 2 * width : 2] = np.maximum(weights, 0)
                target[:height, 1 : 2 * width : 2] = np.maximum(-weights, 0)
                mask[:height, : 2 * width] = True
                row_of_input = np.full(inputs, -1, np.int16)
                row_of_input[first_input : first_input + height] = np.arange(height)
                lanes = np.arange(columns)
                p = np.where(lanes < width, 2 * lanes, -1).astype(np.int16)
                n = np.where(lanes < width, 2 * lanes + 1, -1).astype(np.int16)
                gain = (lanes < width).astype(np.int32)
                tiles.append(Tile(number, len(levels), first_output, width, row_of_input, p, n, gain))
                levels.append(target)
                masks.append(mask)
    return WeightImage(
        np.stack(levels),
        np.stack(masks),
        network.max_level,
        tuple(layers),
        tuple(tiles),
        array_type,
        {} if provenance is None else provenance,
    )
