"""Compressed networks of any shape that compression may come to: merged rows, shared and missing columns, gains."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from ohmbench.compress.compressed import CompressedLayer, CompressedNetwork, Segment
from ohmbench.compress.quantise import optimal_scale
from ohmbench.network.network import relu


def random_compressed(
    rng: np.random.Generator,
    widths: list[int],
    *,
    rows: int = 32,
    max_gain: int = 5,
    max_level: int = 7,
    singles: bool = False,
) -> CompressedNetwork:
    """A network of these widths in segments of at most `rows` rows; inputs of the first layer have 4 bits.

    Args:
        singles: lanes with one column have weights of single cells.
    """
    layers = []
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        last = number + 2 == len(widths)
        segments = []
        for _ in range(int(rng.integers(1, 5))):
            first = int(rng.integers(0, outputs))
            count = int(rng.integers(1, outputs - first + 1))
            segments.append(_segment(rng, inputs, first, count, rows, max_gain, max_level, singles))
        if not any((s.p >= 0).any() and (s.row_of_input >= 0).any() for s in segments):
            none, one = np.full(1, -1, np.int16), np.ones(1, np.int32)
            segments.append(
                Segment(np.zeros(inputs, np.int16), np.ones((1, 1), np.uint8), 0, np.zeros(1, np.int16), none, one)
            )
        scale, bias = rng.uniform(1e-3, 1.0, outputs), rng.normal(0, 1, outputs)
        layers.append(CompressedLayer(4 if number == 0 else 6, scale, bias, None if last else 0.7, tuple(segments)))
    return CompressedNetwork(tuple(layers), max_level)


def calibrated(network: CompressedNetwork, inputs: np.ndarray) -> CompressedNetwork:
    """The network with scales at which the activations (integer inputs (n, inputs) given) take their whole range."""
    layers = list(network.layers)
    for number, layer in enumerate(layers[:-1]):
        to_here = CompressedNetwork((*layers[:number], replace(layer, output_scale=None)), network.max_level)
        top = (1 << layers[number + 1].input_bits) - 1
        layers[number] = replace(layer, output_scale=optimal_scale(relu(to_here.forward_integer(inputs)), top))
    return replace(network, layers=tuple(layers))


def _segment(
    rng: np.random.Generator,
    inputs: int,
    first: int,
    outputs: int,
    rows: int,
    max_gain: int,
    max_level: int,
    singles: bool,
) -> Segment:
    height, width = int(rng.integers(1, rows + 1)), int(rng.integers(1, 2 * outputs + 1))
    levels = rng.integers(0, max_level + 1, (height, width)).astype(np.uint8)
    # a third of the inputs drives nothing, and some rows stay undriven
    row_of_input = np.where(rng.random(inputs) < 0.3, -1, rng.integers(0, height, inputs)).astype(np.int16)
    p, n = rng.integers(-1, width, (2, outputs)).astype(np.int16)
    gain = rng.integers(1, max_gain + 1, outputs).astype(np.int32)
    if not singles:
        return Segment(row_of_input, levels, first, p, n, gain)
    middle = np.where((p >= 0) & (n < 0), rng.integers(0, max_level + 1, outputs), 0).astype(np.int16)
    return Segment(row_of_input, levels, first, p, n, gain, middle)
