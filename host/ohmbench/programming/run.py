"""A programming run: one array brought to an image's levels in passes, every cell's result recorded as it arrives.

A pass reads the array and programs the cells that read outside of their window, and these alone: a cell that was read
inside gets no pulse, whatever its neighbours do meanwhile. That is what makes a run differential, and one that was
killed can simply be run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import StoreError
from ohmbench.programming.programmer import program_cells, read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.journal import Journal
from ohmbench.record.records import Cells, CellStatus, status_of
from ohmbench.support.array_types import Codes, IntArray, Levels, Mask, Words
from ohmbench.tables import ROWS

TRIES = 3
"""A cell that the firmware gave up is taken up again so often in a pass: a straggler is not a broken cell, and alone
with the other stragglers of its row it meets other wire voltages than among 32."""


@dataclass(frozen=True, eq=False)
class Target:
    """What one array is to hold; all arrays (rows, columns).

    Attributes:
        levels: 0..max_level.
        mask: bool, the cells to program.
        skipped: bool, cells of the image that are left out because they are bad.
        name: for progress.
    """

    levels: Levels
    mask: Mask
    skipped: Mask
    max_level: int
    name: str


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
        found: ADC codes when the run began, before its first pulse.
        attempts: times that a cell was taken up and got a pulse, at most TRIES a pass.
        passes: one after the other.
        run_id: in the record; None if it was not recorded.
    """

    records: CellRecords
    found: Codes
    attempts: Codes
    skipped: Mask
    passes: tuple[PassNote, ...]
    run_id: int | None = None

    @property
    def found_inside(self) -> Mask:
        """Cells that were in their window when the run began."""
        return self.records.at(self.found).inside

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
        arrays = {"found": self.found, "code": r.code, "low": r.low, "high": r.high, "set_pulses": r.set_pulses}
        arrays |= {"reset_pulses": r.reset_pulses, "attempts": self.attempts}
        return {"status": self.named_status()} | {name: values.tolist() for name, values in arrays.items()}


@dataclass(frozen=True, eq=False)
class Standing:
    """How a run stands.

    Attributes:
        cells: to be programmed (rows, columns); pulses are of all passes.
        done_rows: bool (rows,), the rows whose cells of this pass are read.
        pass_number: from 0.
    """

    cells: CellRecords
    done_rows: Mask
    pass_number: int


Watch = Callable[[Standing], None]


def _no_one(standing: Standing) -> None:
    pass


class ArrayRun:
    """One array's programming, from its first read to its last record.

    Args:
        journal: takes the records as they arrive.
        watch: called when the array has come to another state.
    """

    def __init__(
        self,
        bench: Bench,
        target: Target,
        recipe: Recipe,
        journal: Journal,
        progress: Progress,
        watch: Watch = _no_one,
    ) -> None:
        self._bench = bench
        self._target = target
        self._recipe = recipe
        self._journal = journal
        self._progress = progress
        self._watch = watch
        self._done_rows: Mask = np.zeros(len(target.mask), np.bool_)
        self._number = 0
        unread = np.zeros(target.mask.shape, np.int64)
        windows = recipe.windows(target.levels, target.max_level)
        self._cells = CellRecords.of_codes(target.mask, *windows, unread)
        self._attempts = unread

    def run(self) -> ArrayResult:
        """All passes of the recipe.

        Raises:
            FaultError: the guard turned the array off.
            WearError: a cell's budget could be passed; it was not pulsed.
            StoreError: the record cannot be written; the array is off.
        """
        notes: list[PassNote] = []
        found: Codes | None = None
        try:
            for number in range(self._recipe.passes):
                if number:
                    self._bench.rest(self._recipe.rest_s, self._progress)
                code = read_array(self._bench, self._recipe)
                found = code if found is None else found
                self._cells, self._number = self._cells.at(code), number
                notes.append(self._pass())
            self._record_untouched()
        except StoreError:
            raise  # what waits cannot be recorded either
        except BaseException:
            self._journal.flush()
            raise
        assert found is not None
        return ArrayResult(self._cells, found, self._attempts, self._target.skipped, tuple(notes), self._journal.run_id)

    def _tell(self) -> None:
        self._watch(Standing(self._cells, self._done_rows, self._number))

    def _outside(self) -> Mask:
        return self._target.mask & ~self._cells.inside

    def _pass(self) -> PassNote:
        before = self._cells.pulses
        found = outside = self._outside()
        self._done_rows = np.asarray(~outside.any(axis=1))
        self._tell()
        self._journal.note(f"pass {self._number + 1}: {np.count_nonzero(found)} cells outside of their window")
        for _ in range(TRIES):
            # even if there is none: a run that is recorded as begun is found again
            self._journal.begin_pass(outside, self._recipe.limits().pulses)
            if not outside.any():
                break
            target = self._target
            program_cells(self._bench, target.levels, outside, target.max_level, self._recipe, self._collect)
            outside = self._outside()
        self._journal.flush()
        pulses = self._cells.pulses - before
        return PassNote(
            int(np.count_nonzero(found)),
            int(np.count_nonzero(pulses)),
            int(pulses.sum()),
            int(np.count_nonzero(outside)),
        )

    def _collect(self, part: Mask, first: int, words: Words) -> None:
        """Takes the records of some rows, of these cells."""
        records = CellRecords.of_rows(first, words, part, self._cells.low, self._cells.high)
        self._cells = self._cells.then(records)
        taken_up = np.where(records.mask, records.pulses > 0, False).astype(np.int64)
        self._attempts = self._attempts + taken_up
        self._journal.add(Cells.of(records, taken_up))
        self._progress(self._target.name, first + len(words), ROWS)
        self._done_rows = np.asarray(self._done_rows | records.mask.any(axis=1))
        self._tell()

    def _record_untouched(self) -> None:
        """The cells that never needed a pulse: their code is recorded too."""
        mask = (self._attempts == 0) & self._cells.inside
        if mask.any():
            self._journal.begin_pass(mask, 0)
            none = np.zeros_like(self._attempts)
            untouched = CellRecords.of_codes(mask, self._cells.low, self._cells.high, self._cells.code)
            self._journal.add(Cells.of(untouched, none))
        self._journal.flush()
