"""Own data as the network of a weight image takes them, or a refusal where they cannot be what is meant."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset
from ohmbench.network.own_data import OwnData, Scaling, span_text, trained_here
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.support.text_files import TextFileError, parse_json

BYTES_FROM = 16.0
"""Highest input of a network that takes bytes; normalised inputs stay below."""
_WHITE = np.float32(255)
_SMALL = 1 / 64  # of the network's range: data that fill no more of it are of another unit
_FAR = 0.01  # share of values that may be outside


def own_dataset(image: WeightImage, own: OwnData) -> Dataset:
    """The data set with the inputs that an image takes.

    A network that was trained here takes them as they were split and scaled then. One from elsewhere is tested on the
    file's test part, or on all of it, in the file's order.

    Raises:
        DataError: shape, range or labels do not fit the network.
    """
    bits = image.layers[0].input_bits
    if image.input_shape is None and (scaling := Scaling.from_provenance(image.provenance)) is not None:
        _require_features(own, (image.layers[0].inputs,))
        return trained_here(own, bits, scaling)[0]
    labels = _labels(own, image) if own.classes else None
    x = _in_range(_in_shape(own, image), own.of_bytes, image)
    if image.input_shape is None:
        x = np.rint(np.clip(x, 0, 1) * np.float32((1 << bits) - 1)).astype(np.int64)
    train, test = own.own_parts()
    if labels is None:
        none = np.zeros(0, np.int64)
        return Dataset(own.name, x[train], none, x[test], none, bits, (), own.content, _targets(own, image)[test])
    return Dataset(own.name, x[train], labels[train], x[test], labels[test], bits, own.classes, own.content)


def _require_features(own: OwnData, shape: tuple[int, ...]) -> None:
    if math.prod(own.x.shape[1:]) != math.prod(shape):
        raise DataError(
            f"The network takes inputs of {_by(shape)}, those in {own.name} are {_by(own.x.shape[1:])}.",
            "Give the data that it is for, in its size.",
        )


def _in_shape(own: OwnData, image: WeightImage) -> NDArray[Any]:
    """Inputs (n, ...) in the network's shape: as they are, flat, or with sides of 1 more or less."""
    shape = image.input_shape or (image.layers[0].inputs,)
    found = own.x.shape[1:]
    _require_features(own, shape)
    if len(shape) == 3 and shape[0] > 1 and found == (*shape[1:], shape[0]) and found != shape:
        raise DataError(
            f"The inputs in {own.name} are {_by(found)} with their channels last, the network takes {_by(shape)} with "
            "them first.",
            "Give x.transpose(0, 3, 1, 2).",
        )
    if len(shape) > 1 and len(found) > 1 and _sides(found) != _sides(shape):
        raise DataError(
            f"The network takes inputs of {_by(shape)}, those in {own.name} are {_by(found)}.",
            "Bring them into its shape.",
        )
    return own.x.reshape(-1, *shape)


def _sides(shape: tuple[int, ...]) -> list[int]:
    return [length for length in shape if length != 1]


def _in_range(x: NDArray[Any], of_bytes: bool, image: WeightImage) -> NDArray[np.float32]:
    """Single precision, in the unit that the network takes: 0..1, or what its provenance says."""
    low, high = 0.0, 1.0
    known = image.input_shape is None
    if not known:
        said = [image.provenance.get(key) for key in ("input_low", "input_high")]
        if all(type(value) in (int, float) for value in said):
            low, high, known = float(str(said[0])), float(str(said[1])), True
    if of_bytes and high <= BYTES_FROM:
        x = np.divide(x, _WHITE, dtype=np.float32)
    found = np.asarray(x, np.float32)
    if known:
        _require_range(found, low, high, image.input_shape is None)
    return found


def _require_range(x: NDArray[np.float32], low: float, high: float, is_exact: bool) -> None:
    """Refuse data of another unit. A network from elsewhere cuts off what is somewhat beyond its range."""
    beyond = 1e-6 if is_exact else high - low
    outside = np.count_nonzero((x < low - beyond) | (x > high + beyond))
    spread = float(x.max()) - float(x.min())
    meant = f"{low:.4g}..{high:.4g}"
    if outside > _FAR * x.size:
        raise DataError(
            f"The data are {span_text(x)} where {meant} is meant: {100 * outside / x.size:.1f} % of the values are "
            "outside.",
            "Scale them as the network's training data were.",
        )
    if 0 < spread < _SMALL * (high - low):
        raise DataError(f"The data are {span_text(x)} where {meant} is meant.", "Scale them as its training data were.")


def _labels(own: OwnData, image: WeightImage) -> IntArray:
    """Numbers of outputs: by the network's names of them; else whole numbers as they are, or classes in their order."""
    outputs, numbers = image.layers[-1].outputs, own.numbers
    if names := _names(image):
        if unknown := [name for name in own.classes if name not in names]:
            raise DataError(
                f"{own.name} has the class {unknown[0][:40]}, the network has {', '.join(names[:5])}"
                f"{', ...' if len(names) > 5 else ''}.",
                "Give the labels that it was trained with.",
            )
        return np.asarray(np.array([names.index(name) for name in own.classes], np.int64)[own.y], np.int64)
    if numbers is not None and numbers.min() >= 0 and numbers.max() < outputs:
        return np.asarray(numbers[own.y], np.int64)
    if len(own.classes) != outputs:
        raise DataError(
            f"{own.name} has {len(own.classes)} classes, {', '.join(own.classes[:5])}, the network has {outputs} "
            "outputs: nobody knows which is which.",
            f"Give labels from 0 to {outputs - 1}.",
        )
    return own.y


def _targets(own: OwnData, image: WeightImage) -> FloatArray:
    """(n, outputs)."""
    found, outputs = own.y.reshape(len(own.y), -1).astype(np.float64), image.layers[-1].outputs
    if found.shape[1] != outputs or _names(image):
        raise DataError(
            f"{own.name} has {found.shape[1]} targets in floating point for each input, the network "
            f"{'tells classes apart' if _names(image) else f'has {outputs} outputs'}.",
            "Give a target for each output; or classes, as whole numbers or text.",
        )
    return found


def _names(image: WeightImage) -> list[str]:
    """Names of the outputs, as networks of scikit-learn have them in their provenance; none if it has none."""
    try:
        found = parse_json(str(image.provenance.get("labels", "")))
    except TextFileError:
        return []
    return found if isinstance(found, list) and all(isinstance(name, str) for name in found) else []


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
