"""Mappings to compare with that need no training: a shared reference column, and pairs only where they are needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ohmbench.compress.compressed import CompressedLayer, CompressedNetwork, Segment
from ohmbench.support.array_types import IntArray

Wired = tuple[IntArray, IntArray, IntArray]


def shared_reference(network: CompressedNetwork, height: int = 32) -> CompressedNetwork:
    """A column of constant level beside one for each output, instead of pairs (ACM, DAC 2020, arXiv 2004.06094).

    Exact, but a cell must have 2 L + 1 levels instead of L + 1: `max_level` doubles. Rows of zeros are left out.
    """
    top = network.max_level

    def wire(weights: IntArray) -> Wired:
        outputs = weights.shape[1]
        levels = np.concatenate([weights + top, np.full((len(weights), 1), top)], axis=1)
        return levels, np.arange(outputs), np.full(outputs, outputs)

    return _remapped(network, height, 2 * top, wire)


def partial_pairs(network: CompressedNetwork, height: int = 32) -> CompressedNetwork:
    """Pairs, less the columns that hold nothing (IEEE Circuits and Systems Magazine 18(1), 2018, page 33).

    Equal columns are not shared.
    """

    def wire(weights: IntArray) -> Wired:
        both = np.concatenate([np.maximum(weights, 0), np.maximum(-weights, 0)], axis=1)
        live = both.any(axis=0)
        column = np.where(live, np.cumsum(live) - 1, -1)
        outputs = weights.shape[1]
        return both[:, live], column[:outputs], column[outputs:]

    return _remapped(network, height, network.max_level, wire)


def _remapped(
    network: CompressedNetwork, height: int, max_level: int, wire: Callable[[IntArray], Wired]
) -> CompressedNetwork:
    """The dense matrices of `network` in blocks of `height` inputs, less inputs of zeros, as `wire` lays them out."""
    layers = []
    for layer in network.layers:
        weights, segments = layer.weights(), []
        for start in range(0, len(weights), height):
            live = start + np.flatnonzero(weights[start : start + height].any(axis=1))
            levels, p, n = wire(weights[live])
            rows = np.full(len(weights), -1, np.int16)
            rows[live] = np.arange(len(live))
            one = np.ones(weights.shape[1], np.int32)
            segments.append(Segment(rows, levels.astype(np.uint8), 0, p.astype(np.int16), n.astype(np.int16), one))
        kept = tuple(s for s in segments if s.levels.size)
        layers.append(CompressedLayer(layer.input_bits, layer.scale, layer.bias, layer.output_scale, kept))
    return CompressedNetwork(tuple(layers), max_level)
