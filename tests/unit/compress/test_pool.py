"""Pools, clusterings, refit and allocation: what holds for any weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ohmbench.compress.allocation import lines_for_budget, merge_costs
from ohmbench.compress.clusters import Method, cluster, merge
from ohmbench.compress.pool import Pool, drop_unused, pool_of, signed
from ohmbench.compress.refit import error, refit

weights = hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9), elements=st.integers(-3, 3)
)
METHODS: list[Method] = ["spectral", "kmeans", "random"]


@given(weights)
def test_a_pool_stands_for_its_weights_with_no_idle_column(w: np.ndarray) -> None:
    pool = pool_of(w)
    assert np.array_equal(pool.weights(), w)
    assert pool.columns.any(axis=0).all()
    assert len(np.unique(pool.columns, axis=1).T) == pool.columns.shape[1]


def test_an_added_and_a_subtracted_column_are_shared_between_outputs() -> None:
    pool = pool_of(np.array([[1, -1, 0], [0, 0, 1]]))
    assert pool.columns.shape[1] == 2
    assert pool.p[0] == pool.n[1]


@settings(max_examples=60, deadline=None)
@given(weights, st.sampled_from(METHODS), st.integers(1, 8), st.integers(0, 99))
def test_no_clustering_merges_the_two_columns_of_an_output(
    w: np.ndarray, method: Method, clusters: int, seed: int
) -> None:
    pool = pool_of(w)
    assume(pool.columns.shape[1] > 0)
    labels = cluster(pool, clusters, np.ones(len(w)), method, seed)
    assert labels.shape == (pool.columns.shape[1],)
    assert set(labels) == set(range(labels.max() + 1))
    both = (pool.p >= 0) & (pool.n >= 0)
    assert (labels[pool.p[both]] != labels[pool.n[both]]).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_clustering_gives_as_many_columns_as_it_may(method: Method) -> None:
    pool = pool_of(np.random.default_rng(1).integers(-7, 8, (32, 10)))
    merged = merge(pool, cluster(pool, 11, np.ones(32), method, 0))
    assert merged.columns.shape == (32, 11)


@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_groups_of_like_columns_are_found(method: Method) -> None:
    rng = np.random.default_rng(2)
    centres = rng.integers(0, 8, (32, 3))
    group = rng.permutation(np.repeat([0, 1, 2], 5))
    columns = np.clip(centres[:, group] + rng.integers(0, 2, (32, 15)), 0, 7)
    pool = Pool(columns, np.arange(15), np.full(15, -1))
    labels = cluster(pool, 3, np.ones(32), method, 0)
    assert len(set(zip(labels, group, strict=True))) == 3


@settings(max_examples=60, deadline=None)
@given(weights, st.integers(1, 6), st.booleans(), st.integers(0, 99))
def test_refit_never_raises_its_error_and_stays_within_levels(w: np.ndarray, k: int, rewire: bool, seed: int) -> None:
    pool = pool_of(w)
    assume(pool.columns.shape[1] > 0)
    importance = np.random.default_rng(seed).random(len(w)) + 0.01
    merged = merge(pool, cluster(pool, k, importance, "random", seed))
    better = refit(merged, w, importance, 3, rewire=rewire)
    assert error(better, w, importance) <= error(merged, w, importance) + 1e-9
    assert better.columns.min(initial=0) >= 0
    assert better.columns.max(initial=0) <= 3
    if not rewire:
        assert np.array_equal(better.p, merged.p)


def test_refit_uses_that_an_offset_of_both_columns_cancels() -> None:
    # -1 and 2 share the subtracted column: it must rise to 1, and the added ones with it
    pool = Pool(np.array([[1, 1, 0]]), np.array([0, 2]), np.array([1, 1]))
    fitted = refit(pool, np.array([[2, -1]]), np.ones(1), 3, rewire=False)
    assert fitted.weights().tolist() == [[2, -1]]
    assert fitted.columns.tolist() == [[3, 1, 0]]


@given(weights, st.integers(0, 99))
def test_dropping_what_is_unused_changes_no_weight(w: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = np.concatenate([np.abs(w), np.abs(w), np.zeros_like(w)], axis=1)
    p, n = rng.integers(-1, columns.shape[1], (2, 4))
    pool = drop_unused(Pool(columns, p, n))
    assert np.array_equal(pool.weights(), signed(columns, p, n))
    used = set(pool.p) | set(pool.n)
    assert used - {-1} == set(range(pool.columns.shape[1]))


@settings(max_examples=40, deadline=None)
@given(weights)
def test_merge_costs_are_of_allowed_merges(w: np.ndarray) -> None:
    pool = pool_of(w)
    costs = merge_costs(pool.columns.T, pool.uses, pool.apart)
    left = pool.columns.shape[1] - len(costs)
    assert all(np.isfinite(costs))
    assert left >= (2 if pool.apart.any() else min(1, pool.columns.shape[1]))


def test_points_without_weight_merge_for_nothing() -> None:
    costs = merge_costs(np.array([[0.0], [5.0], [9.0]]), np.array([0.0, 0.0, 1.0]))
    assert len(costs) == 2
    assert max(costs) < 1e-90


def test_the_budget_goes_to_the_tiles_where_merging_costs_most() -> None:
    kept = lines_for_budget([[1.0, 2.0, 9.0], [5.0, 5.0]], [4, 3], [10, 10], 50)
    assert kept == [2, 3]
