"""The analogue side of the carrier in C (sim/array/ohm_board.c), and what a simulated one can be off by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import UsageError
from ohmbench.model._array import ffi, lib
from ohmbench.support.files import replace_file
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.numbers import MAX_QUANTITY, is_number
from ohmbench.tables import COLUMNS, Rail

_ffi: Any = ffi
_lib: Any = lib

KINDS = {
    "open": "CHANNEL: its line is not connected",
    "dead": "CHANNEL: its converter always reads 0",
    "missing": "COLUMN: it has no reference resistor",
    "swap": "CHANNEL:CHANNEL: these two are exchanged",
    "rail": "NAME:FACTOR: what it gives over what it should",
    "noisy": "CHANNEL:FACTOR: on its converter's noise",
    "gain": "CHANNEL:FACTOR",
    "offset": "CHANNEL:CODES",
    "gain-spread": "SIGMA: relative, drawn for every channel, always the same ones",
    "offset-spread": "SIGMA: in codes, likewise",
    "socket": "OHM: on the X1's carrier, a resistor in place of its cells",
    "wired-as": "FILE: rows and columns in the order of this carrier",
}
"""What `SimulatedCarrier.parse` takes."""

_SEED = 20_251  # of the spreads


class CarrierModel:
    """One carrier; with no values it is ideal, and gives the bits that the array alone would.

    Raises:
        UsageError: no such value, line or channel.
    """

    def __init__(self, values: Sequence[tuple[str, int, float]] = ()) -> None:
        self._board = _ffi.gc(_lib.ohm_board_new(), _lib.ohm_board_free)
        for name, index, value in values:
            if _lib.ohm_board_set(self._board, name.encode(), index, value):
                raise UsageError(f"The simulated carrier has no {name} {index} of {value:g}.")

    @property
    def pointer(self) -> Any:
        """The ohm_board_t *, for C functions that take one."""
        return self._board


@dataclass(frozen=True)
class SimulatedCarrier:
    """What the carrier of `sim` and `twin` is off by: name, index and value as sim/array/ohm_board.h has them."""

    values: tuple[tuple[str, int, float], ...] = ()

    @classmethod
    def wired_as(cls, carrier: Carrier) -> Self:
        """One whose lines are in another carrier's order."""
        rows = [("row", int(line), float(row)) for row, line in enumerate(carrier.rows)]
        return cls((*rows, *(("column", int(line), float(column)) for column, line in enumerate(carrier.columns))))

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "kind=value,...", kinds and values as in KINDS.

        Raises:
            UsageError: it makes no sense.
            DataError: the file of `wired-as`.
        """
        values: list[tuple[str, int, float]] = []
        for part in filter(None, text.split(",")):
            kind, _, value = part.partition("=")
            try:
                values += _values(kind, value)
            except (ValueError, KeyError) as error:
                known = "; ".join(f"{name}={what}" for name, what in KINDS.items())
                guessed = did_you_mean(kind, KINDS)
                raise UsageError(
                    f"--carrier-faults: {part!r}{guessed} is not understood.", f"There are {known}."
                ) from error
        made = cls(tuple(values))
        made.open()
        return made

    def open(self) -> CarrierModel:
        """The carrier in this process, for the twin.

        Raises:
            UsageError: no such line, or no such value.
        """
        return CarrierModel(self.values)

    def write(self, path: Path) -> None:
        """Write it as the simulator reads it.

        Raises:
            OSError: the file cannot be written.
        """
        replace_file(path, "".join(f"{name} {index} {value!r}\n" for name, index, value in self.values).encode())


def _values(kind: str, value: str) -> list[tuple[str, int, float]]:
    first, _, second = value.partition(":")
    if kind in ("open", "dead"):
        return [(kind, _whole(value), 1.0)]
    if kind == "missing":
        return [("reference", _whole(value), 0.0)]
    if kind == "socket":
        return [(kind, 0, _real(value))]
    if kind == "swap":
        return [("column", _whole(first), float(_whole(second))), ("column", _whole(second), float(_whole(first)))]
    if kind == "rail":
        return [("rail", Rail[first.upper()], _real(second))]
    if kind in ("noisy", "gain", "offset"):
        return [("noise" if kind == "noisy" else kind, _whole(first), _real(second))]
    if kind in ("gain-spread", "offset-spread"):
        drawn = np.random.default_rng([_SEED, kind == "gain-spread"]).normal(0.0, _real(value), COLUMNS)
        if kind == "gain-spread":
            return [("gain", channel, 1.0 + float(x)) for channel, x in enumerate(drawn)]
        return [("offset", channel, float(x)) for channel, x in enumerate(drawn)]
    if kind == "wired-as":
        return list(SimulatedCarrier.wired_as(Carrier.load(Path(value))).values)
    raise KeyError(kind)


def _whole(text: str) -> int:
    value = int(text)
    if not 0 <= value < COLUMNS:
        raise ValueError(f"{text[:20]} is not a line")
    return value


def _real(text: str) -> float:
    value = float(text)
    if not is_number(value, -MAX_QUANTITY, MAX_QUANTITY):
        raise ValueError(f"{text[:20]} is not a finite number")
    return value
