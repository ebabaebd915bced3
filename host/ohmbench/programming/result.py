"""What programming the arrays of an image came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmbench.record.cell_records import CellRecords


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
