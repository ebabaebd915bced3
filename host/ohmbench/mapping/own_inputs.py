"""Own data as the network of a weight image takes them, or a refusal where they cannot be what is meant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError
from ohmbench.mapping.image import Provenance, WeightImage
from ohmbench.network.data import Dataset
from ohmbench.network.imported import ImportedNetwork
from ohmbench.network.own_data import OwnData, Scaling, span_text, trained_here
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.support.text_files import TextFileError, parse_json

BYTES_FROM = 16.0
"""Highest input of a network that takes bytes; normalised inputs stay below."""
_WHITE = np.float32(255)
_SMALL = 1 / 64  # of the network's range: data that fill no more of it are of another unit
_FAR = 0.01  # share of values that may be outside


@dataclass(frozen=True, eq=False)
class Takes:
    """What a network takes and gives.

    Attributes:
        shape: of an input.
        bits: of a network of integers, which stand for 0..1; None: it takes single precision.
        span: lowest and highest input that it tells apart; None: not known.
        names: of its outputs; none if it has none.
    """

    shape: tuple[int, ...]
    outputs: int
    bits: int | None
    span: tuple[float, float] | None
    names: tuple[str, ...]

    @classmethod
    def of_image(cls, image: WeightImage) -> Self:
        outputs, names = image.layers[-1].outputs, _names(image.provenance)
        if image.input_shape is None:
            return cls((image.layers[0].inputs,), outputs, image.layers[0].input_bits, (0.0, 1.0), names)
        said = [image.provenance.get(key) for key in ("input_low", "input_high")]
        low, high = (float(value) if isinstance(value, int | float) else None for value in said)
        return cls(image.input_shape, outputs, None, None if low is None or high is None else (low, high), names)

    @classmethod
    def of_network(cls, network: ImportedNetwork) -> Self:
        outputs = int(network.products[-1].arrays["weights"].shape[-1]) if network.products else 0
        return cls(network.input_shape, outputs, None, network.input_range, _names(network.provenance))


def own_dataset(image: WeightImage, own: OwnData) -> Dataset:
    """The data set with the inputs that an image takes.

    A network that was trained here takes them as they were split and scaled then; one from elsewhere as `own_for` says.

    Raises:
        DataError: shape, range or labels do not fit the network.
    """
    takes = Takes.of_image(image)
    if takes.bits is not None and (scaling := Scaling.from_provenance(image.provenance)) is not None:
        _require_features(own, takes.shape)
        return trained_here(own, takes.bits, scaling)[0]
    return own_for(takes, own)


def own_for(takes: Takes, own: OwnData) -> Dataset:
    """Own data for a network from elsewhere: it is tested on the file's test part, or on all of it, in its order.

    Raises:
        DataError: shape, range or labels do not fit the network.
    """
    labels = _labels(own, takes) if own.classes else np.zeros(0, np.int64)
    x = _in_range(_in_shape(own, takes.shape), own.of_bytes, takes)
    if takes.bits is not None:
        x = np.rint(np.clip(x, 0, 1) * np.float32((1 << takes.bits) - 1)).astype(np.int64)
    train, test = own.own_parts()
    if not own.classes:
        targets = _targets(own, takes)[test]
        return Dataset(own.name, x[train], labels, x[test], labels, takes.bits or 0, (), own.content, targets)
    y = labels[train], labels[test]
    return Dataset(own.name, x[train], y[0], x[test], y[1], takes.bits or 0, own.classes, own.content)


def _require_features(own: OwnData, shape: tuple[int, ...]) -> None:
    if math.prod(own.x.shape[1:]) != math.prod(shape):
        raise DataError(
            f"The network takes inputs of {_by(shape)}, those in {own.name} are {_by(own.x.shape[1:])}.",
            "Give the data that it is for, in its size.",
        )


def _in_shape(own: OwnData, shape: tuple[int, ...]) -> NDArray[Any]:
    """Inputs (n, ...) in the network's shape: as they are, flat, or with sides of 1 more or less."""
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


def _in_range(x: NDArray[Any], of_bytes: bool, takes: Takes) -> NDArray[np.float32]:
    """Single precision, in the unit that the network takes; bytes are shares of white if nobody knows."""
    if of_bytes and (takes.span is None or takes.span[1] <= BYTES_FROM):
        x = np.divide(x, _WHITE, dtype=np.float32)
    found = np.asarray(x, np.float32)
    if takes.span is not None:
        _require_range(found, *takes.span, takes.bits is not None)
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


def _labels(own: OwnData, takes: Takes) -> IntArray:
    """Numbers of outputs: by the network's names of them; else whole numbers as they are, or classes in their order."""
    outputs, numbers = takes.outputs, own.numbers
    if names := takes.names:
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
            "outputs: it is not known which output is which class.",
            f"Give labels from 0 to {outputs - 1}.",
        )
    return own.y


def _targets(own: OwnData, takes: Takes) -> FloatArray:
    """(n, outputs)."""
    found, outputs = own.y.reshape(len(own.y), -1).astype(np.float64), takes.outputs
    if found.shape[1] != outputs or takes.names:
        raise DataError(
            f"{own.name} has {found.shape[1]} targets in floating point for each input, the network "
            f"{'tells classes apart' if takes.names else f'has {outputs} outputs'}.",
            "Give a target for each output; or classes, as whole numbers or text.",
        )
    return found


def _names(provenance: Provenance) -> tuple[str, ...]:
    """Names of the outputs, as networks of scikit-learn have them in their provenance; none if it has none."""
    try:
        found = parse_json(str(provenance.get("labels", "")))
    except TextFileError:
        return ()
    return tuple(found) if isinstance(found, list) and all(isinstance(name, str) for name in found) else ()


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
