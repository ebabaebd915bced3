"""What programming an array, or all arrays of an image, came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmbench.record.cell_records import CellRecords
from ohmbench.record.records import CellStatus, status_of
from ohmbench.support.array_types import Codes, IntArray, Mask


@dataclass(frozen=True)
class PassNote:
    """What one pass found and did.

    Attributes:
        outside: cells that read outside of their window when the pass began.
        pulsed: cells that got a pulse; pulses: of all cells together.
        failed: cells that were left outside.
    """

    outside: int
    pulsed: int
    pulses: int
    failed: int


@dataclass(frozen=True, eq=False)
class ArrayResult:
    """What a run did to an array; all arrays (rows, columns).

    Attributes:
        records: codes last read, and the pulses of all passes; its mask leaves skipped cells out.
        found: ADC codes when the run began, before its first pulse; None if they were not read.
        attempts: times that a cell was taken up and got a pulse, at most TRIES a pass.
        passes: one after the other.
        run_id: in the record; None if it was not recorded.
    """

    records: CellRecords
    found: Codes | None
    attempts: Codes
    skipped: Mask
    passes: tuple[PassNote, ...]
    run_id: int | None = None

    @property
    def found_inside(self) -> Mask:
        """Cells that were in their window when the run began, as far as they were read."""
        return np.zeros_like(self.records.mask) if self.found is None else self.records.at(self.found).inside

    @property
    def status(self) -> IntArray:
        """CellStatus of each cell; 0 outside of the mask."""
        return status_of(self.records)

    def named_status(self) -> list[list[str]]:
        """converged, failed, untouched or skipped; empty for a cell that the image does not use."""
        names = {0: ""} | {status.value: status.name.lower() for status in CellStatus}
        return [
            ["skipped" if skipped else names[int(value)] for value, skipped in zip(*row, strict=True)]
            for row in zip(self.status, self.skipped, strict=True)
        ]

    def as_lists(self) -> dict[str, Any]:
        """Each cell's record, for JSON."""
        r = self.records
        arrays = {} if self.found is None else {"found": self.found}
        arrays |= {"code": r.code, "low": r.low, "high": r.high, "set_pulses": r.set_pulses}
        arrays |= {"reset_pulses": r.reset_pulses, "attempts": self.attempts}
        return {"status": self.named_status()} | {name: values.tolist() for name, values in arrays.items()}


@dataclass(frozen=True, eq=False)
class ProgramResult:
    """Arrays programmed one after the other; records by number of the image."""

    rung: str
    records: dict[int, CellRecords]

    def _over_cells(self, values: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        return np.concatenate([v[r.mask] for v, r in zip(values, self.records.values(), strict=True)])

    @property
    def cells(self) -> int:
        return sum(int(np.count_nonzero(r.mask)) for r in self.records.values())

    @property
    def converged_fraction(self) -> float:
        """Share of the cells that ended in their window; 1 if there was none to program."""
        converged = self._over_cells(r.inside for r in self.records.values())
        return float(np.mean(converged)) if converged.size else 1.0
