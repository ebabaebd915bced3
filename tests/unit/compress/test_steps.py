"""Gradients through the steps between products, against differences; and convolutions as dense layers at places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.compress.conv_making import TRAINING, conv, images, trained, whole

from ohmbench.compress.methods import METHODS, Job, compress
from ohmbench.compress.steps import TRAINABLE, backward, forward
from ohmbench.compress.tied import tie_imported
from ohmbench.compress.tuning import tune
from ohmbench.errors import DataError
from ohmbench.inference.exact import evaluate
from ohmbench.mapping.compressed_file import load_compressed, save_compressed
from ohmbench.mapping.counting import count
from ohmbench.mapping.mapper import map_compressed
from ohmbench.network.flow import ARRAY, Step, Window
from ohmbench.network.imported import ImportedNetwork

_IMAGE = (2, 4, 6, 6)
_POOL = Window((3, 2), (2, 1), (1, 0, 1, 1)).numbers()
_VALUE = {"value": np.linspace(0.5, 2, 4, dtype=np.float32).reshape(4, 1, 1)}
SMOOTH = [
    Step("affine", (1,), {}, {"scale": _VALUE["value"], "bias": _VALUE["value"]}),
    Step("dequantise", (1,), {}, {"scale": np.float32(0.3), "zero": np.int64(2)}),
    Step("relu", (1,)),
    Step("leaky", (1,), {"alpha": 0.1}),
    Step("clip", (1,), {"low": -0.5, "high": 0.7}),
    Step("sigmoid", (1,)),
    Step("tanh", (1,)),
    Step("max_pool", (1,), _POOL),
    Step("average_pool", (1,), _POOL),
    Step("average_pool", (1,), {**_POOL, "count_pads": True}),
    Step("global_average", (1,)),
    Step("reshape", (1,), {"shape": [36, 4]}),
    Step("transpose", (1,), {"axes": [3, 1, 2]}),
    Step("pad", (1,), {"before": [0, 1, 2], "after": [1, 0, 1], "value": 0.5}),
    Step("concat", (1, 1), {"axis": 1}),
    Step("add", (1, 1)),
    Step("add", (1,), {}, _VALUE),
    Step("subtract", (1,), {"swapped": True}, _VALUE),
    Step("multiply", (1, 1)),
    Step("multiply", (1,), {}, _VALUE),
    Step("divide", (1,), {}, _VALUE),
    Step("divide", (1,), {"swapped": True}, _VALUE),
]


def gradient(steps: tuple[Step, ...], x: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """Of the sum of upstream * outputs, in the value of the first step, which is an array's that passes its input."""
    found: list[np.ndarray] = []

    def product(number: int, inputs: Any, delta: np.ndarray, wanted: bool) -> None:
        found.append(delta)

    passed = forward(steps, x, lambda number, inputs: inputs)
    backward(passed, upstream, product)
    return found[0].reshape(x.shape)


@pytest.mark.parametrize("step", SMOOTH, ids=lambda s: s.kind)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_gradients_are_those_of_differences(step: Step, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = Step(ARRAY, (0,), {"zero": 0, "groups": 1, **Window((1, 1)).numbers()})
    steps = (one, step)
    # values a hundredth apart, away from 0 and from the bounds: no step turns a corner within the difference
    x = (rng.permutation(np.arange(288)) - 143.5).reshape(_IMAGE).astype(np.float32) / 100
    x += np.float32(3.0 if step.kind == "divide" else 0.0013)

    def value(x: np.ndarray) -> np.ndarray:
        return forward(steps, x, lambda number, inputs: inputs).outputs

    upstream = rng.normal(size=value(x).shape).astype(np.float32)
    direction = rng.choice([-1.0, 1.0], x.shape).astype(np.float32)
    width = np.float32(1e-3)
    rise = np.sum((value(x + width * direction).astype(float) - value(x - width * direction)) * upstream) / (2 * width)
    found = np.sum(gradient(steps, x, upstream).astype(float) * direction)
    assert found == pytest.approx(rise, rel=0.02, abs=0.5)


def test_every_kind_with_a_gradient_is_tested_or_rounds() -> None:
    rounding = {"passed", "activation", "quantise", "bipolar", "global_sum"}
    assert {step.kind for step in SMOOTH} | rounding == TRAINABLE


def test_a_quantiser_lets_gradients_through_within_its_range() -> None:
    one = Step(ARRAY, (0,), {"zero": 0, "groups": 1})
    step = Step("quantise", (1,), {"zero": 3, "low": 0, "high": 10}, {"scale": np.float32(0.5)})
    x = np.array([[-5.0, -1.5, 0.2, 1.1, 9.0]], np.float32)
    found = gradient((one, step), x, np.ones_like(x))
    assert found.tolist() == [[0, 0, 2, 2, 0]]


def test_a_quantiser_of_one_bit_lets_gradients_through_too() -> None:
    one = Step(ARRAY, (0,), {"zero": 0, "groups": 1})
    step = Step("quantise", (1,), {"zero": 0, "low": 0, "high": 1}, {"scale": np.float32(1)})
    x = np.array([[-0.1, 0.2, 0.9, 1.4]], np.float32)
    assert gradient((one, step), x, np.ones_like(x)).tolist() == [[0, 1, 1, 0]]


@pytest.mark.parametrize("window", [Window((3, 3), (1, 1), (1, 1, 1, 1)), Window((2, 3), (2, 1), (0, 1, 1, 0), (1, 2))])
@pytest.mark.parametrize("groups", [1, 2])
def test_gradients_of_a_convolution(window: Window, groups: int) -> None:
    rng = np.random.default_rng(3)
    first, second = conv(rng, 0, 4, 2, Window((1, 1))), conv(rng, 1, 6, 4, window, groups)
    tied = tie_imported(ImportedNetwork((first, second), (2, 7, 7)))
    weights = [layer.codebook(rounded=False) for layer in tied.layers]
    found: dict[int, np.ndarray] = {}

    def product(number: int, x: np.ndarray) -> np.ndarray:
        return weights[number].T @ x

    def back(number: int, x: np.ndarray, delta: np.ndarray, wanted: bool) -> np.ndarray | None:
        found[number] = (x @ delta.transpose(0, 2, 1)).sum(axis=0)
        return weights[number] @ delta if wanted else None

    x = rng.normal(size=(3, 2, 7, 7)).astype(np.float32)
    passed = forward(tied.steps(), x, product)
    upstream = rng.normal(size=passed.outputs.shape).astype(np.float32)
    backward(passed, upstream, back)
    for number, weight in enumerate(weights):
        direction = rng.normal(size=weight.shape).astype(np.float32)
        ends = []
        for sign in (1, -1):
            weights[number] = weight + np.float32(sign * 1e-2) * direction
            ends.append(np.sum(forward(tied.steps(), x, product).outputs.astype(float) * upstream))
        weights[number] = weight
        assert np.sum(found[number] * direction) == pytest.approx((ends[0] - ends[1]) / 2e-2, rel=1e-2, abs=1e-2)


def test_a_convolution_of_one_place_is_a_dense_layer() -> None:
    """1x1 on one pixel: every stage gives the same cells as for the dense layer."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-7, 8, (40, 5)).astype(np.int32)
    numbers = {"bits": 4, "zero": 0, "max_level": 7, "groups": 1}
    affine = {"add": np.zeros(5, np.int64), "scale": np.full(5, 0.01, np.float32), "bias": np.zeros(5, np.float32)}
    quantiser = Step("quantise", (0,), {"zero": 0, "low": 0, "high": 15}, {"scale": np.float32(1)})

    def made(shape: tuple[int, ...], **extra: Any) -> ImportedNetwork:
        rest = (1,) * (len(shape) - 1)
        arrays = {name: array.reshape(-1, *rest) for name, array in affine.items()}
        product = Step(ARRAY, (1,), {**numbers, **extra}, {"weights": weights})
        return ImportedNetwork((quantiser, product, Step("affine", (2,), {}, arrays)), shape)

    x, y = rng.integers(0, 16, (300, 40)).astype(np.float32), rng.integers(0, 5, 300)
    dense, one = made((40,)), made((40, 1, 1), **Window((1, 1)).numbers())
    for method in ("lossless-rows", "kmeans", "rows", "gains", "gradient-pruning", "all"):
        a, b = (
            compress(method, Job(tie_imported(network), x.reshape(300, *network.input_shape), y, TRAINING, 240))
            for network in (dense, one)
        )
        # the same but for the order of sums in single precision
        assert count(map_compressed(a)).cells == pytest.approx(count(map_compressed(b)).cells, rel=0.05)
        if method == "lossless-rows":
            assert np.array_equal(a.layers[0].weights(), b.layers[0].weights())


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_takes_a_convolutional_network(method: str) -> None:
    (x, y), base = images(), trained()
    job = Job(base, x, y, TRAINING, 0)
    job = replace(job, cells=int(0.75 * job.pair_cells))
    made = compress(method, job)
    image = map_compressed(made)
    counts = count(image)
    assert counts.cells_as_pairs == job.pair_cells == 2 * (9 * 6 + 12 * 8 + 32 * 5)
    if not METHODS[method].free:
        assert counts.cells <= job.cells
    assert np.array_equal(evaluate(image, x[:20]), made.forward_integer(x[:20]))
    if not method.endswith("untuned"):
        assert np.mean(made.predict(x) == y) > 0.5  # a fifth by chance


def test_a_network_that_is_tied_and_emitted_computes_the_same(tmp_path: Any) -> None:
    x, y = images()
    tied = tie_imported(whole())
    made = compress("pairs", Job(tied, x, y, TRAINING, 1 << 20))
    np.testing.assert_allclose(made.forward_integer(x[:50]), whole().forward(x[:50]), rtol=1e-4, atol=1e-4)
    save_compressed(made, tmp_path / "net.ohmc", {"dataset": "mine"})
    loaded, said = load_compressed(tmp_path / "net.ohmc")
    assert said == {"dataset": "mine"}
    assert np.array_equal(loaded.forward_integer(x[:50]), made.forward_integer(x[:50]))
    assert map_compressed(loaded) == map_compressed(made)


def test_training_of_a_convolutional_network_is_repeatable() -> None:
    x, y = images()
    first, second = (tune(trained(), x, y, TRAINING, seed=3) for _ in range(2))
    assert all(np.array_equal(a.cells, b.cells) for a, b in zip(first.layers, second.layers, strict=True))


def test_what_no_gradient_passes_is_refused() -> None:
    network = whole()
    odd = replace(network, steps=(*network.steps, Step("requantise", (len(network.steps),), {"scale": 1.0, "bits": 8})))
    with pytest.raises(DataError, match="no gradient passes: requantise"):
        tie_imported(odd)
    bare = replace(network, steps=tuple(s for s in network.steps if s.kind != "affine"))
    with pytest.raises(DataError, match="not scaled for each output"):
        tie_imported(bare)
