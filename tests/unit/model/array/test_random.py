"""The hash and the normal draws."""

from __future__ import annotations

import numpy as np
import pytest
from ohmbench.model._array import ffi, lib
from scipy import stats

KINDS = int(lib.OHM_DRAW_READ_ARRAY) + 1


def hashes(seed: int, kind: int, cells: range, counts: range) -> np.ndarray:
    key = ffi.new("ohm_key_t *", lib.ohm_key(seed))
    return np.array([[lib.ohm_hash(key, kind, cell, count) for count in counts] for cell in cells], np.uint64)


def normals(values: np.ndarray) -> np.ndarray:
    return np.array([lib.ohm_normal(int(v)) for v in values.ravel()]).reshape(values.shape)


def test_normal_is_the_inverse_of_the_normal_distribution() -> None:
    values = [0, 1 << 12, 2**40, 2**63, 2**64 - 1, *range(1, 2**64, 2**64 // 997)]
    for value in values:
        u = ((value >> 12) + 0.5) * 2.0**-52
        expected = stats.norm.ppf(u) if u < 0.5 else -stats.norm.ppf(((2**52 - 1 - (value >> 12)) + 0.5) * 2.0**-52)
        assert lib.ohm_normal(value) == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_draws_of_one_key_all_differ(seed: int) -> None:
    draws = np.concatenate([hashes(seed, kind, range(64), range(64)).ravel() for kind in range(KINDS)])
    assert np.unique(draws).size == draws.size


def test_draws_are_standard_normal_and_independent() -> None:
    z = normals(hashes(7, 3, range(256), range(256)))
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-3
    limit = 5 / np.sqrt(z.size)
    neighbours = [(z[1:], z[:-1]), (z[:, 1:], z[:, :-1]), (z, normals(hashes(8, 3, range(256), range(256))))]
    neighbours.append((z, normals(hashes(7, 4, range(256), range(256)))))
    for a, b in neighbours:
        assert abs(np.mean(a * b)) < limit


def test_kinds_of_draw_are_uncorrelated_at_a_cell() -> None:
    """What a cell draws for one purpose says nothing of what it, or its neighbour, draws for another."""
    z = np.array([normals(hashes(11, kind, range(1024), range(8))) for kind in range(KINDS)])
    limit = 5 / np.sqrt(z[0].size)
    flat, shifted = z.reshape(KINDS, -1), np.roll(z, 1, axis=1).reshape(KINDS, -1)
    assert np.max(np.abs(np.corrcoef(flat) - np.eye(KINDS))) < limit
    assert np.max(np.abs(flat @ shifted.T / z[0].size)) < limit


def test_draws_do_not_change_between_versions() -> None:
    """A seed stands for one simulated array: another hash would be another array."""
    assert hashes(1, 7, range(1), range(1))[0, 0] == 0xD6D609F785F80E7F
