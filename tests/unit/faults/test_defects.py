"""Defect-aware mapping: what it computes, that it never hurts, and that it is quick and repeatable."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_networks import random_compressed

from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import DataError, ImageError, UsageError
from ohmbench.faults import layout as _layout
from ohmbench.faults.avoid import (
    BadCells,
    accuracy_with_faults,
    avoid_faults,
    logits_with_faults,
)
from ohmbench.faults.fault_map import FaultKind, FaultMap
from ohmbench.inference.exact import evaluate, predict
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed, map_pairs
from ohmbench.mapping.tile import Layer, Tile
from ohmbench.measure.defects import measure_defects, random_faults
from ohmbench.network.data import load_digits
from ohmbench.programming.recipe import Recipe

CELLS = BadCells.of(Recipe(), 7)


def network(rng: np.random.Generator, *widths: int, max_level: int = 7) -> QuantisedNetwork:
    layers = []
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        weights = np.rint(np.clip(rng.normal(0, max_level / 3, (inputs, outputs)), -max_level, max_level)).astype(int)
        last = number + 2 == len(widths)
        layers.append(QuantisedLayer(weights, 0.1, rng.normal(0, 1, outputs), 4, None if last else 3.0))
    return QuantisedNetwork(tuple(layers), max_level)


def shared_image(rng: np.random.Generator) -> WeightImage:
    """One image as compression makes them: tiles side by side, lanes that share columns, inputs that share rows,
    gains, a lane without a minus column."""
    levels, mask = rng.integers(0, 8, (1, 12, 12)).astype(np.uint8), np.ones((1, 12, 12), np.bool_)
    layer = Layer(14, 5, 4, rng.uniform(0.5, 2.0, 5), rng.normal(0, 1, 5), None)

    def tile(first: int, p: list[int], n: list[int], gain: list[int], rows: Any) -> Tile:
        pad = [-1] * (12 - len(p))
        wiring = (np.array(p + pad, np.int16), np.array(n + pad, np.int16))
        gains = np.array(gain + [0] * len(pad), np.int32)
        return Tile(0, 0, first, len(p), np.asarray(rows, np.int16), *wiring, gains)

    upper = np.concatenate([rng.integers(0, 7, 8), np.full(6, -1)])
    lower = np.concatenate([np.full(8, -1), rng.integers(5, 12, 6)])
    tiles = (
        tile(0, [0, 1, 2], [1, 0, -1], [1, 3, 1], upper),
        tile(1, [4, 3, 4, 6], [5, 5, 0, 7], [2, 1, 1, 1], lower),
    )
    return WeightImage(levels, mask, 7, (layer,), tiles)


def random_map(rng: np.random.Generator, share: float, shape: tuple[int, int] = (32, 32)) -> FaultMap:
    return FaultMap(np.where(rng.random(shape) < share, rng.integers(1, 5, shape), 0))


def matrix(image: WeightImage, faults: FaultMap) -> Any:
    """What a network of one layer does to unit inputs: its weights (inputs, outputs), as the faulty array has them."""
    inputs = image.layers[0].inputs
    logits = logits_with_faults(image, faults, np.concatenate([np.eye(inputs, dtype=int), np.zeros((1, inputs), int)]))
    return logits[:-1] - logits[-1]


def squared_error(image: WeightImage, plain: WeightImage, faults: FaultMap, power: Any = 1.0) -> float:
    none = FaultMap(np.zeros_like(faults.kinds))
    return float((np.square(matrix(image, faults) - matrix(plain, none)) * power).sum())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.integers(1, 20), st.integers(1, 12))
def test_without_faults_the_integers_are_those_of_the_plain_mapping(seed: int, a: int, b: int, c: int) -> None:
    rng = np.random.default_rng(seed)
    plain = map_pairs(network(rng, a, b, c))
    mapped = avoid_faults(plain, FaultMap(np.zeros((32, 32), np.uint8)))
    x = rng.integers(0, 16, (20, a))
    np.testing.assert_array_equal(evaluate(mapped, x), evaluate(plain, x))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.integers(1, 16))
def test_moved_rows_and_columns_compute_the_same(seed: int, inputs: int, outputs: int) -> None:
    """Any permutation that a search may come to gives the plain mapping's integers where no cell is bad."""
    rng = np.random.default_rng(seed)
    plain = map_pairs(network(rng, inputs, outputs))
    kinds = np.zeros((32, 32), np.uint8)
    power = [np.ones(32)] * len(plain.tiles)
    members = list(range(plain.images))
    stack = _layout.Stack(plain, members, kinds, CELLS.ranges(7), power)
    stack.slot = rng.permutation(len(stack.slot))
    stack.place[:, :-1] = rng.permuted(stack.place[:, :-1], axis=1)
    levels, mask, tiles = plain.levels.copy(), plain.mask.copy(), list(plain.tiles)
    stack.write(levels, mask, tiles)
    moved = replace(plain, levels=levels, mask=mask, tiles=tuple(tiles))
    x = rng.integers(0, 16, (20, inputs))
    np.testing.assert_array_equal(evaluate(moved, x), evaluate(plain, x))
    assert moved.cells == plain.cells


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.integers(1, 16), st.floats(0.0, 0.6))
def test_faults_never_cost_more_than_in_the_plain_mapping(seed: int, inputs: int, outputs: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    plain = map_pairs(network(rng, inputs, outputs))
    faults = random_map(rng, share)
    mapped = avoid_faults(plain, faults)
    assert squared_error(mapped, plain, faults) <= squared_error(plain, plain, faults) * (1 + 1e-9)
    assert mapped.cells == plain.cells


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.floats(0.0, 0.6))
def test_packed_images_keep_their_integers_and_never_cost_more(
    seed: int, inputs: int, outputs: int, share: float
) -> None:
    """Of compressed networks: several tiles an image, lanes that share columns or are parted, merged rows, gains."""
    rng = np.random.default_rng(seed)
    plain = map_compressed(random_compressed(rng, [inputs, outputs]))
    none, faults = FaultMap(np.zeros((32, 32), np.uint8)), random_map(rng, share)
    x = rng.integers(0, 16, (10, inputs))
    np.testing.assert_array_equal(evaluate(avoid_faults(plain, none), x), evaluate(plain, x))
    mapped = avoid_faults(plain, faults)
    assert squared_error(mapped, plain, faults) <= squared_error(plain, plain, faults) * (1 + 1e-9)
    assert mapped.cells == plain.cells


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.4))
def test_inputs_weigh_as_much_as_they_are_driven(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    plain = map_pairs(network(rng, 50, 10))
    faults = random_map(rng, share)
    x = rng.integers(0, 16, (60, 50)) * (rng.random(50) < 0.5)
    power = np.square(x).mean(axis=0)[:, None]
    mapped = avoid_faults(plain, faults, inputs=x)
    # inputs that are dark in x count a little, so that the last word of the sum is theirs
    assert squared_error(mapped, plain, faults, power) <= squared_error(plain, plain, faults, power + 0.2) + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.5))
def test_images_with_shared_rows_and_columns(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    plain = shared_image(rng)
    faults = random_map(rng, share, (12, 12))
    none = FaultMap(np.zeros((12, 12), np.uint8))
    np.testing.assert_allclose(matrix(avoid_faults(plain, none), none), matrix(plain, none), atol=1e-12)

    def lane_errors(image: WeightImage) -> float:
        """Squared errors of the lanes, each on its own as the search counts them."""
        total = 0.0
        for index, tile in enumerate(image.tiles):
            for lane in range(tile.outputs):
                gain = np.where(np.arange(12) == lane, tile.gain, 1).astype(np.int32)
                only = {
                    "p": np.where(np.arange(12) == lane, tile.p, -1),
                    "n": np.where(np.arange(12) == lane, tile.n, -1),
                }
                one = replace(tile, gain=np.where(np.arange(12) < tile.outputs, gain, 0).astype(np.int32), **only)
                before = plain.tiles[index]
                wanted = {
                    "p": np.where(np.arange(12) == lane, before.p, -1),
                    "n": np.where(np.arange(12) == lane, before.n, -1),
                }
                target = replace(plain, tiles=(replace(before, gain=one.gain, **wanted),))
                error = matrix(replace(image, tiles=(one,)), faults) - matrix(target, none)
                # inputs that share a row are one weight
                rows = before.row_of_input
                first = [np.flatnonzero(rows == row)[0] for row in np.unique(rows[rows >= 0])]
                total += float(np.square(error[first]).sum())
        return total

    assert lane_errors(avoid_faults(plain, faults)) <= lane_errors(plain) * (1 + 1e-9) + 1e-12


def test_one_bad_cell_on_a_full_array_costs_nothing_that_matters() -> None:
    """32 inputs, 16 outputs: every cell is in use. A stuck cell can only be met by a weight that suits it, and its
    partner, at a whole level, leaves the fraction of a level that the stuck cell conducts."""
    rng = np.random.default_rng(1)
    plain = map_pairs(network(rng, 32, 16))
    low, high = (abs(level - round(level)) for level in (CELLS.stuck_low, CELLS.stuck_high))
    for kind, most in ((FaultKind.STUCK_LOW, low), (FaultKind.STUCK_HIGH, high), (FaultKind.WEAK, 0.0)):
        kinds = np.zeros((32, 32), np.uint8)
        kinds[0, 0] = kind
        mapped = avoid_faults(plain, FaultMap(kinds))
        error = np.abs(matrix(mapped, FaultMap(kinds)) - matrix(plain, FaultMap(kinds * 0))) / 0.1
        assert error.max() <= most + 1e-6
        assert np.count_nonzero(error > 1e-6) <= 1


def test_partner_makes_up_for_a_stuck_cell() -> None:
    """One weight, every word line but one unusable for it: the other cell of the pair has to do it."""
    kinds = np.full((32, 32), FaultKind.STUCK_HIGH, np.uint8)
    kinds[:, 5] = FaultKind.NONE
    layer = QuantisedLayer(np.array([[3]]), 1.0, np.zeros(1), 4, None)
    mapped = avoid_faults(map_pairs(QuantisedNetwork((layer,), 7)), FaultMap(kinds))
    tile = mapped.tiles[0]
    assert tile.n[0] == 5
    partner = round(CELLS.stuck_high - 3)
    assert mapped.levels[0, tile.row_of_input[0], 5] == partner
    assert mapped.levels[0, tile.row_of_input[0], tile.p[0]] == 7  # nearest that an image can say
    np.testing.assert_allclose(matrix(mapped, FaultMap(kinds)), [[CELLS.stuck_high - partner]])


def test_weak_cells_get_small_weights() -> None:
    rng = np.random.default_rng(2)
    kinds = np.where(rng.random((32, 32)) < 0.1, FaultKind.WEAK, FaultKind.NONE)
    weights = rng.choice([-7, -3, 0, 3, 7], (32, 16))
    plain = map_pairs(QuantisedNetwork((QuantisedLayer(weights, 1.0, np.zeros(16), 4, None),), 7))
    mapped = avoid_faults(plain, FaultMap(kinds))
    assert squared_error(plain, plain, FaultMap(kinds)) >= 10 * 4**2
    assert squared_error(mapped, plain, FaultMap(kinds)) == 0
    assert mapped.levels[0][kinds > 0].max() <= 3


def test_stuck_cells_in_level_units() -> None:
    recipe = Recipe(g_min_usiemens=30.0, g_max_usiemens=205.0)  # 25 uS a level
    assert BadCells.of(recipe, 7) == BadCells(-27 / 25, 230 / 25, pytest.approx(-29.9 / 25), 3)
    image = map_pairs(QuantisedNetwork((QuantisedLayer(np.full((4, 1), 5), 1.0, np.zeros(1), 4, None),), 7))
    kinds = np.zeros((32, 32), np.uint8)
    kinds[:4, 0] = [FaultKind.STUCK_LOW, FaultKind.STUCK_HIGH, FaultKind.UNFORMED, FaultKind.WEAK]
    expected = [CELLS.stuck_low, CELLS.stuck_high, CELLS.unformed, 3.0]
    np.testing.assert_allclose(matrix(image, FaultMap(kinds)).ravel(), expected)
    kinds[:4, 1], kinds[:4, 0] = FaultKind.STUCK_LOW, FaultKind.NONE
    np.testing.assert_allclose(matrix(image, FaultMap(kinds)).ravel(), np.full(4, 5 - CELLS.stuck_low))


def test_same_arguments_give_the_same_image_and_say_for_which_array() -> None:
    rng = np.random.default_rng(3)
    plain, faults = map_pairs(network(rng, 196, 10)), random_faults(0.05, 0.05, 9)
    mapped = avoid_faults(plain, faults, seed=4)
    assert mapped == avoid_faults(plain, faults, seed=4)
    assert mapped.provenance["array_serial"] == "random-9"
    assert mapped.provenance["faults_avoided"] == np.count_nonzero(faults.bad)


def test_random_faults_meet_their_rates() -> None:
    low = high = 0
    for seed in range(40):
        faults = random_faults(0.02, 0.05, seed)
        low, high = low + faults.count(FaultKind.STUCK_LOW), high + faults.count(FaultKind.STUCK_HIGH)
    cells = 40 * 1024
    # four standard deviations of the binomial distribution
    assert abs(low - 0.02 * cells) < 4 * (cells * 0.02 * 0.98) ** 0.5
    assert abs(high - 0.05 * cells) < 4 * (cells * 0.05 * 0.95) ** 0.5
    for shares in ((-0.1, 0.1), (0.6, 0.6), (float("nan"), 0.0)):
        with pytest.raises(UsageError, match="shares of stuck cells"):
            random_faults(*shares, 1)


def test_fault_map_of_another_array_is_refused() -> None:
    plain = map_pairs(network(np.random.default_rng(6), 4, 2))
    faults = FaultMap(np.zeros((16, 32), np.uint8))
    for call in (lambda: avoid_faults(plain, faults), lambda: logits_with_faults(plain, faults, np.zeros((1, 4), int))):
        with pytest.raises(ImageError, match="16x32"):
            call()


def test_missing_scipy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy.optimize", None)
    with pytest.raises(DataError, match="needs scipy"):
        avoid_faults(map_pairs(network(np.random.default_rng(7), 4, 2)), random_faults(0.1, 0.1, 1))


def test_digits_win_back_what_stuck_cells_took() -> None:
    """64-32-10: the first layer's images use every row and column, so that nothing can be left out."""
    digits = load_digits()
    figure = measure_defects(digits, hidden=(32,), seeds=range(3))
    assert figure["network"] == "64-32-10"
    assert figure["accuracy_plain"] < figure["accuracy_quantised"] - 0.05
    assert figure["won_back"] >= 0.8
    assert len(figure["accuracies_aware"]) == figure["fault_maps"] == 3


def test_accuracy_of_an_array_without_faults_is_the_integers() -> None:
    digits = load_digits()
    rng = np.random.default_rng(8)
    image = map_pairs(network(rng, 64, 12, 10))
    none = FaultMap(np.zeros((32, 32), np.uint8))
    expected = float(np.mean(predict(image, digits.test_x) == digits.test_y))
    assert accuracy_with_faults(image, none, digits.test_x, digits.test_y) == expected
