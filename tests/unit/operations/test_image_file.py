"""Which recipe an image is programmed with, and that inference keeps to a recipe's passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import DataError
from ohmbench.inference.loading import load_at_once
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_pairs
from ohmbench.operations.image_file import ImageFile
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import AT_ONCE, DIFFERENTIAL, policy_of


def image(**provenance: str) -> WeightImage:
    weights = np.random.default_rng(1).integers(-7, 8, (32, 9))
    return map_pairs(QuantisedNetwork((QuantisedLayer(weights, 0.1, np.zeros(9), 4, None),), 7), provenance=provenance)


def saved(made: WeightImage, folder: Path) -> ImageFile:
    made.save(folder / "a.ohmw")
    return ImageFile.load(folder / "a.ohmw")


def test_an_image_may_say_how_it_is_programmed(tmp_path: Path) -> None:
    assert saved(image(), tmp_path).recipe(None, None) == (Recipe(), "coarse-fine")
    own = saved(image(recipe="settled"), tmp_path)
    assert own.recipe(None, None) == (Recipe.load("settled"), "settled")
    asked = replace(Recipe(), rounds=7)
    assert own.recipe(asked, "mine.toml") == (asked, "mine.toml")


def test_a_recipe_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'../x', which this ohmbench does not have. Give one") as refused:
        saved(image(recipe="../x"), tmp_path).recipe(None, None)
    assert "Nothing was sent to the array." in refused.value.told()


def test_inference_keeps_to_the_passes_of_a_recipe() -> None:
    assert policy_of(Recipe()) == AT_ONCE
    settled = Recipe.load("settled")
    assert policy_of(settled) == DIFFERENTIAL
    made, errors = image(), []
    targets = settled.targets_usiemens(made.levels[0], made.max_level)
    for recipe in (replace(settled, passes=1), settled):
        with open_bench("twin", array=SimulatedArray(seed=3)) as bench:
            load_at_once(bench, recipe)(made, 0)
            bench.rest(1000.0)
            held = bench.array.conductance() * 1e6  # type: ignore[attr-defined]
            good = made.mask[0] & ~bench.array.stuck()  # type: ignore[attr-defined]
        # around the mean: reading and wires move all cells alike
        errors.append(float(np.std((held - targets)[good])))
    assert errors[1] < 0.75 * errors[0]
