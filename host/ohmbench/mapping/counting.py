"""What a weight image costs: one count for the method and for everything that it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Tile


@dataclass(frozen=True)
class Counts:
    """Counted from the images and tables alone; an inference is one input through the whole network.

    Attributes:
        cells: allocated, the rows of every tile times its columns; a cell that several tiles read counts once.
        cells_as_pairs: of the same layers as pairs of cells without compression, 2 x inputs x outputs.
        cells_programmed: of `cells`, those with a level above 0.
        images: arrays' worth of cells.
        loads: images programmed for a set of inputs on one array; `images` unless an image is come back to.
        tiles: groups of rows and columns that are driven and read together.
        products: matrix-vector products of tiles in an inference; of a convolution one a tile and pixel of its outputs.
        rows_driven, columns_read: sums over the tiles, for each bit of an input.
        passes: bit-serial steps of an inference, a product's bits each. One array settles and converts once in each.
        conversions: of the ADCs in an inference, columns times passes.
        row_drives: likewise of the rows.
        extra_input_bits: by which sums of inputs are wider than the layer's inputs, summed over the tiles.
        row_additions: additions of inputs that share a row, an inference.
        output_additions: additions and subtractions that make outputs out of column sums, an inference.
        gain_additions: likewise of shifted sums, where a gain is no power of two.
        column_index_bits: of the tables p and n: each lane names a column of its tile, or none, twice.
        row_index_bits: of the tables of rows: each input of the layer names a row of the tile, or none.
    """

    cells: int
    cells_as_pairs: int
    cells_programmed: int
    images: int
    loads: int
    tiles: int
    products: int
    rows_driven: int
    columns_read: int
    passes: int
    conversions: int
    row_drives: int
    extra_input_bits: int
    row_additions: int
    output_additions: int
    gain_additions: int
    column_index_bits: int
    row_index_bits: int

    @property
    def cells_saved(self) -> float:
        """Share of the cells that pairs would take; below 0 where there are more."""
        return 1.0 - self.cells / self.cells_as_pairs

    def summary(self) -> dict[str, int | float]:
        return {**asdict(self), "cells_saved": self.cells_saved}

    def describe(self) -> str:
        """As text, a line a count."""
        lines = [f"{name.replace('_', ' '):26} {value:>9,}" for name, value in asdict(self).items()]
        return "\n".join([*lines, f"{'cells saved':26} {100 * self.cells_saved:>9.2f} %"])


def count(image: WeightImage) -> Counts:
    """Count what `image` allocates, programs, drives, reads and adds."""
    tiles = [_TileCounts.of(tile, image) for tile in image.tiles]
    order = [tile.image for tile in image.tiles]
    return Counts(
        cells=image.cells,
        cells_as_pairs=image.cells_as_pairs,
        cells_programmed=int(np.count_nonzero(image.levels)),
        images=image.images,
        loads=sum(1 for index, number in enumerate(order) if index == 0 or order[index - 1] != number),
        tiles=len(tiles),
        products=sum(t.places for t in tiles),
        rows_driven=sum(t.rows for t in tiles),
        columns_read=sum(t.columns for t in tiles),
        passes=sum(t.bits * t.places for t in tiles),
        conversions=sum(t.columns * t.bits * t.places for t in tiles),
        row_drives=sum(t.rows * t.bits * t.places for t in tiles),
        extra_input_bits=sum(t.bits - image.layers[t.layer].input_bits for t in tiles),
        row_additions=sum((t.inputs - t.rows) * t.places for t in tiles),
        output_additions=sum(max(terms - 1, 0) * image.places[layer] for layer, terms in _terms(image)),
        gain_additions=sum(t.gain_additions * t.places for t in tiles),
        column_index_bits=sum(2 * t.lanes * t.columns.bit_length() for t in tiles),
        row_index_bits=sum(image.layers[t.layer].inputs * t.rows.bit_length() for t in tiles),
    )


@dataclass(frozen=True)
class _TileCounts:
    layer: int
    places: int
    inputs: int
    rows: int
    columns: int
    bits: int
    lanes: int
    gain_additions: int

    @classmethod
    def of(cls, tile: Tile, image: WeightImage) -> _TileCounts:
        wired = (tile.p >= 0) | (tile.n >= 0)
        return cls(
            tile.layer,
            image.places[tile.layer],
            int(np.count_nonzero(tile.row_of_input >= 0)),
            int(np.count_nonzero(tile.rows_used(image.rows))),
            int(np.count_nonzero(tile.columns_used())),
            tile.row_bits(image.layers[tile.layer].input_bits),
            tile.outputs,
            sum(int(gain).bit_count() - 1 for gain in tile.gain[wired]),
        )


def _terms(image: WeightImage) -> Iterator[tuple[int, int]]:
    """Layer, and column sums that it is made of, of each output of each layer."""
    for number, layer in enumerate(image.layers):
        terms = np.zeros(layer.outputs, np.int64)
        for tile in image.tiles:
            if tile.layer == number:
                wired = (tile.p >= 0).astype(np.int64) + (tile.n >= 0)
                terms[tile.first_output : tile.first_output + tile.outputs] += wired[: tile.outputs]
        yield from ((number, int(count)) for count in terms)
