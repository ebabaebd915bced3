"""Packs rectangles of cells into shared images, so that part-filled tiles do not cost an array load each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Place:
    """Where a rectangle goes: an image, and the row and column of its first cell."""

    image: int
    row: int
    column: int


@dataclass(frozen=True)
class _Free:
    """A rectangle of cells that nothing occupies."""

    row: int
    column: int
    height: int
    width: int

    @property
    def area(self) -> int:
        return self.height * self.width

    def without(self, height: int, width: int) -> list[_Free]:
        """What remains when a rectangle takes the first corner: two, cut so that the larger is as large as possible."""

        def cut(below: int, beside: int) -> list[_Free]:
            return [
                _Free(self.row + height, self.column, self.height - height, below),
                _Free(self.row, self.column + width, beside, self.width - width),
            ]

        cuts = cut(self.width, height), cut(width, self.height)
        return [part for part in max(cuts, key=lambda parts: max(part.area for part in parts)) if part.area]


_Image = list[_Free]
"""An array, by what is free of it."""


def pack(layers: Sequence[Sequence[tuple[int, int]]], rows: int, columns: int) -> list[list[Place]]:
    """Places for the rectangles (height, width) of each layer on arrays of `rows` x `columns` cells; none overlap.

    Guillotine packing: the highest first, each into the free rectangle where the smaller of what it leaves below and
    beside is least (J. Jylanki, "A Thousand Ways to Pack the Bin", 2010, GUILLOTINE-BSSF). Layers run one after the
    other, so that two of them share at most one image, the last of the one and the first of the other: taken by layer
    and then by image, the images come in ascending order, and none is loaded twice.

    Raises:
        ValueError: a rectangle is larger than the array.
    """
    places: list[list[Place]] = []
    shared: list[_Image] = []  # the image that the next layer may go on with, if any
    first = 0  # its number
    for sizes in layers:
        images = list(shared)
        corners = {}
        for index in sorted(range(len(sizes)), key=lambda i: sizes[i], reverse=True):
            corners[index] = _put(*sizes[index], images, _Free(0, 0, rows, columns))
        opened = list(range(len(shared), len(images)))
        if opened:
            # the one with most room goes last, for the next layer; of several, the latest
            last = max(reversed(opened), key=lambda i: max((part.area for part in images[i]), default=0))
            opened.remove(last)
            order = [*range(len(shared)), *opened, last]
            shared = [images[last]]
        else:
            order = list(range(len(shared)))
        number = {local: first + position for position, local in enumerate(order)}
        first = max(number.values(), default=first)
        places.append([Place(number[local], row, column) for _, (local, row, column) in sorted(corners.items())])
    return places


def apart(layers: Sequence[Sequence[tuple[int, int]]]) -> list[list[Place]]:
    """Places as of `pack`, each rectangle in the first corner of an image of its own, where wires are shortest."""
    number = count()
    return [[Place(next(number), 0, 0) for _ in sizes] for sizes in layers]


def _put(height: int, width: int, images: list[_Image], empty: _Free) -> tuple[int, int, int]:
    """Take cells of an image, of a new one if none has room: its number, and the row and column of the first cell."""
    if height > empty.height or width > empty.width:
        raise ValueError(f"{height}x{width} cells do not fit on an array of {empty.height}x{empty.width}")
    fits = [
        (min(part.height - height, part.width - width), part.area, number, part)
        for number, image in enumerate(images)
        for part in image
        if part.height >= height and part.width >= width
    ]
    if fits:
        *_, number, part = min(fits, key=lambda fit: fit[:3])
    else:
        number, part = len(images), empty
        images.append([empty])
    images[number].remove(part)
    images[number] += part.without(height, width)
    return number, part.row, part.column
