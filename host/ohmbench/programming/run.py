"""A programming run: one array brought to an image's levels in passes, every cell's result recorded as it arrives.

A pass reads the array and programs the cells that read outside of their window, and these alone: a cell that was read
inside gets no pulse, whatever its neighbours do meanwhile. That is what makes a run differential, and one that was
killed can simply be run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import ArrayState, StoreError
from ohmbench.mapping.image import WeightImage
from ohmbench.programming.moving import Moving
from ohmbench.programming.programmer import program_cells, read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.result import ArrayResult, PassNote
from ohmbench.progress import OnProgress
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.journal import Journal
from ohmbench.record.records import Cells
from ohmbench.support.array_types import Codes, Levels, Mask, Words
from ohmbench.tables import ROWS


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

    @classmethod
    def of(cls, image: WeightImage, number: int, skip: Mask) -> Self:
        """One of an image's arrays, without the cells (rows, columns) to skip."""
        mask = image.mask[number]
        name = f"program image {number + 1}/{image.images}"
        return cls(image.levels[number], mask & ~skip, mask & skip, image.max_level, name)


@dataclass(frozen=True)
class Policy:
    """How much trouble a run takes over an array.

    Attributes:
        first_read: each pass begins with a read of the array, and takes up those cells alone that read outside of their
            window. Without it every cell is taken up, and the firmware's own first read decides.
        tries: a cell that the firmware gave up is taken up so often in a pass: a straggler is not a broken cell, and
            alone with the other stragglers of its row it meets other wire voltages than among 32.
        repeats: the recipe's passes, with its rest before each but the first; else one.
    """

    first_read: bool
    tries: int
    repeats: bool


TRIES = 3
DIFFERENTIAL = Policy(first_read=True, tries=TRIES, repeats=True)
"""As `ohmbench program` does it: what is right already gets no pulse, and what fails is tried again."""

AT_ONCE = Policy(first_read=False, tries=1, repeats=False)
"""One run of the firmware over all cells: what inference, the demo, sweeps and measurements take."""


def policy_of(recipe: Recipe) -> Policy:
    """AT_ONCE, but where the recipe asks for passes: its rests are to find the cells that relax."""
    return AT_ONCE if recipe.passes == 1 else DIFFERENTIAL


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
        moving: what earlier runs of the command saw of the same array.
    """

    def __init__(
        self,
        bench: Bench,
        target: Target,
        recipe: Recipe,
        journal: Journal | None = None,
        progress: OnProgress | None = None,
        watch: Watch = _no_one,
        policy: Policy = DIFFERENTIAL,
        moving: Moving | None = None,
    ) -> None:
        self._bench = bench
        self._target = target
        self._recipe = recipe
        self._journal = Journal(None) if journal is None else journal
        self._policy = policy
        self._moving = moving or Moving()
        self._progress = progress or (lambda name, done, total: None)
        self._watch = watch
        self._done_rows: Mask = np.zeros(len(target.mask), np.bool_)
        self._number = 0
        self._is_retry = False
        unread = np.zeros(target.mask.shape, np.int64)
        windows = recipe.windows(target.levels, target.max_level)
        self._cells = CellRecords.of_codes(target.mask, *windows, unread)
        self._attempts = unread

    def run(self) -> ArrayResult:
        """All passes.

        Raises:
            UsageError: more levels than the carrier is set up for; nothing was sent.
            FaultError: the guard turned the array off.
            DataError: no cell of the first rows moved.
            WearError: a cell's budget could be passed; it was not pulsed.
            StoreError: the record cannot be written; the array is off.
        """
        self._bench.require_levels(self._target.max_level)
        notes: list[PassNote] = []
        found: Codes | None = None
        try:
            for number in range(self._recipe.passes if self._policy.repeats else 1):
                if number:
                    self._bench.rest(self._recipe.rest_s, self._progress)
                if self._policy.first_read:
                    self._cells = self._cells.at(read_array(self._bench, self._recipe))
                    found = self._cells.code if found is None else found
                    self._moving.found(self._cells)
                self._number = number
                notes.append(self._pass())
            if self._policy.first_read:
                self._record_untouched()
        except StoreError:
            raise  # what waits cannot be recorded either
        except BaseException:
            self._journal.flush()
            raise
        return ArrayResult(self._cells, found, self._attempts, self._target.skipped, tuple(notes), self._journal.run_id)

    def _tell(self) -> None:
        self._watch(Standing(self._cells, self._done_rows, self._number))

    @property
    def _name(self) -> str:
        return self._target.name + (f", pass {self._number + 1}" if self._number else "")

    def _outside(self) -> Mask:
        return self._target.mask & ~self._cells.inside

    def _pass(self) -> PassNote:
        before = self._cells.pulses
        found = outside = self._outside() if self._policy.first_read else self._target.mask
        self._done_rows = np.asarray(~outside.any(axis=1))
        self._tell()
        if self._policy.first_read:
            self._journal.note(f"pass {self._number + 1}: {np.count_nonzero(found)} cells outside of their window")
        for attempt in range(self._policy.tries):
            self._is_retry = attempt > 0
            # even if there is none: a run that is recorded as begun is found again
            self._journal.begin_pass(outside, self._recipe.limits().pulses)
            if not outside.any():
                break
            target = self._target
            cycles = program_cells(self._bench, target.levels, outside, target.max_level, self._recipe, self._collect)
            self._cells = replace(self._cells, run_cycles=self._cells.run_cycles + cycles)
            outside = self._outside()
            if attempt:
                self._progress(f"{self._name}, again", attempt, self._policy.tries - 1)
        if self._policy.tries > 1:  # nothing is left of it, however many it took
            self._progress(f"{self._name}, again", self._policy.tries - 1, self._policy.tries - 1)
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
        before = self._cells.code if self._policy.first_read else None
        self._cells = self._cells.then(records)
        taken_up = np.where(records.mask, records.pulses > 0, False).astype(np.int64)
        self._attempts = self._attempts + taken_up
        self._journal.add(Cells.of(records, taken_up))
        if not self._is_retry:  # a few cells: rows would count again
            self._progress(self._name, first + len(words), ROWS)
        self._done_rows = np.asarray(self._done_rows | records.mask.any(axis=1))
        self._tell()
        self._moving.arrived(records, before, ArrayState.PROGRAMMED)

    def _record_untouched(self) -> None:
        """The cells that never needed a pulse: their code is recorded too."""
        mask = (self._attempts == 0) & self._cells.inside
        if mask.any():
            self._journal.begin_pass(mask, 0)
            none = np.zeros_like(self._attempts)
            untouched = CellRecords.of_codes(mask, self._cells.low, self._cells.high, self._cells.code)
            self._journal.add(Cells.of(untouched, none))
        self._journal.flush()


def program_image(
    bench: Bench,
    levels: Levels,
    mask: Mask,
    max_level: int,
    recipe: Recipe,
    progress: OnProgress | None = None,
    moving: Moving | None = None,
) -> CellRecords:
    """Program the masked cells to their levels AT_ONCE, with verify next to the array.

    Cells that are in their window already get no pulse.

    Args:
        levels: (rows, columns), 0..max_level.
        mask: (rows, columns); rows without a cell are skipped. Cells on bad lines of the carrier are left out.
        moving: as `ArrayRun` has it.

    Raises:
        DataError: no cell of the first rows moved.
        FaultError: the guard turned the array off.
    """
    bad = bench.carrier.bad
    target = Target(levels, mask & ~bad, mask & bad, max_level, "program")
    return ArrayRun(bench, target, recipe, progress=progress, policy=AT_ONCE, moving=moving).run().records
