"""Own data for the network of a weight image: in its shape and unit, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from tests.unit.network.test_own_data import IMAGES, KINDS, TABLE, idx, npz

from ohmbench import from_sklearn
from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import DataError, ImageError, UsageError
from ohmbench.mapping.data_sets import CONTENT, dataset_of, imported_data
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_pairs
from ohmbench.network.own_data import Scaling, read_own_data

COLOURS = np.random.default_rng(1).random((60, 3, 4, 5)).astype(np.float32)


def bare(inputs: int, outputs: int = 10, **said: Any) -> WeightImage:
    layer = QuantisedLayer(np.ones((inputs, outputs), np.int64), 1.0, np.zeros(outputs), 4, None)
    return map_pairs(QuantisedNetwork((layer,), 7), provenance=said)


def from_elsewhere(shape: tuple[int, ...], **said: Any) -> WeightImage:
    """A network of steps as far as its inputs go."""
    image = bare(int(np.prod(shape)), 3, **said)
    object.__setattr__(image, "input_shape", shape)
    return image


def test_a_network_trained_here_takes_what_it_was_trained_on(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", x=TABLE, y=KINDS)
    own = read_own_data(str(path))
    scaling = Scaling.of(own.x[own.split()[0]])
    image = bare(3, 3, dataset="a.npz", **{CONTENT: own.content}, **scaling.provenance())
    data = dataset_of(image, str(path.rename(tmp_path / "renamed.npz")))
    assert (len(data.train_x), len(data.test_x), data.content) == (48, 12, own.content)
    with pytest.raises(UsageError, match=r"made with your own data, a\.npz\. Say where they are: --data FILE"):
        dataset_of(image)
    with pytest.raises(ImageError, match=r"made for the data set a\.npz, not digits"):
        dataset_of(image, "digits")
    with pytest.raises(DataError, match=f"with other data: their content is {own.content}"):
        dataset_of(image, str(npz(tmp_path / "b.npz", x=TABLE, y=KINDS[::-1])))
    with pytest.raises(ImageError, match=r"made for the data set mnist, not b\.npz"):
        dataset_of(bare(3, 3, dataset="mnist"), str(tmp_path / "b.npz"))


def test_all_rows_test_a_network_from_elsewhere_unless_the_file_has_parts(tmp_path: Path) -> None:
    x = np.clip(TABLE / 100, 0, 1)
    data = dataset_of(bare(3, 3), str(npz(tmp_path / "a.npz", x=x, y=KINDS)))
    np.testing.assert_array_equal(data.test_x, np.rint(x * 15))
    np.testing.assert_array_equal(data.test_y, KINDS)
    assert data.train_x.shape == (0, 3)
    parts = {"x_train": x[:40], "y_train": KINDS[:40], "x_test": x[40:], "y_test": KINDS[40:]}
    data = dataset_of(bare(3, 3), str(npz(tmp_path / "b.npz", **parts)))
    assert (len(data.train_x), len(data.test_x)) == (40, 20)


@pytest.mark.parametrize(
    ("image", "x", "said"),
    [
        (bare(3, 3), np.abs(TABLE), r"The data are .* where 0\.\.1 is meant"),
        (bare(3, 3), np.where(TABLE > 0, 1.0, -1.0), r"are -1\.\.1 where 0\.\.1 is meant"),
        (bare(20, 3), IMAGES, r"\.\.255 where 0\.\.1 is meant: 9"),
        (bare(3, 3), np.abs(TABLE) / 1e5, r"where 0\.\.1 is meant"),
        (bare(5, 3), TABLE, "takes inputs of 5, those in a.npz are 3"),
        (from_elsewhere((3, 4, 5)), COLOURS.transpose(0, 2, 3, 1), r"channels last.*x\.transpose\(0, 3, 1, 2\)"),
        (from_elsewhere((4, 3, 5)), COLOURS, "takes inputs of 4x3x5, those in a.npz are 3x4x5"),
        (from_elsewhere((1, 4, 5), input_low=0.0, input_high=255.0), IMAGES / 255, r"\.\.1 where 0\.\.255 is meant"),
        (from_elsewhere((1, 4, 5), input_low=-0.5, input_high=2.8), IMAGES, r"\.\.25\d where -0\.5\.\.2\.8 is meant"),
    ],
)
def test_data_that_cannot_be_meant_are_refused(image: WeightImage, x: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        dataset_of(image, str(npz(tmp_path / "a.npz", x=x, y=KINDS)))


def test_a_network_from_elsewhere_that_was_made_with_a_named_set_takes_others_that_fit(tmp_path: Path) -> None:
    image = from_elsewhere((1, 4, 5), dataset="mnist", **{CONTENT: "of mnist"}, input_low=0.0, input_high=1.0)
    data = dataset_of(image, str(npz(tmp_path / "a.npz", x=IMAGES / 255, y=KINDS)))
    assert (data.name, data.test_x.shape) == ("a.npz", (60, 1, 4, 5))
    with pytest.raises(DataError, match="takes inputs of 1x4x5, those in b.npz are 3x4x5"):
        dataset_of(image, str(npz(tmp_path / "b.npz", x=COLOURS, y=KINDS)))
    eight = from_elsewhere((1, 8, 8), dataset="mnist", **{CONTENT: "of mnist"})
    assert dataset_of(eight, "digits").test_x.shape == (360, 1, 8, 8)
    with pytest.raises(ImageError, match="takes inputs of 1x4x5, digits has 64 pixels"):
        dataset_of(image, "digits")
    with pytest.raises(DataError, match="with other data: their content is of old digits"):
        dataset_of(from_elsewhere((1, 8, 8), dataset="digits", **{CONTENT: "of old digits"}), "digits")


@pytest.mark.parametrize("shape", [(60, 60), (60, 1, 3, 4, 5), (60, 3, 4, 5)])
def test_inputs_are_brought_into_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", x=COLOURS.reshape(shape), y=KINDS)
    data = dataset_of(from_elsewhere((3, 4, 5), input_low=0.0, input_high=1.2), str(path))
    np.testing.assert_array_equal(data.test_x, COLOURS)
    assert data.test_x.dtype == np.float32


def test_files_of_bytes_are_shares_of_white_unless_bytes_are_taken(tmp_path: Path) -> None:
    path = str(idx(tmp_path / "a-images-idx3-ubyte", IMAGES))
    idx(tmp_path / "a-labels-idx1-ubyte", KINDS)
    data = dataset_of(from_elsewhere((1, 4, 5)), path)
    np.testing.assert_allclose(data.test_x[:, 0], IMAGES / 255, rtol=1e-6)
    data = dataset_of(from_elsewhere((1, 4, 5), input_low=0, input_high=255), path)
    np.testing.assert_array_equal(data.test_x[:, 0], IMAGES)
    np.testing.assert_array_equal(dataset_of(bare(20, 3), path).test_x, np.rint(IMAGES.reshape(60, 20) / 255 * 15))


def test_labels_are_found_by_the_names_of_the_outputs(tmp_path: Path) -> None:
    x, image = np.clip(TABLE / 100, 0, 1), bare(3, 4, labels='["1", "oak", "3", "ash"]')
    path = str(npz(tmp_path / "a.npz", x=x, y=np.array(["ash", "oak", "1"])[KINDS]))
    np.testing.assert_array_equal(dataset_of(image, path).test_y, np.array([3, 1, 0])[KINDS])
    with pytest.raises(DataError, match="has the class 0, the network has 1, oak, 3, ash"):
        dataset_of(image, str(npz(tmp_path / "b.npz", x=x, y=KINDS)))


@pytest.mark.parametrize(
    ("outputs", "labels", "expected"),
    [
        (10, np.array([3, 5, 9]), [3, 5, 9]),
        (3, np.array([1, 2, 3]), [0, 1, 2]),
        (3, np.array(["a", "b", "c"]), [0, 1, 2]),
        (4, np.array(["a", "b", "c"]), r"has 3 classes, a, b, c, the network has 4 outputs"),
        (4, np.array([2, 3, 4]), "Give labels from 0 to 3"),
        (3, np.array([0.5, 1.5, 2.5]), "has 1 targets in floating point for each input, the network has 3 outputs"),
    ],
)
def test_labels_are_outputs(outputs: int, labels: Any, expected: Any, tmp_path: Path) -> None:
    path = str(npz(tmp_path / "a.npz", x=np.clip(TABLE / 100, 0, 1), y=labels[KINDS]))
    if isinstance(expected, str):
        with pytest.raises(DataError, match=expected):
            dataset_of(bare(3, outputs), path)
    else:
        np.testing.assert_array_equal(dataset_of(bare(3, outputs), path).test_y, np.array(expected)[KINDS])


def test_a_network_before_it_is_mapped_takes_the_same(tmp_path: Path) -> None:
    parts = {"x_train": TABLE[:40], "y_train": KINDS[:40], "x_test": TABLE[40:], "y_test": KINDS[40:]}
    names = np.array(["b", "c", "a"])[KINDS]
    path = str(npz(tmp_path / "a.npz", **parts | {"y_train": names[:40], "y_test": names[40:]}))
    network = from_sklearn(LogisticRegression(max_iter=1000).fit(TABLE, names))
    data = imported_data(network, path)
    np.testing.assert_array_equal(data.test_x, TABLE[40:].astype(np.float32))
    assert set(data.test_y) == {0}
    values = from_sklearn(Ridge().fit(TABLE, TABLE[:, :2]))
    parts |= {"y_train": TABLE[:40, :2], "y_test": TABLE[40:, :2]}
    found = imported_data(values, str(npz(tmp_path / "b.npz", **parts))).targets
    assert found is not None
    np.testing.assert_array_equal(found, TABLE[40:, :2])
    with pytest.raises(UsageError, match="No data set is called cifar"):
        imported_data(values, "cifar")
