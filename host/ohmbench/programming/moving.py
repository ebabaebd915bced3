"""Whether pulses move cells at all: a run whose first cells all stay where they were is stopped.

On an array that is not formed, with a gate that never conducts or pulses that do not arrive, every cell would get every
pulse of the recipe, for nothing.
"""

from __future__ import annotations

import numpy as np

from ohmbench.carrier.calibration import OFFSET_MAX
from ohmbench.errors import ArrayState, DataError
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Codes, Mask

NOISE = 12
"""Codes, 3 uS at 0.2 V: six times the converter's 1.84 LSB, so that one still cell in 10 million seems to move. A whole
ramp moves a good cell by a hundred uS."""

ROWS_ENOUGH = 3
CELLS_ENOUGH = 48
"""Still cells, in so many rows, that stop a run in which none moved yet. With a third of all cells stuck, far beyond
any array that is worth programming, 48 stuck ones come first once in 10^23 runs. Broken word lines make whole rows of
them: two such rows, before any other, stop nothing."""


class Moving:
    """Looks at the cells of one array as their records arrive, over all its runs of one command."""

    def __init__(self) -> None:
        self._moves = False
        self._rows: set[int] = set()
        self._cells = 0

    def found(self, cells: CellRecords) -> None:
        """Cells that were read before any pulse of this command.

        One that reads in a window beyond what nothing at all reads was programmed here before: what is left to do may
        be stuck cells alone.
        """
        self._moves = self._moves or bool((cells.inside & (np.abs(cells.code) > NOISE + OFFSET_MAX)).any())

    def arrived(self, records: CellRecords, before: Codes | None, array: ArrayState) -> None:
        """What became of some cells.

        Args:
            before: what they read before; None: not known, and then what conducts counts as moved.
            array: what the array holds if they are too many.

        Raises:
            DataError: too many are still where they were.
        """
        if self._moves:
            return
        moved = np.abs(records.code) > NOISE + OFFSET_MAX if before is None else np.abs(records.code - before) > NOISE
        pulsed = records.mask & (records.pulses > 0)
        self._moves = bool((records.mask & moved | pulsed & records.inside).any())
        if not self._moves:
            self._still(pulsed & ~records.inside, array)

    def _still(self, cells: Mask, array: ArrayState) -> None:
        self._rows |= set(np.flatnonzero(cells.any(axis=1)).tolist())
        self._cells += int(np.count_nonzero(cells))
        if len(self._rows) >= ROWS_ENOUGH and self._cells >= CELLS_ENOUGH:
            raise DataError(
                f"None of the first {self._cells} cells, in {len(self._rows)} rows, moved in its whole ramp, so the "
                "run was stopped; what was done is recorded. Either the array is not formed, or reading or pulsing "
                "does not work with these voltages.",
                "If the array is fresh, form it (`ohmbench form`). Otherwise check that the recipe suits it, and run "
                "`ohmbench selftest`.",
                array=array,
            )
