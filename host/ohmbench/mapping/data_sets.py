"""The data set that a weight image takes, as its provenance says: `dataset`, and for MNIST `shape` and `crop`."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ohmbench.errors import DataError, ImageError, UsageError
from ohmbench.mapping.image import Provenance, WeightImage
from ohmbench.mapping.own_inputs import BYTES_FROM, Takes, own_dataset, own_for
from ohmbench.network.data import Dataset, load_digits
from ohmbench.network.imported import ImportedNetwork
from ohmbench.network.mnist import load_mnist, mnist_bytes
from ohmbench.network.own_data import SCALE_LOW, read_own_data

NAMES = ("digits", "mnist")
CONTENT = "dataset_content"
"""Where a provenance has `Dataset.content`."""


_MAX_SIDE = 1024  # of images that are trained on; MAX_WIDTH inputs are fewer


def refuse_other_data(provenance: Provenance, content: str, what: str) -> bool:
    """Refuse data that are not those that a network was made of, whatever their folder is called.

    Args:
        content: `Dataset.content` of the data at hand.
        what: what was made of the data, for the message: "The image".

    Returns:
        Whether the provenance says of which data; that of an ohmbench of old does not.

    Raises:
        DataError: the contents differ.
    """
    said = provenance.get(CONTENT)
    if said not in (None, content):
        raise DataError(
            f"{what} was made with other data: their content is {said}, and that of the data here is {content}.",
            "Give the files that it was made with (--data, --mnist, OHMBENCH_MNIST), or make it again with these.",
        )
    return said is not None


def dataset_of(image: WeightImage, name: str | None = None, folder: Path | None = None) -> Dataset:
    """The data set with the inputs that an image takes.

    Args:
        name: one of NAMES, or own data as `read_own_data` has it; None: what the image's provenance names. For MNIST
            without a `shape` in the provenance the images are squares.
        folder: of MNIST's files, as for `load_mnist`.

    Raises:
        ImageError: the provenance names another data set, or the network takes other inputs.
        UsageError: no such data set, or neither name nor provenance says which.
        DataError: its files are missing or damaged, or hold other data than the image was made of.
    """
    trained_on = image.provenance.get("dataset")
    chosen = trained_on if name is None else name
    if chosen is None:
        raise UsageError("The image does not say which data set it was made for.", _GIVE)
    if chosen not in NAMES:
        return _own(image, name)
    if image.input_shape is not None:
        return _for_steps(chosen, image, folder)
    if trained_on not in (None, chosen):
        raise ImageError(
            f"The image was made for the data set {trained_on}, not {chosen}.", f"Give --data {trained_on}."
        )
    first = image.layers[0]
    if chosen == "mnist":
        shape, crop = _shape(image), _crop(image)
        data = load_mnist(folder, shape=shape, crop=crop, input_bits=first.input_bits)
    else:
        data = load_digits(first.input_bits)
    if data.test_x.shape[1] != first.inputs:
        raise ImageError(
            f"The network takes {first.inputs} inputs, {data.name} has {data.test_x.shape[1]}.",
            "Give the --data that it was trained on.",
        )
    refuse_other_data(image.provenance, data.content, "The image")
    return data


_GIVE = f"Give --data {' or '.join(NAMES)}, or a file of your own."


def require_named(provenance: Provenance, what: str) -> None:
    """Refuse to guess where the own data are that something was made of.

    Args:
        what: was made of them: "The image".

    Raises:
        UsageError: always; no such data set is known, or it is in a file.
    """
    trained_on = provenance.get("dataset")
    if SCALE_LOW in provenance:
        raise UsageError(f"{what} was made with your own data, {trained_on}.", "Say where they are: --data FILE.")
    raise UsageError(f"No data set is called {trained_on}.", _GIVE)


def _own(image: WeightImage, given: str | None) -> Dataset:
    if given is None:
        require_named(image.provenance, "The image")
    own, trained_on = read_own_data(str(given)), image.provenance.get("dataset")
    if image.input_shape is not None:  # one from elsewhere may be tested with any data that fit
        return own_dataset(image, own)
    if trained_on in NAMES:
        raise ImageError(
            f"The image was made for the data set {trained_on}, not {own.name}.", f"Give --data {trained_on}."
        )
    refuse_other_data(image.provenance, own.content, "The image")
    return own_dataset(image, own)


def _for_steps(chosen: str, image: WeightImage, folder: Path | None) -> Dataset:
    """A data set's images as a network from elsewhere takes them: single precision, in its shape and range.

    It may be tested with another set than it was made with, but not with other files of the same name.
    """
    assert image.input_shape is not None
    found = _in_shape(chosen, image.input_shape, image.provenance.get("input_high"), folder)
    if image.provenance.get("dataset") in (None, chosen):
        refuse_other_data(image.provenance, found.content, "The image")
    return found


def imported_data(network: ImportedNetwork, chosen: str, folder: Path | None = None) -> Dataset:
    """A data set as a network from elsewhere takes it; `chosen` and folder as `dataset_of` has them.

    Raises:
        ImageError: it takes other inputs.
        UsageError: no such data set.
        DataError: its files are missing or damaged, or own data do not fit the network.
    """
    if chosen not in NAMES:
        return own_for(Takes.of_network(network), read_own_data(chosen))
    return _in_shape(chosen, network.input_shape, (network.input_range or (0.0, None))[1], folder)


def _in_shape(chosen: str, shape: tuple[int, ...], top: object, folder: Path | None) -> Dataset:
    """A data set's images in a shape.

    Args:
        top: highest input that the network tells apart; None if nobody knows. One far above 1 takes bytes, others take
            shares of white.
    """
    data = mnist_bytes(folder) if chosen == "mnist" else load_digits(8)
    full = 255 if chosen == "mnist" else 16
    scale = np.float32((255.0 if isinstance(top, float | int) and top > BYTES_FROM else 1.0) / full)
    if math.prod(shape) != data.test_x.shape[1]:
        raise ImageError(
            f"The network takes inputs of {'x'.join(map(str, shape))}, {data.name} has {data.test_x.shape[1]} pixels.",
            "Give the --data that it was trained on.",
        )
    train, test = (np.multiply(x, scale, dtype=np.float32).reshape(-1, *shape) for x in (data.train_x, data.test_x))
    return replace(data, train_x=train, test_x=test)


def _shape(image: WeightImage) -> tuple[int, int]:
    inputs, said = image.layers[0].inputs, image.provenance.get("shape")
    if said is None:
        side = math.isqrt(inputs)
        return side, side
    found = re.fullmatch("([0-9]{1,4})x([0-9]{1,4})", str(said)[:10])
    if found is None or max(map(int, found.groups())) > _MAX_SIDE:
        raise ImageError(f"The image's provenance says shape {str(said)[:20]!r}, which is no ROWSxCOLUMNS.")
    return int(found[1]), int(found[2])


def _crop(image: WeightImage) -> int | None:
    said = image.provenance.get("crop")
    if said is None or (type(said) is int and 1 <= said <= _MAX_SIDE):
        return said
    raise ImageError(f"The image's provenance says crop {str(said)[:20]!r}, which is no side of a square in pixels.")
