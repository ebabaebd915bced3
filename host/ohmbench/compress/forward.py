"""The rounded forward pass of a tied network, in single precision, and what is measured on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.quantise import optimal_scale
from ohmbench.compress.tied import TiedLayer, TiedNetwork
from ohmbench.support.array_types import Float32Array, IntArray, Integers, Mask


def dense(layer: TiedLayer) -> Float32Array:
    """The real weights (inputs, outputs) that the rounded cells stand for."""
    levels = layer.rounded
    weights = (levels[layer.plus] - levels[layer.minus]) * layer.scale
    return weights if layer.gain is None else weights * layer.gain


def activation(z: NDArray[np.floating], scale: float, bits: int) -> tuple[Float32Array, Mask]:
    """ReLU and rounding to `bits` bits as `ohmbench.compress.quantise.requantise` does; where the gradient passes."""
    top = (1 << bits) - 1
    steps = z * np.float32(1 / scale)
    inside = (steps > 0) & (steps < top)
    real = np.clip(np.floor(steps + np.float32(0.5)), 0, top) * np.float32(scale)
    return np.asarray(real, np.float32), inside


def layer_inputs(network: TiedNetwork, inputs: Integers) -> Iterator[Float32Array]:
    """Real inputs (n, inputs) of each layer, for integer inputs (n, inputs) of the first."""
    x = inputs.astype(np.float32) * np.float32(network.layers[0].input_scale)
    for index, layer in enumerate(network.layers):
        yield x
        if layer.output_scale is not None:
            bits = network.layers[index + 1].input_bits
            x, _inside = activation(x @ dense(layer) + layer.bias, layer.output_scale, bits)


def sensitivities(network: TiedNetwork, inputs: Integers) -> list[float]:
    """What a squared error in an output of each layer adds to the loss: mean diagonal of the Fisher information.

    Errors of several layers are compared by it. It is that of the network's own predictions, without labels: p (1 - p)
    at the logits, through squared weights to the layers before (Martens and Grosse, arXiv 1503.05671, section 3, whose
    factors are replaced by their diagonals).
    """
    values = list(layer_inputs(network, inputs))
    last = network.layers[-1]
    logits = values[-1] @ dense(last) + last.bias
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    square = share * (1 - share)
    found = [float(square.mean())]
    for layer, x in zip(network.layers[:0:-1], values[:0:-1], strict=True):
        square = (square @ np.square(dense(layer)).T) * (x > 0)
        found.append(float(square.mean()))
    return found[::-1]


def calibrate(network: TiedNetwork, inputs: Integers) -> TiedNetwork:
    """`network` with the activation scales of least squared error on integer inputs (n, inputs)."""
    layers = list(network.layers)
    x = inputs.astype(np.float32) * np.float32(layers[0].input_scale)
    for index, layer in enumerate(layers[:-1]):
        z = x @ dense(layer) + layer.bias
        bits = layers[index + 1].input_bits
        scale = optimal_scale(np.maximum(z, 0).astype(np.float64), (1 << bits) - 1)
        layers[index] = replace(layers[index], output_scale=scale)
        layers[index + 1] = replace(layers[index + 1], input_scale=scale)
        x, _inside = activation(z, scale, bits)
    return replace(network, layers=tuple(layers))


def predict(network: TiedNetwork, inputs: Integers) -> IntArray:
    """Class (n,) of integer inputs (n, inputs)."""
    last = network.layers[-1]
    *_before, x = layer_inputs(network, inputs)
    return np.asarray(np.argmax(x @ dense(last) + last.bias, axis=1), np.int64)
