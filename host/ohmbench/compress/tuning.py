"""Training of shared cells: Adam on the latents, whole levels in the forward pass, gradients straight through.

Straight-through estimator: Bengio, Leonard and Courville, arXiv 1308.3432, 2013. The gradient of a shared cell is the
sum over the weights that it serves (Han, Mao and Dally, "Deep Compression", ICLR 2016, section 3). No wire moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ohmbench.compress.forward import back_multiplied, calibrate, softmax
from ohmbench.compress.steps import backward, forward
from ohmbench.compress.tied import TiedLayer, TiedNetwork
from ohmbench.network.flow import Step
from ohmbench.network.network import ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import Float32Array, Integers, NetworkInputs

CALIBRATION_IMAGES = 2000
"""Training images that set the scale of the activations."""


@dataclass(frozen=True)
class Training:
    """How cells are trained. Rates fall to 0 as a cosine.

    Attributes:
        rate: of the latents, in level steps; scale_rate: of the logarithm of the scales; bias_rate: of the biases.
        weight_noise: standard deviation of noise on the weights at every step, as a share of the highest level.
        round_levels: False trains latents and activations as real numbers.
        decay: L2 factor on the weights.
    """

    epochs: int = 4
    batch: int = 200
    rate: float = 0.02
    scale_rate: float = 2e-3
    bias_rate: float = 2e-3
    weight_noise: float = 0.0
    round_levels: bool = True
    decay: float = 0.0


Watcher = Callable[[float, list["Cells"], list[Float32Array]], None]


@dataclass(eq=False)
class Cells:
    """What training changes of a layer."""

    layer: TiedLayer
    latent: Float32Array
    low: Float32Array
    high: Float32Array
    log_scale: Float32Array
    bias: Float32Array

    def levels(self, rounded: bool) -> Float32Array:
        return np.clip(np.rint(self.latent), self.low, self.high) if rounded else self.latent

    def weights(self, levels: Float32Array) -> Float32Array:
        """(inputs, outputs), in real units but for the scale of the outputs."""
        weights = levels[self.layer.plus]
        weights -= levels[self.layer.minus]
        if self.layer.gain is not None:
            weights *= self.layer.gain
        return weights

    def gradient(self, of_weights: Float32Array) -> Float32Array:
        """Gradient of the latents from that of `weights`."""
        if self.layer.gain is not None:
            of_weights = of_weights * self.layer.gain
        flat, size = of_weights.ravel(), len(self.latent)
        total = np.bincount(self.layer.plus.ravel(), flat, size)
        if self.layer.segments is not None:
            total -= np.bincount(self.layer.minus.ravel(), flat, size)
        total[-1] = 0
        return total.astype(np.float32)


def tune(
    network: TiedNetwork,
    inputs: NetworkInputs,
    labels: Integers,
    training: Training,
    *,
    seed: int = 0,
    watch: Watcher | None = None,
    progress: OnProgress | None = None,
) -> TiedNetwork:
    """Train the cells of `network` on its inputs (n, ...) and labels (n,).

    Args:
        progress: called with the epochs.
        watch: called after every step with the share of the steps that is done, the cells and the gradients of the
            latents; it may narrow the cells' bounds. `ohmbench.compress.pruning` has one.
    """
    rng = np.random.default_rng(seed)
    network = calibrate(network, inputs[:CALIBRATION_IMAGES])
    cells = [
        Cells(y, y.cells.copy(), y.low.copy(), y.high.copy(), np.log(y.scale), y.bias.copy()) for y in network.layers
    ]
    parameters = [p for c in cells for p in (c.latent, c.log_scale, c.bias)]
    rates = np.array([training.rate, training.scale_rate, training.bias_rate] * len(cells), np.float32)
    first, second = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    host_steps = network.steps(rounded=training.round_levels)
    onehot = np.eye(network.outputs, dtype=np.float32)
    steps, step = training.epochs * -(-len(inputs) // training.batch), 0
    for epoch in range(training.epochs):
        if progress is not None:
            progress("training", epoch, training.epochs)
        order = rng.permutation(len(inputs))
        for start in range(0, len(order), training.batch):
            chosen = order[start : start + training.batch]
            gradients, of_cells = _gradients(
                cells, host_steps, inputs[chosen], onehot[labels[chosen]], training, rng, network.max_level
            )
            step += 1
            fall = np.float32(0.5 * (1.0 + np.cos(np.pi * step / steps)))
            correct = np.float32(np.sqrt(1.0 - ADAM_BETA2**step) / (1.0 - ADAM_BETA1**step))
            for value, gradient, m, v, rate in zip(parameters, gradients, first, second, rates, strict=True):
                m += np.float32(1.0 - ADAM_BETA1) * (gradient - m)
                v += np.float32(1.0 - ADAM_BETA2) * (np.square(gradient) - v)
                value -= rate * fall * correct * m / (np.sqrt(v) + np.float32(ADAM_EPSILON))
            if watch is not None:
                watch(step / steps, cells, of_cells)
            if training.round_levels:
                for c in cells:
                    np.clip(c.latent, c.low, c.high, out=c.latent)
    layers = [
        replace(c.layer, cells=c.latent, low=c.low, high=c.high, scale=np.exp(c.log_scale), bias=c.bias) for c in cells
    ]
    return replace(network, layers=tuple(layers))


def _gradients(
    cells: Sequence[Cells],
    steps: tuple[Step, ...],
    x: NetworkInputs,
    wanted: Float32Array,
    training: Training,
    rng: np.random.Generator,
    max_level: int,
) -> tuple[list[Float32Array], list[Float32Array]]:
    """Gradients of the mean cross-entropy: of each layer's latents, log scales, biases; and of the latents alone."""
    weights: list[Float32Array] = []
    for c in cells:
        w = c.weights(c.levels(training.round_levels))
        if training.weight_noise:
            noise = np.float32(training.weight_noise * max_level)
            w = w + noise * rng.standard_normal(w.shape, np.float32)
        weights.append(w)
    scales = [np.exp(c.log_scale) for c in cells]

    def product(number: int, x: Float32Array) -> Float32Array:
        w, scale, bias = weights[number], scales[number], cells[number].bias
        return (x @ w) * scale + bias if x.ndim == 2 else (w.T @ x) * scale[:, None] + bias[:, None]

    gradients: list[Float32Array] = []
    of_cells: list[Float32Array] = []

    def back(number: int, x: Float32Array, delta: Float32Array, is_wanted: bool) -> Float32Array | None:
        c, w, scale = cells[number], weights[number], scales[number]
        if delta.ndim == 2:
            of_bias, scaled = delta.sum(axis=0), delta * scale
            of_weights = x.T @ scaled
        else:
            of_bias, scaled = delta.sum(axis=(0, 2)), delta * scale[:, None]
            of_weights = (x @ scaled.transpose(0, 2, 1)).sum(axis=0)
        of_scale = np.einsum("ij,ij->j", of_weights, w)
        if training.decay:
            of_weights = of_weights + np.float32(training.decay) * w * np.square(scale)
        of_latent = c.gradient(of_weights)
        of_cells.insert(0, of_latent)
        gradients[:0] = [of_latent, of_scale, of_bias]
        return back_multiplied(scaled, w) if is_wanted else None

    found = forward(steps, x.astype(np.float32) * np.float32(cells[0].layer.input_scale), product)
    delta = softmax(found.outputs)
    delta -= wanted
    delta /= np.float32(len(x))
    backward(found, delta, back)
    return gradients, of_cells
