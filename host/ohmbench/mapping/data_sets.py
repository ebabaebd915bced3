"""The data set that a weight image takes, as its provenance says: `dataset`, and for MNIST `shape` and `crop`."""

from __future__ import annotations

import math
from pathlib import Path

from ohmbench.errors import ImageError, UsageError
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, load_digits
from ohmbench.network.mnist import load_mnist

NAMES = ("digits", "mnist")


def mnist_provenance(shape: tuple[int, int], crop: int | None = None) -> dict[str, str | int]:
    """What an image's provenance has to say of MNIST, so that `dataset_of` loads it as it was trained on."""
    return {"dataset": "mnist", "shape": f"{shape[0]}x{shape[1]}", **({} if crop is None else {"crop": crop})}


def dataset_of(image: WeightImage, name: str | None = None, folder: Path | None = None) -> Dataset:
    """The data set with the inputs that an image takes.

    Args:
        name: one of NAMES; None: what the image's provenance names, and the digits if it names none. For MNIST without
            a `shape` in the provenance the images are squares.
        folder: of MNIST's files, as for `load_mnist`.

    Raises:
        ImageError: the provenance names another data set, or the network takes other inputs.
        UsageError: no such data set.
        DataError: its files are missing or damaged.
    """
    trained_on = image.provenance.get("dataset")
    chosen = str(trained_on or NAMES[0]) if name is None else name
    if chosen not in NAMES:
        raise UsageError(f"No data set is called {chosen}.", f"Give --data {' or '.join(NAMES)}.")
    if trained_on not in (None, chosen):
        raise ImageError(f"The image was made for the data set {trained_on}, not {chosen}.")
    first = image.layers[0]
    if chosen == "mnist":
        crop = image.provenance.get("crop")
        data = load_mnist(
            folder,
            shape=_shape(image),
            crop=None if crop is None else int(crop),
            input_bits=first.input_bits,
        )
    else:
        data = load_digits(first.input_bits)
    if data.test_x.shape[1] != first.inputs:
        raise ImageError(
            f"The network takes {first.inputs} inputs, {data.name} has {data.test_x.shape[1]}.",
            "Give the --data that it was trained on.",
        )
    return data


def _shape(image: WeightImage) -> tuple[int, int]:
    inputs, said = image.layers[0].inputs, image.provenance.get("shape")
    if said is None:
        side = math.isqrt(inputs)
        return side, side
    rows, times, columns = str(said).partition("x")
    if not (rows.isdecimal() and times and columns.isdecimal()):
        raise ImageError(f"The image's provenance says shape {said!r}, which is no ROWSxCOLUMNS.")
    return int(rows), int(columns)
