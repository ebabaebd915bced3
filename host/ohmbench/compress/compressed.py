"""A network with fewer physical rows and columns than weights: what compression gives and the mapper takes.

The general form is W = G S (ACM, DAC 2020, arXiv 2004.06094, has it with a fixed S): a physical column of levels G may
serve several outputs, as the added or as the subtracted one, and a physical row may take the sum of several inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.quantise import QuantisedNetwork
from ohmbench.network.flow import Step, Value, Walk, array_steps, requantise, rows_of, sums_as_value
from ohmbench.support.array_types import FloatArray, IntArray, NetworkInputs
from ohmbench.support.notebook import facts, table


@dataclass(frozen=True, eq=False)
class Segment:
    """Physical rows that are driven together, with the columns on them; any number of columns.

    Weight (i, first_output + j) of the layer gets gain[j] * (levels[r, p[j]] - levels[r, n[j]] - middle[j]) with
    r = row_of_input[i]. -1 stands for no column and a level of 0; an input without a row has a weight of 0.

    Attributes:
        row_of_input: int16 (inputs of the layer,). Inputs that share a row are added up before the array.
        levels: uint8 (rows, columns), 0..max_level of the network; rows at most the array's.
        p, n: int16 (outputs,) of this segment.
        gain: int32 (outputs,), 1 or more.
        middle: int16 (outputs,): level that stands for a weight of 0, where a weight is one cell; else 0.
    """

    row_of_input: NDArray[np.int16]
    levels: NDArray[np.uint8]
    first_output: int
    p: NDArray[np.int16]
    n: NDArray[np.int16]
    gain: NDArray[np.int32]
    middle: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))  # empty becomes zeros

    def __post_init__(self) -> None:
        if not len(self.middle):
            object.__setattr__(self, "middle", np.zeros(len(self.p), np.int16))

    @property
    def outputs(self) -> slice:
        """The layer's outputs that this segment adds to."""
        return slice(self.first_output, self.first_output + len(self.p))

    def weights(self) -> IntArray:
        """int64 (inputs of the layer, outputs of the segment): the dense matrix that the segment stands for."""
        # a column of zeros behind the last one, and a row of them behind the weights, which index -1 reaches
        levels = np.pad(self.levels.astype(np.int64), ((0, 0), (0, 1)))
        weights = (levels[:, self.p] - levels[:, self.n] - self.middle) * self.gain
        return np.asarray(np.pad(weights, ((0, 1), (0, 0)))[self.row_of_input], np.int64)


@dataclass(frozen=True, eq=False)
class CompressedLayer:
    """y = scale * (x @ weights()) + bias, with the weights' cells in segments that add up.

    Attributes:
        input_bits: width of the unsigned inputs.
        scale, bias: float64 (outputs,).
        output_scale: value of one step of the next layer's input; None for the last layer, which has no ReLU, and where
            steps of the network have the scales and biases.
        width: inputs of a layer that may have no segments; None: those of its segments.
    """

    input_bits: int
    scale: FloatArray
    bias: FloatArray
    output_scale: float | None
    segments: tuple[Segment, ...]
    width: int | None = None

    @property
    def inputs(self) -> int:
        if self.width is not None:
            return self.width
        return len(self.segments[0].row_of_input) if self.segments else 0

    def weights(self) -> IntArray:
        """int64 (inputs, outputs): the sum of the segments."""
        total = np.zeros((self.inputs, len(self.bias)), np.int64)
        for segment in self.segments:
            total[:, segment.outputs] += segment.weights()
        return total


@dataclass(frozen=True, eq=False)
class CompressedNetwork:
    """Compressed layers.

    Attributes:
        max_level: the highest level of a cell.
        steps: of a network from elsewhere, as `ohmbench.network.imported` has them, without the weights of its array
            steps, which are its layers; None: dense layers with ReLU between them.
        input_shape: of an input of such a network; None without steps.
    """

    layers: tuple[CompressedLayer, ...]
    max_level: int
    steps: tuple[Step, ...] | None = None
    input_shape: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        sizes = ", ".join(f"{layer.inputs} to {len(layer.bias)}" for layer in self.layers)
        return f"CompressedNetwork({len(self.layers)} layers: {sizes}; levels 0..{self.max_level})"

    def _repr_html_(self) -> str:
        """A line a layer."""
        rows = [
            {
                "layer": number,
                "inputs": layer.inputs,
                "outputs": len(layer.bias),
                "segments": len(layer.segments),
                "input bits": layer.input_bits,
            }
            for number, layer in enumerate(self.layers)
        ]
        return facts(repr(self), {}, table(rows, list(rows[0]) if rows else []))

    @property
    def groups(self) -> list[int]:
        """Of each layer."""
        if self.steps is None:
            return [1] * len(self.layers)
        return [int(step.numbers["groups"]) for step in array_steps(self.steps)]

    def forward_integer(self, inputs: NetworkInputs) -> FloatArray:
        """Logits (n, outputs), by the dense matrices that the segments stand for.

        Args:
            inputs: integers (n, inputs), or as a network with steps takes them.
        """
        matrices = [layer.weights().astype(np.float64) for layer in self.layers]
        if self.steps is not None:
            return np.concatenate(
                [self._walked(inputs[start : start + _AT_ONCE], matrices) for start in range(0, len(inputs), _AT_ONCE)]
            )
        x = np.asarray(inputs, dtype=np.int64)
        logits = np.empty((len(x), 0))
        for index, layer in enumerate(self.layers):
            # whole numbers far below 2^53, so that floating point, which has the fast products, is exact
            logits = (x.astype(np.float64) @ matrices[index]) * layer.scale + layer.bias
            if layer.output_scale is not None:
                x = requantise(logits, layer.output_scale, self.layers[index + 1].input_bits)
        return logits

    def _walked(self, inputs: Value, matrices: list[FloatArray]) -> FloatArray:
        assert self.steps is not None
        walk, left = Walk(self.steps, np.asarray(inputs, np.float32)), iter(matrices)
        while walk.step is not None:
            sums = rows_of(walk.step, walk.waiting).astype(np.float64) @ next(left)
            walk.give(sums_as_value(walk.step, walk.waiting, np.rint(sums).astype(np.int64)))
        return np.asarray(walk.outputs.reshape(len(inputs), -1), np.float64)

    def predict(self, inputs: NetworkInputs) -> IntArray:
        """Class (n,) of inputs, as `forward_integer` takes them."""
        return np.asarray(np.argmax(self.forward_integer(inputs), axis=1), dtype=np.int64)


_AT_ONCE = 100
"""Inputs with steps: patches of more would take gigabytes."""


def pair_segments(weights: IntArray, rows: int) -> tuple[Segment, ...]:
    """Signed weights (inputs, outputs) as they are: a pair of columns an output, `rows` inputs a segment."""
    outputs = weights.shape[1]
    p, one = np.arange(0, 2 * outputs, 2, dtype=np.int16), np.ones(outputs, np.int32)
    segments = []
    for row_of_input, part in _cut(weights, rows):
        levels = np.empty((len(part), 2 * outputs), np.uint8)
        levels[:, 0::2], levels[:, 1::2] = np.maximum(part, 0), np.maximum(-part, 0)
        segments.append(Segment(row_of_input, levels, 0, p, p + np.int16(1), one))
    return tuple(segments)


def single_segments(weights: IntArray, rows: int) -> tuple[Segment, ...]:
    """Signed weights (inputs, outputs) with a column an output, whose lowest weight of a segment is level 0."""
    outputs = weights.shape[1]
    p, none, one = np.arange(outputs, dtype=np.int16), np.full(outputs, -1, np.int16), np.ones(outputs, np.int32)
    segments = []
    for row_of_input, part in _cut(weights, rows):
        middle = -part.min(axis=0, initial=0)
        levels = (part + middle).astype(np.uint8)
        segments.append(Segment(row_of_input, levels, 0, p, none, one, middle.astype(np.int16)))
    return tuple(segments)


def _cut(weights: IntArray, rows: int) -> Iterator[tuple[NDArray[np.int16], IntArray]]:
    """Parts of at most `rows` inputs, each with the row that an input of the layer drives in it."""
    for first in range(0, len(weights), rows):
        part = weights[first : first + rows]
        row_of_input = np.full(len(weights), -1, np.int16)
        row_of_input[first : first + len(part)] = np.arange(len(part))
        yield row_of_input, part


def of_group(segment: Segment, group: int, groups: int) -> Segment:
    """A segment of one of a layer's groups, which are of one size, as a segment of the layer."""
    if groups == 1:
        return segment
    inputs, outputs = len(segment.row_of_input), len(segment.p)
    assert segment.first_output == 0
    row_of_input = np.full(inputs * groups, -1, np.int16)
    row_of_input[group * inputs : (group + 1) * inputs] = segment.row_of_input
    return replace(segment, row_of_input=row_of_input, first_output=group * outputs)


def as_pairs(network: QuantisedNetwork, rows: int) -> CompressedNetwork:
    """The network as it is: a pair of columns an output in every segment of at most `rows` inputs; nothing is saved."""
    layers = [
        CompressedLayer(
            layer.input_bits,
            np.full(layer.weights.shape[1], layer.scale),
            layer.bias,
            layer.output_scale,
            pair_segments(layer.weights, rows),
        )
        for layer in network.layers
    ]
    return CompressedNetwork(tuple(layers), network.max_level)
