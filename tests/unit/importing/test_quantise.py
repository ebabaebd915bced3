"""Post-training quantisation."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

from tests.onnx_models import model, node, random, tensor

from ohmbench.errors import DataError, UsageError
from ohmbench.importing.onnx_file import from_onnx
from ohmbench.importing.quantise import quantise_network, span_of
from ohmbench.importing.sklearn_models import from_sklearn
from ohmbench.mapping.imported import map_imported
from ohmbench.network.flow import ARRAY
from ohmbench.network.imported import FLOAT_PRODUCTS


def cnn() -> bytes:
    nodes = [
        node("Sub", "x m", "n"),
        node("Conv", "n k", "a", pads=[1, 1, 1, 1]),
        node("Tanh", "a", "t"),
        node("Conv", "t k2", "b", group=4),
        node("Relu", "b", "r"),
        node("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "p", "f"),
        node("Gemm", "f w c", "y"),
    ]
    constants = [
        tensor("m", np.float32(0.5)),
        tensor("k", random(4, 1, 3, 3, scale=0.4)),
        tensor("k2", random(4, 1, 3, 3, scale=0.4)),
        tensor("w", random(36, 5, scale=0.2)),
        tensor("c", random(5)),
    ]
    return bytes(model(nodes, constants, ("N", 1, 8, 8)).SerializeToString())


X = np.random.default_rng(0).random((200, 1, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("ranges", ["percentile", "mse"])
def test_eight_bits_are_near_the_floats(ranges: str) -> None:
    network = from_onnx(cnn())
    whole = quantise_network(network, X, weight_bits=8, activation_bits=8, ranges=ranges)
    assert whole.is_whole
    assert not any(step.kind in FLOAT_PRODUCTS for step in whole.steps)
    wanted, got = network.forward(X), whole.forward(X)
    assert np.abs(got - wanted).mean() < 0.01 * np.abs(wanted).max()
    for product in whole.products:
        assert product.kind == ARRAY
        assert np.abs(product.arrays["weights"]).max() == 127


def test_outputs_keep_their_means() -> None:
    network = from_onnx(cnn())
    got = quantise_network(network, X, weight_bits=3, activation_bits=4).forward(X)
    np.testing.assert_allclose(got.mean(axis=0), network.forward(X).mean(axis=0), atol=1e-3)


def test_the_zero_point_of_signed_values() -> None:
    first, second, third = quantise_network(from_onnx(cnn()), X).products
    assert first.numbers["zero"] == pytest.approx(128, abs=1)  # 0..1, less 0.5
    assert 100 < second.numbers["zero"] < 156  # behind tanh
    assert third.numbers["zero"] == 0  # behind ReLU


def test_the_range_of_inputs_is_in_their_own_units() -> None:
    low, high = quantise_network(from_onnx(cnn()), X, percentile=100).input_range or (0, 0)
    assert (low, high) == pytest.approx((0, 1), abs=0.01)


def test_values_that_two_products_take_are_quantised_once() -> None:
    nodes = [node("MatMul", "x w", "a"), node("MatMul", "x v", "b"), node("Add", "a b", "y")]
    m = model(nodes, [tensor("w", random(4, 3)), tensor("v", random(4, 3, seed=1))])
    x = random(50, 4)
    network = from_onnx(m)
    whole = quantise_network(network, x, weight_bits=8, percentile=100)
    assert [step.kind for step in whole.steps] == ["quantise", "array", "affine", "array", "affine", "add"]
    np.testing.assert_allclose(whole.forward(x), network.forward(x), atol=0.1)


def test_goes_on_images() -> None:
    whole = quantise_network(from_onnx(cnn()), X, weight_bits=4, activation_bits=6)
    image = map_imported(whole)
    assert image.max_level == 7


def test_single_cells_take_half_of_the_cells() -> None:
    network = from_onnx(cnn())
    pairs = map_imported(quantise_network(network, X, weight_bits=6))
    every = range(len(network.products))
    whole = quantise_network(network, X, weight_bits=6, single_cells=every)
    image = map_imported(whole)
    assert 2 * image.cells == pairs.cells
    assert int(image.levels.max()) == image.max_level == 31
    exact, floats = whole.forward(X), network.forward(X)
    assert np.mean(exact.argmax(1) == floats.argmax(1)) > 0.95
    one = map_imported(quantise_network(network, X, weight_bits=6, single_cells=[0]))
    assert image.cells < one.cells < pairs.cells


def test_layers_that_are_not_there_get_no_single_cells() -> None:
    with pytest.raises(UsageError, match="layer 9"):
        quantise_network(from_onnx(cnn()), X, single_cells=[0, 9])


def test_fewer_bits_cost_accuracy_and_not_much() -> None:
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    x, y = load_digits(return_X_y=True)
    network = from_sklearn(LogisticRegression(max_iter=2000).fit(x[:1200], y[:1200]))
    scores = {
        bits: np.mean(
            quantise_network(network, x[:1200], weight_bits=bits, activation_bits=4).forward(x[1200:]).argmax(1)
            == y[1200:]
        )
        for bits in (2, 4, 8)
    }
    exact = np.mean(network.forward(x[1200:]).argmax(1) == y[1200:])
    assert scores[8] > exact - 0.01
    assert scores[4] > exact - 0.02
    assert scores[2] > 0.5


@pytest.mark.parametrize(
    "options",
    [{"weight_bits": 1}, {"weight_bits": 9}, {"activation_bits": 0}, {"ranges": "x"}, {"percentile": 50.0}],
)
def test_settings_that_make_no_sense(options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        quantise_network(from_onnx(cnn()), X, **options)  # type: ignore[arg-type]


def test_calibration_inputs_that_do_not_fit() -> None:
    with pytest.raises(DataError, match="takes"):
        quantise_network(from_onnx(cnn()), X.reshape(200, 64))
    with pytest.raises(DataError, match="finite"):
        quantise_network(from_onnx(cnn()), np.full_like(X, np.nan))


def test_spans() -> None:
    assert span_of(np.zeros(5), 4, 99.9) == (1 / 15, 0)
    scale, zero = span_of(np.array([-1.0, 2.0]), 8, 100)
    assert (scale, zero) == (pytest.approx(3 / 255), 85)
    scale, zero = span_of(np.array([-4.0, -2.0]), 4, None)
    assert zero == 15
