"""Inputs on their way through the tiles of an image: how many have passed, and what the network says of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ohmbench.inference.exact import add_up
from ohmbench.mapping.image import WeightImage
from ohmbench.network.flow import Value, Walk, sums_as_value
from ohmbench.support.array_types import FloatArray


@dataclass(frozen=True)
class Passing:
    """Inputs of which some have passed a tile.

    Attributes:
        tile: its number.
        done, total: inputs that have passed it, and all that are to.
        outputs: gives the network's outputs (done, ...) of those that have passed; None while there are tiles to come.
    """

    tile: int
    done: int
    total: int
    outputs: Callable[[], FloatArray] | None = None


class LastLayer:
    """The last layer of inputs that pass an image, tile after tile, for the outputs before all have passed.

    Args:
        walk: the inputs, which wait for the sums of the last layer.
    """

    def __init__(self, image: WeightImage, walk: Walk) -> None:
        self._image, self._walk, self._number = image, walk, len(image.layers) - 1
        self._before: Value | None = None
        # a convolution's pixels pass a part of the batch at a time
        self._tiles = image.tiles_of(self._number) if image.places[self._number] == 1 else []

    def passed(self, tile: int, lanes: Value) -> None:
        """All inputs have passed a tile, and gave these lanes (n, outputs)."""
        if tile in self._tiles[:-1]:
            self._before = add_up(self._image, self._number, {tile: lanes}, self._before)

    def is_last(self, tile: int) -> bool:
        """Whether this is the last tile of all."""
        return tile in self._tiles[-1:]

    def outputs_of(self, tile: int, lanes_of: Callable[[], Value]) -> FloatArray:
        """Outputs (n, ...) of the first n inputs, whose lanes (n, outputs) of the last tile are given."""
        lanes = lanes_of()
        before = None if self._before is None else self._before[: len(lanes)].copy()
        walk = self._walk.first(len(lanes))
        assert walk.step is not None
        walk.give(sums_as_value(walk.step, walk.waiting, add_up(self._image, self._number, {tile: lanes}, before)))
        return walk.outputs
