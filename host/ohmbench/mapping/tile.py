"""The parts of a weight image: layers, and the tiles that they are cut into; each checks itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import ImageError
from ohmbench.support.array_types import FloatArray, IntArray, Integers, Mask

MAX_INPUT_BITS = 16  # a vector frame of the link carries at most 16 bits an element
MAX_LAYERS = 64
MAX_WIDTH = 16384  # inputs or outputs of a layer


class ArrayInfo(Protocol):
    """What a bench says of its array: the link's hello answer carries it."""

    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def array_type(self) -> str: ...


@dataclass(frozen=True, eq=False)
class Layer:
    """A dense layer outside of the array: real = scale * integer + bias.

    Attributes:
        input_bits: width of the unsigned integer inputs.
        scale: float64 (outputs,): value of one unit of the accumulated integer of each output.
        bias: float64 (outputs,).
        output_scale: value of one input step of the next layer, reached through ReLU; None in the last layer.
    """

    inputs: int
    outputs: int
    input_bits: int
    scale: FloatArray
    bias: FloatArray
    output_scale: float | None


@dataclass(frozen=True, eq=False)
class Tile:
    """Part of a layer's matrix that fits an image.

    Lane l belongs to output first_output + l of the layer:

        accumulator += gain[l] * (S[p[l]] - S[n[l]] - middle[l] * sum of the row inputs)

    with S[c] = sum over the rows of input * level. -1 stands for no column and a sum of 0. The FPGA does the first two
    terms; the third is the host's, which knows the inputs: with it a weight with a sign needs one cell, not two.

    Attributes:
        row_of_input: int16 (inputs of the layer,): row that each input drives, -1 for none. Inputs that share a row
            are added up before the array.
        p, n: int16 (columns,): the wiring, one column for each lane; -1 in lanes >= outputs.
        gain: int32 (columns,): >= 1; 0 in lanes >= outputs.
        middle: int16 (columns,): level that stands for a weight of 0 in a lane of single cells; 0 elsewhere.
    """

    layer: int
    image: int
    first_output: int
    outputs: int
    row_of_input: NDArray[np.int16]
    p: NDArray[np.int16]
    n: NDArray[np.int16]
    gain: NDArray[np.int32]
    middle: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))  # empty becomes zeros

    def __post_init__(self) -> None:
        if not len(self.middle):
            object.__setattr__(self, "middle", np.zeros(len(self.p), np.int16))

    @property
    def lanes_of(self) -> slice:
        """The layer's outputs that this tile adds to."""
        return slice(self.first_output, self.first_output + self.outputs)

    def rows_used(self, rows: int) -> Mask:
        """Mask (rows,) of the word lines that this tile drives."""
        used = np.zeros(rows, dtype=np.bool_)
        used[self.row_of_input[self.row_of_input >= 0]] = True
        return used

    def columns_used(self) -> Mask:
        """Mask (columns,) of the columns that this tile reads."""
        used = np.zeros(len(self.p), dtype=np.bool_)
        for wiring in (self.p, self.n):
            used[wiring[wiring >= 0]] = True
        return used

    def row_inputs(self, inputs: Integers, rows: int) -> IntArray:
        """Row values (n, rows) for integer inputs (n, inputs) of the layer."""
        values = np.zeros((rows, len(inputs)), dtype=np.int64)
        driven = np.flatnonzero(self.row_of_input >= 0)
        np.add.at(values, self.row_of_input[driven], np.asarray(inputs, dtype=np.int64).T[driven])
        return np.ascontiguousarray(values.T)

    def row_bits(self, input_bits: int) -> int:
        """Width of the row values when the inputs have `input_bits` bits: more where inputs share a row."""
        driven = self.row_of_input[self.row_of_input >= 0]
        shared = int(np.bincount(driven).max()) if driven.size else 1
        return (shared * ((1 << input_bits) - 1)).bit_length()


def validate_layers(layers: Sequence[Layer], *, chained: bool = True) -> None:
    """Raise ImageError if a layer is impossible, or, chained, does not fit the next one."""
    require(1 <= len(layers) <= MAX_LAYERS, f"it has {len(layers)} layers, not 1..{MAX_LAYERS}")
    for index, layer in enumerate(layers):
        last = index + 1 == len(layers) or not chained
        _validate_layer(layer, f"layer {index}", last)
        require(last or layer.outputs == layers[index + 1].inputs, f"layer {index} does not fit the next one")


def _validate_layer(layer: Layer, name: str, last: bool) -> None:
    require(1 <= layer.inputs <= MAX_WIDTH and 1 <= layer.outputs <= MAX_WIDTH, f"{name} has an impossible size")
    require(1 <= layer.input_bits <= MAX_INPUT_BITS, f"{name} has {layer.input_bits}-bit inputs")
    for array in (layer.scale, layer.bias):
        good = array.shape == (layer.outputs,) and array.dtype == np.float64 and np.isfinite(array).all()
        require(bool(good), f"{name} has a scale or bias that is not a finite number for each output")
    require(bool((layer.scale > 0).all()), f"{name} has a scale that is not positive")
    require((layer.output_scale is None) == last, f"{name} has an output scale in the wrong place")
    if layer.output_scale is not None:
        require(math.isfinite(layer.output_scale) and layer.output_scale > 0, f"{name} has a bad output scale")


def require(condition: bool, problem: str) -> None:
    """Raise ImageError with `problem` unless `condition` holds."""
    if not condition:
        raise ImageError(problem)
