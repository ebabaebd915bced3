"""A network on its way to fewer cells: real-valued latents of shared cells, which training moves and emission rounds.

W[i, j] = scale[j] * gain[i, j] * (cells[plus[i, j]] - cells[minus[i, j]]): weights that share a cell are tied. Before
columns are merged, a cell is a signed weight of one physical row (`minus` is nowhere); afterwards it is a level of a
cell on the array. The wiring never changes in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.compressed import CompressedLayer, CompressedNetwork, Segment, of_group
from ohmbench.compress.pool import Pool, drop_unused
from ohmbench.compress.quantise import optimal_scale
from ohmbench.compress.steps import ACTIVATION, PASSED, TRAINABLE
from ohmbench.errors import DataError
from ohmbench.network.flow import ARRAY, Step, array_steps
from ohmbench.network.imported import FLOAT_PRODUCTS, ImportedNetwork
from ohmbench.network.network import Network
from ohmbench.support.array_types import Float32Array, FloatArray, Index, Integers


@dataclass(frozen=True, eq=False)
class TiedLayer:
    """One dense layer over shared cells; of a convolution a group, whose inputs are those of a patch.

    Attributes:
        cells: latents (cells + 1,) in level steps; the last is always 0 and stands for "no cell".
        low, high: bounds (cells + 1,) of each; pruning narrows them, and nothing widens them again.
        plus, minus: index of a cell (inputs, outputs).
        gain: (inputs, outputs), whole numbers, or None for 1.
        scale: real value (outputs,) of a level step; bias: (outputs,).
        input_bits: width of the unsigned inputs; input_scale: real value of one of their steps.
        output_scale: real value of one step of the next layer's inputs; None in the last layer.
        row_of_input: (inputs,) physical row that an input is added to, -1 for none.
        segments: layout of the cells in order, or None while cells are signed weights (rows, outputs).
    """

    cells: Float32Array
    low: Float32Array
    high: Float32Array
    plus: Index
    minus: Index
    gain: Float32Array | None
    scale: Float32Array
    bias: Float32Array
    input_bits: int
    input_scale: float
    output_scale: float | None
    row_of_input: Index
    segments: tuple[Segment, ...] | None = None

    @property
    def rounded(self) -> Float32Array:
        """Cells (cells + 1,) as whole levels within their bounds."""
        return np.asarray(np.clip(np.rint(self.cells), self.low, self.high), np.float32)

    def codebook(self, *, rounded: bool = True) -> Float32Array:
        """Signed weights (physical rows, outputs) in level steps, before columns are merged."""
        assert self.segments is None
        return (self.rounded if rounded else self.cells)[:-1].reshape(-1, len(self.bias))


@dataclass(frozen=True, eq=False)
class TiedNetwork:
    """Layers over shared cells.

    Attributes:
        layers: one for each group of each array step.
        max_level: the highest level of a cell.
        host_steps: of a network from elsewhere, as `ohmbench.compress.steps` takes them; None: dense layers with ReLU
            between them.
        input_shape: of an input of such a network; None without steps.
    """

    layers: tuple[TiedLayer, ...]
    max_level: int
    host_steps: tuple[Step, ...] | None = None
    input_shape: tuple[int, ...] | None = None

    def steps(self, *, rounded: bool = True) -> tuple[Step, ...]:
        """All steps; rounded: to the bits of the activations."""
        if self.host_steps is not None:
            return self.host_steps
        steps: list[Step] = []
        for number, layer in enumerate(self.layers):
            steps.append(Step(ARRAY, (len(steps),), {"zero": 0, "groups": 1}))
            if layer.output_scale is not None:
                bits = {"scale": layer.output_scale, "bits": self.layers[number + 1].input_bits}
                steps.append(Step(ACTIVATION, (len(steps),), bits if rounded else {}))
        return tuple(steps)

    @property
    def outputs(self) -> int:
        """Of the network, which are those of its last product."""
        return sum(len(layer.bias) for layer in self.layers[len(self.layers) - self.groups[-1] :])

    @property
    def groups(self) -> list[int]:
        """Of each array step: so many layers stand for it."""
        if self.host_steps is None:
            return [1] * len(self.layers)
        return [int(step.numbers["groups"]) for step in array_steps(self.host_steps)]


def signed_layer(
    codebook: NDArray[np.floating], row_of_input: Integers, like: TiedLayer | None = None, **fields: object
) -> TiedLayer:
    """Layer whose physical rows are `codebook` (rows, outputs); bounds are those of `fields`, the rest is `like`."""
    rows, outputs = codebook.shape
    index = np.where(row_of_input[:, None] >= 0, row_of_input[:, None] * outputs + np.arange(outputs), rows * outputs)
    made = {
        "cells": np.append(codebook.ravel(), 0).astype(np.float32),
        "plus": index.astype(np.intp),
        "minus": np.full(index.shape, rows * outputs, np.intp),
        "row_of_input": np.asarray(row_of_input, np.intp),
        "gain": None,
        "segments": None,
    } | fields
    return replace(like, **made) if like is not None else TiedLayer(**made)


def tie(network: Network, max_level: int, *, input_bits: int, activation_bits: int) -> TiedNetwork:
    """Every weight its own signed cell, at the scale of least squared error.

    Activations get a scale of 1 / 2^bits for now; `ohmbench.compress.tuning.tune` calibrates it.
    """
    layers = []
    scale, bits = 1.0 / ((1 << input_bits) - 1), input_bits
    for index, (weights, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        step = optimal_scale(weights, max_level)
        bound = np.append(np.full(weights.size, max_level, np.float32), np.float32(0))
        last = index + 1 == len(network.weights)
        layers.append(
            signed_layer(
                weights / step,
                np.arange(len(weights)),
                low=-bound,
                high=bound,
                scale=np.full(len(bias), step, np.float32),
                bias=bias.astype(np.float32),
                input_bits=bits,
                input_scale=scale,
                output_scale=None if last else 2.0**-activation_bits,
            )
        )
        scale, bits = 2.0**-activation_bits, activation_bits
    return TiedNetwork(tuple(layers), max_level)


def tie_imported(network: ImportedNetwork) -> TiedNetwork:
    """Every weight of a network from elsewhere its own signed cell; those of products in floating point are real.

    Raises:
        DataError: a step lets no gradient pass, or what stands behind a product is no scale and bias.
    """
    if missing := sorted({step.kind for step in network.steps} - TRAINABLE - {ARRAY, *FLOAT_PRODUCTS}):
        raise DataError(
            f"The network has steps that no gradient passes: {', '.join(missing)}.",
            "Map it as it is, or replace them before the import.",
        )
    steps, layers, top = list(network.steps), [], 1
    for number, step in enumerate(network.steps):
        if step.kind == ARRAY:
            behind = network.steps[number + 1] if number + 1 < len(network.steps) else step
            users = [other for other in network.steps if number + 1 in other.inputs]
            if behind.kind != "affine" or users != [behind]:
                raise DataError(
                    f"The sums of product {step.name or number} are not scaled for each output alone.",
                    "Map the network as it is.",
                )
            top = max(top, int(step.numbers["max_level"]))
            steps[number] = replace(step, arrays={})
            steps[number + 1] = replace(behind, kind=PASSED, arrays={})
            weights, bits = step.arrays["weights"].astype(np.float64), int(step.numbers["bits"])
            outputs = weights.shape[1]
            scale, bias, add = (_each(behind.arrays.get(name), outputs) for name in ("scale", "bias", "add"))
            bias = bias + scale * (add + step.numbers["zero"] * weights.sum(axis=0))
            # a scale below 0, of a folded normalisation, turns the sign of the weights; of 0 there is nothing left
            weights, scale = weights * np.sign(scale), np.where(scale == 0, 1, np.abs(scale))
        elif step.kind in FLOAT_PRODUCTS:
            weights, bits = step.arrays["weights"].astype(np.float64), MAX_BITS
            weights = weights.reshape(len(weights), -1).T if step.kind == "conv" else weights
            scale, bias = np.ones(weights.shape[1]), step.arrays["bias"]
            steps[number] = replace(step, kind=ARRAY, arrays={}, numbers={"groups": 1, **step.numbers, "zero": 0})
        else:
            continue
        groups = int(steps[number].numbers["groups"])
        of_groups = (np.split(part, groups, axis=-1) for part in (weights, scale, bias))
        layers += [_cells_of(w, a, b, bits) for w, a, b in zip(*of_groups, strict=True)]
    layers = [replace(layer, high=layer.high * top, low=layer.low * top) for layer in layers]
    return TiedNetwork(tuple(layers), top, tuple(steps), network.input_shape)


MAX_BITS = 16
"""Of the inputs of a product in floating point: they are not rounded."""


def _each(values: NDArray[Any] | None, outputs: int) -> NDArray[np.float64]:
    """A number for each output."""
    return np.zeros(outputs) if values is None else np.broadcast_to(values.astype(np.float64).ravel(), outputs)


def _cells_of(weights: FloatArray, scale: FloatArray, bias: FloatArray, bits: int) -> TiedLayer:
    """A layer with a cell for each weight (inputs, outputs), whose bounds are -1 and 1."""
    bound = np.append(np.ones(weights.size, np.float32), np.float32(0))
    return signed_layer(
        weights,
        np.arange(len(weights)),
        low=-bound,
        high=bound,
        scale=scale.astype(np.float32),
        bias=bias.astype(np.float32),
        input_bits=bits,
        input_scale=1.0,
        output_scale=None,
    )


def segment_layer(layer: TiedLayer, segments: tuple[Segment, ...], max_level: int) -> TiedLayer:
    """`layer` with its cells in `segments`, whose levels are the latents to begin with."""
    shape = layer.plus.shape
    total = sum(s.levels.size for s in segments)
    plus, minus = np.full(shape, total, np.intp), np.full(shape, total, np.intp)
    gain = np.ones(shape, np.float32)
    start = 0
    for s in segments:
        driven = np.flatnonzero(s.row_of_input >= 0)
        rows = s.row_of_input[driven].astype(np.intp)[:, None]
        for index, wiring in ((plus, s.p), (minus, s.n)):
            cell = np.where(wiring >= 0, start + rows * s.levels.shape[1] + wiring, total)
            index[driven[:, None], np.arange(shape[1])[s.outputs]] = cell
        gain[driven[:, None], np.arange(shape[1])[s.outputs]] = s.gain
        start += s.levels.size
    cells = np.concatenate([s.levels.ravel() for s in segments] + [np.zeros(1)]).astype(np.float32)
    high = np.append(np.full(total, max_level, np.float32), np.float32(0))
    plain = bool((gain == 1).all())
    return replace(
        layer,
        cells=cells,
        low=np.zeros_like(high),
        high=high,
        plus=plus,
        minus=minus,
        gain=None if plain else gain,
        segments=segments,
    )


def emit(network: TiedNetwork) -> CompressedNetwork:
    """The network in whole levels, without columns and rows that training left empty, equal or unused.

    Its layers must have segments.
    """
    return assemble(network, [tuple(map(without_idle, segments_of(layer))) for layer in network.layers])


def assemble(network: TiedNetwork, segments: Sequence[tuple[Segment, ...]]) -> CompressedNetwork:
    """The network with the weights of `segments` of each layer, in whole levels."""
    if network.host_steps is None:
        layers = [
            CompressedLayer(
                layer.input_bits,
                layer.scale.astype(np.float64) * layer.input_scale,
                layer.bias.astype(np.float64),
                layer.output_scale,
                parts,
            )
            for layer, parts in zip(network.layers, segments, strict=True)
        ]
        return CompressedNetwork(tuple(layers), network.max_level)
    made, steps, first = [], list(network.host_steps), 0
    for number, step in enumerate(network.host_steps):
        if step.kind != ARRAY:
            continue
        groups = int(step.numbers["groups"])
        members, parts = network.layers[first : first + groups], segments[first : first + groups]
        whole = tuple(of_group(s, group, groups) for group in range(groups) for s in parts[group])
        outputs = sum(len(y.bias) for y in members)
        one, none = np.ones(outputs), np.zeros(outputs)
        made.append(CompressedLayer(members[0].input_bits, one, none, None, whole, len(members[0].plus) * groups))
        steps[number + 1] = _affine(step, steps[number + 1], members, made[-1])
        first += groups
    return CompressedNetwork(tuple(made), network.max_level, tuple(steps), network.input_shape)


def _affine(step: Step, passed: Step, members: Sequence[TiedLayer], layer: CompressedLayer) -> Step:
    """What the host does with the sums of an array step: scale * (sums + add) + bias, the zero point in `add`."""
    rest = (1, 1) if "kernel" in step.numbers else ()
    add = -int(step.numbers["zero"]) * layer.weights().sum(axis=0)
    arrays = {
        "add": add.reshape(-1, *rest),
        "scale": np.concatenate([y.scale for y in members]).reshape(-1, *rest),
        "bias": np.concatenate([y.bias for y in members]).reshape(-1, *rest),
    }
    return replace(passed, kind="affine", arrays=arrays)


def segments_of(layer: TiedLayer) -> list[Segment]:
    """The segments of a layer with its cells in whole levels."""
    assert layer.segments is not None
    cells = layer.rounded.astype(np.uint8)
    ends = np.cumsum([s.levels.size for s in layer.segments])
    return [
        replace(s, levels=cells[end - s.levels.size : end].reshape(s.levels.shape))
        for s, end in zip(layer.segments, ends, strict=True)
    ]


def without_idle(segment: Segment) -> Segment:
    """The segment without rows of zeros, columns of zeros, unused columns, and all but one of equal columns."""
    pool = drop_unused(Pool(segment.levels.astype(np.int64), segment.p.astype(np.int64), segment.n.astype(np.int64)))
    live = np.flatnonzero(pool.columns.any(axis=1))
    position = np.full(len(segment.levels) + 1, -1, np.int16)  # the last: of inputs that drive no row
    position[live] = np.arange(len(live))
    return replace(
        segment,
        row_of_input=position[segment.row_of_input],
        levels=pool.columns[live].astype(np.uint8),
        p=pool.p.astype(np.int16),
        n=pool.n.astype(np.int16),
    )
