"""A network with fewer physical rows and columns than weights: what compression gives and the mapper takes.

The general form is W = G S (ACM, DAC 2020, arXiv 2004.06094, has it with a fixed S): a physical column of levels G may
serve several outputs, as the added or as the subtracted one, and a physical row may take the sum of several inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.quantise import QuantisedNetwork
from ohmbench.network.flow import requantise
from ohmbench.support.array_types import FloatArray, IntArray, Integers


@dataclass(frozen=True, eq=False)
class Segment:
    """Physical rows that are driven together, with the columns on them; any number of columns.

    Weight (i, first_output + j) of the layer gets gain[j] * (levels[r, p[j]] - levels[r, n[j]]) with
    r = row_of_input[i]. -1 stands for no row or column and a level of 0.

    Attributes:
        row_of_input: int16 (inputs of the layer,). Inputs that share a row are added up before the array.
        levels: uint8 (rows, columns), 0..max_level of the network; rows at most the array's.
        p, n: int16 (outputs,) of this segment.
        gain: int32 (outputs,), 1 or more.
    """

    row_of_input: NDArray[np.int16]
    levels: NDArray[np.uint8]
    first_output: int
    p: NDArray[np.int16]
    n: NDArray[np.int16]
    gain: NDArray[np.int32]

    @property
    def outputs(self) -> slice:
        """The layer's outputs that this segment adds to."""
        return slice(self.first_output, self.first_output + len(self.p))

    def weights(self) -> IntArray:
        """int64 (inputs of the layer, outputs of the segment): the dense matrix that the segment stands for."""
        # a row and a column of zeros behind the last ones, which index -1 reaches
        levels = np.pad(self.levels.astype(np.int64), ((0, 1), (0, 1)))
        return np.asarray((levels[:, self.p] - levels[:, self.n])[self.row_of_input] * self.gain, np.int64)


@dataclass(frozen=True, eq=False)
class CompressedLayer:
    """y = scale * (x @ weights()) + bias, with the weights' cells in segments that add up.

    Attributes:
        input_bits: width of the unsigned inputs.
        scale, bias: float64 (outputs,).
        output_scale: value of one step of the next layer's input; None for the last layer, which has no ReLU.
    """

    input_bits: int
    scale: FloatArray
    bias: FloatArray
    output_scale: float | None
    segments: tuple[Segment, ...]

    def weights(self) -> IntArray:
        """int64 (inputs, outputs): the sum of the segments."""
        total = np.zeros((len(self.segments[0].row_of_input), len(self.bias)), np.int64)
        for segment in self.segments:
            total[:, segment.outputs] += segment.weights()
        return total


@dataclass(frozen=True, eq=False)
class CompressedNetwork:
    """Compressed layers; max_level is the highest level of a cell."""

    layers: tuple[CompressedLayer, ...]
    max_level: int

    def forward_integer(self, inputs: Integers) -> FloatArray:
        """Logits (n, outputs) of integer inputs (n, inputs), by the dense matrices that the segments stand for."""
        x = np.asarray(inputs, dtype=np.int64)
        logits = np.empty((len(x), 0))
        for index, layer in enumerate(self.layers):
            # whole numbers far below 2^53, so that floating point, which has the fast products, is exact
            logits = (x.astype(np.float64) @ layer.weights().astype(np.float64)) * layer.scale + layer.bias
            if layer.output_scale is not None:
                x = requantise(logits, layer.output_scale, self.layers[index + 1].input_bits)
        return logits

    def predict(self, inputs: Integers) -> IntArray:
        """Class (n,) of integer inputs (n, inputs)."""
        return np.asarray(np.argmax(self.forward_integer(inputs), axis=1), dtype=np.int64)


def as_pairs(network: QuantisedNetwork, rows: int) -> CompressedNetwork:
    """The network as it is: a pair of columns an output in every segment of at most `rows` inputs; nothing is saved."""
    layers = []
    for layer in network.layers:
        inputs, outputs = layer.weights.shape
        segments = []
        for first in range(0, inputs, rows):
            weights = layer.weights[first : first + rows]
            row_of_input = np.full(inputs, -1, np.int16)
            row_of_input[first : first + len(weights)] = np.arange(len(weights))
            levels = np.empty((len(weights), 2 * outputs), np.uint8)
            levels[:, 0::2], levels[:, 1::2] = np.maximum(weights, 0), np.maximum(-weights, 0)
            p = np.arange(0, 2 * outputs, 2, dtype=np.int16)
            one = np.ones(outputs, np.int32)
            segments.append(Segment(row_of_input, levels, 0, p, p + np.int16(1), one))
        scale = np.full(outputs, layer.scale)
        layers.append(CompressedLayer(layer.input_bits, scale, layer.bias, layer.output_scale, tuple(segments)))
    return CompressedNetwork(tuple(layers), network.max_level)
