"""Which data set an image takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.network.test_mnist import contents, write

from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import ImageError, UsageError
from ohmbench.mapping.data_sets import dataset_of, mnist_provenance
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_pairs
from ohmbench.network.data import load_digits
from ohmbench.network.mnist import load_mnist


def image_of(inputs: int, bits: int = 4, **provenance: Any) -> WeightImage:
    weights = np.ones((inputs, 10), np.int64)
    layer = QuantisedLayer(weights, 1.0, np.zeros(10), bits, None)
    return map_pairs(QuantisedNetwork((layer,), 7), provenance=provenance)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "set", contents())


@pytest.mark.parametrize(("shape", "crop"), [((28, 28), None), ((14, 14), None), ((10, 5), 20), ((8, 8), 24)])
def test_mnist_is_loaded_as_the_image_was_trained_on(shape: tuple[int, int], crop: int | None, folder: Path) -> None:
    image = image_of(shape[0] * shape[1], 3, **mnist_provenance(shape, crop))
    expected = load_mnist(folder, shape=shape, crop=crop, input_bits=3)
    for name in (None, "mnist"):
        np.testing.assert_array_equal(dataset_of(image, name, folder).test_x, expected.test_x)


def test_without_provenance_mnist_is_square_and_the_digits_are_the_default(folder: Path) -> None:
    assert dataset_of(image_of(196), "mnist", folder).test_x.shape == (5, 196)
    found = dataset_of(image_of(64, 5))
    assert found.name == "digits"
    np.testing.assert_array_equal(found.test_x, load_digits(5).test_x)


@pytest.mark.parametrize(
    ("image", "name", "said"),
    [
        (image_of(64, dataset="digits"), "mnist", "was made for the data set digits, not mnist"),
        (image_of(784, dataset="mnist"), "digits", "was made for the data set mnist, not digits"),
        (image_of(784), None, "takes 784 inputs, digits has 64"),
        (image_of(195), "mnist", "takes 195 inputs, mnist has 169"),
        (image_of(196, dataset="mnist", shape="14x28"), None, "takes 196 inputs, mnist has 392"),
        (image_of(196, dataset="mnist", shape="large"), None, "'large', which is no ROWSxCOLUMNS"),
    ],
)
def test_an_image_of_other_inputs_is_refused(image: WeightImage, name: str | None, said: str, folder: Path) -> None:
    with pytest.raises(ImageError, match=said) as refused:
        dataset_of(image, name, folder)
    assert refused.value.array is None  # no bench is near


@pytest.mark.parametrize("shape", ["0x5", "29x29"])
def test_an_impossible_shape_is_refused(shape: str, folder: Path) -> None:
    with pytest.raises(UsageError, match="Cannot cut"):
        dataset_of(image_of(5, dataset="mnist", shape=shape), None, folder)


def test_no_such_data_set() -> None:
    with pytest.raises(UsageError, match="No data set is called cifar"):
        dataset_of(image_of(64, dataset="cifar"))
    with pytest.raises(UsageError, match="No data set is called svhn"):
        dataset_of(replace(image_of(64), provenance={}), "svhn")
