"""Mappings to compare with that need no training: a shared reference column, and pairs only where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ohmbench.compress.compressed import CompressedNetwork, Segment, of_group
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
    for layer, groups in zip(network.layers, network.groups, strict=True):
        whole = layer.weights()
        inputs, outputs = (size // groups for size in whole.shape)
        segments = [
            of_group(segment, group, groups)
            for group in range(groups)
            for segment in _blocks(
                whole[group * inputs : (group + 1) * inputs, group * outputs : (group + 1) * outputs], height, wire
            )
        ]
        layers.append(replace(layer, segments=tuple(segments)))
    return replace(network, layers=tuple(layers), max_level=max_level)


def _blocks(weights: IntArray, height: int, wire: Callable[[IntArray], Wired]) -> Iterator[Segment]:
    for start in range(0, len(weights), height):
        live = start + np.flatnonzero(weights[start : start + height].any(axis=1))
        levels, p, n = wire(weights[live])
        rows = np.full(len(weights), -1, np.int16)
        rows[live] = np.arange(len(live))
        if levels.size:
            one = np.ones(weights.shape[1], np.int32)
            yield Segment(rows, levels.astype(np.uint8), 0, p.astype(np.int16), n.astype(np.int16), one)
