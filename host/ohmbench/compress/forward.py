"""The rounded forward pass of a tied network, in single precision, and what is measured on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ohmbench.compress.quantise import optimal_scale
from ohmbench.compress.steps import Forward, activation, backward, by_group, forward
from ohmbench.compress.tied import TiedLayer, TiedNetwork
from ohmbench.support.array_types import Float32Array, IntArray, NetworkInputs


def dense(layer: TiedLayer) -> Float32Array:
    """The real weights (inputs, outputs) that the rounded cells stand for."""
    levels = layer.rounded
    weights = (levels[layer.plus] - levels[layer.minus]) * layer.scale
    return weights if layer.gain is None else weights * layer.gain


def run(network: TiedNetwork, inputs: NetworkInputs) -> Forward:
    """A batch through all steps of the rounded network."""
    weights = [dense(layer) for layer in network.layers]

    def product(number: int, x: Float32Array) -> Float32Array:
        return multiplied(x, weights[number], network.layers[number].bias)

    x = inputs.astype(np.float32) * np.float32(network.layers[0].input_scale)
    return forward(network.steps(), x, product)


def multiplied(x: Float32Array, weights: Float32Array, bias: Float32Array) -> Float32Array:
    """(n, outputs) of inputs (n, inputs), or (n, outputs, places) of (n, inputs, places)."""
    return x @ weights + bias if x.ndim == 2 else np.asarray(weights.T @ x + bias[:, None])


def layer_inputs(network: TiedNetwork, inputs: NetworkInputs) -> Iterator[Float32Array]:
    """Real inputs (samples, inputs) of each layer, for inputs (n, ...) of the network.

    Of a convolution the samples are patches, about PATCHES of all, drawn evenly; else a sample is an input.
    """
    if network.host_steps is None:
        return iter(run(network, inputs).inputs.values())
    rng = np.random.default_rng(0)
    found: list[list[Float32Array]] = [[] for _ in network.layers]
    for start in range(0, len(inputs), _AT_ONCE):
        part = run(network, inputs[start : start + _AT_ONCE]).inputs.values()
        of_layers = [x for rows, groups in zip(part, network.groups, strict=True) for x in by_group(rows, groups)]
        for kept, x in zip(found, of_layers, strict=True):
            if x.ndim == 3:
                places = x.shape[2]
                x = x.transpose(0, 2, 1).reshape(-1, x.shape[1])
                count = -(-len(x) * PATCHES // max(PATCHES, places * len(inputs)))
                x = x[rng.permutation(len(x))[:count]]
            kept.append(x)
    return iter([np.concatenate(parts) for parts in found])


PATCHES = 50_000
_AT_ONCE = 100


def sensitivities(network: TiedNetwork, inputs: NetworkInputs) -> list[float]:
    """What a squared error in an output of each layer adds to the loss: mean diagonal of the Fisher information.

    Errors of several layers are compared by it. It is that of the network's own predictions, without labels: p (1 - p)
    at the logits, through squared weights to the layers before (Martens and Grosse, arXiv 1503.05671, section 3, whose
    factors are replaced by their diagonals).
    """
    if network.host_steps is not None:
        return _sampled_sensitivities(network, inputs)
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


def _sampled_sensitivities(network: TiedNetwork, inputs: NetworkInputs) -> list[float]:
    """The same for any steps: mean square of the gradient for classes that are drawn from the network's predictions.

    (Martens and Grosse, section 5.) An error in a weight of a convolution is the same at each of its places, so that
    their gradients add up before they are squared; what is squared is the gradient of a weight, for a mean input of 1.
    """
    rng = np.random.default_rng(0)
    weights = [dense(layer) for layer in network.layers]
    total, power = np.zeros((2, len(network.layers)))
    inputs = inputs[:_FISHER_INPUTS]

    def product(number: int, x: Float32Array, delta: Float32Array, wanted: bool) -> Float32Array | None:
        if x.ndim == 2:
            total[number] += np.square(x).mean(axis=1) @ np.square(delta).mean(axis=1)
        else:
            total[number] += np.square(x @ delta.transpose(0, 2, 1)).mean(axis=(1, 2)).sum()
        power[number] += np.square(x).mean() * len(x)
        return back_multiplied(delta, weights[number]) if wanted else None

    for start in range(0, len(inputs), _AT_ONCE):
        found = run(network, inputs[start : start + _AT_ONCE])
        share = softmax(found.outputs)
        drawn = (share.cumsum(axis=1) > rng.random((len(share), 1)) * share.sum(axis=1, keepdims=True)).argmax(axis=1)
        share[np.arange(len(share)), drawn] -= 1
        backward(found, share, product)
    return [float(value) for value in total / np.maximum(power, 1e-30)]


_FISHER_INPUTS = 1000


def softmax(logits: Float32Array) -> Float32Array:
    """Shares of classes (n, classes)."""
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    return np.asarray(share)


def back_multiplied(delta: Float32Array, weights: Float32Array) -> Float32Array:
    """Gradient of a product's inputs from that of its value, in the shape of either."""
    return np.asarray(delta @ weights.T if delta.ndim == 2 else weights @ delta)


def calibrate(network: TiedNetwork, inputs: NetworkInputs) -> TiedNetwork:
    """`network` with the activation scales of least squared error on integer inputs (n, inputs).

    One from elsewhere keeps its quantisers.
    """
    if network.host_steps is not None:
        return network
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


def predict(network: TiedNetwork, inputs: NetworkInputs) -> IntArray:
    """Class (n,) of inputs (n, ...)."""
    at_once = len(inputs) if network.host_steps is None else _AT_ONCE
    parts = [run(network, inputs[start : start + at_once]).outputs for start in range(0, len(inputs), max(at_once, 1))]
    return np.asarray(np.argmax(np.concatenate(parts), axis=1), np.int64)
