"""Training, quantisation, mapping and the integer reference, on the digits and on random networks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork, optimal_scale, quantise, round_to_levels
from ohmbench.errors import DataError, UsageError
from ohmbench.inference import exact as reference
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_pairs
from ohmbench.network.data import Dataset, _bundled_digits, load_digits
from ohmbench.network.network import Network, _gradients, train


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_digits()


@pytest.fixture(scope="module")
def network(digits: Dataset) -> Network:
    return train(digits.train_x * digits.input_scale, digits.train_y, (64, 32, 10), seed=1)


@pytest.fixture(scope="module")
def quantised(digits: Dataset, network: Network) -> QuantisedNetwork:
    return quantise(network, digits.train_x, input_bits=digits.input_bits)


def random_network(rng: np.random.Generator, widths: list[int], max_level: int) -> QuantisedNetwork:
    layers = []
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        weights = rng.integers(-max_level, max_level + 1, (inputs, outputs))
        last = number + 2 == len(widths)
        scale, bits = float(rng.uniform(1e-3, 1.0)), 4 if number == 0 else 6
        layers.append(QuantisedLayer(weights, scale, rng.normal(0, 1, outputs), bits, None if last else 0.7))
    return QuantisedNetwork(tuple(layers), max_level)


def test_digits_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from its file, which is quicker, or by its function where that file is not."""
    images, labels = sklearn.datasets.load_digits(return_X_y=True)
    expected = np.column_stack([images, labels])
    np.testing.assert_array_equal(_bundled_digits(), expected)
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    np.testing.assert_array_equal(_bundled_digits(), expected)


def test_digits_want_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ohmbench.network.data.find_spec", lambda name: None)
    with pytest.raises(DataError, match="come with scikit-learn.*not installed"):
        load_digits()


def test_digits_split(digits: Dataset) -> None:
    assert digits.train_x.shape == (1437, 64)
    assert digits.test_x.shape == (360, 64)
    assert np.bincount(digits.test_y).tolist() == [36] * 10
    both = np.concatenate([digits.train_x, digits.test_x])
    assert both.min() == 0
    assert both.max() == 15
    train_set = {row.tobytes() for row in digits.train_x}
    assert not any(row.tobytes() in train_set for row in digits.test_x)
    again = load_digits()
    np.testing.assert_array_equal(again.test_x, digits.test_x)
    assert load_digits(input_bits=5).test_x.max() == 16


def test_a_network_file_of_an_old_ohmbench(network: Network, tmp_path: Path) -> None:
    """np.savez, without a header; a part may be in Fortran's order."""
    path = tmp_path / "old.npz"
    np.savez(path, weights0=np.asfortranarray(network.weights[0]), bias0=network.biases[0])
    loaded = Network.load(path)
    assert loaded.provenance == {}
    np.testing.assert_array_equal(loaded.weights[0], network.weights[0])


def test_a_network_file_keeps_where_it_came_from(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    replace(network, provenance={"dataset": "digits", "seed": 3}).save(path)
    assert Network.load(path).provenance == {"dataset": "digits", "seed": 3}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"weights0": np.ones((3, 2), np.float32), "bias0": np.ones(2)}, "weights0 is not a float64 array of [?]x[?]"),
        ({"weights0": np.ones((3, 2)), "bias0": np.ones(2), "bias1": np.ones(2)}, "no meaning here: 'bias1.npy'"),
        ({"weights0": np.ones((3, 2))}, "it has no part bias0"),
        ({"weights1": np.ones((3, 2)), "bias1": np.ones(2)}, "2 of its parts have no meaning here"),
        ({"weights0": np.full((3, 2), np.nan), "bias0": np.ones(2)}, "do not fit together"),
        ({"weights0": np.ones((0, 2)), "bias0": np.ones(2)}, "do not fit together"),
        ({"weights0": np.ones(2, [("a", "<f8")]), "bias0": np.ones(2)}, "not a float64 array"),
        ({"weights0": np.zeros((3000, 3000)), "bias0": np.ones(3000)}, "its parts are larger than"),
    ],
)
def test_what_is_no_network(parts: dict[str, Any], said: str, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bad.npz", **parts)
    with pytest.raises(DataError, match=said):
        Network.load(tmp_path / "bad.npz")


def test_gradients_match_finite_differences() -> None:
    rng = np.random.default_rng(0)
    sizes = (5, 4, 3)
    weights = [rng.normal(0, 1, pair) for pair in pairwise(sizes)]
    biases = [rng.normal(0, 1, width) for width in sizes[1:]]
    x, y = rng.normal(0, 1, (7, 5)), rng.integers(0, 3, 7)

    def loss() -> float:
        logits = Network(tuple(weights), tuple(biases)).forward(x)
        log_sum = np.log(np.exp(logits).sum(axis=1))
        decay = 0.5 * 0.1 * sum(float(np.square(w).sum()) for w in weights)
        return float((log_sum - logits[np.arange(7), y]).mean()) + decay

    for parameter, gradient in zip([*weights, *biases], _gradients(weights, biases, x, y, 0.1), strict=True):
        for index in np.ndindex(parameter.shape):
            original = parameter[index]
            parameter[index] = original + 1e-6
            above = loss()
            parameter[index] = original - 1e-6
            slope = (above - loss()) / 2e-6
            parameter[index] = original
            assert gradient[index] == pytest.approx(slope, abs=1e-6)


def test_training_is_seeded(digits: Dataset) -> None:
    x, y = digits.train_x[:200] * digits.input_scale, digits.train_y[:200]
    first, second, other = (train(x, y, (64, 8, 10), seed=seed, epochs=2) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first.weights, second.weights, strict=True))
    assert not np.array_equal(first.weights[0], other.weights[0])


def test_train_refuses_sizes_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="63-10 does not fit data with 64 inputs"):
        train(np.zeros((4, 64)), np.zeros(4, np.int64), (63, 10))


def test_network_file(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    network.save(path)
    loaded = Network.load(path)
    assert loaded.sizes == (64, 32, 10)
    assert all(np.array_equal(a, b) for a, b in zip(loaded.weights, network.weights, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(loaded.biases, network.biases, strict=True))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="it is not a zip archive, or a damaged one. Make it with"):
        Network.load(path)
    np.savez(path, weights0=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="Make it with"):
        Network.load(path)
    path.write_bytes(b"anything else")
    with pytest.raises(DataError, match="not a zip archive.* Make it with") as refused:
        Network.load(path)
    assert "pickle" not in str(refused.value)
    np.savez(path, weights0=np.ones((3, 2)), bias0=np.ones(3))
    with pytest.raises(DataError, match="do not fit together"):
        Network.load(path)
    with pytest.raises(DataError, match="No such file"):
        Network.load(tmp_path / "absent.npz")
    with pytest.raises(UsageError, match="Cannot write"):
        network.save(tmp_path / "no/network.npz")


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(2, 8))
def test_quantised_weights_are_in_range_and_never_worse_than_the_peak_scale(seed: int, bits: int) -> None:
    weights = np.random.default_rng(seed).normal(0, 1, (12, 7))
    top = 2 ** (bits - 1) - 1

    def error(scale: float) -> float:
        return float(np.square(round_to_levels(weights, scale, top) * scale - weights).sum())

    scale = optimal_scale(weights, top)
    assert np.abs(round_to_levels(weights, scale, top)).max() <= top
    assert error(scale) <= error(float(np.abs(weights).max()) / top) + 1e-12


def test_optimal_scale_recovers_a_grid_and_survives_zeros() -> None:
    grid = 0.37 * np.random.default_rng(1).integers(-7, 8, (20, 20))
    assert optimal_scale(grid, 7) == pytest.approx(0.37)
    assert optimal_scale(np.zeros((3, 3)), 7) > 0.0


def test_quantise_refuses_impossible_widths(network: Network, digits: Dataset) -> None:
    with pytest.raises(UsageError, match="1-bit weights"):
        quantise(network, digits.train_x, input_bits=4, weight_bits=1)


def test_four_bits_cost_about_a_point(digits: Dataset, network: Network, quantised: QuantisedNetwork) -> None:
    exact = float(np.mean(network.predict(digits.test_x * digits.input_scale) == digits.test_y))
    integer = float(np.mean(quantised.predict(digits.test_x) == digits.test_y))
    assert quantised.max_level == 7
    assert exact > 0.95
    assert integer > exact - 0.015


def test_integer_engine_equals_the_quantised_network_on_all_digits(
    digits: Dataset, quantised: QuantisedNetwork
) -> None:
    image = map_pairs(quantised)
    x = np.concatenate([digits.train_x, digits.test_x])
    np.testing.assert_array_equal(reference.evaluate(image, x), quantised.forward_integer(x))
    np.testing.assert_array_equal(reference.predict(image, x), quantised.predict(x))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    widths=st.lists(st.integers(1, 80), min_size=2, max_size=4),
    rows=st.integers(5, 32),
    columns=st.integers(5, 33),
)
def test_mapping_any_network_on_any_array_changes_nothing(
    seed: int, widths: list[int], rows: int, columns: int
) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, widths, int(rng.integers(1, 8)))
    image = map_pairs(network, rows=rows, columns=columns)
    x = rng.integers(0, 16, (5, widths[0]))
    np.testing.assert_array_equal(reference.evaluate(image, x), network.forward_integer(x))


def test_demo_mapping(quantised: QuantisedNetwork, tmp_path: Path) -> None:
    image = map_pairs(quantised, provenance={"seed": 1})
    assert image.levels.shape == (5, 32, 32)
    assert image.cells == 2 * (64 * 32 + 32 * 10)
    assert [(t.layer, t.image, t.first_output, t.outputs) for t in image.tiles] == [
        (0, 0, 0, 16),
        (0, 1, 0, 16),
        (0, 2, 16, 16),
        (0, 3, 16, 16),
        (1, 4, 0, 10),
    ]
    weights = image.levels[:, :, 0::2].astype(int) - image.levels[:, :, 1::2]
    np.testing.assert_array_equal(np.vstack(weights[:2]), quantised.layers[0].weights[:, :16])
    assert not (np.minimum(image.levels[:, :, 0::2], image.levels[:, :, 1::2])).any()
    image.save(tmp_path / "demo.ohmw")
    assert WeightImage.load(tmp_path / "demo.ohmw") == image


def test_evaluate_runs_each_tile_once_and_uses_its_answer(digits: Dataset, quantised: QuantisedNetwork) -> None:
    image = map_pairs(quantised)
    seen: list[int] = []

    def noisy(image: WeightImage, index: int, row_values: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> object:
        seen.append(index)
        return reference.run_tile_exact(image, index, row_values) + 0.25

    x = digits.test_x[:8]
    logits = reference.evaluate(image, x, noisy)  # type: ignore[arg-type]
    assert seen == [0, 1, 2, 3, 4]
    assert not np.array_equal(logits, quantised.forward_integer(x))
