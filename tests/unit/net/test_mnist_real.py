"""The real files of MNIST, where OHMBENCH_MNIST names their folder."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest

from ohmbench import mnist
from ohmbench.mnist import CHECKSUMS, ENVIRONMENT, load_mnist, mnist_folder

pytestmark = pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder")


def test_checksums_are_those_of_the_files() -> None:
    for name, checksum in CHECKSUMS.items():
        path = mnist._existing(mnist_folder(), name)
        assert path is not None
        data = path.read_bytes()
        content = mnist._unzipped(data) if path.suffix == ".gz" else data
        assert hashlib.sha256(content).hexdigest() == checksum


def test_shape_and_classes() -> None:
    data = load_mnist(shape=(14, 14))
    assert data.train_x.shape == (60_000, 196)
    assert data.test_x.shape == (10_000, 196)
    assert (int(data.test_x.min()), int(data.test_x.max())) == (0, 15)
    assert np.bincount(data.test_y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
