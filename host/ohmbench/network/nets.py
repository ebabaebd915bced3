"""The networks that the results are measured on: their inputs, sizes and how long they are trained.

Everything here was chosen on a validation split, never on test images.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ohmbench.errors import DataError, UsageError
from ohmbench.network.data import Dataset
from ohmbench.network.mnist import load_mnist, mnist_provenance
from ohmbench.network.network import Provenance
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import IntArray, NetworkInputs
from ohmbench.support.guesses import did_you_mean

INPUT_BITS = 4
ACTIVATION_BITS = 8
VALIDATION_IMAGES = 10_000
"""Last training images, of a set smaller than MNIST its last sixth: nothing trains on them; choices are made there."""
MIN_VALIDATION_IMAGES = 1000
"""Fewer tell no method from another: a share of 1,000 images is known to about a point."""
_PARTS = 6  # of MNIST's 60,000 images one is kept


@dataclass(frozen=True)
class Net:
    """A dense network on MNIST.

    Attributes:
        shape, crop: pooling of the images, as `ohmbench.network.mnist.load_mnist` takes them.
        epochs: of the training in floating point that whole levels start from, and again of each training in these.
        end_epochs: of a training in floating point to its end, which others are compared with: twice as many bring no
            more than 0.2 points on the validation images of MNIST.
        batch: images a step.
        from_end: whole levels start from that end. They need it where their own training has few steps.
    """

    sizes: tuple[int, ...]
    shape: tuple[int, int]
    crop: int | None
    epochs: int
    end_epochs: int
    batch: int = 200
    from_end: bool = False

    @property
    def name(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def pair_cells(self) -> int:
        """Cells of the plain mapping: a pair for each weight."""
        return sum(2 * a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))


NETS = (
    Net((784, 10), (28, 28), None, 6, 24),
    Net((196, 10), (14, 14), None, 8, 32),
    Net((96, 10), (12, 8), 20, 10, 40),
    Net((32, 16, 10), (8, 4), 20, 50, 200, 500),
    Net((784, 64, 10), (28, 28), None, 4, 16),
)


def net_named(name: str) -> Net:
    """The net of a name such as 784-10.

    Raises:
        UsageError: there is none.
    """
    for net in NETS:
        if net.name == name:
            return net
    names = [net.name for net in NETS]
    raise UsageError(f"There is no net {name}{did_you_mean(name, names)}.", f"Nets: {', '.join(names)}.")


@dataclass(frozen=True, eq=False)
class Split:
    """A data set as a net takes it: inputs (n, ...) and labels (n,) to train on, to choose on, to report on.

    Inputs are uint8 (n, inputs), or single precision in the shape that a network from elsewhere takes.

    Attributes:
        content: `Dataset.content` of all of it.
        known: what a provenance has to say of the data, but for their content, so that they are found again.
    """

    train_x: NetworkInputs
    train_y: IntArray
    validation_x: NetworkInputs
    validation_y: IntArray
    test_x: NetworkInputs
    test_y: IntArray
    content: str
    known: Provenance


def load_split(net: Net, folder: str | Path | None = None, progress: OnProgress | None = None) -> Split:
    """MNIST for `net`.

    Raises:
        DataError: MNIST is missing or damaged, or the set in its place is too small to train and to choose on.
    """
    data = load_mnist(folder, shape=net.shape, crop=net.crop, input_bits=INPUT_BITS, progress=progress)
    return split_last(data, validation_images(len(data.train_y)), mnist_provenance(net.shape, net.crop))


def split_last(data: Dataset, kept: int, known: Provenance) -> Split:
    """A data set whose last `kept` training images are for validation."""
    images, labels, test = data.train_x, data.train_y, data.test_x
    if images.dtype.kind == "i":
        images, test = images.astype(np.uint8), test.astype(np.uint8)
    return Split(
        images[:-kept],
        labels[:-kept],
        images[-kept:],
        labels[-kept:],
        test,
        data.test_y,
        data.content,
        known,
    )


def validation_images(count: int) -> int:
    """How many of `count` training images are kept to choose on: 10,000, or a sixth where that is less.

    Raises:
        DataError: they are too few.
    """
    kept = min(VALIDATION_IMAGES, count // _PARTS)
    if kept < MIN_VALIDATION_IMAGES:
        raise DataError(
            f"The data set has {count} training images. A sixth of them, {kept}, would be kept to choose the network "
            "by, and that is too few.",
            f"Give a set of {_PARTS * MIN_VALIDATION_IMAGES} or more.",
        )
    return kept
