"""Post-training quantisation: a network with products in floating point as one of whole numbers.

Weights become -L..L with L = 2^(bits-1) - 1, each output with a scale of its own, that of least squared error. What
goes into a product becomes unsigned whole numbers, whose range comes from calibration inputs; values below zero have a
zero point, which is taken off in digital. Layers are calibrated one after another, on what the whole ones before give.
The mean that rounding moves an output by is taken off its bias (Nagel et al., "Data-Free Quantization through Weight
Equalization and Bias Correction", 2019).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from ohmbench.compress.quantise import optimal_scale, round_to_levels
from ohmbench.errors import DataError, UsageError
from ohmbench.importing.normalisation import fold_normalisation
from ohmbench.importing.ranges import input_range
from ohmbench.network.flow import ARRAY, HOST, FlowError, Step, Value, rows_of, sums_as_value
from ohmbench.network.imported import FLOAT_PRODUCTS, ImportedNetwork, dense_weights
from ohmbench.support.array_types import FloatArray, IntArray, NetworkInputs

RANGES = ("percentile", "mse")
_FRACTIONS = np.linspace(0.2, 1.0, 81)
_MSE_VALUES = 50_000
_BATCH = 4096


def quantise_network(
    network: ImportedNetwork,
    calibration: NetworkInputs,
    *,
    weight_bits: int = 4,
    activation_bits: int = 8,
    ranges: str = "percentile",
    percentile: float = 99.9,
    single_cells: Collection[int] = (),
) -> ImportedNetwork:
    """The network with whole products; those that are whole already stay as they are.

    Normalisation of inputs goes into the first product where it can; `said` tells.

    Args:
        calibration: inputs (n, *input_shape) as the network takes them: training data, never test data.
        weight_bits: sign included: 2..8.
        activation_bits: of what goes into each product: 1..16.
        ranges: "percentile": values beyond it are cut off; "mse": the range of least squared error.
        percentile: of the values of a product's inputs, above 50 and up to 100.
        single_cells: numbers of the products, from 0, whose weights get one cell instead of a pair. The L + 1 levels of
            a cell then hold an output's weights from the lowest to the highest.

    Raises:
        UsageError: a width or a range makes no sense.
        DataError: the calibration inputs do not fit.
    """
    if not 2 <= weight_bits <= 8 or not 1 <= activation_bits <= 16:
        raise UsageError(
            f"Cannot quantise to {weight_bits}-bit weights and {activation_bits}-bit activations.",
            "Weights take 2 to 8 bits (sign included), activations 1 to 16.",
        )
    if ranges not in RANGES or not 50 < percentile <= 100:
        raise UsageError(
            f"Cannot find ranges by {ranges!r} and the percentile {percentile:g}.",
            f"Ranges are found by {' or '.join(RANGES)}; a percentile is above 50 and up to 100.",
        )
    numbers = [number for number, step in enumerate(network.products) if step.kind in FLOAT_PRODUCTS]
    wrong = sorted(set(single_cells) - set(numbers))
    if wrong:
        raise UsageError(
            f"Cannot put layer {wrong[0]} in single cells.",
            f"Layers in floating point are {', '.join(map(str, numbers)) or 'none'}.",
        )
    x = np.asarray(calibration, np.float32)[:_BATCH]
    if x.shape[1:] != network.input_shape or not len(x):
        raise DataError(
            f"Calibration inputs are {x.shape}, and the network takes (n, {', '.join(map(str, network.input_shape))}).",
            "Give inputs as the network takes them.",
        )
    if not np.isfinite(x).all():
        raise DataError("Calibration inputs hold numbers that are not finite.", "Give others.")
    try:
        network = fold_normalisation(network, x)
        steps = _Rebuilt(x, weight_bits, activation_bits, percentile if ranges == "percentile" else None, single_cells)
        for number, step in enumerate(network.steps, 1):
            steps.take(step, _last_use(network.steps, number))
    except FlowError as error:
        raise DataError(f"Calibration inputs do not fit the network: {error}.", "Give others.") from error
    provenance = {
        **network.provenance,
        "weight_bits": weight_bits,
        "activation_bits": activation_bits,
        "ranges": ranges,
    }
    if ranges == "percentile":
        provenance["percentile"] = percentile
    made = tuple(steps.steps)
    return ImportedNetwork(
        made, network.input_shape, input_range(made), network.said, {**provenance, "calibration_inputs": len(x)}
    )


def _last_use(steps: tuple[Step, ...], number: int) -> list[int]:
    """Values that no step behind this one takes."""
    later = {value for step in steps[number:] for value in step.inputs}
    return [value for value in steps[number - 1].inputs if value not in later]


class _Rebuilt:
    """Steps as they are made, and the calibration batch on its way through them."""

    def __init__(
        self, x: Value, weight_bits: int, bits: int, percentile: float | None, single_cells: Collection[int]
    ) -> None:
        self.steps: list[Step] = []
        self._single_cells = single_cells
        self._products = 0
        self._top = (1 << (weight_bits - 1)) - 1
        self._bits, self._percentile = bits, percentile
        self._values: list[Value] = [x]
        self._place = [0]
        """Where each of the network's values is among the new ones."""
        self._exact: list[Value] = [x]
        """What the network itself makes."""
        self._whole: dict[int, int] = {}
        """Where a value is in whole numbers, by the network's number of it."""

    def take(self, step: Step, done: list[int]) -> None:
        """The next step; `done` are values that nobody takes any more."""
        inputs = tuple(self._place[i] for i in step.inputs)
        self._exact.append(_computed(step, [self._exact[i] for i in step.inputs]))
        if step.kind in FLOAT_PRODUCTS:
            self._place.append(self._product(step, step.inputs[0]))
        else:
            self._place.append(self._put(replace(step, inputs=inputs)))
        self._products += step.kind == ARRAY or step.kind in FLOAT_PRODUCTS
        for value in done:
            self._values[self._place[value]] = self._exact[value] = np.empty(0)

    def _put(self, step: Step) -> int:
        self._values.append(_computed(step, [self._values[i] for i in step.inputs]))
        self.steps.append(step)
        return len(self._values) - 1

    def _product(self, step: Step, value: int) -> int:
        if value not in self._whole:
            x = self._values[self._place[value]]
            worth, zero = span_of(x, self._bits, self._percentile)
            numbers = {"zero": zero, "low": 0, "high": (1 << self._bits) - 1}
            arrays: dict[str, Value] = {"scale": np.asarray(worth, np.float32)}
            self._whole[value] = self._put(Step("quantise", (self._place[value],), numbers, arrays, step.name))
        whole = self._whole[value]
        quantiser = self.steps[whole - 1]
        zero, scale = int(quantiser.numbers["zero"]), quantiser.arrays["scale"]
        weights = step.arrays["weights"]
        matrix = weights.reshape(len(weights), -1).T if step.kind == "conv" else weights
        alone = self._products in self._single_cells
        levels, scales = (levels_of_singles if alone else levels_of_outputs)(matrix.astype(np.float64), self._top)
        rest = (1, 1) if step.kind == "conv" else ()
        described: dict[str, Any] = {"bits": self._bits, "zero": zero, "max_level": self._top, "groups": 1}
        if alone:
            described["cells"] = 1
        sums = self._put(
            Step(ARRAY, (whole,), {**described, **step.numbers}, {"weights": levels.astype(np.int32)}, step.name)
        )
        affine: dict[str, Value] = {
            "add": (-zero * levels.sum(axis=0)).reshape(-1, *rest),
            "scale": np.asarray(scales * scale, np.float32).reshape(-1, *rest),
            "bias": np.asarray(step.arrays["bias"], np.float32).reshape(-1, *rest),
        }
        # what rounding has moved each output by on average is taken off its bias
        given = HOST["affine"](Step("affine", (sums,), {}, affine), [self._values[sums]])
        others = tuple(axis for axis in range(given.ndim) if axis != 1)
        moved = (self._exact[-1].astype(np.float64) - given).mean(axis=others)
        affine["bias"] = np.asarray(affine["bias"] + moved.reshape(-1, *rest), np.float32)
        return self._put(Step("affine", (sums,), {}, affine, step.name))


def _computed(step: Step, values: list[Value]) -> Value:
    """What a step makes."""
    if step.kind != ARRAY:
        return HOST[step.kind](step, values)
    sums = rows_of(step, values[0]).astype(np.float64) @ dense_weights(step).astype(np.float64)
    return sums_as_value(step, values[0], np.rint(sums).astype(np.int64))


def levels_of_outputs(weights: FloatArray, top: int) -> tuple[IntArray, FloatArray]:
    """Whole numbers -top..top of weights (inputs, outputs), and the value of one step of each output."""
    scales = np.array([optimal_scale(column, top) for column in weights.T])
    return round_to_levels(weights, scales, top), scales  # type: ignore[arg-type]


def levels_of_singles(weights: FloatArray, top: int) -> tuple[IntArray, FloatArray]:
    """As `levels_of_outputs`, where the lowest and the highest weight of an output, and 0, are at most `top` apart."""
    low, high = np.minimum(weights.min(axis=0), 0.0), np.maximum(weights.max(axis=0), 0.0)
    scales = np.where(high > low, high - low, 1.0) / top
    # the lowest is rounded first, so that its distance from the highest is not rounded twice
    lowest = np.rint(low / scales)
    levels = np.rint(weights / scales)
    return np.clip(levels, lowest, lowest + top).astype(np.int64), scales


def span_of(values: Value, bits: int, percentile: float | None) -> tuple[float, int]:
    """Value of one step and the zero point of unsigned numbers for these values; None: least squared error."""
    top = (1 << bits) - 1
    flat = np.asarray(values, np.float64).ravel()
    if percentile is not None:
        low, high = np.percentile(flat, [100 - percentile, percentile])
        return _steps(min(low, 0.0), max(high, 0.0), top)
    if flat.size > _MSE_VALUES:
        flat = np.concatenate([flat[:: -(-flat.size // _MSE_VALUES)], [flat.min(), flat.max()]])
    low, high = min(flat.min(), 0.0), max(flat.max(), 0.0)
    found = [_steps(low * fraction, high * fraction, top) for fraction in _FRACTIONS]
    errors = [
        np.square((np.clip(np.rint(flat / scale) + zero, 0, top) - zero) * scale - flat).sum() for scale, zero in found
    ]
    return found[int(np.argmin(errors))]


def _steps(low: float, high: float, top: int) -> tuple[float, int]:
    """A step, and the number that stands for 0, so that 0..top covers low..high."""
    if high - low < 1e-30:
        return 1.0 / top, 0
    scale = (high - low) / top
    return scale, int(np.clip(np.rint(-low / scale), 0, top))
