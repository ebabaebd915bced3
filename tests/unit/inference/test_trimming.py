"""Trimming: errors that are put in come out again, what is right stays, and what cannot be learned is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_networks import calibrated, random_compressed

from ohmbench.errors import DataError, UsageError
from ohmbench.inference.exact import TileRunner, evaluate, run_tile_exact
from ohmbench.inference.trimming import Trimming, pass_trimmed, require_enough, ridge, trim
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.support.array_types import FloatArray, IntArray


def network(seed: int, widths: list[int]) -> tuple[WeightImage, IntArray]:
    """A mapped network all of whose outputs depend on inputs, and inputs of its first layer."""
    rng = np.random.default_rng(seed)
    while True:
        inputs = rng.integers(0, 16, (400, widths[0]))
        image = map_compressed(calibrated(random_compressed(rng, widths), inputs))
        if (np.ptp(evaluate(image, inputs[:200]), axis=0) > 0).all():
            return image, inputs


def array_of(image: WeightImage, seed: int, noise: float = 0.0, most: float = 1.0) -> TileRunner:
    """An array whose lanes have gains, an error a row input, and an offset of their own."""
    rng = np.random.default_rng(seed)
    gains = 1 + most * rng.normal(0, 0.05, (len(image.tiles), image.columns))
    commons = most * rng.normal(0, 0.1, gains.shape)
    offsets = most * rng.normal(0, 5.0, gains.shape)

    def run(of: WeightImage, index: int, row_values: IntArray) -> FloatArray:
        lanes = run_tile_exact(of, index, row_values) * gains[index]
        lanes = lanes + row_values.sum(axis=1)[:, None] * commons[index] * of.tiles[index].gain + offsets[index]
        return np.asarray(lanes + noise * rng.standard_normal(lanes.shape), np.float64)

    return run


def off(image: WeightImage, logits: FloatArray, inputs: IntArray) -> float:
    return float(np.sqrt(np.mean(np.square((logits - evaluate(image, inputs)) / image.layers[-1].scale))))


@pytest.mark.parametrize("seed", range(5))
def test_what_an_array_does_wrong_is_put_right_on_other_inputs(seed: int) -> None:
    image, inputs = network(seed, [70, 10])
    fit_to, others = inputs[:300], inputs[300:]
    array = array_of(image, seed, noise=1.0)
    found = trim(image, fit_to, others, array, array)
    assert off(image, found.corrected, others) < 0.2 * off(image, found.raw, others)
    again = pass_trimmed(image, found.trimming, others, array_of(image, seed))
    assert off(image, again.corrected, others) < 0.2 * off(image, again.raw, others)


@pytest.mark.parametrize("seed", range(5))
def test_layers_behind_get_corrected_inputs(seed: int) -> None:
    image, inputs = network(seed + 50, [60, 20, 8])
    array = array_of(image, seed)
    found = trim(image, inputs[:300], inputs[300:], array, array)
    assert off(image, found.corrected, inputs[300:]) < off(image, found.raw, inputs[300:])
    for raw, trimmed in zip(found.trimming.layer_raw, found.trimming.layer_trimmed, strict=True):
        assert np.square(trimmed).sum() < np.square(raw).sum()


def test_the_raw_result_is_that_of_the_array_alone() -> None:
    image, inputs = network(3, [60, 20, 8])
    array = array_of(image, 3)
    found = trim(image, inputs[:300], inputs[300:], array, array)
    np.testing.assert_allclose(found.raw, evaluate(image, inputs[300:], array))


def test_a_perfect_array_stays_as_it_is() -> None:
    image, inputs = network(4, [60, 20, 8])
    found = trim(image, inputs[:300], inputs[300:], run_tile_exact, run_tile_exact)
    np.testing.assert_allclose(found.corrected, evaluate(image, inputs[300:]))
    np.testing.assert_allclose(found.trimming.gain, 1.0)


def test_without_inputs_there_are_corrections_alone() -> None:
    image, inputs = network(5, [60, 20, 8])
    array = array_of(image, 5)
    found = trim(image, inputs[:300], inputs[:0], array, array)
    assert len(found.corrected) == 0
    assert found.trimming.fits(image)


def test_too_few_inputs_are_refused() -> None:
    image, inputs = network(6, [60, 10])
    for count in (0, 1, 7):
        with pytest.raises(UsageError, match=f"not {count}"):
            trim(image, inputs[:count], inputs, run_tile_exact, run_tile_exact)
    require_enough(image, 100)


def test_inputs_that_move_nothing_are_refused_before_the_array_runs() -> None:
    image, inputs = network(7, [60, 10])

    def never(image: WeightImage, index: int, row_values: IntArray) -> FloatArray:
        raise AssertionError("the array ran")

    with pytest.raises(DataError, match="has the same value for all inputs of the trimming"):
        trim(image, np.repeat(inputs[:1], 200, axis=0), inputs, never, never)


def test_corrections_that_would_harm_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from ohmbench.inference import trimming

    image, inputs = network(8, [60, 10])
    bad = lambda columns, wanted, spread: (np.full(columns.shape[1], 3.0), 1e6)  # noqa: E731
    monkeypatch.setattr(trimming, "ridge", bad)
    array = array_of(image, 8)
    found = trim(image, inputs[:300], inputs[300:], array, array)
    np.testing.assert_array_equal(found.trimming.gain, Trimming.none(image).gain)
    np.testing.assert_array_equal(found.corrected, found.raw)


@given(st.integers(0, 10_000), st.integers(3, 60), st.integers(1, 8), st.floats(0.0, 10.0))
def test_ridge_never_makes_the_error_larger(seed: int, count: int, columns: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 5, (count, columns)) * rng.integers(0, 2, columns)
    wanted = x @ rng.normal(0, 0.1, columns) + 3.0 + noise * rng.standard_normal(count)
    factors, offset = ridge(x, wanted, np.full(columns, 0.1))
    assert np.isfinite(factors).all()
    after = np.square(wanted - x @ factors - offset).sum()
    assert after <= np.square(wanted).sum() * (1 + 1e-9) + 1e-9


def test_ridge_finds_what_is_there() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0, 20, (500, 3))
    factors, offset = ridge(x, x @ [0.05, -0.1, 0.0] - 7.0 + rng.standard_normal(500), np.full(3, 0.1))
    np.testing.assert_allclose(factors, [0.05, -0.1, 0.0], atol=0.01)
    assert offset == pytest.approx(-7.0, abs=0.3)
