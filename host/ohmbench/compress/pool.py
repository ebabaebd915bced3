"""The unipolar columns of a tile as one pool, without the ones that cost nothing to leave out.

An output of signed weights has an added and a subtracted column of unipolar levels. All columns of a tile form one
pool, so that one may be the added column of an output and the subtracted one of another. Leaving out columns of zeros
and keeping one of several equal ones is lossless.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


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
    def apart(self) -> NDArray[np.bool_]:
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


def pool_of(weights: NDArray[np.integer]) -> Pool:
    """The pool of integer weights (rows, outputs)."""
    both = np.concatenate([np.maximum(weights, 0), np.maximum(-weights, 0)], axis=1).astype(np.int64)
    columns, index = np.unique(both, axis=1, return_inverse=True)
    index = index.ravel()
    if columns.shape[1] and not columns[:, 0].any():  # sorted, so that zeros come first
        columns, index = columns[:, 1:], index - 1
    outputs = weights.shape[1]
    return Pool(columns, index[:outputs], index[outputs:])


def signed(columns: NDArray[np.integer], p: NDArray[np.integer], n: NDArray[np.integer]) -> IntArray:
    """(rows, outputs): columns[:, p] - columns[:, n], where index -1 is a column of zeros."""
    padded = np.pad(columns.astype(np.int64), ((0, 0), (0, 1)))
    return np.asarray(padded[:, p] - padded[:, n], np.int64)
