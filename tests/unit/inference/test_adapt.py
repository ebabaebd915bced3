"""Layers fitted to what an array gives: the wiring stays, and what the array does wrong hurts less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.errors import UsageError
from ohmbench.importing.quantise import quantise_network
from ohmbench.inference.adapt import adapt, tied_layers
from ohmbench.inference.exact import evaluate, predict
from ohmbench.inference.on_bench import Inference
from ohmbench.inference.trimming import LayerByLayer
from ohmbench.mapping.imported import map_imported
from ohmbench.network.conv_nets import CONV_NETS
from ohmbench.network.data import share_right
from ohmbench.operations.digits import Trained, train_and_map
from ohmbench.programming.recipe import Recipe

STUCK = {"stuck_low_fraction": 0.04, "stuck_high_fraction": 0.04}


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train_and_map()


def test_the_trainer_has_the_image_as_it_is(trained: Trained) -> None:
    image, x = trained.image, trained.dataset.train_x[:50]
    network = tied_layers(image, 0)
    first = network.layers[0]
    weights = (first.rounded[first.plus] - first.rounded[first.minus]) * first.scale * np.float32(first.input_scale)
    alone = replace(image, layers=(replace(image.layers[0], output_scale=None),), tiles=_of_layer(image.tiles, 0))
    np.testing.assert_allclose(x @ weights + first.bias, evaluate(alone, x), rtol=1e-4, atol=1e-4)


def _of_layer(tiles: tuple, number: int) -> tuple:  # type: ignore[type-arg]
    return tuple(tile for tile in tiles if tile.layer == number)


def test_only_levels_scales_and_biases_behind_change(trained: Trained) -> None:
    image, data = trained.image, trained.dataset
    rng = np.random.default_rng(1)
    inputs = rng.integers(0, 200, (300, image.layers[1].inputs))
    other = adapt(image, 1, inputs, data.train_y[:300])
    assert (other.mask == image.mask).all()
    assert other.layers[0] is image.layers[0]
    first = [tile.image for tile in image.tiles if tile.layer == 0]
    np.testing.assert_array_equal(other.levels[first], image.levels[first])
    assert (other.levels != image.levels).any()
    for a, b in zip(other.tiles, image.tiles, strict=True):
        assert a is b


def test_a_network_in_the_loop_is_better_than_a_trimmed_one_on_a_bad_array(trained: Trained) -> None:
    image, data = trained.image, trained.dataset
    trimmed, looped = [], []
    for seed in (1, 2, 3):
        with open_bench("twin", array=SimulatedArray(STUCK, seed)) as bench:
            found = Inference(bench, Recipe()).trim(image, data.train_x, data.test_x)
            trimmed.append(share_right(np.argmax(found.corrected, axis=1), data.test_y))
        with open_bench("twin", array=SimulatedArray(STUCK, seed)) as bench:
            run = Inference(bench, Recipe())
            way = LayerByLayer(image, data.train_x, data.test_x, run.fit_tile, run.run_tile, run.lost_cells)
            way.step()
            way.change(adapt(image, 1, way.next_fit, data.train_y))
            run.loaded = None
            way.step()
            looped.append(share_right(np.argmax(way.result().corrected, axis=1), data.test_y))
            assert share_right(predict(way.image, data.test_x), data.test_y) > 0.8
    assert np.mean(looped) > np.mean(trimmed)


def test_weights_of_several_pairs_are_refused(trained: Trained) -> None:
    image = trained.image
    doubled = replace(image, tiles=tuple(tile for tile in image.tiles for _ in range(2)))
    with pytest.raises(UsageError, match="more than one pair of cells"):
        tied_layers(doubled, 0)


def test_a_network_from_elsewhere_is_refused() -> None:
    whole = quantise_network(CONV_NETS[1].fresh(0), np.random.default_rng(0).random((8, 1, 28, 28), np.float32))
    with pytest.raises(UsageError, match="from elsewhere cannot be fitted in the loop"):
        tied_layers(map_imported(whole), 0)
