"""Tied cells: gradients, training that keeps the wiring, pruning that never grows back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.compress.making import TRAINING, images, network, trained

from ohmbench.compress.base import train_levels
from ohmbench.compress.columns import merge_columns
from ohmbench.compress.forward import activation, dense, layer_inputs, predict, sensitivities
from ohmbench.compress.gains import merge_columns_with_gains
from ohmbench.compress.pruning import Criterion, Pruning, Unit
from ohmbench.compress.rows import drop_idle_rows, merge_rows, row_importance
from ohmbench.compress.tied import TiedNetwork, emit, tie
from ohmbench.compress.tuning import Cells, Training, tune
from ohmbench.errors import DataError, UsageError


def accuracy(net: TiedNetwork, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(predict(net, x) == y))


def test_the_gradient_of_a_shared_cell_is_the_sum_over_its_weights() -> None:
    base, x, _y = trained(40, 5)
    layer = merge_columns(base, 200, x).layers[0]
    cells = Cells(layer, layer.cells, layer.low, layer.high, np.log(layer.scale), layer.bias)
    upstream = np.random.default_rng(0).normal(size=layer.plus.shape).astype(np.float32)
    found = cells.gradient(upstream)
    for index in range(len(layer.cells) - 1):
        moved = layer.cells.copy()
        moved[index] += 1
        rise = np.sum((cells.weights(moved) - cells.weights(layer.cells)) * upstream)
        assert found[index] == pytest.approx(rise, abs=1e-4)
    assert found[-1] == 0


def test_training_learns_and_keeps_the_wiring() -> None:
    base, x, y = trained(40, 5, max_level=1)
    assert accuracy(base, x, y) > 0.95
    merged = merge_columns(base, 160, x, method="random")
    tuned = tune(merged, x, y, TRAINING)
    assert accuracy(tuned, x, y) > accuracy(merged, x, y)
    before, after = merged.layers[0], tuned.layers[0]
    assert np.array_equal(before.plus, after.plus)
    assert np.array_equal(before.minus, after.minus)
    assert after.rounded.min() >= 0
    assert after.rounded.max() <= 1


def test_training_is_repeatable() -> None:
    base, x, y = trained(40, 8, 5)
    first, second = (tune(base, x, y, replace(TRAINING, weight_noise=0.05), seed=3) for _ in range(2))
    assert all(np.array_equal(a.cells, b.cells) for a, b in zip(first.layers, second.layers, strict=True))


@pytest.mark.parametrize("sizes", [(40, 5), (40, 8, 5)])
def test_what_is_emitted_computes_what_was_trained(sizes: tuple[int, ...]) -> None:
    base, x, _y = trained(*sizes)
    made = emit(merge_columns(base, 10_000, x, method="none"))
    agree = np.mean(made.predict(x) == predict(base, x))
    assert agree > 0.995  # single against double precision, at a tie of two logits
    for layer, compressed in zip(base.layers, made.layers, strict=True):
        assert np.array_equal(compressed.weights(), layer.codebook())


@pytest.mark.parametrize("method", ["spectral", "kmeans", "random"])
def test_merged_columns_keep_their_budget(method: str) -> None:
    base, x, _y = trained(40, 8, 5)
    for cells in (650, 400, 250):
        made = emit(merge_columns(base, cells, x, method=method))  # type: ignore[arg-type]
        assert sum(s.levels.size for layer in made.layers for s in layer.segments) <= cells


def test_sensitivities_foretell_what_noise_on_a_layers_outputs_costs() -> None:
    """To second order, noise of variance v on n outputs adds v n / 2 times the Fisher information to the divergence."""
    base, x, _y = trained(40, 8, 5)
    hidden, last = base.layers
    rng = np.random.default_rng(0)
    first, second = layer_inputs(base, x)

    def logarithms(z: np.ndarray) -> np.ndarray:
        return z - np.log(np.exp(z).sum(axis=1, keepdims=True))

    def divergence(z: np.ndarray) -> float:
        return float((np.exp(clean) * (clean - logarithms(z))).sum(axis=1).mean())

    clean, of_hidden = logarithms(second @ dense(last) + last.bias), first @ dense(hidden) + hidden.bias
    for layer, expected in zip(base.layers, sensitivities(base, x), strict=True):
        z, costs = of_hidden if layer is hidden else clean, []
        noise = 0.05 * float(z.std())
        for _ in range(40):
            moved = z + noise * rng.standard_normal(z.shape)
            if layer is hidden:
                assert hidden.output_scale is not None
                moved = activation(moved, hidden.output_scale, last.input_bits)[0] @ dense(last) + last.bias
            costs.append(divergence(moved))
        wanted = 0.5 * noise**2 * z.shape[1] * expected
        # the diagonal of the logits' information stands for all of it
        assert np.mean(costs) == pytest.approx(wanted, rel=0.1 if layer is last else 1.0)


def test_gains_stand_for_the_size_of_alike_outputs() -> None:
    rng = np.random.default_rng(0)
    column = rng.integers(-1, 2, (40, 1))
    net = tie(network(40, 4), 7, input_bits=4, activation_bits=8)
    layer = net.layers[0]
    levels = np.append((column * [6, 3, -6, -3]).ravel(), 0).astype(np.float32)
    net = replace(net, layers=(replace(layer, cells=levels),))
    made = emit(merge_columns_with_gains(net, 80, images(40)[0]))
    segment = made.layers[0].segments[0]
    assert segment.levels.shape[1] == 2  # one pair for all four, twice of them swapped
    assert segment.gain[0] == 2 * segment.gain[1]
    dense = made.layers[0].weights() * made.layers[0].scale
    wanted = net.layers[0].codebook() * layer.scale * layer.input_scale
    assert np.abs(dense - wanted).max() < 0.1 * np.abs(wanted).max()


def test_merged_rows_add_up_their_inputs() -> None:
    base, x, _y = trained(40, 5)
    merged = merge_rows(base, [12], x)
    layer = merged.layers[0]
    assert layer.codebook().shape == (12, 5)
    assert layer.row_of_input[-1] == -1  # the input that is always 0
    made = emit(merge_columns(merged, 10_000, x, method="none"))
    rows = made.layers[0].segments[0].row_of_input
    dense = made.layers[0].weights()
    for row in range(12):
        assert len(np.unique(dense[rows == row], axis=0)) == 1


def test_dropping_rows_of_zeros_loses_nothing() -> None:
    base, x, _y = trained(40, 5, max_level=1)
    kept = drop_idle_rows(base, x)
    assert len(kept.layers[0].codebook()) < 40
    assert np.array_equal(predict(kept, x), predict(base, x))


def test_merging_rows_of_equal_weights_loses_nothing() -> None:
    base, x, _y = trained(40, 2, max_level=1)
    merged = merge_rows(base, [40], x)
    assert len(merged.layers[0].codebook()) <= 8  # pairs of -1, 0 and 1, less (0, 0)
    assert np.array_equal(predict(merged, x), predict(base, x))


def test_the_importance_of_a_row_is_the_mean_square_of_its_sum() -> None:
    base, x, _y = trained(40, 5)
    merged = merge_rows(base, [12], x)
    inputs, *_more = layer_inputs(merged, x)
    rows = merged.layers[0].row_of_input
    (found,) = row_importance(merged, x)
    assert found[3] == pytest.approx(np.mean(np.square(inputs[:, rows == 3].sum(axis=1))), rel=1e-4)


@pytest.mark.parametrize("criterion", ["gradient", "magnitude"])
@pytest.mark.parametrize(("unit", "sizes"), [("weight", (40, 5)), ("segment", (70, 8, 5)), ("row", (70, 8, 5))])
def test_pruning_reaches_its_share_and_never_grows_back(
    unit: Unit, sizes: tuple[int, ...], criterion: Criterion
) -> None:
    base, x, y = trained(*sizes)
    pruning = Pruning(base, 0.6, unit=unit, criterion=criterion)
    closed: list[np.ndarray] = []

    def watch(done: float, cells: list[Cells], gradients: list[np.ndarray]) -> None:
        pruning(done, cells, gradients)
        now = np.concatenate([np.stack([c.low == 0, c.high == 0], axis=1) for c in cells])
        assert not closed or not (closed[-1] & ~now).any()
        closed.append(now)

    training = Training(epochs=4, batch=20, rate=0.05)
    pruned = tune(base, x, y, training, watch=watch)
    share = np.mean(np.concatenate([np.stack([y.low, y.high])[:, :-1].ravel() == 0 for y in pruned.layers]))
    assert share == pytest.approx(0.6, abs=0.07)
    for layer in pruned.layers:
        codebook = layer.codebook()
        assert ((layer.low <= layer.rounded) & (layer.rounded <= layer.high)).all()
        if unit == "row":
            gone = (layer.high[:-1].reshape(codebook.shape) == 0).all(axis=1)
            assert not codebook[gone].any()
        free = np.maximum(layer.high, -layer.low)[:-1].reshape(codebook.shape)
        assert (free > 0).any(axis=0).all()


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, float("nan")])
def test_pruning_everything_is_refused(sparsity: float) -> None:
    base, _x, _y = trained(40, 5)
    with pytest.raises(UsageError, match="Prune a share"):
        Pruning(base, sparsity)


def test_bad_networks_and_labels_are_refused_before_training() -> None:
    x, y = images()
    options = {"max_level": 1, "input_bits": 4, "activation_bits": 8, "training": TRAINING}
    nan = network(40, 5)
    nan.weights[0][3, 2] = np.nan
    with pytest.raises(DataError, match="1 weights of layer 0 are not finite"):
        train_levels(nan, x, y, **options)  # type: ignore[arg-type]
    empty = network(40, 8, 5)
    empty.weights[1][:] = 0
    with pytest.raises(DataError, match="Layer 1 has no weights left"):
        train_levels(empty, x, y, **options)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="labels are 0 to 5"):
        train_levels(network(40, 5), x, np.where(y == 4, 5, y), **options)  # type: ignore[arg-type]
