"""Row merging: inputs whose weights are alike are added up before the array and drive one physical row.

Group quantisation with a codebook of whole row vectors: scikit-learn's k-means, inputs weighted by their mean square.
Sharing single weights would save no cell; sharing whole rows does, at the price of adders and of wider inputs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ohmbench.compress.allocation import lines_for_budget, merge_costs
from ohmbench.compress.forward import layer_inputs, sensitivities
from ohmbench.compress.quantise import optimal_scale
from ohmbench.compress.tied import TiedLayer, TiedNetwork, signed_layer
from ohmbench.support.array_types import Float32Array, FloatArray, Integers, NetworkInputs

STARTS = 4
"""k-means++ starts, of which the best is kept."""
IMAGES = 5000


def row_importance(network: TiedNetwork, inputs: NetworkInputs) -> list[FloatArray]:
    """Mean square (physical rows,) of the real sums that drive each row, of each layer.

    Args:
        inputs: (n, ...) of training images, of which the first IMAGES are enough.
    """
    importance = []
    for layer, x in zip(network.layers, layer_inputs(network, inputs[:IMAGES]), strict=True):
        importance.append(mean_squares(x, layer.row_of_input, int(layer.row_of_input.max(initial=-1)) + 1))
    return importance


def mean_squares(inputs: Float32Array, row_of_input: Integers, rows: int) -> FloatArray:
    """Mean square (rows,) of the sums of inputs (n, inputs) that share a row; -1 stands for no row."""
    sums = inputs @ (row_of_input[:, None] == np.arange(rows)).astype(np.float32)
    return np.asarray(np.square(sums, dtype=np.float64).mean(axis=0))


def rows_for_budget(network: TiedNetwork, cells: int, inputs: NetworkInputs) -> list[int]:
    """Physical rows of each layer, so that they take at most `cells` as pairs, where merging them costs least.

    Args:
        inputs: (n, ...) of training images.
    """
    costs, rows, sizes = [], [], []
    weights = sensitivities(network, inputs[:IMAGES])
    for layer, importance, weight in zip(network.layers, row_importance(network, inputs), weights, strict=True):
        real = layer.codebook() * layer.scale
        live = np.flatnonzero((importance > 0) & real.any(axis=1))
        costs.append(merge_costs(real[live], weight * importance[live]))
        rows.append(len(live))
        sizes.append(2 * real.shape[1])
    return lines_for_budget(costs, rows, sizes, cells)


def merge_rows(network: TiedNetwork, rows: list[int], inputs: NetworkInputs, *, seed: int = 0) -> TiedNetwork:
    """The network, whose columns are not merged yet, with at most rows[l] physical rows in layer l.

    Rows that are always 0, or whose weights all are, are dropped first, and rows of equal weights are merged, which
    loses nothing.

    Args:
        inputs: (n, ...) of training images.
    """
    merged = [
        _merge_layer(layer, count, weight, network.max_level, seed)
        for layer, count, weight in zip(network.layers, rows, row_importance(network, inputs), strict=True)
    ]
    return replace(network, layers=tuple(merged))


def drop_idle_rows(network: TiedNetwork, inputs: NetworkInputs) -> TiedNetwork:
    """The network without rows that are always 0 in integers (n, inputs), or whose weights all are."""
    layers = [
        keep_rows(layer, np.flatnonzero((importance > 0) & layer.codebook().any(axis=1)))
        for layer, importance in zip(network.layers, row_importance(network, inputs), strict=True)
    ]
    return replace(network, layers=tuple(layers))


def _merge_layer(layer: TiedLayer, rows: int, importance: FloatArray, max_level: int, seed: int) -> TiedLayer:
    codebook = layer.codebook()
    live = np.flatnonzero((importance > 0) & codebook.any(axis=1))
    distinct, index = np.unique(codebook[live], axis=0, return_inverse=True)
    index = index.ravel()
    label = np.full(len(codebook) + 1, -1)  # the last: of inputs that drive no row
    if len(distinct) <= rows:
        label[live], centres, step = index, distinct, 1.0
    else:
        from sklearn.cluster import KMeans

        means = KMeans(rows, n_init=STARTS, random_state=seed)
        means.fit(distinct * layer.scale, sample_weight=np.bincount(index, importance[live]))
        label[live] = means.labels_[index]
        centres = means.cluster_centers_ / layer.scale
        step = optimal_scale(centres, max_level)
    bound = np.append(np.full(centres.size, max_level, np.float32), np.float32(0))
    scale = (layer.scale * step).astype(np.float32)
    return signed_layer(centres / step, label[layer.row_of_input], like=layer, low=-bound, high=bound, scale=scale)


def keep_rows(layer: TiedLayer, rows: Integers) -> TiedLayer:
    """A layer of signed weights with only some of its physical rows; the inputs of the others drive none."""
    codebook = layer.codebook(rounded=False)
    position = np.full(len(codebook) + 1, -1)
    position[rows] = np.arange(len(rows))
    low, high = (
        np.append(bound[:-1].reshape(codebook.shape)[rows].ravel(), np.float32(0)) for bound in (layer.low, layer.high)
    )
    return signed_layer(codebook[rows], position[layer.row_of_input], like=layer, low=low, high=high)
