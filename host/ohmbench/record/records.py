"""What the record of a lab holds: arrays, their wear, runs and cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from ohmbench.support.array_types import IntArray, Integers, Mask

LOGGED = ("runs", "arrays", "events", "calibrations")
"""What `ohmbench log` looks up."""

TABLES = ("runs", "arrays", "wear", "cells", "samples", "events")
"""What `ohmbench export` writes as a table."""


class CellStatus(IntEnum):
    """How a pass left a cell. The file holds the names in lower case."""

    CONVERGED = 1
    FAILED = 2
    UNTOUCHED = 3  # it was in its window already, or its turn never came: no pulse


class RunStatus(StrEnum):
    """How a run ended. One that was killed stays running until the next run on its array begins."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True)
class ArrayRecord:
    """An array that the lab has had in a socket."""

    serial: str
    array_type: str
    rows: int
    columns: int
    budget: int | None  # pulses a cell for life; None: no limit
    first_seen: datetime


@dataclass(frozen=True, eq=False)
class Wear:
    """Pulses that each cell has had in its life: int64 (rows, columns).

    Attributes:
        reserved: pulses that a cell may have had besides: allowed by a pass that has not recorded the cell.
    """

    set_pulses: IntArray
    reset_pulses: IntArray
    form_pulses: IntArray
    reserved: IntArray

    @property
    def total(self) -> IntArray:
        """What counts against the budget: never less than the cell has had."""
        return self.set_pulses + self.reset_pulses + self.form_pulses + self.reserved


@dataclass(frozen=True)
class RunRecord:
    """A recorded run.

    Attributes:
        most_pulses: the most that one pass may give a cell; 0 for a run that only reads.
        passes: passes begun.
    """

    id: int
    serial: str
    kind: str
    rung: str
    image_sha256: str | None
    image_number: int | None
    recipe: Mapping[str, Any]
    provenance: Mapping[str, Any]
    most_pulses: int
    status: RunStatus
    started: datetime
    ended: datetime | None
    passes: int


@dataclass(frozen=True, eq=False)
class Cells:
    """What was done to cells; arrays (rows, columns), which mean nothing outside of the mask.

    Attributes:
        mask: bool, the cells recorded.
        low, high, code: int, lowest and highest accepted ADC code, and the code that was read last.
        set_pulses, reset_pulses, form_pulses: int, pulses that each cell got.
        attempts: int, times that a cell was taken up.
        status: int, of CellStatus.
    """

    mask: Mask
    low: Integers
    high: Integers
    code: Integers
    set_pulses: Integers
    reset_pulses: Integers
    form_pulses: Integers
    attempts: Integers
    status: Integers
