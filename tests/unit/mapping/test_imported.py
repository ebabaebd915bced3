"""Networks from elsewhere on arrays: images give what the steps give, and a file holds all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench.errors import DataError, ImageError
from ohmbench.inference.exact import evaluate
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.imported import map_imported
from ohmbench.network.flow import ARRAY, Step, Window
from ohmbench.network.imported import ImportedNetwork
from ohmbench.programming.recipe import Recipe
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.sweep.compute import conductance_runner


def conv(at: int, weights: FloatArray, window: Window, *, groups: int = 1, bits: int = 4, zero: int = 0) -> Step:
    numbers = {**window.numbers(), "groups": groups, "bits": bits, "zero": zero, "max_level": 7}
    return Step(ARRAY, (at,), numbers, {"weights": weights.astype(np.int32)})


def affine(at: int, outputs: int, add: FloatArray, *, of_image: bool) -> Step:
    shape = (outputs, 1, 1) if of_image else (outputs,)
    arrays = {"add": add.astype(np.int64).reshape(shape), "scale": np.full(shape, 0.02, np.float32)}
    return Step("affine", (at,), {}, arrays | {"bias": np.full(shape, 0.1, np.float32)})


def quantise(at: int, bits: int, zero: int = 0) -> Step:
    numbers = {"zero": zero, "low": 0, "high": (1 << bits) - 1}
    return Step("quantise", (at,), numbers, {"scale": np.full((), 0.05, np.float32)})


def network(seed: int = 0) -> ImportedNetwork:
    """Inputs around 0, a convolution with padding, a depthwise one, a shortcut, pools, a dense layer."""
    rng = np.random.default_rng(seed)

    def weights(*shape: int) -> FloatArray:
        return rng.integers(-7, 8, shape).astype(np.float64)

    first, second, third = weights(2 * 9, 6), weights(9, 6), weights(6 * 4, 5)
    same, zero = Window((3, 3), pads=(1, 1, 1, 1)), 6
    steps = (
        quantise(0, 4, zero),
        conv(1, first, same, zero=zero),
        affine(2, 6, -zero * first.sum(axis=0), of_image=True),
        Step("relu", (3,)),
        quantise(4, 5),
        conv(5, second, same, groups=6, bits=5),
        affine(6, 6, np.zeros(6), of_image=True),
        Step("add", (7, 4)),
        Step("max_pool", (8,), Window((2, 2), (2, 2)).numbers()),
        Step("average_pool", (9,), {**Window((2, 2), (2, 2)).numbers(), "count_pads": False}),
        quantise(10, 5),
        Step("reshape", (11,), {"shape": [24]}),
        Step(ARRAY, (12,), {"groups": 1, "bits": 5, "zero": 0, "max_level": 7}, {"weights": third.astype(np.int32)}),
        affine(13, 5, np.zeros(5), of_image=False),
    )
    return ImportedNetwork(steps, (2, 8, 8), said=("made for a test",), provenance={"name": "test"})


def inputs(count: int = 7) -> FloatArray:
    return np.random.default_rng(1).normal(0, 0.2, (count, 2, 8, 8))


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_images_give_what_the_steps_give(seed: int) -> None:
    made = network(seed)
    image = map_imported(made)
    np.testing.assert_array_equal(evaluate(image, inputs()), made.forward(inputs()))
    assert [layer.inputs for layer in image.layers] == [18, 54, 24]


def in_single_cells(made: ImportedNetwork) -> ImportedNetwork:
    """The network with its weights in single cells: an output's are at most 7 apart."""
    steps = tuple(
        replace(
            step,
            numbers={**step.numbers, "cells": 1},
            arrays={"weights": np.where(np.arange(step.arrays["weights"].shape[1]) % 2, 1, -1) * half(step)},
        )
        if step.kind == ARRAY
        else step
        for step in made.steps
    )
    return replace(made, steps=steps)


def half(step: Step) -> IntArray:
    """Weights of -3..4."""
    return np.clip(step.arrays["weights"], -3, 4).astype(np.int32)


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_single_cells_give_what_the_steps_give(seed: int) -> None:
    made = in_single_cells(network(seed))
    image, pairs = map_imported(made), map_imported(network(seed))
    np.testing.assert_array_equal(evaluate(image, inputs()), made.forward(inputs()))
    assert 2 * image.cells == pairs.cells
    assert all((tile.n == -1).all() for tile in image.tiles)


def test_single_cells_are_trimmed_to_exact_integers() -> None:
    """On conductances without errors the middle and the floor of the window come off, and nothing is left."""
    image, recipe = map_imported(in_single_cells(network())), Recipe()
    siemens = {
        index: recipe.targets_usiemens(image.levels[tile.image], image.max_level) * 1e-6
        for index, tile in enumerate(image.tiles)
    }
    held = evaluate(image, inputs(), conductance_runner(recipe, siemens))
    np.testing.assert_allclose(held, evaluate(image, inputs()), atol=1e-6)


def test_weights_too_far_apart_for_single_cells_are_refused(tmp_path: Path) -> None:
    made = in_single_cells(network())
    steps = tuple(
        replace(step, arrays={"weights": np.full_like(step.arrays["weights"], -7)}) if step.kind == ARRAY else step
        for step in made.steps
    )
    replace(made, steps=steps).save(tmp_path / "all.ohmn")
    ImportedNetwork.load(tmp_path / "all.ohmn")
    for step in steps:
        if step.kind == ARRAY:
            step.arrays["weights"][0, 0] = 1
    replace(made, steps=steps).save(tmp_path / "far.ohmn")
    with pytest.raises(DataError, match="too far apart for single cells of 7 levels"):
        ImportedNetwork.load(tmp_path / "far.ohmn")


def test_small_tiles_of_a_depthwise_layer_share_an_image() -> None:
    image = map_imported(network())
    assert sum(tile.layer == 1 for tile in image.tiles) == 6
    assert image.images == 1
    assert map_imported(network(), share_images=False).images == 8


def test_files_hold_all_of_it(tmp_path: Path) -> None:
    made, image = network(), map_imported(network())
    made.save(tmp_path / "a.ohmn")
    again = ImportedNetwork.load(tmp_path / "a.ohmn")
    assert again.to_bytes() == made.to_bytes()
    assert (again.said, again.input_shape) == (made.said, made.input_shape)
    image.save(tmp_path / "a.ohmw")
    other = WeightImage.load(tmp_path / "a.ohmw")
    assert other == image
    alone = map_imported(in_single_cells(made))
    alone.save(tmp_path / "b.ohmw")
    assert WeightImage.load(tmp_path / "b.ohmw") == alone
    np.testing.assert_array_equal(evaluate(other, inputs()), made.forward(inputs()))


def test_images_of_old_are_written_as_they_were() -> None:
    from ohmbench.operations.digits import train_and_map

    assert b'"schema": 1' in _header(train_and_map().image.to_bytes())
    assert b'"schema": 2' in _header(map_imported(network()).to_bytes())
    assert b'"schema": 3' in _header(map_imported(in_single_cells(network())).to_bytes())


def _header(data: bytes) -> bytes:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("header.json")


def test_products_in_floating_point_are_refused() -> None:
    step = Step("dense", (0,), {}, {"weights": np.ones((4, 2), np.float32), "bias": np.zeros(2, np.float32)})
    with pytest.raises(ImageError, match="floating point"):
        map_imported(ImportedNetwork((step,), (4,)))


@given(st.binary(max_size=40), st.integers(0, 4000))
@settings(max_examples=60)
def test_damaged_files_are_refused(data: bytes, at: int) -> None:
    whole = bytearray(map_imported(network()).to_bytes())
    whole[at % len(whole) : at % len(whole) + len(data)] = data
    try:
        WeightImage.from_bytes(bytes(whole))
    except ImageError:
        return
