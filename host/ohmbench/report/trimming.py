"""What a trimming found and corrected, as pictures: the error of each output of each tile, raw and trimmed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ohmbench.inference.trim_causes import WorstLane
from ohmbench.inference.trimming import Trimming
from ohmbench.mapping.image import WeightImage
from ohmbench.report.charts import csv_text
from ohmbench.support.array_types import FloatArray

_CELL, _LEFT, _TOP, _GAP = 16, 56, 22, 40
_MOST_WIDE = 64
"""Outputs of a tile at most: an array has no more columns, and a tile no more lanes."""


def trimming_section(image: WeightImage, trimming: Trimming, worst: Sequence[WorstLane]) -> str:
    """Heading, pictures by layer, and a table of the worst, as HTML."""
    parts = [
        "<h2>Errors by output and tile</h2>",
        f"<p>Root mean square error of each output of each tile over {trimming.inputs} training inputs, in units of "
        "one level step times one input step: as the array gave it, and with the corrections. A constant error counts "
        "in the raw values alone. Both have one scale. Point at a square for its values.</p>",
    ]
    for number in range(len(image.layers)):
        parts.append(_layer(image, trimming, number))
    if worst:
        lines = [
            f"<tr><td>{w.layer}</td><td>{w.output}</td><td>{w.image}</td><td>{w.raw:.1f}</td>"
            f"<td>{w.trimmed:.1f}</td><td style='text-align:left'>{escape(w.cause)}</td></tr>"
            for w in worst
        ]
        names = "".join(f"<th>{name}</th>" for name in ("layer", "output", "image", "raw", "trimmed"))
        head = f"<tr>{names}<th style='text-align:left'>most likely from</th></tr>"
        parts += [
            "<h2>The worst outputs</h2>",
            '<div class="scroll" tabindex="0"><table class="levels">',
            head,
            *lines,
            "</table></div>",
        ]
    return "\n".join(parts)


def _layer(image: WeightImage, trimming: Trimming, number: int) -> str:
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
    return (
        f"<figure data-csv='{escape(csv_text(numbers))}'><h3>{heading}</h3>\n<div class='scroll'>"
        f"<svg viewBox='0 0 {width} {height}' style='width:{width}px;max-width:none' role='img' "
        f"aria-label='{heading}'>{squares}</svg></div></figure>"
    )


def _picture(image: WeightImage, errors: FloatArray, tiles: Sequence[int], top: float, left: int, name: str) -> str:
    parts = [f"<text x='{left + _LEFT}' y='14' style='font-weight:600'>{name}, 0 to {top:.1f}</text>"]
    for place, index in enumerate(tiles):
        tile, y = image.tiles[index], _TOP + place * _CELL
        parts.append(f"<text x='{left + _LEFT - 6}' y='{y + 12}' text-anchor='end'>tile {index}</text>")
        for lane in range(tile.outputs):
            error = float(errors[index, lane])
            x, share = left + _LEFT + lane * _CELL, min(error / top, 1.0)
            about = f"tile {index} on image {tile.image}, output {tile.first_output + lane}: {error:.1f}"
            parts.append(
                f"<rect x='{x}' y='{y}' width='{_CELL - 1}' height='{_CELL - 1}' fill='{_shade(share)}'>"
                f"<title>{about}</title></rect>"
            )
    return "".join(parts)


def _shade(share: float) -> str:
    """From pale to dark purple, as the heat maps of pulses."""
    low, high = (247, 245, 250), (36, 16, 63)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return f"rgb({red},{green},{blue})"
