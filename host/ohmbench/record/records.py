"""What the record of a lab holds: arrays, their wear, runs and cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Self

import numpy as np

from ohmbench.record.cell_records import CellRecords
from ohmbench.record.names import RunStatus
from ohmbench.support.array_types import Codes, IntArray


class CellStatus(IntEnum):
    """How a pass left a cell. The file holds the names in lower case."""

    CONVERGED = 1
    FAILED = 2
    UNTOUCHED = 3  # it was in its window already, or its turn never came: no pulse


@dataclass(frozen=True)
class ArrayRecord:
    """An array that the lab has had in a socket."""

    serial: str
    array_type: str
    rows: int
    columns: int
    budget: int | None  # pulses a cell for life; None: no limit
    first_seen: datetime
    reads: int  # conversions with a word line on, as far as they were counted
    read_us: int  # with word lines on in READ


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
    def given(self) -> IntArray:
        """Pulses that are known to have been given."""
        return self.set_pulses + self.reset_pulses + self.form_pulses

    @property
    def total(self) -> IntArray:
        """What counts against the budget: never less than the cell has had."""
        return self.given + self.reserved


@dataclass(frozen=True)
class RunRecord:
    """A recorded run.

    Attributes:
        most_pulses: the most that one pass may give a cell; 0 for a run that only reads.
        passes: passes begun.
        reads, read_us: conversions with a word line on, and microseconds with word lines on in READ; None: not known.
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
    reads: int | None
    read_us: int | None


@dataclass(frozen=True, eq=False)
class Cells(CellRecords):
    """What was done to cells, as a run records it.

    Attributes:
        form_pulses: int, pulses that formed a cell; they are not among its SET pulses.
        attempts: int, times that a cell was taken up.
        status: int, of CellStatus.
    """

    form_pulses: Codes
    attempts: Codes
    status: Codes

    @classmethod
    def of(cls, cells: CellRecords, attempts: Codes, *, forms: bool = False) -> Self:
        """What was done to cells, each taken up so many times; forms: their SET pulses were to form them."""
        none = np.zeros_like(attempts)
        set_pulses, form_pulses = (none, cells.set_pulses) if forms else (cells.set_pulses, none)
        arrays = (cells.mask, cells.low, cells.high, cells.code, set_pulses, cells.reset_pulses)
        return cls(*arrays, form_pulses, attempts, status_of(cells))


def status_of(cells: CellRecords) -> Codes:
    """CellStatus of each cell; 0 outside of the mask."""
    inside = np.where(cells.pulses > 0, CellStatus.CONVERGED, CellStatus.UNTOUCHED)
    return np.where(cells.mask, np.where(cells.inside, inside, CellStatus.FAILED), 0).astype(np.int64)
