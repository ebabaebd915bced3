"""Clusterings of a pool's columns: spectral (Ng, Jordan and Weiss), k-means, random; never an output's two in one.

Sources: A. Ng, M. Jordan, Y. Weiss, "On Spectral Clustering", NIPS 2001; cannot-link as in K. Wagstaff et al.,
"Constrained K-means Clustering with Background Knowledge", ICML 2001. scikit-learn does eigenvectors and k-means.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ohmbench.compress.pool import Pool
from ohmbench.support.array_types import FloatArray, IntArray, Mask

Method = Literal["spectral", "kmeans", "random"]

STARTS = 4
"""k-means++ starts, of which the best is kept."""


def cluster(pool: Pool, clusters: int, importance: FloatArray, method: Method, seed: int) -> IntArray:
    """Label (columns,) of each column of `pool`, 0..clusters-1; -1 never. Columns that are kept apart differ.

    Args:
        importance: (rows,): weight of a row in the distance of two columns; the mean square of its input.
        method: "spectral" (NJW), "kmeans", or "random", which only keeps the rule.
    """
    points: FloatArray = pool.columns.T.astype(np.float64) * np.sqrt(importance)
    if clusters >= len(points):
        return np.arange(len(points))
    if method == "random":
        rng = np.random.default_rng(seed)
        distances = rng.random((len(points), clusters))
        distances[rng.permutation(len(points))[:clusters], np.arange(clusters)] = -1.0  # no cluster stays empty
    else:
        if method == "spectral":
            points = _embedding(points, pool.apart, clusters)
        distances = _distances_to_means(points, pool.uses, clusters, seed)
    return _keep_apart(distances, pool.apart)


def _embedding(points: FloatArray, apart: Mask, clusters: int) -> FloatArray:
    """NJW: the first eigenvectors of D^-1/2 A D^-1/2, rows scaled to length 1, of a Gaussian affinity A."""
    squared = np.square(points[:, None, :] - points[None, :, :]).sum(axis=2)
    sigma = 0.5 * np.median(np.sqrt(squared[~np.eye(len(points), dtype=np.bool_)]))
    affinity = np.exp(-squared / (2.0 * max(sigma, 1e-12) ** 2))
    np.fill_diagonal(affinity, 0.0)
    affinity[apart] = 0.0
    root = 1.0 / np.sqrt(np.maximum(affinity.sum(axis=1), 1e-300))
    _values, vectors = np.linalg.eigh(affinity * root[:, None] * root[None, :])
    top = vectors[:, -clusters:]
    lengths = np.linalg.norm(top, axis=1, keepdims=True)
    return np.asarray(top / np.where(lengths > 0, lengths, 1.0), np.float64)


def _distances_to_means(points: FloatArray, uses: IntArray, clusters: int, seed: int) -> FloatArray:
    from sklearn.cluster import KMeans

    means = KMeans(clusters, n_init=STARTS, random_state=seed).fit(points, sample_weight=uses)
    return np.asarray(means.transform(points), np.float64)


def _keep_apart(distances: FloatArray, apart: Mask) -> IntArray:
    """The nearest cluster (columns,) of each column that holds none that it must be kept apart from.

    Columns with the most to keep apart from choose first. One that finds no cluster gets a new one.
    """
    labels = np.full(len(distances), -1)
    # least to lose last
    for column in np.lexsort((distances.min(axis=1), -apart.sum(axis=1))):
        taken = labels[apart[column] & (labels >= 0)]
        cost = np.full(max(distances.shape[1], labels.max() + 1), np.inf)
        cost[: distances.shape[1]] = distances[column]
        cost[taken] = np.inf
        labels[column] = np.argmin(cost) if np.isfinite(cost).any() else len(cost)
    _kept, labels = np.unique(labels, return_inverse=True)
    return labels.ravel()


def merge(pool: Pool, labels: IntArray) -> Pool:
    """The pool with one column for each label: the mean of its members, weighted by their uses, in whole levels."""
    count = int(labels.max(initial=-1)) + 1
    member = np.zeros((len(labels), count))
    member[np.arange(len(labels)), labels] = pool.uses
    means = pool.columns @ member / np.maximum(member.sum(axis=0), 1)
    label = np.append(labels, -1)
    return Pool(np.rint(means).astype(np.int64), label[pool.p], label[pool.n])
