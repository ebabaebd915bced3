"""What an algorithm is: firmware that programs rows, and how it is told what the levels mean.

A plug-in is a class that derives from `Algorithm`, named in the entry points `ohmbench.algorithms`. Recipes name it;
then `program`, `infer` and all other commands use it, with record, resuming and reports.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ohmbench.isa import Program
from ohmbench.programming.bands import Bands
from ohmbench.programming.ramp import Ramp
from ohmbench.support.array_types import Words
from ohmbench.tables import Rail


@dataclass(frozen=True)
class Rails:
    """The rails that the two voltages of a ramp are on."""

    ramped: tuple[Rail, ...]
    held: tuple[Rail, ...]


class Settings(Protocol):
    """What of a recipe concerns an algorithm; `Recipe` says what each means."""

    @property
    def set(self) -> Ramp: ...
    @property
    def reset(self) -> Ramp: ...
    @property
    def rounds(self) -> int: ...
    @property
    def confirm(self) -> int: ...
    @property
    def confirm_need(self) -> int: ...


class Algorithm(ABC):
    """Firmware that programs the rows of an array, and the data that it takes.

    The firmware takes `row` and `end`, and by `vin` a row's levels, unsigned (32,): numbers of the bands, LEAVE for a
    cell to leave alone. On a calibrated carrier a level comes with a shift of the cell's window, as program.useq says.
    For each row it sends a word a cell by `vout`: code | SET pulses << 16 | RESET pulses << 24. It gives a cell no
    more than `rounds` ramps of either polarity, and no voltage beyond their ends: the guard holds it to that.

    Attributes:
        name, about: how recipes call it, and what it does in a line.
        entry: of the firmware.
        set_rails, reset_rails: where the voltages of the ramps go.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    entry: ClassVar[str]
    set_rails: ClassVar[Rails]
    reset_rails: ClassVar[Rails]

    @property
    @abstractmethod
    def firmware(self) -> Program:
        """The assembled program."""

    @property
    @abstractmethod
    def tables_at(self) -> int:
        """Memory vector that the tables begin at."""

    @abstractmethod
    def tables(self, bands: Bands, settings: Settings) -> Words:
        """Memory vectors uint32 (n, 32) that tell the firmware what the bands are."""

    @abstractmethod
    def arguments(self, settings: Settings) -> dict[str, int]:
        """Arguments of the firmware but for `row` and `end`."""
