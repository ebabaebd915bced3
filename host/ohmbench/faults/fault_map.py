"""FaultMap: which cells of an array do not work and how, and its file; and how a characterisation run tells them.

The file is JSON that a person can read and correct: one character a cell, one line a row.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Integers, Mask
from ohmbench.support.files import write_result
from ohmbench.support.text_files import TextFileError, parse_json, read_text
from ohmbench.support.writer import json_text

FORMAT = "ohmbench fault map"
SCHEMA = 1
MAX_LINES = 128
MAX_SERIAL = 128
ARRAY_SERIAL = "array_serial"
"""Key in the provenance of an image that is laid out around the faults of one array."""


class FaultKind(IntEnum):
    """What is wrong with a cell; the numbers are those of OHM_CELL_* in the array model."""

    NONE = 0
    STUCK_LOW = 1
    STUCK_HIGH = 2
    UNFORMED = 3
    WEAK = 4


_LETTERS = ".LHUW"  # by number of the kind
_LEGEND = {letter: kind.name.lower().replace("_", " ") for letter, kind in zip(_LETTERS, FaultKind, strict=True)}


class FaultMap:
    """The faults of one array.

    Attributes:
        kinds: uint8 (rows, columns), numbers of FaultKind; read-only.
        serial: of the array; empty if it has none.

    Raises:
        DataError: on creation, if the kinds are not a matrix of known kinds.
    """

    def __init__(self, kinds: Integers, serial: str = "") -> None:
        shape = np.shape(kinds)
        if len(shape) != 2 or not all(1 <= lines <= MAX_LINES for lines in shape):
            raise DataError(f"A fault map has 1 to {MAX_LINES} rows and columns of cells, not the shape {shape}.")
        unknown = np.argwhere(~np.isin(kinds, list(FaultKind)))
        if len(unknown):
            row, column = unknown[0]
            raise DataError(
                f"Fault map: row {row}, column {column}: {kinds[row, column]} is not a kind of fault.",
                f"The kinds are 0 to {max(FaultKind)}.",
            )
        if len(serial) > MAX_SERIAL or not serial.isprintable():
            raise DataError(f"A serial number is at most {MAX_SERIAL} printable characters, not {serial[:40]!r}.")
        self.kinds: NDArray[np.uint8] = np.array(kinds, dtype=np.uint8)
        self.kinds.setflags(write=False)
        self.serial = serial

    @property
    def bad(self) -> Mask:
        """Mask (rows, columns) of the cells with a fault of any kind."""
        return np.asarray(self.kinds != FaultKind.NONE)

    def left_out(self, shape: tuple[int, int], serial: str | None) -> Mask:
        """Mask (rows, columns) of the cells that are not to be pulsed: stuck and unformed ones. A weak one is tried.

        Args:
            shape: rows and columns of the array that is to be pulsed.
            serial: of that array, if it has one.

        Raises:
            DataError: the map is of another array.
        """
        if self.kinds.shape != shape:
            of, to = ("x".join(map(str, lines)) for lines in (self.kinds.shape, shape))
            raise DataError(
                f"The fault map is of an array of {of} cells, and this array has {to}.",
                "Give the fault map of the array in the socket.",
            )
        if serial and self.serial and serial != self.serial:
            raise DataError(
                f"The fault map is of array {self.serial}, and array {serial} is in the socket.",
                "Give the fault map of that array, or characterise it.",
            )
        return np.isin(self.kinds, [FaultKind.STUCK_LOW, FaultKind.STUCK_HIGH, FaultKind.UNFORMED])

    def count(self, kind: FaultKind) -> int:
        """Number of cells of a kind."""
        return int(np.count_nonzero(self.kinds == kind))

    def describe(self) -> str:
        """One line: `array-7: 41 of 1024 cells bad: 20 stuck low, 21 stuck high`."""
        counts = [f"{self.count(kind)} {_LEGEND[_LETTERS[kind]]}" for kind in FaultKind if kind and self.count(kind)]
        kinds = f": {', '.join(counts)}" if counts else ""
        return f"{self.serial or 'array'}: {np.count_nonzero(self.bad)} of {self.bad.size} cells bad{kinds}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FaultMap):
            return NotImplemented
        return self.serial == other.serial and bool(np.array_equal(self.kinds, other.kinds))

    __hash__ = None  # type: ignore[assignment]  # holds an array

    def save(self, path: str | Path) -> None:
        """Write the file; an old one is replaced only when the new one is complete.

        Raises:
            UsageError: the folder is missing or not writable.
        """
        header = {"format": FORMAT, "schema": SCHEMA, "serial": self.serial, "legend": _LEGEND}
        rows = ["".join(_LETTERS[kind] for kind in row) for row in self.kinds]
        text = json_text(header | {"cells": rows}) + "\n"
        write_result(Path(path), text.encode())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read and check a file.

        Raises:
            DataError: the file is missing, damaged, or from a newer ohmbench; names row and column where it can.
        """
        try:
            return cls(*_parsed(parse_json(read_text(Path(path)))))
        except TextFileError as error:
            raise _refused(path, str(error)) from error
        except DataError as error:
            raise _refused(path, str(error)) from error


def _parsed(content: Any) -> tuple[NDArray[np.uint8], str]:
    """Kinds and serial of the file's JSON."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError("it is not a fault map of ohmbench")
    schema = content.get("schema")
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise DataError(f"its schema is {schema!r}, and this ohmbench reads up to {SCHEMA}: update ohmbench")
    serial, cells = content.get("serial"), content.get("cells")
    if not isinstance(serial, str):
        raise DataError("its serial number is not a text")
    if not isinstance(cells, list) or not 1 <= len(cells) <= MAX_LINES:
        raise DataError(f"its cells are not a list of 1 to {MAX_LINES} rows")
    for row, line in enumerate(cells):
        if not isinstance(line, str):
            raise DataError(f"row {row} is not a text of one character a cell")
        if len(line) != len(cells[0]) or not 1 <= len(line) <= MAX_LINES:
            raise DataError(f"row {row} has {len(line)} columns, row 0 has {len(cells[0])}")
        for column, letter in enumerate(line):
            if letter not in _LETTERS:
                raise DataError(f"row {row}, column {column}: {letter!r} is none of {' '.join(_LETTERS)}")
    return np.array([[_LETTERS.index(letter) for letter in line] for line in cells], dtype=np.uint8), serial


def _refused(path: str | Path, problem: str) -> DataError:
    return DataError(
        f"Cannot use the fault map {path}: {problem}.", "Correct the file or characterise the array again."
    )


def classify(lowest: CellRecords, highest: CellRecords, *, unformed_code: float, serial: str = "") -> FaultMap:
    """Faults of an array whose cells were driven to the lowest level and then to the highest.

    A cell is good if it was accepted both times. It is stuck high if it was never below the highest level's window,
    and stuck low if it was never above the lowest level's window: unformed if it also read about 0 both times.
    A cell that moves but misses a window is weak.

    Args:
        lowest, highest: last code of each cell and the lowest and highest accepted code; pulses do not count.
        unformed_code: codes of this magnitude and below count as 0: between the noise of the ADC and what a formed
            cell conducts at least.

    Raises:
        DataError: the two drives do not belong together: shapes differ, or the windows are not one above the other.
    """
    if not lowest.code.shape == highest.code.shape or bool((highest.low <= lowest.high).any()):
        raise DataError(
            "The two runs are not one to the lowest and one to the highest level of the same array, so no fault "
            "map was made.",
            "Characterise the array again.",
        )
    at_low, at_high = lowest.code, highest.code
    good = lowest.inside & highest.inside
    never_left = (at_low >= highest.low) & (at_high >= highest.low)
    never_came = (at_low <= lowest.high) & (at_high <= lowest.high)
    dead = (np.abs(at_low) <= unformed_code) & (np.abs(at_high) <= unformed_code)
    kinds = np.select(
        [good, never_left, never_came & dead, never_came],
        [FaultKind.NONE, FaultKind.STUCK_HIGH, FaultKind.UNFORMED, FaultKind.STUCK_LOW],
        FaultKind.WEAK,
    )
    return FaultMap(kinds.astype(np.uint8), serial)
