"""The data that a network is trained on and compressed with: MNIST, the digits, or somebody's own."""

from __future__ import annotations

import re
from pathlib import Path

from ohmbench.errors import DataError, UsageError
from ohmbench.mapping.data_sets import imported_data
from ohmbench.network.data import Dataset, load_digits
from ohmbench.network.imported import ImportedNetwork
from ohmbench.network.nets import INPUT_BITS, Net, Split, load_split, net_named, split_last, validation_images
from ohmbench.network.network import Provenance
from ohmbench.network.own_data import read_own_data, trained_here
from ohmbench.progress import Progress

_VALIDATION_PART = 6  # one in so many training rows is kept to choose on, as of MNIST
_BATCHES = 16  # an epoch has about so many at least
_STEPS = 2000  # of a training: what the nets on MNIST get
_TUNING_STEPS = 500
_EPOCHS = (4, 200)
_TO_THE_END = 4  # times as many epochs in floating point, as the nets on MNIST have
_MAX_SIZES = 16
_MAX_WIDTH = 4096  # more would train for hours
_MAX_FEATURES = 16384


def net_and_split(name: str, data: str | None, folder: Path | None, progress: Progress | None) -> tuple[Net, Split]:
    """The net of a name such as 13-16-3, and the data that it is for.

    Args:
        data: digits, mnist, or own data as `read_own_data` has it; None: MNIST.
        folder: of MNIST's files; None: OHMBENCH_MNIST.

    Raises:
        UsageError: there is no such net, or it does not fit the data.
        DataError: the data are missing, damaged, or too few.
    """
    if data in (None, "mnist"):
        net = net_named(name)
        return net, load_split(net, folder, progress)
    known: Provenance = {"dataset": "digits"}
    if data == "digits":
        found = load_digits(INPUT_BITS)
    else:
        found, scaling = trained_here(read_own_data(str(data)), INPUT_BITS)
        known = {"dataset": found.name, **scaling.provenance()}
    kept = len(found.train_y) // _VALIDATION_PART
    return _net(name, found, len(found.train_y) - kept), split_last(found, kept, known)


def imported_split(network: ImportedNetwork, data: str, folder: Path | None) -> Split:
    """A data set as a network from elsewhere takes it; `data` and folder as `imported_data` has them.

    Raises:
        ImageError, UsageError, DataError: as `imported_data`; or there is nothing to train on.
    """
    found = imported_data(network, data, folder)
    if found.targets is not None or len(found.train_y) < _VALIDATION_PART:
        raise DataError(
            f"{found.name} has no classes to train on: compression tunes what is left.",
            "Give data with a part to train on and its labels: x_train, y_train, x_test and y_test.",
        )
    kept = validation_images(len(found.train_y)) if data == "mnist" else len(found.train_y) // _VALIDATION_PART
    return split_last(found, kept, {"dataset": found.name})


def tuning_of(rows: int) -> tuple[int, int]:
    """Epochs and batch of each training of a network from elsewhere, which has learnt already, with so many rows."""
    # a step of a convolution is one at each of its places: patches take memory
    batch = max(4, min(100, rows // _BATCHES))
    return max(2, min(_EPOCHS[1], round(_TUNING_STEPS * batch / rows))), batch


def _net(name: str, data: Dataset, rows: int) -> Net:
    """The net of this name, with a training that suits so many rows."""
    features = data.train_x.shape[1]
    classes = len(data.classes) or int(data.train_y.max()) + 1
    sizes = [int(part) for part in name.split("-")] if re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5})+", name) else []
    if not sizes or (sizes[0], sizes[-1]) != (features, classes):
        raise UsageError(
            f"{name[:40]} does not fit {data.name}, which has {features} features and {classes} classes.",
            f"Give {features}-{classes}, or with a hidden layer {features}-32-{classes}.",
        )
    if len(sizes) > _MAX_SIZES or not all(1 <= s <= _MAX_WIDTH for s in sizes[1:]) or features > _MAX_FEATURES:
        raise UsageError(
            f"A network {name[:40]} is too large to be trained here.",
            f"Give up to {_MAX_SIZES} widths of 1 to {_MAX_WIDTH}, and up to {_MAX_FEATURES} features.",
        )
    batch = max(4, min(200, rows // _BATCHES))
    epochs = max(_EPOCHS[0], min(_EPOCHS[1], round(_STEPS * batch / rows)))
    return Net(tuple(sizes), (1, features), None, epochs, _TO_THE_END * epochs, batch)
