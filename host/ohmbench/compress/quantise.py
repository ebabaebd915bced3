"""Symmetric integer quantisation of a trained network, and its exact integer forward pass.

A b-bit weight becomes an integer -L..L with L = 2^(b-1) - 1, one scale a layer, the scale being the one of least
squared error (Gholami et al., "A Survey of Quantization Methods for Efficient Neural Network Inference", 2021,
sections III-B and III-C). Activations become unsigned integers, since an input selects a row or does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.network.flow import requantise
from ohmbench.network.network import Network, relu
from ohmbench.support.array_types import FloatArray, IntArray, Integers

SCALE_CANDIDATES = 200


@dataclass(frozen=True, eq=False)
class QuantisedLayer:
    """One dense layer in integers: y = scale * (x @ weights) + bias.

    Attributes:
        weights: int64, (inputs, outputs), -max_level..max_level.
        scale: the value of one unit of the integer product (weight scale times input scale).
        bias: float64, (outputs,).
        input_bits: width of the unsigned inputs.
        output_scale: value of one step of the next layer's input; None for the last layer, which has no ReLU.
    """

    weights: IntArray
    scale: float
    bias: FloatArray
    input_bits: int
    output_scale: float | None


@dataclass(frozen=True, eq=False)
class QuantisedNetwork:
    """Integer layers; max_level is L, the largest magnitude of a weight."""

    layers: tuple[QuantisedLayer, ...]
    max_level: int

    def forward_integer(self, inputs: Integers) -> FloatArray:
        """Logits (n, outputs) of integer inputs (n, inputs). Products are exact; each output is scaled once."""
        x = np.asarray(inputs, dtype=np.int64)
        logits = np.empty((len(x), 0))
        for index, layer in enumerate(self.layers):
            logits = (x @ layer.weights) * layer.scale + layer.bias
            if layer.output_scale is not None:
                x = requantise(logits, layer.output_scale, self.layers[index + 1].input_bits)
        return logits

    def predict(self, inputs: Integers) -> IntArray:
        """Class (n,) of integer inputs (n, inputs)."""
        return np.asarray(np.argmax(self.forward_integer(inputs), axis=1), dtype=np.int64)


def quantise(
    network: Network,
    calibration: Integers,
    *,
    input_bits: int,
    weight_bits: int = 4,
    activation_bits: int | None = None,
) -> QuantisedNetwork:
    """Quantise `network` for differential pairs of cells.

    Args:
        network: trained on integer inputs times 1 / (2^input_bits - 1).
        calibration: integer inputs (n, inputs) that set the activation scales: training data, never test data.
        input_bits: width of the first layer's unsigned inputs.
        weight_bits: b, sign included: 2..8.
        activation_bits: width of the hidden activations; None: input_bits.

    Raises:
        UsageError: a width is outside of its range.
    """
    activation_bits = input_bits if activation_bits is None else activation_bits
    if not 2 <= weight_bits <= 8 or not 1 <= input_bits <= 16 or not 1 <= activation_bits <= 16:
        raise UsageError(
            f"Cannot quantise to {weight_bits}-bit weights, {input_bits}-bit inputs and {activation_bits}-bit "
            "activations. Weights take 2 to 8 bits (sign included), inputs and activations 1 to 16."
        )
    max_level = (1 << (weight_bits - 1)) - 1
    x = np.asarray(calibration, dtype=np.int64)
    bits, input_scale = input_bits, 1.0 / ((1 << input_bits) - 1)
    layers: list[QuantisedLayer] = []
    for index, (weights, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        integers, weight_scale = quantise_weights(weights, max_level)
        scale = weight_scale * input_scale
        output_scale = None
        if index + 1 < len(network.weights):
            # Calibrated on the integer network's own activations, so that errors of the layers before are allowed for.
            values = (x @ integers) * scale + bias
            output_scale = optimal_scale(relu(values), (1 << activation_bits) - 1)
            x = requantise(values, output_scale, activation_bits)
        layers.append(QuantisedLayer(integers, scale, bias.copy(), bits, output_scale))
        if output_scale is not None:
            bits, input_scale = activation_bits, output_scale
    return QuantisedNetwork(tuple(layers), max_level)


def quantise_weights(weights: FloatArray, max_level: int) -> tuple[IntArray, float]:
    """Integers -max_level..max_level of the shape of `weights`, and the value of one step."""
    scale = optimal_scale(weights, max_level)
    return round_to_levels(weights, scale, max_level), scale


def round_to_levels(weights: FloatArray, scale: float, max_level: int) -> IntArray:
    """round(weights / scale), clipped to -max_level..max_level."""
    return np.clip(np.rint(weights / scale), -max_level, max_level).astype(np.int64)


def optimal_scale(values: FloatArray, top: int) -> float:
    """Step of least squared error for rounding `values` to multiples of it with magnitude <= top steps."""
    magnitudes = np.abs(values).ravel()
    peak = float(magnitudes.max(initial=0.0))
    if peak == 0.0:
        return 1.0 / top
    candidates = np.linspace(peak / (4 * top), peak / top, SCALE_CANDIDATES)
    errors = [np.square(np.minimum(np.rint(magnitudes / s), top) * s - magnitudes).sum() for s in candidates]
    return float(candidates[int(np.argmin(errors))])
