"""Cells of a tile that are lost: stuck or given up far from their target, or left out because they are bad."""

from __future__ import annotations

import numpy as np

from ohmbench.mapping.image import WeightImage
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Index

LOST_WINDOWS = 2.0
"""Half widths of its window that a cell is off at least to be lost; one that stayed a little outside is not."""
MOST_OF_LANE = 1 / 16
"""Share of a lane's rows that may have one: a host that does more of the products does the array's work."""


def lost_cells(image: WeightImage, index: int, record: CellRecords) -> list[tuple[int, int]]:
    """Row and lane of the lost cells of a tile, in each lane the worst ones first, and no more than MOST_OF_LANE.

    Args:
        record: what programming did on the array that the tile is on.
    """
    tile = image.tiles[index]
    windows_off = np.abs(2 * record.code - record.low - record.high) / np.maximum(record.high - record.low, 1)
    windows_off[~record.mask] = np.inf  # left out: nobody knows how far off it is
    windows_off[~image.mask[tile.image]] = 0.0
    used: Index = np.flatnonzero(tile.rows_used(image.rows))
    most = max(1, int(len(used) * MOST_OF_LANE))
    found = []
    for lane in range(tile.outputs):
        columns = [int(wiring[lane]) for wiring in (tile.p, tile.n) if wiring[lane] >= 0]
        off = windows_off[used][:, columns].max(axis=1, initial=0.0)
        worst = np.argsort(-off, kind="stable")[:most]
        found += [(int(used[at]), lane) for at in worst if off[at] > LOST_WINDOWS]
    return found
