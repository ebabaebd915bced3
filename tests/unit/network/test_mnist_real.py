"""The real files of MNIST, where OHMBENCH_MNIST names their folder."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest
from tests.random_networks import calibrated, random_compressed

from ohmbench.inference.exact import evaluate
from ohmbench.mapping.counting import count
from ohmbench.mapping.mapper import map_compressed
from ohmbench.network import mnist
from ohmbench.network.idx import content_of
from ohmbench.network.mnist import CHECKSUMS, ENVIRONMENT, load_mnist, mnist_folder

pytestmark = pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder")


def test_checksums_are_those_of_the_files() -> None:
    for name, checksum in CHECKSUMS.items():
        path = mnist.existing_file(mnist_folder(), name)
        assert path is not None
        assert hashlib.sha256(content_of(path)).hexdigest() == checksum


def test_shape_and_classes() -> None:
    data = load_mnist(shape=(14, 14))
    assert data.train_x.shape == (60_000, 196)
    assert data.test_x.shape == (10_000, 196)
    assert (int(data.test_x.min()), int(data.test_x.max())) == (0, 15)
    assert np.bincount(data.test_y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


# seeds of which every output depends on its inputs
@pytest.mark.parametrize(("widths", "seed"), [([784, 10], 17), ([784, 64, 10], 0)])
def test_merged_engine_is_the_dense_matrix_on_all_images(widths: list[int], seed: int) -> None:
    """In integers; merged rows, shared columns and gains."""
    x = load_mnist().test_x
    assert len(x) == 10_000
    network = calibrated(random_compressed(np.random.default_rng(seed), widths), x[:1000])
    image = map_compressed(network)
    counts = count(image)
    assert counts.extra_input_bits > 0
    assert counts.gain_additions > 0
    assert counts.cells_saved > 0.5
    dense = network.forward_integer(x)
    np.testing.assert_array_equal(evaluate(image, x), dense)
    assert np.ptp(dense, axis=0).all()
