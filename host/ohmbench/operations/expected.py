"""What a command's work is expected to take, for its progress: kinds of work in the ratio of their times.

Seconds are of the bench: 15.5 ms an array of 1,024 cells, 16.6 us a product of 4 bits (docs/inference.md). Only ratios
count.
"""

from __future__ import annotations

from collections.abc import Sequence

from ohmbench.compress.methods import method_named
from ohmbench.mapping.image import WeightImage
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import DIFFERENTIAL, Policy, policy_of
from ohmbench.progress import Work
from ohmbench.study.methods import LONGEST
from ohmbench.tables import ROWS

_ROW_S = 0.5e-3
_LATER_ROW_S = 0.15e-3  # of a pass that finds most cells where they are to be
_AGAIN_S = 5e-3  # of an array, for a try of the cells that failed: they take all the pulses that they may
_PRODUCT_BIT_S = 4e-6


def programming(arrays: int, recipe: Recipe, policy: Policy = DIFFERENTIAL) -> list[Work]:
    """So many arrays, with the recipe's passes."""
    passes = recipe.passes if policy.repeats else 1
    return [
        Work(r"program image \d+/\d+", ROWS * arrays, _ROW_S),
        Work(r"program image .*, pass \d+", ROWS * arrays * (passes - 1), _LATER_ROW_S),
        Work(r"program image .*, again", (policy.tries - 1) * arrays * passes, _AGAIN_S),
    ]


def inference(image: WeightImage, inputs: int) -> list[Work]:
    """So many inputs through all tiles of an image."""
    found = []
    for index, tile in enumerate(image.tiles):
        products = inputs * image.places[tile.layer]
        bits = tile.row_bits(image.layers[tile.layer].input_bits)
        found.append(Work(rf"infer tile {index + 1}/\d+", products, _PRODUCT_BIT_S * bits))
    return found


def through_arrays(
    image: WeightImage, recipe: Recipe, inputs: int, fitted: int | None = None, *, is_held: bool = False
) -> list[Work]:
    """An image programmed, unless the array holds it, and inputs through it.

    Args:
        fitted: inputs that a trimming is fitted to; None: no trimming.
    """
    # those of the fit pass besides, and from the second layer on the test's twice: raw and corrected
    passing = inputs if fitted is None else fitted + round(inputs * (2 - 1 / len(image.layers)))
    arrays = [] if is_held else programming(image.images, recipe, policy_of(recipe))
    return [*arrays, *inference(image, passing)]


def compression(method: str, budgets: int, epochs: int) -> list[Work]:
    """Trainings of so many epochs: the base, the reference, and those of the method at each budget."""
    base = epochs + round(LONGEST * epochs)
    return [Work("training", base + round(budgets * method_named(method).trainings * epochs))]


def total_s(works: Sequence[Work]) -> float:
    """What all of it takes."""
    return sum(work.took_s(work.units) for work in works)
