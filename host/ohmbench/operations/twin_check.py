"""The same images on the twin, beside those that went through the simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ohmbench.bench.opening import SimulatedArray
from ohmbench.errors import UsageError
from ohmbench.inference.exact import classes_of
from ohmbench.network.data import share_right
from ohmbench.operations.through_array import Through
from ohmbench.support.array_types import IntArray


@dataclass(frozen=True, eq=False)
class TwinCheck:
    """The same images on the twin.

    Attributes:
        codes: results that were compared.
        differ: how many of them differ.
    """

    accuracy: float | None
    codes: int
    differ: int
    same_cycles: bool


def twin_of(port: str, array: SimulatedArray | None) -> SimulatedArray:
    """The array for the twin that is to do what the simulator does.

    Raises:
        UsageError: the port is another one, or its array is in a file and has a past.
    """
    same = array or SimulatedArray()
    if port != "sim" or same.file is not None:
        raise UsageError(
            "--twin compares a new array behind --port sim with the twin.",
            "Leave it out for other ports and for an array in a file.",
        )
    return same


def compare(found: Through, same: Through, labels: IntArray) -> TwinCheck:
    pairs = [(a, b) for tile, parts in found.codes.items() for a, b in zip(parts, same.codes[tile], strict=True)]
    cycles = [(r.program_cycles, r.infer_cycles, r.trim_cycles) for r in (found.run, same.run)]
    return TwinCheck(
        share_right(classes_of(same.raw), labels) if len(labels) else None,
        sum(a.size for a, _ in pairs),
        sum(int(np.count_nonzero(a != b)) for a, b in pairs),
        cycles[0] == cycles[1],
    )
