"""The unipolar columns of a tile as one pool, without the ones that cost nothing to leave out.

An output of signed weights has an added and a subtracted column of unipolar levels. All columns of a tile form one
pool, so that one may be the added column of an output and the subtracted one of another. Leaving out columns of zeros
and keeping one of several equal ones is lossless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ohmbench.support.array_types import FloatArray, IntArray, Integers, Mask

_Numbers = TypeVar("_Numbers", IntArray, FloatArray)


@dataclass(frozen=True, eq=False)
class Pool:
    """Distinct, non-zero unipolar columns of signed weights (rows, outputs).

    Attributes:
        columns: (rows, columns), 0 or more.
        p, n: (outputs,) the column that is added and subtracted, -1 for none.
        apart: bool (columns, columns): the two are the added and the subtracted one of an output. If they became one,
            the output would lose all of its weights in the tile.
    """

    columns: IntArray
    p: IntArray
    n: IntArray

    @property
    def apart(self) -> Mask:
        count = self.columns.shape[1]
        apart = np.zeros((count, count), np.bool_)
        both = (self.p >= 0) & (self.n >= 0)
        apart[self.p[both], self.n[both]] = apart[self.n[both], self.p[both]] = True
        return apart

    @property
    def uses(self) -> IntArray:
        """(columns,): how many outputs a column is wired to."""
        wired = np.concatenate([self.p, self.n])
        return np.bincount(wired[wired >= 0], minlength=self.columns.shape[1])

    def weights(self) -> IntArray:
        """(rows, outputs): the signed weights that the pool stands for."""
        return signed(self.columns, self.p, self.n)


def pool_of(weights: Integers) -> Pool:
    """The pool of integer weights (rows, outputs)."""
    both = np.concatenate([np.maximum(weights, 0), np.maximum(-weights, 0)], axis=1).astype(np.int64)
    columns, index = np.unique(both, axis=1, return_inverse=True)
    index = index.ravel()
    if columns.shape[1] and not columns[:, 0].any():  # sorted, so that zeros come first
        columns, index = columns[:, 1:], index - 1
    outputs = weights.shape[1]
    return Pool(columns, index[:outputs], index[outputs:])


def signed(columns: _Numbers, p: Integers, n: Integers) -> _Numbers:
    """(rows, outputs): columns[:, p] - columns[:, n], where index -1 is a column of zeros."""
    padded = np.pad(columns, ((0, 0), (0, 1)))
    difference: _Numbers = padded[:, p] - padded[:, n]
    return difference


def drop_unused(pool: Pool) -> Pool:
    """The pool without columns of zeros, columns that no output uses, and all but one of equal columns."""
    count = pool.columns.shape[1]
    p, n = (np.where(w >= 0, w, count) for w in (pool.p, pool.n))
    columns = np.pad(pool.columns, ((0, 0), (0, 1)))
    _values, first, index = np.unique(columns, axis=1, return_index=True, return_inverse=True)
    same = first[index.ravel()]
    p, n = same[p], same[n]
    zero = same[count]
    kept = np.setdiff1d(np.union1d(p, n), [zero])
    return Pool(columns[:, kept], *(np.where(w == zero, -1, np.searchsorted(kept, w)) for w in (p, n)))
