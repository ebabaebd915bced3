"""Maps a network onto 32x32 arrays: segments become tiles, tiles share images, and the wiring becomes a table.

A signed weight is the difference of two cells that share Gmin: G+ = Gmin + relu(w) dG, G- = Gmin + relu(-w) dG, so
I+ - I- = dG w x and Gmin cancels (the convention of PytorX, torx/module/w2g.py, and of most 1T1R benches).
The subtraction happens after conversion, in the FPGA, which is why the wiring is a table and not a layout, and why a
column may serve several outputs.

Tiles share an image without disturbing each other: a pass has only its own word lines on, and reads only its own
columns. Where two tiles share columns, the other's cells have their word lines off; where they share rows, the other's
columns carry currents that nobody reads. Only wire resistance couples them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.compressed import CompressedNetwork, Segment, as_pairs
from ohmbench.compress.quantise import QuantisedNetwork
from ohmbench.errors import ImageError
from ohmbench.mapping.image import Provenance, WeightImage
from ohmbench.mapping.packing import Place, apart, pack
from ohmbench.mapping.tile import Layer, Tile
from ohmbench.support.array_types import Index
from ohmbench.tables import ARRAY_TYPE, COLUMNS, ROWS


def map_pairs(
    network: QuantisedNetwork,
    *,
    rows: int = ROWS,
    columns: int = COLUMNS,
    array_type: str = ARRAY_TYPE,
    provenance: Provenance | None = None,
) -> WeightImage:
    """The plain mapping: a pair of cells for every weight, and a pair of columns for every output of a tile."""
    return map_compressed(
        as_pairs(network, rows), rows=rows, columns=columns, array_type=array_type, provenance=provenance
    )


def map_compressed(
    network: CompressedNetwork,
    *,
    share_images: bool = True,
    rows: int = ROWS,
    columns: int = COLUMNS,
    array_type: str = ARRAY_TYPE,
    provenance: Provenance | None = None,
) -> WeightImage:
    """The images of a compressed network; `reference.evaluate` of them gives what `forward_integer` of it gives.

    A segment gets the rows that an input drives and the columns that an output reads, and no other cells. More columns
    than the array has are cut into as few blocks as possible, where the cuts part the fewest outputs; an output that is
    parted has a lane with p alone and one with n alone. A block whose outputs are more than the array has columns is
    read by several tiles, which share its cells.

    Args:
        share_images: pack blocks into as few images as possible; otherwise each has one of its own, with less on its
            wires.

    Raises:
        ImageError: a segment has more rows than the array, a layer has no weights left, or the network is too large
            for one weight image.
    """
    layers, blocks = [], []
    for number, layer in enumerate(network.layers):
        layers.append(
            Layer(layer.inputs, len(layer.bias), layer.input_bits, layer.scale, layer.bias, layer.output_scale)
        )
        of_layer = [block for segment in layer.segments for block in _blocks(segment, rows, columns)]
        if not of_layer:
            raise ImageError(
                f"Layer {number} of the network has no weights left, so that its outputs would not depend on its "
                "inputs.",
                "Compress it less.",
            )
        # blocks of the same outputs follow each other
        blocks.append(sorted(of_layer, key=lambda block: block.windows[0]))
    sizes = [[block.levels.shape for block in of_layer] for of_layer in blocks]
    places = pack(sizes, rows, columns) if share_images else apart(sizes)
    images = 1 + max(place.image for of_layer in places for place in of_layer)
    levels, mask = np.zeros((images, rows, columns), np.uint8), np.zeros((images, rows, columns), np.bool_)
    tiles: list[Tile] = []
    for number, (of_layer, at) in enumerate(zip(blocks, places, strict=True)):
        for block, place in sorted(zip(of_layer, at, strict=True), key=lambda pair: pair[1].image):
            height, width = block.levels.shape
            cells = (place.image, slice(place.row, place.row + height), slice(place.column, place.column + width))
            levels[cells], mask[cells] = block.levels, True
            tiles += block.tiles(number, place, columns)
    return WeightImage(
        levels,
        mask,
        network.max_level,
        tuple(layers),
        tuple(tiles),
        array_type,
        {} if provenance is None else provenance,
        network.steps,
        network.input_shape,
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """Columns of a segment that fit on an array, on the rows that are driven.

    Attributes:
        windows: the first and the last output of each tile that reads the block, counted in the layer.
    """

    segment: Segment
    rows: Index
    columns: Index
    windows: list[tuple[int, int]]

    @property
    def levels(self) -> NDArray[np.uint8]:
        return self.segment.levels[np.ix_(self.rows, self.columns)]

    def tiles(self, layer: int, place: Place, lanes: int) -> list[Tile]:
        """The block's tiles when its first cell is at `place`."""
        row_of_input = _renumbered(self.segment.row_of_input, self.rows, place.row)
        tiles = []
        for first, last in self.windows:
            count = last + 1 - first
            part = slice(first - self.segment.first_output, last + 1 - self.segment.first_output)
            p, n = np.full((2, lanes), -1, np.int16)
            gain, middle = np.zeros(lanes, np.int32), np.zeros(lanes, np.int16)
            p[:count] = _renumbered(self.segment.p[part], self.columns, place.column)
            n[:count] = _renumbered(self.segment.n[part], self.columns, place.column)
            gain[:count] = self.segment.gain[part]
            middle[:count] = np.where(p[:count] >= 0, self.segment.middle[part], 0)
            tiles.append(Tile(layer, place.image, first, count, row_of_input, p, n, gain, middle))
        return tiles


def _blocks(segment: Segment, rows: int, columns: int) -> list[_Block]:
    driven = np.unique(segment.row_of_input[segment.row_of_input >= 0]).astype(np.intp)
    if len(driven) > rows:
        raise ImageError(
            f"A segment of the network drives {len(driven)} rows, the array has {rows}.",
            f"Compress the network for segments of at most {rows} rows.",
        )
    if not len(driven):
        return []
    wiring = np.stack([segment.p, segment.n], axis=1)
    blocks = []
    for part in _split(wiring, columns):
        outputs = np.flatnonzero(np.isin(wiring, part).any(axis=1)) + segment.first_output
        blocks.append(_Block(segment, driven, part, _windows(outputs.tolist(), columns)))
    return blocks


def _split(wiring: NDArray[np.int16], limit: int) -> list[Index]:
    """The columns in `wiring` (outputs, 2) in as few parts as possible of `limit`, each read by few groups of outputs.

    Columns that only the first `limit` outputs read come first, those that only the last ones read come last.
    """
    output, side = np.nonzero(wiring >= 0)
    read, first = np.unique(wiring[output, side], return_index=True)
    last = len(output) - 1 - np.unique(wiring[output, side][::-1], return_index=True)[1]
    order = read[np.lexsort((first, output[first] // limit + output[last] // limit))].astype(np.intp)
    position = {int(column): at for at, column in enumerate(order)}
    spans = np.array([[position[int(c)] for c in pair] for pair in wiring if min(pair) >= 0]).reshape(-1, 2)
    low, high = spans.min(axis=1), spans.max(axis=1)
    cuts = [0]
    while len(order) - cuts[-1] > limit:
        left = len(order) - cuts[-1]
        least = left - (-(-left // limit) - 1) * limit
        choices = range(cuts[-1] + limit, cuts[-1] + least - 1, -1)
        cuts.append(min(choices, key=lambda cut: np.count_nonzero((low < cut) & (cut <= high))))
    return np.split(order, cuts[1:]) if len(order) else []


def _windows(outputs: list[int], lanes: int) -> list[tuple[int, int]]:
    """The fewest runs of at most `lanes` outputs that have all of `outputs` (ascending) in them."""
    windows: list[tuple[int, int]] = []
    for output in outputs:
        if windows and output < windows[-1][0] + lanes:
            windows[-1] = (windows[-1][0], output)
        else:
            windows.append((output, output))
    return windows


def _renumbered(index: NDArray[np.int16], kept: Index, first: int) -> NDArray[np.int16]:
    """`index` with kept[i] become first + i, and everything else -1."""
    table = np.full(max(int(index.max(initial=0)), int(kept.max())) + 2, -1, np.int16)
    table[kept] = np.arange(first, first + len(kept))
    return table[index]  # -1 finds the last entry, which is -1
