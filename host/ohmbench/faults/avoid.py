"""Defect-aware mapping: lays a weight image out so that the bad cells of one array do the least harm.

A tile's rows and columns may go to any word line and bit line, since the wiring is a table; a bad cell then meets a
weight that it happens to suit, an input that is always dark, or a column that nobody reads. Exchanging the two columns
of a pair is a permutation too. What is left is made good by the other cell of the pair: only the difference counts.

Relatives: F. L. Aguirre et al., Electronics 10(19), 2427, 2021 (permutation of rows); S. Jin, S. Pei, Y. Wang, "On
Improving Fault Tolerance of Memristor Crossbar Based Neural Network Designs by Target Sparsifying" (which faults a pair
bears). Here nothing is trained again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ohmbench.errors import ImageError
from ohmbench.faults.fault_map import ARRAY_SERIAL, FaultMap
from ohmbench.faults.layout import Stack, assignment
from ohmbench.inference.exact import evaluate, lane_values, run_tile_exact
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Tile
from ohmbench.network.data import share_right
from ohmbench.programming.recipe import Recipe
from ohmbench.support.array_types import FloatArray, IntArray, Integers

_DARK = 1e-3  # share of the mean power that an input without any counts for: it may be lit one day


@dataclass(frozen=True)
class BadCells:
    """What bad cells conduct, in steps of one level above Gmin.

    Attributes:
        stuck_low, stuck_high, unformed: levels that these cells stand for; below 0 where they conduct less than Gmin.
        weak_max: highest level that a weak cell is trusted with.
    """

    stuck_low: float
    stuck_high: float
    unformed: float
    weak_max: int

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        max_level: int,
        *,
        low_usiemens: float = 3.0,
        high_usiemens: float = 260.0,
        unformed_usiemens: float = 0.1,
    ) -> BadCells:
        """For a recipe's levels; the defaults are those of the array model, preset A (sim/array/ohm_params.def)."""
        step = (recipe.g_max_usiemens - recipe.g_min_usiemens) / max_level
        low, high, unformed = (
            (g - recipe.g_min_usiemens) / step for g in (low_usiemens, high_usiemens, unformed_usiemens)
        )
        return cls(low, high, unformed, max_level // 2)

    def ranges(self, max_level: int) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest level that a cell of each kind (by its number) can have."""
        stuck = [self.stuck_low, self.stuck_high, self.unformed]
        return np.array([0.0, *stuck, 0.0]), np.array([float(max_level), *stuck, float(min(self.weak_max, max_level))])


def avoid_faults(
    image: WeightImage,
    faults: FaultMap,
    cells: BadCells | None = None,
    *,
    inputs: Integers | None = None,
    seed: int = 0,
) -> WeightImage:
    """The same network laid out for an array with these faults; all images go to this one array in turn.

    Minimises the sum of squared errors of the weights, each times the mean square of its input and the square of its
    output's scale. Inputs may move to another tile of the same outputs. Never worse than `image` itself.
    The result is for this array only: where a cell is bad, the other cell of its pair makes up for it.

    Args:
        cells: what bad cells conduct; None: for the default recipe.
        inputs: integer inputs (n, inputs) that stand for those to come: training data, never test data. None: all
            inputs of a layer count the same.
        seed: of the search; the same arguments give the same image.

    Raises:
        ImageError: the fault map is of an array of another size.
        DataError: scipy is not installed.
    """
    _require_fit(image, faults)
    cells = cells or BadCells.of(Recipe(), image.max_level)
    assign, rng = assignment(), np.random.default_rng(seed)
    power = _row_power(image, inputs)
    levels, mask, tiles = image.levels.copy(), image.mask.copy(), list(image.tiles)
    for members in _stacks(image):
        stack = Stack(image, members, faults.kinds, cells.ranges(image.max_level), power)
        stack.search(assign, rng)
        stack.write(levels, mask, tiles)
    provenance: dict[str, str | int | float] = {**image.provenance, "faults_avoided": int(np.count_nonzero(faults.bad))}
    if faults.serial:
        provenance[ARRAY_SERIAL] = faults.serial
    return replace(image, levels=levels, mask=mask, tiles=tuple(tiles), provenance=provenance)


def accuracy_with_faults(
    image: WeightImage,
    faults: FaultMap,
    inputs: Integers,
    labels: Integers,
    cells: BadCells | None = None,
) -> float:
    """Share of right classes on an array that is ideal but for these faults.

    Raises:
        ImageError: the fault map is of an array of another size.
    """
    logits = logits_with_faults(image, faults, inputs, cells)
    return share_right(np.argmax(logits, axis=1), labels)


def logits_with_faults(
    image: WeightImage, faults: FaultMap, inputs: Integers, cells: BadCells | None = None
) -> FloatArray:
    """Logits (n, outputs) on an array that is ideal but for these faults, which every image meets.

    Raises:
        ImageError: the fault map is of an array of another size.
    """
    _require_fit(image, faults)
    low, high = (cells or BadCells.of(Recipe(), image.max_level)).ranges(image.max_level)
    held = np.clip(image.levels, low[faults.kinds], high[faults.kinds])

    def run_tile(image: WeightImage, index: int, row_values: IntArray) -> FloatArray:
        tile = image.tiles[index]
        return lane_values(row_values @ held[tile.image], tile, row_values)

    return evaluate(image, inputs, run_tile)


def _require_fit(image: WeightImage, faults: FaultMap) -> None:
    if faults.kinds.shape != (image.rows, image.columns):
        rows, columns = faults.kinds.shape
        raise ImageError(
            f"The image is for arrays of {image.rows}x{image.columns} cells, the fault map of one of {rows}x{columns}.",
            "Give the fault map of the array that the image was made for.",
        )


def _row_power(image: WeightImage, inputs: Integers | None) -> list[FloatArray]:
    """Mean square (rows,) of what each tile's rows are driven with; 0 for rows that it leaves alone."""
    power = [tile.rows_used(image.rows).astype(np.float64) for tile in image.tiles]
    if inputs is not None:

        def run_tile(image: WeightImage, index: int, row_values: IntArray) -> IntArray:
            mean = np.mean(np.square(row_values, dtype=np.float64), axis=0)
            power[index] *= mean + _DARK * max(float(mean.mean()), 1e-9)
            return run_tile_exact(image, index, row_values)

        evaluate(image, inputs, run_tile)
    return power


def _stacks(image: WeightImage) -> Iterator[list[int]]:
    """Numbers of the images that hold a tile, in groups whose rows may change places.

    That is where each has one tile, and the tiles differ in levels and inputs alone.
    """
    groups: dict[object, list[Tile]] = {}
    for number in range(image.images):
        tiles = [tile for tile in image.tiles if tile.image == number]
        if len(tiles) == 1:
            tile = tiles[0]
            wiring = (tile.p.tobytes(), tile.n.tobytes(), tile.gain.tobytes(), tile.middle.tobytes())
            groups.setdefault((tile.layer, tile.first_output, tile.outputs, *wiring), []).append(tile)
        elif tiles:
            yield [number]
    for tiles in groups.values():
        numbers = [tile.image for tile in tiles]
        driven = np.sum([tile.row_of_input >= 0 for tile in tiles], axis=0)
        # an input that drives several of the tiles could otherwise end up on two rows of one
        yield from [numbers] if driven.max() <= 1 else [[number] for number in numbers]
