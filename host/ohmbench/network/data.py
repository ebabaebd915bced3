"""Data sets, as the unsigned integers that a crossbar takes in bit by bit. MNIST is in `ohmbench.network.mnist`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ohmbench.errors import DataError, UsageError
from ohmbench.support.array_types import FloatArray, Index, IntArray, Integers, NetworkInputs

DIGITS_SEED = 2025
DIGITS_TEST_PER_CLASS = 36
CONTENT_DIGITS = 16  # hexadecimal: 64 bits tell any number of data sets apart


def share_right(classes: Integers, labels: Integers) -> float:
    """Share of the classes (n,) that are as labelled; n is at least 1."""
    return float(np.mean(classes == labels))


def some_inputs(inputs: NetworkInputs, count: int, seed: int = 0) -> NetworkInputs:
    """So many different ones of training inputs (n, ...), the same for the same seed.

    Raises:
        UsageError: as `some_of`.
    """
    return np.asarray(inputs[some_of(len(inputs), count, seed)])


def some_of(there: int, count: int, seed: int = 0) -> Index:
    """Places (count,) of so many different ones of training inputs, the same for the same seed.

    Raises:
        UsageError: there are not so many, or none is asked for.
    """
    if not there:
        raise UsageError(
            "The data have no part to train on, and all of them are for testing.",
            "Give a file with both: x_train, y_train, x_test and y_test.",
        )
    if not 1 <= count <= there:
        raise UsageError(f"{count} training inputs were asked for, there are 1 to {there}.", "Ask for fewer.")
    return np.random.default_rng(seed).permutation(there)[:count]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels, split once and for all.

    Attributes:
        train_x, test_x: int64, (n, inputs), 0..2^input_bits - 1; or float32, (n, ...), for a network from elsewhere.
        train_y, test_y: int64, (n,), class numbers from 0; empty if there are targets.
        targets: (test_x, outputs) that a network without classes is to give; None: there are classes.
        classes: their names, of own data.
        own_content: `content` of own data, of what their file holds.
    """

    name: str
    train_x: NetworkInputs
    train_y: IntArray
    test_x: NetworkInputs
    test_y: IntArray
    input_bits: int
    classes: tuple[str, ...] = ()
    own_content: str = ""
    targets: FloatArray | None = None

    @property
    def input_scale(self) -> float:
        """Real value of one input step; the full scale is 1."""
        return 1.0 / ((1 << self.input_bits) - 1)

    @cached_property
    def content(self) -> str:
        """Hash of all images and labels as a network takes them: a folder's name does not say what is in it."""
        if self.own_content:
            return self.own_content
        found = hashlib.sha256(repr((self.input_bits, self.train_x.shape, self.test_x.shape)).encode())
        for array in (self.train_x, self.train_y, self.test_x, self.test_y):
            # values of up to 8 bits and labels of some classes: two bytes hold them, in whatever type they came
            found.update(np.ascontiguousarray(array, "<f4" if array.dtype.kind == "f" else "<u2").data)
        return found.hexdigest()[:CONTENT_DIGITS]


def load_digits(input_bits: int = 4) -> Dataset:
    """The 8x8 digits that come with scikit-learn: 1797 images, 64 inputs, 10 classes.

    The test set is 360 images, 36 a class, chosen with a fixed seed; the other 1437 are for training.
    The set's values are 0..16. With 4 bits 16 becomes 15; 5 bits keep it, for a fifth sense of every row and twice
    the read noise in the sum, since the noise of the highest bit counts 16 times.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI repository, 1998.

    Raises:
        DataError: scikit-learn is not installed.
    """
    table = _bundled_digits()
    x = np.minimum(np.rint(table[:, :-1]).astype(np.int64), (1 << input_bits) - 1)
    y = table[:, -1].astype(np.int64)
    test = np.zeros(len(y), dtype=np.bool_)
    rng = np.random.default_rng(DIGITS_SEED)
    for digit in range(10):
        test[rng.choice(np.flatnonzero(y == digit), DIGITS_TEST_PER_CLASS, replace=False)] = True
    return Dataset("digits", x[~test], y[~test], x[test], y[test], input_bits)


def _bundled_digits() -> FloatArray:
    """The values of each image and its label, (1797, 65).

    Raises:
        DataError: scikit-learn is not installed.
    """
    package = find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DataError(
            "The digits come with scikit-learn, which is not installed.", "Install it: pip install 'ohmbench[train]'"
        )
    # its own function reads the same file; but to load it takes most of the time of a short command
    path = Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    if path.is_file():
        return np.loadtxt(path, delimiter=",")
    from sklearn.datasets import load_digits as bundled  # a later one, with its data elsewhere

    images, labels = bundled(return_X_y=True)
    return np.column_stack([images, labels])
