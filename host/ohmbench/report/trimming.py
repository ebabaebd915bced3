"""What a trimming found and corrected, as pictures: the error of each output of each tile, raw and trimmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ohmbench.inference.trim_causes import WorstLane
from ohmbench.inference.trimming import Trimming
from ohmbench.mapping.image import WeightImage
from ohmbench.report.charts import csv_text
from ohmbench.support.array_types import FloatArray
from ohmbench.support.html import element

_CELL, _LEFT, _TOP, _GAP = 16, 56, 22, 40
_MOST_WIDE = 64
"""Outputs of a tile at most: an array has no more columns, and a tile no more lanes."""


@dataclass(frozen=True)
class LayerErrors:
    """Both pictures of a layer, raw and trimmed, as one drawing with its numbers."""

    heading: str
    width: int
    height: int
    squares: Markup
    csv: str


@dataclass(frozen=True)
class TrimmingSection:
    """What report/templates/trimming.html shows."""

    inputs: int
    layers: Sequence[LayerErrors]
    worst: Sequence[WorstLane]


def trimming_section(image: WeightImage, trimming: Trimming, worst: Sequence[WorstLane]) -> TrimmingSection:
    """Pictures by layer, and the worst outputs."""
    return TrimmingSection(
        trimming.inputs, [_layer(image, trimming, number) for number in range(len(image.layers))], worst
    )


def _layer(image: WeightImage, trimming: Trimming, number: int) -> LayerErrors:
    """Both pictures of a layer: a row of squares a tile, a square an output of the tile."""
    tiles = [i for i, tile in enumerate(image.tiles) if tile.layer == number]
    wide = min(max(image.tiles[i].outputs for i in tiles), _MOST_WIDE)
    top = float(trimming.lane_raw[tiles].max()) or 1.0
    width, height = 2 * (_LEFT + wide * _CELL) + _GAP, _TOP + len(tiles) * _CELL + 4
    raw, trimmed = (float(np.sqrt(np.mean(np.square(a[number])))) for a in (trimming.layer_raw, trimming.layer_trimmed))
    heading = f"Layer {number}: error of its sums {raw:.1f}, trimmed {trimmed:.1f}"
    squares = _picture(image, trimming.lane_raw, tiles, top, 0, "raw")
    squares += _picture(image, trimming.lane_trimmed, tiles, top, _LEFT + wide * _CELL + _GAP, "trimmed")
    numbers = [["tile", "image", "output", "error", "error trimmed"]]
    for index in tiles:
        tile = image.tiles[index]
        for lane in range(tile.outputs):
            errors = (trimming.lane_raw[index, lane], trimming.lane_trimmed[index, lane])
            place = (index, tile.image, tile.first_output + lane)
            numbers.append([*map(str, place), *(f"{error:.2f}" for error in errors)])
    return LayerErrors(heading, width, height, squares, csv_text(numbers))


def _picture(image: WeightImage, errors: FloatArray, tiles: Sequence[int], top: float, left: int, name: str) -> Markup:
    parts = [element("text", f"{name}, 0 to {top:.1f}", x=left + _LEFT, y=14, style="font-weight:600")]
    for place, index in enumerate(tiles):
        tile, y = image.tiles[index], _TOP + place * _CELL
        parts.append(element("text", f"tile {index}", x=left + _LEFT - 6, y=y + 12, text_anchor="end"))
        for lane in range(tile.outputs):
            error = float(errors[index, lane])
            x, share = left + _LEFT + lane * _CELL, min(error / top, 1.0)
            about = f"tile {index} on image {tile.image}, output {tile.first_output + lane}: {error:.1f}"
            size = {"width": _CELL - 1, "height": _CELL - 1}
            parts.append(element("rect", element("title", about), x=x, y=y, **size, fill=_shade(share)))
    return Markup("").join(parts)


def _shade(share: float) -> str:
    """From pale to dark purple, as the heat maps of pulses."""
    low, high = (247, 245, 250), (36, 16, 63)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return f"rgb({red},{green},{blue})"
