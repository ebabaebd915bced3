"""Which data set an image takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.network.test_mnist import contents, write

from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import DataError, ImageError, UsageError
from ohmbench.mapping.data_sets import CONTENT, dataset_of
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_pairs
from ohmbench.network.data import load_digits
from ohmbench.network.mnist import load_mnist, mnist_provenance


def image_of(inputs: int, bits: int = 4, **provenance: Any) -> WeightImage:
    weights = np.ones((inputs, 10), np.int64)
    layer = QuantisedLayer(weights, 1.0, np.zeros(10), bits, None)
    return map_pairs(QuantisedNetwork((layer,), 7), provenance=provenance)


CUTS: list[tuple[tuple[int, int], int | None, int]] = [
    ((14, 14), None, 4),
    ((14, 14), None, 5),
    ((28, 7), None, 4),
    ((14, 14), 20, 4),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "set", contents())


@pytest.mark.parametrize(("shape", "crop"), [((28, 28), None), ((14, 14), None), ((10, 5), 20), ((8, 8), 24)])
def test_mnist_is_loaded_as_the_image_was_trained_on(shape: tuple[int, int], crop: int | None, folder: Path) -> None:
    image = image_of(shape[0] * shape[1], 3, **mnist_provenance(shape, crop))
    expected = load_mnist(folder, shape=shape, crop=crop, input_bits=3)
    for name in (None, "mnist"):
        np.testing.assert_array_equal(dataset_of(image, name, folder).test_x, expected.test_x)


def test_without_provenance_mnist_is_square_and_nothing_is_guessed(folder: Path) -> None:
    assert dataset_of(image_of(196), "mnist", folder).test_x.shape == (5, 196)
    with pytest.raises(UsageError, match=r"does not say which data set.*Give --data digits or mnist"):
        dataset_of(image_of(64, 5))
    found = dataset_of(image_of(64, 5), "digits")
    assert found.name == "digits"
    np.testing.assert_array_equal(found.test_x, load_digits(5).test_x)


@pytest.mark.parametrize(
    ("image", "name", "said"),
    [
        (image_of(64, dataset="digits"), "mnist", "was made for the data set digits, not mnist"),
        (image_of(784, dataset="mnist"), "digits", "was made for the data set mnist, not digits"),
        (image_of(784), "digits", "takes 784 inputs, digits has 64"),
        (image_of(195), "mnist", "takes 195 inputs, mnist has 169"),
        (image_of(196, dataset="mnist", shape="14x28"), None, "takes 196 inputs, mnist has 392"),
        (image_of(196, dataset="mnist", shape="large"), None, "'large', which is no ROWSxCOLUMNS"),
        (image_of(196, dataset="mnist", shape="9" * 4400 + "x1"), None, "which is no ROWSxCOLUMNS"),
        (image_of(196, dataset="mnist", shape="1025x1"), None, "'1025x1', which is no ROWSxCOLUMNS"),
        (image_of(196, dataset="mnist", crop="x"), None, "crop 'x', which is no side"),
        (image_of(196, dataset="mnist", crop=1 << 40), None, "crop '1099511627776', which is no side"),
        (image_of(196, dataset="mnist", crop=True), None, "crop 'True', which is no side"),
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


def test_other_data_under_the_same_name_are_refused(folder: Path, tmp_path: Path) -> None:
    known = load_mnist(folder, shape=(14, 14))
    image = image_of(196, **mnist_provenance((14, 14)), **{CONTENT: known.content})
    assert dataset_of(image, None, folder).content == known.content
    changed = contents()
    for name, data in changed.items():  # one label, or one pixel, is enough
        flip = 1 if "labels" in name else 0x80
        other = write(tmp_path / name, changed | {name: data[:-1] + bytes([data[-1] ^ flip])})
        with pytest.raises(DataError, match=f"with other data: their content is {known.content}"):
            dataset_of(image, None, other)


def test_content_is_of_the_inputs_as_a_network_takes_them(folder: Path) -> None:
    found = [load_mnist(folder, shape=s, crop=c, input_bits=b).content for s, c, b in CUTS]
    assert len(set(found)) == len(CUTS)
    assert found == [load_mnist(folder, shape=s, crop=c, input_bits=b).content for s, c, b in CUTS]


def test_no_such_data_set() -> None:
    with pytest.raises(UsageError, match="No data set is called cifar"):
        dataset_of(image_of(64, dataset="cifar"))
    with pytest.raises(UsageError, match="No data set is called svhn"):
        dataset_of(replace(image_of(64), provenance={}), "svhn")
