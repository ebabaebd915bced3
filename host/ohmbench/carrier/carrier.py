"""A particular carrier: the order of its lines, what its channels are off by, how far it may be driven.

A TOML file, all of it optional; what is not given is as on the reference carrier (docs/carriers.md):

    name = "carrier 7"
    kind = "reference"        # a bench whose bitstream is for another one is refused; not given: any
    rows = [0, 1, ...]        # line of the carrier that row 0, 1, ... of the array is wired to
    columns = [0, 1, ...]     # channel of the carrier that column 0, 1, ... of the array is wired to
    bad_rows = [3]            # rows and columns of the array that are not to be used
    bad_columns = []
    gain = [1.0, ...]         # of each channel, over the reference carrier's; or one number
    offset = [0.0, ...]       # of each channel, ADC codes; or one number
    reference_ohm = [...]     # of each column of the array
    self_check = true         # false: it has no reference resistors or monitors to check before pulses

    [limits]                  # tighter than the guard's own ceilings
    bl_set_v = 3.0
    pulse_us = 10.0
    levels = 8                # most that a cell is programmed to; not given: as many as the kind of carrier is for

Everything else in ohmbench is in the rows and columns of the array, and in the codes of a carrier without errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ohmbench import tables as t
from ohmbench.carrier.calibration import Calibration
from ohmbench.carrier.kinds import key_of, written
from ohmbench.errors import ArrayState, DataError, UsageError
from ohmbench.support.array_types import Codes, FloatArray, Index, Integers, Mask
from ohmbench.support.guesses import did_you_mean, listed
from ohmbench.support.numbers import MAX_QUANTITY, is_number
from ohmbench.support.text_files import TextFileError, read_toml
from ohmbench.tables import COLUMNS, REFERENCE_OHM, ROWS, Rail

_LEAST_LEFT = 1e-3
"""Of the voltage across a cell: below this a code is of no cell, but of a short."""

MOST_LEVELS = 256
"""A weight image has a byte for the level of a cell."""

_KEYS = (
    "name",
    "kind",
    "rows",
    "columns",
    "bad_rows",
    "bad_columns",
    "gain",
    "offset",
    "reference_ohm",
    "self_check",
    "limits",
)
_LIMITS = ("levels", "pulse_us", *(f"{rail.name.lower()}_v" for rail in Rail))


@dataclass(frozen=True, eq=False)
class Carrier:
    """The reference carrier, or one that differs from it.

    Attributes:
        rows, columns: (rows,), (columns,): line or channel of the carrier behind each of the array's.
        gain, offset: (columns,), of each channel: code = gain * ideal code + offset.
        bad: bool (rows, columns), cells of the array that are not to be used.
        reference_ohm: (columns,), by column of the array.
        limits_v: most that a rail may be driven to; pulse_us: longest pulse.
        max_levels: that a cell is programmed to; None: what the kind of carrier is for.
        self_check: whether reading is checked before pulses, by reference resistors and monitors if the kind has them.
        note: what every result says of the calibration that it rests on; None: nothing.
        series_ohm, amplifier: by the kind of carrier, what is in series with each cell, and volts an ampere over the
            reference carrier's.
        kind: that its file is for, a key of tables.CARRIERS; None: any.
        calibrated_kind: that its gain and offset were measured on; None: they were not.
        reads_each: whether it reads one cell after the other; else a row at once.
    """

    name: str = "reference carrier"
    rows: Index = field(default_factory=lambda: np.arange(ROWS))
    columns: Index = field(default_factory=lambda: np.arange(COLUMNS))
    gain: FloatArray = field(default_factory=lambda: np.ones(COLUMNS))
    offset: FloatArray = field(default_factory=lambda: np.zeros(COLUMNS))
    bad: Mask = field(default_factory=lambda: np.zeros((ROWS, COLUMNS), np.bool_))
    reference_ohm: FloatArray = field(default_factory=lambda: np.array(REFERENCE_OHM))
    limits_v: Mapping[Rail, float] = field(default_factory=lambda: dict(t.RAIL_MAX_V))
    pulse_us: float = math.inf
    max_levels: int | None = None
    self_check: bool = True
    note: str | None = None
    series_ohm: float = 0.0
    amplifier: float = 1.0
    kind: str | None = None
    calibrated_kind: str | None = None
    reads_each: bool = False

    @classmethod
    def load(cls, path: Path) -> Self:
        """The carrier in a file.

        Raises:
            DataError: the file is missing or damaged, or something in it makes no sense.
        """
        try:
            values = read_toml(path)
        except TextFileError as error:
            raise DataError(f"Cannot read the carrier {path}: {error}.", "Give a TOML file.") from error
        try:
            return cls._of(values)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(f"{path}: {error}.", "Correct it; docs/carriers.md has the keys.") from error

    @classmethod
    def _of(cls, values: dict[str, Any]) -> Self:
        unknown = [key for key in values if key not in _KEYS]
        if unknown:
            raise ValueError(f"no such key: {listed(unknown, _KEYS)}")
        name = values.get("name", cls.name)
        if not isinstance(name, str):
            raise TypeError("name is not text")
        self_check = values.get("self_check", cls.self_check)
        if not isinstance(self_check, bool):
            raise TypeError("self_check is neither true nor false")
        bad = np.zeros((ROWS, COLUMNS), np.bool_)
        bad[_lines("bad_rows", values.get("bad_rows", []), ROWS), :] = True
        bad[:, _lines("bad_columns", values.get("bad_columns", []), COLUMNS)] = True
        limits, pulse_us, max_levels = _limits(values.get("limits", {}))
        return cls(
            name,
            _order("rows", values.get("rows"), ROWS),
            _order("columns", values.get("columns"), COLUMNS),
            _numbers("gain", values.get("gain", 1.0), 0.5, 2.0),
            _numbers("offset", values.get("offset", 0.0), -500.0, 500.0),
            bad,
            _numbers("reference_ohm", values.get("reference_ohm", list(REFERENCE_OHM)), 1e2, 1e9),
            limits,
            pulse_us,
            max_levels,
            self_check,
            kind=_kind(values.get("kind")),
        )

    def of_kind(self, kind: str) -> Self:
        """This carrier as one of a kind: with its part in series, and no looser than its ceilings. A limit that is the
        reference carrier's ceiling counts as not given.

        A calibration of another kind, of the same board, is left out.

        Args:
            kind: a key of tables.CARRIERS.

        Raises:
            UsageError: its file is for another kind.
        """
        if self.kind is not None and self.kind != kind:
            raise UsageError(
                f"The file of {self.name} is for the {written(self.kind)} carrier, and this bench is built for the "
                f"{written(kind)} carrier.",
                f"Load the bitstream for {written(self.kind)}, or give the file of the carrier that is there.",
                array=ArrayState.NOT_TOUCHED,
            )
        if self.calibrated_kind is not None and self.calibrated_kind != kind:
            note = f"none: the last one is of this board with the {written(self.calibrated_kind)} carrier"
            even = replace(self, gain=np.ones(COLUMNS), offset=np.zeros(COLUMNS), note=note, calibrated_kind=None)
            return even.of_kind(kind)
        table = t.CARRIERS[kind]
        levels = table.max_levels if self.max_levels is None else self.max_levels
        if kind == t.DEFAULT_CARRIER:
            return replace(self, max_levels=levels)
        limits = {
            rail: most if self.limits_v[rail] == t.RAIL_MAX_V[rail] else min(self.limits_v[rail], most)
            for rail, most in table.rail_max_v.items()
        }
        name = f"{kind} carrier" if self.name == type(self).name else self.name
        return replace(
            self,
            name=name,
            limits_v=limits,
            max_levels=levels,
            series_ohm=table.series_ohm,
            amplifier=table.volts_per_amp / t.TIA_OHM,
            reads_each=table.parallel_columns == 1,
        )

    def calibrated(self, calibration: Calibration) -> Self:
        """This carrier with what was measured in place of gain and offset."""
        return replace(
            self,
            gain=calibration.gain,
            offset=calibration.offset,
            note=calibration.note(),
            calibrated_kind=calibration.kind,
        )

    @property
    def is_in_order(self) -> bool:
        """Whether each line goes to the array's of the same number."""
        return bool((self.rows == np.arange(ROWS)).all() and (self.columns == np.arange(COLUMNS)).all())

    @property
    def is_exact(self) -> bool:
        """Whether its codes need no correction."""
        return self.is_even and self.is_direct

    @property
    def is_direct(self) -> bool:
        """Whether a cell's current is its conductance at the reference carrier's amplifier."""
        return self.series_ohm == 0 and self.amplifier == 1

    @property
    def is_even(self) -> bool:
        """Whether its channels are off by nothing."""
        return bool((self.gain == 1).all() and (self.offset == 0).all())

    def on_lines(self, cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values (rows, columns) of the array's cells, by line and channel of the carrier."""
        moved = np.empty_like(cells)
        moved[np.ix_(self.rows, self.columns)] = cells
        return moved

    def on_cells(self, lines: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The reverse of `on_lines`; `lines` may have more axes in front."""
        return np.asarray(lines[..., self.rows[:, np.newaxis], self.columns])

    def true_codes(self, codes: Integers, read_v: float) -> Codes:
        """Codes (..., columns) by channel of reads at so many volts, as a carrier without errors and with nothing in
        series would give them, rounded; no higher than its converter goes.
        """
        if self.is_exact:
            return codes.astype(np.int64)
        even = (codes - self.offset) / self.gain
        if self.is_direct:
            return np.rint(even).astype(np.int64)
        # I = V G / (1 + G R), and a code with nothing in series is proportional to G
        behind = even / self.amplifier
        left = np.maximum(1.0 - np.maximum(behind, 0.0) * self._drop(read_v), _LEAST_LEFT)  # below 0 it is noise
        return np.rint(np.minimum(behind / left, t.ADC_MAX)).astype(np.int64)

    def read_codes(self, codes: FloatArray, read_v: float) -> FloatArray:
        """The reverse of `true_codes` for channels that are off by nothing, not rounded."""
        return np.asarray(self.amplifier * codes / (1.0 + np.maximum(codes, 0.0) * self._drop(read_v)), np.float64)

    def _drop(self, read_v: float) -> float:
        """What is in series takes this share of the voltage for each code of a read, over what is left."""
        return self.series_ohm * t.ADC_LSB_V / (t.TIA_OHM * read_v)

    def shift(self, codes: FloatArray) -> Codes:
        """By how much the channels (..., columns) are off near these codes, read through what is in series."""
        return np.rint(codes * (self.gain - 1.0) + self.offset).astype(np.int64)


def _kind(value: Any) -> str | None:
    if value is None:
        return None
    kind = key_of(value) if isinstance(value, str) else value
    if kind not in t.CARRIERS:
        raise ValueError(f"kind is none of {', '.join(map(written, t.CARRIERS))}")
    return str(kind)


def _lines(name: str, value: Any, count: int) -> Index:
    if not isinstance(value, list) or not all(type(line) is int and 0 <= line < count for line in value):
        raise ValueError(f"{name} is not a list of numbers from 0 to {count - 1}")
    return np.array(value, np.intp)


def _order(name: str, value: Any, count: int) -> Index:
    if value is None:
        return np.arange(count)
    order = _lines(name, value, count)
    if sorted(order.tolist()) != list(range(count)):
        raise ValueError(f"{name} does not name each of 0 to {count - 1} once")
    return order


def _numbers(name: str, value: Any, low: float, high: float) -> FloatArray:
    given = value if isinstance(value, list) else [value] * COLUMNS
    if not all(is_number(x, low, high) for x in given):
        raise ValueError(f"{name} has something other than numbers from {low:g} to {high:g}")
    if len(given) != COLUMNS:
        raise ValueError(f"{name} has {len(given)} numbers, not {COLUMNS}")
    return np.array(given, np.float64)


def _limits(values: Any) -> tuple[dict[Rail, float], float, int | None]:
    limits, pulse_us, levels = dict(t.RAIL_MAX_V), math.inf, None
    if not isinstance(values, dict):
        raise TypeError("limits is not a table")
    for key, value in values.items():
        if key == "levels":
            if type(value) is not int or not 2 <= value <= MOST_LEVELS:
                raise ValueError(f"limits.levels is not a whole number from 2 to {MOST_LEVELS}")
            levels = value
            continue
        if not is_number(value, 0, MAX_QUANTITY):
            raise ValueError(f"limits.{key} is not a number from 0 on")
        if key == "pulse_us":
            pulse_us = float(value)
            continue
        try:
            rail = Rail[key.removesuffix("_v").upper()]
        except KeyError:
            raise ValueError(f"no such limit: {key}{did_you_mean(key, _LIMITS)}") from None
        if value > limits[rail]:
            raise ValueError(f"limits.{key} is above the guard's own ceiling of {limits[rail]} V")
        limits[rail] = float(value)
    return limits, pulse_us, levels
