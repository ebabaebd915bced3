"""Cells that programming has lost are found, and what is missing there is corrected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.random_networks import random_compressed

from ohmbench import open_bench
from ohmbench.bench.opening import SimulatedArray
from ohmbench.inference.lost import MOST_OF_LANE, lost_cells
from ohmbench.inference.on_bench import Inference
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.programming.recipe import Recipe
from ohmbench.record.cell_records import CellRecords

ROWS = 32


def mapped() -> WeightImage:
    return map_compressed(random_compressed(np.random.default_rng(1), [60, 20, 8]))


def records(image: WeightImage) -> CellRecords:
    """All cells of the first array in the middle of their windows."""
    low, high = Recipe().windows(image.levels[0], image.max_level)
    return CellRecords.of_codes(image.mask[0], low, high, (low + high) // 2)


def cells_of(image: WeightImage, index: int, lane: int) -> list[tuple[int, int]]:
    tile = image.tiles[index]
    columns = [int(wiring[lane]) for wiring in (tile.p, tile.n) if wiring[lane] >= 0]
    return [(int(row), column) for row in np.flatnonzero(tile.rows_used(ROWS)) for column in columns]


def test_a_good_array_has_none() -> None:
    image = mapped()
    assert lost_cells(image, 0, records(image)) == []


def test_cells_far_off_and_left_out_are_lost_the_others_not() -> None:
    image = mapped()
    good = records(image)
    (row, column), (other, near) = cells_of(image, 0, 0)[0], cells_of(image, 0, 1)[-1]
    code = good.code.copy()
    code[row, column] = good.high[row, column] + (good.high - good.low)[row, column]
    code[other, near] = good.high[other, near] + 2
    of_lanes = [(row, lane) for lane in range(image.tiles[0].outputs) if (row, column) in cells_of(image, 0, lane)]
    assert lost_cells(image, 0, good.at(code)) == of_lanes
    mask = good.mask.copy()
    mask[row, column] = False
    assert lost_cells(image, 0, replace(good, mask=mask)) == of_lanes


def test_a_lane_has_the_worst_of_them_and_no_more_than_its_share() -> None:
    image = mapped()
    good = records(image)
    far = good.at(good.code + 100 * np.arange(ROWS)[:, None] + 10_000)
    used = np.flatnonzero(image.tiles[0].rows_used(ROWS))
    found = [row for row, lane in lost_cells(image, 0, far) if lane == 0]
    assert found == sorted(used, reverse=True)[: max(1, int(len(used) * MOST_OF_LANE))]


def test_what_a_stuck_cell_lacks_is_learned_on_the_array() -> None:
    image = mapped()
    inputs = np.random.default_rng(2).integers(0, 16, (600, 60))
    device = {"stuck_low_fraction": 0.01, "stuck_high_fraction": 0.01}
    with open_bench("twin", array=SimulatedArray(device, seed=3)) as bench:
        run = Inference(bench, Recipe())
        found = run.trim(image, inputs[:400], inputs[400:]).trimming
    with open_bench("twin", array=SimulatedArray(device, seed=3)) as bench:
        run = Inference(bench, Recipe())
        run.lost_cells = lambda image, index: []  # type: ignore[method-assign]
        without = run.trim(image, inputs[:400], inputs[400:]).trimming
    lanes = {(int(tile), int(lane)) for tile, _row, lane in found.lost}
    assert lanes
    of_first = [at for at in lanes if image.tiles[at[0]].layer == 0]  # both ways have the same inputs there
    better = [found.lane_trimmed[at] < 0.7 * without.lane_trimmed[at] for at in of_first]
    assert np.mean(better) > 0.8
