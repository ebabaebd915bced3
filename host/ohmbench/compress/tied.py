"""A network on its way to fewer cells: real-valued latents of shared cells, which training moves and emission rounds.

W[i, j] = scale[j] * gain[i, j] * (cells[plus[i, j]] - cells[minus[i, j]]): weights that share a cell are tied. Before
columns are merged, a cell is a signed weight of one physical row (`minus` is nowhere); afterwards it is a level of a
cell on the array. The wiring never changes in training.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.compressed import CompressedLayer, CompressedNetwork, Segment
from ohmbench.compress.pool import Pool, drop_unused
from ohmbench.compress.quantise import optimal_scale
from ohmbench.network.network import Network
from ohmbench.support.array_types import Float32Array, Index, Integers


@dataclass(frozen=True, eq=False)
class TiedLayer:
    """One dense layer over shared cells.

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
    """Layers over shared cells; max_level is the highest level of a cell."""

    layers: tuple[TiedLayer, ...]
    max_level: int


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
    layers = [
        CompressedLayer(
            layer.input_bits,
            layer.scale.astype(np.float64) * layer.input_scale,
            layer.bias.astype(np.float64),
            layer.output_scale,
            tuple(map(without_idle, segments_of(layer))),
        )
        for layer in network.layers
    ]
    return CompressedNetwork(tuple(layers), network.max_level)


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
