"""Which lanes of a tile were furthest off, and why: as far as programming and the fit tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ohmbench.inference.trimming import COMMON_SPREAD, GAIN_SPREAD, Trimming
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Tile
from ohmbench.programming.recipe import Recipe
from ohmbench.record.cell_records import CellRecords

_UNEXPLAINED = 0.7
"""Share of an error that, if it is left, is not what a trimming corrects: half of its square."""


@dataclass(frozen=True)
class WorstLane:
    """A lane that was far off, in units of one level step times one input step.

    Attributes:
        output: of the layer.
        raw, trimmed: root mean square error before and after.
        cause: what it most likely comes from.
    """

    layer: int
    tile: int
    image: int
    output: int
    raw: float
    trimmed: float
    cause: str


def worst_lanes(
    image: WeightImage, trimming: Trimming, records: Mapping[int, CellRecords], recipe: Recipe, count: int = 8
) -> list[WorstLane]:
    """The lanes with the largest raw errors, the worst first.

    Args:
        records: what programming did, by the image's number; what is not there is taken for good.
    """
    low, high = recipe.targets_usiemens(np.array([0, 1]), image.max_level)
    order = np.argsort(-trimming.lane_raw, axis=None, kind="stable")[:count]
    found = []
    for index, lane in zip(*np.unravel_index(order, trimming.lane_raw.shape), strict=True):
        tile = image.tiles[index]
        raw, trimmed = float(trimming.lane_raw[index, lane]), float(trimming.lane_trimmed[index, lane])
        if raw <= 0.0:
            break
        cause = _outside(tile, int(lane), image.rows, records.get(tile.image))
        if cause is None:
            share = trimmed / raw
            gain, common = float(trimming.gain[index, lane]), float(trimming.common[index, lane])
            cause = _cause(share, gain, common / float(tile.gain[lane]), float(high - low))
        output = tile.first_output + int(lane)
        found.append(WorstLane(tile.layer, int(index), tile.image, output, raw, trimmed, cause))
    return found


def _outside(tile: Tile, lane: int, rows: int, record: CellRecords | None) -> str | None:
    """The cells of a lane that programming left outside of their window."""
    if record is None:
        return None
    columns = np.zeros(record.mask.shape[1], np.bool_)
    columns[[int(wiring[lane]) for wiring in (tile.p, tile.n) if wiring[lane] >= 0]] = True
    failed = np.argwhere(record.mask & ~record.inside & tile.rows_used(rows)[:, None] & columns)
    if not len(failed):
        return None
    row, column = failed[0]
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"cell row {row} column {column}{more} outside of its window: stuck, or given up"


def _cause(left: float, gain: float, common: float, step_usiemens: float) -> str:
    if left > _UNEXPLAINED:
        return "its cells, each another way within its window, and noise: not to be trimmed"
    if abs(gain - 1.0) / GAIN_SPREAD > abs(common) / COMMON_SPREAD:
        return f"gain {1.0 / gain:.3f}: wires or converters"
    # what is added to put it right is what is missing
    return f"its cells are {-common * step_usiemens:+.2f} uS off on the mean: relaxation, or one far off"
