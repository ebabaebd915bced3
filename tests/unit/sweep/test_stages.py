"""The exact products behind the stages `programmed` and `relaxed`."""

from __future__ import annotations

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.bench.twin import TwinBench
from ohmbench.inference.exact import evaluate
from ohmbench.inference.on_bench import Inference
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.programming.recipe import Recipe
from ohmbench.sweep.compute import conductance_runner


@pytest.mark.parametrize("seed", range(5))
def test_on_the_targets_themselves_it_is_the_integer_network(seed: int) -> None:
    """Columns without a partner too: the conductance of level 0 is taken off them."""
    rng = np.random.default_rng(seed)
    image = map_compressed(random_compressed(rng, [40, 12, 7]))
    assert any(((tile.p >= 0) != (tile.n >= 0)).any() for tile in image.tiles)
    recipe = Recipe()
    siemens = recipe.targets_usiemens(image.levels, image.max_level) * 1e-6
    inputs = rng.integers(0, 16, (30, 40))
    run = conductance_runner(recipe, {index: siemens[tile.image] for index, tile in enumerate(image.tiles)})
    exact, found = evaluate(image, inputs), evaluate(image, inputs, run)
    # a hidden activation on a rounding edge may go either way
    assert np.mean(np.isclose(exact, found, rtol=1e-6, atol=1e-6).all(axis=1)) > 0.9


def test_an_array_reads_columns_without_a_partner_as_the_integers_have_them() -> None:
    rng = np.random.default_rng(3)
    network = random_compressed(rng, [32, 6], max_gain=1)
    image = map_compressed(network)
    alone = [np.sum((tile.p >= 0) != (tile.n >= 0)) for tile in image.tiles]
    assert sum(alone) > 0
    inputs = rng.integers(0, 16, (20, 32))
    exact = evaluate(image, inputs)
    recipe = Recipe()
    bench = TwinBench(ArrayModel(load_params("ideal"), 1))
    found = Inference(bench, recipe).logits(image, inputs)
    # what is left is where in their windows cells came to rest; the floor alone would be 1.3 level steps a cell
    scale = image.layers[0].scale
    floor = recipe.floor_levels(image.max_level) * inputs.sum(axis=1).mean()
    assert np.abs((found - exact) / scale).mean() < 0.2 * floor
