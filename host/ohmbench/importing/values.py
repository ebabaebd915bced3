"""What the values of an ONNX graph are while it is imported: known now, or made by a step for each input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ohmbench.network.flow import Value

BATCH = 1_000_000_007
"""Stands for the size of the batch in shapes that a graph computes."""

TYPES = {
    "uint8": (0, 255),
    "int8": (-128, 127),
    "uint16": (0, 65535),
    "int16": (-32768, 32767),
    "uint4": (0, 15),
    "int4": (-8, 7),
    "uint2": (0, 3),
    "int2": (-2, 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
}
"""Lowest and highest number of the types that tensors are quantised to."""

FLOATS = ("float", "double", "float16", "bfloat16")


class Refused(Exception):
    """A node that cannot be taken: why, and what to do instead."""

    def __init__(self, reason: str, todo: str = "") -> None:
        super().__init__(reason, todo)
        self.reason, self.todo = reason, todo


@dataclass(frozen=True, eq=False)
class Whole:
    """Whole numbers behind a constant: value = levels * scale, `scale` of the same rank and broadcast."""

    levels: Value
    scale: Value


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that is known now; `type` is ONNX's name of its type."""

    values: Value
    type: str
    whole: Whole | None = None

    @property
    def floats(self) -> Value:
        """Single precision, as the host computes."""
        return np.asarray(self.values, np.float32)

    @property
    def integers(self) -> list[int]:
        """As a list; raises Refused if they are none."""
        if self.values.dtype.kind not in "iu":
            raise Refused("needs whole numbers where it has others")
        return [int(v) for v in self.values.ravel()]

    def scalar(self) -> float:
        """Its only number; raises Refused if it has several."""
        if self.values.size != 1 or self.values.dtype.kind not in "iufb":
            raise Refused("needs one number where it has several", "Export it per tensor.")
        return float(self.values.ravel()[0])

    def transposed(self, axes: tuple[int, ...]) -> Self:
        """With its axes in another order, whole numbers too."""
        whole = self.whole
        if whole is not None:
            whole = Whole(whole.levels.transpose(axes), whole.scale.transpose(axes))
        return replace(self, values=self.values.transpose(axes), whole=whole)

    def scaled(self, factor: float) -> Self:
        """Times a number."""
        whole = self.whole
        if factor == 1.0:
            return self
        if whole is not None:
            whole = Whole(whole.levels, np.asarray(whole.scale * np.float32(factor), np.float32))
        return replace(self, values=np.asarray(self.floats * np.float32(factor)), whole=whole)


@dataclass(frozen=True)
class Grid:
    """Whole numbers as the steps hold them: low..high, none below 0; they are ONNX's numbers plus `offset`."""

    low: int
    high: int
    offset: int


@dataclass(frozen=True, eq=False)
class Live:
    """A value that a step makes.

    Attributes:
        number: of the value among the steps'.
        shape: without the batch.
        grid: it is held in whole numbers.
        scale: with a grid: the value is (number - zero) * scale; None: ONNX's value is whole too.
        tail: operators that were dropped behind it.
    """

    number: int
    shape: tuple[int, ...]
    grid: Grid | None = None
    scale: Value | None = None
    zero: int = 0
    tail: str = ""


@dataclass(frozen=True)
class Unknown:
    """What a refused node would have made."""


Known = Constant | Live
