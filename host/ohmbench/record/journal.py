"""How a programming run enters the lab's record, and how it is found there again to resume it."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from ohmbench.errors import StoreError
from ohmbench.record.names import RunStatus
from ohmbench.record.records import Cells, RunRecord
from ohmbench.record.store import Run, Store
from ohmbench.support.array_types import Mask

PROGRAM = "program"
"""Kind of the runs that this module makes and finds."""
EXPERIMENT = "experiment "
"""What the kind of an experiment's run begins with."""

KINDS = (PROGRAM, "form", "characterise", "verify", "infer", "trim", "demo", "run", "program in the loop")
"""Of runs that commands make; an experiment's is EXPERIMENT and its name."""

DEFAULT_BUDGET = 1_000_000
"""Pulses a cell for life of an array that comes with no budget of its own [guess]: HfO2 1T1R cells are published with
1e6 to 1e9 cycles, and the low end is taken because an array that lasts longer loses nothing but a question."""

_BATCH_CELLS = 256
_BATCH_S = 0.25
_FIELDS = tuple(f.name for f in dataclasses.fields(Cells) if f.name != "run_cycles")


class Journal:
    """Writes the cells of a run as they come, some rows at a time: a row each would be a disk flush each.

    Args:
        run: where to; None for an array without a serial number, whose runs are not recorded.
        charged: the cells of its first pass were charged when the run was begun.
    """

    def __init__(self, run: Run | None, *, charged: bool = False) -> None:
        self._run = run
        self._charged = charged
        self._waiting: Cells | None = None
        self._since = 0.0

    @property
    def run_id(self) -> int | None:
        return None if self._run is None else self._run.id

    def begin_pass(self, mask: Mask, pulses: int) -> None:
        """Charge the masked cells with what the next pass may give them.

        Raises:
            WearError: a cell's budget could be passed.
            StoreError: the record cannot be written.
        """
        charged, self._charged = self._charged, False
        if self._run is not None and not charged:
            self.flush()
            self._run.begin_pass(mask, pulses)

    def add(self, cells: Cells) -> None:
        """Record cells of the pass, now or with those that follow soon.

        Raises:
            StoreError: the record cannot be written.
        """
        if self._run is None:
            return
        if self._waiting is None:
            self._waiting, self._since = cells, time.monotonic()
        else:
            self._waiting = _merged(self._waiting, cells)
        if np.count_nonzero(self._waiting.mask) >= _BATCH_CELLS or time.monotonic() - self._since >= _BATCH_S:
            self.flush()

    def note(self, what: str) -> None:
        """Record an event.

        Raises:
            StoreError: the record cannot be written.
        """
        if self._run is not None:
            self._run.note(what)

    def flush(self) -> None:
        """Record what waits. What fails to be recorded is not tried again: those cells keep their reservation.

        Raises:
            StoreError: the record cannot be written.
        """
        waiting, self._waiting = self._waiting, None
        if self._run is not None and waiting is not None:
            self._run.record(waiting)


def _merged(first: Cells, second: Cells) -> Cells:
    """Both, the second where they meet."""
    values = {name: np.where(second.mask, getattr(second, name), getattr(first, name)) for name in _FIELDS}
    return Cells(**{**values, "mask": first.mask | second.mask})


def last_run(store: Store, serial: str, sha256: str) -> RunRecord | None:
    """The last run that brought an image into an array, of any kind, if nothing else has pulsed the array since."""
    for run in store.runs(serial):
        if run.image_sha256 == sha256 and (run.kind == PROGRAM or run.most_pulses > 0):
            return run
        if run.most_pulses > 0:
            return None
    return None


def last_programming(store: Store, serial: str, sha256: str) -> RunRecord | None:
    """As `last_run`, if it is one of `ohmbench program`: others cannot be resumed."""
    run = last_run(store, serial, sha256)
    return run if run is not None and run.kind == PROGRAM else None


def run_to_resume(store: Store, serial: str, sha256: str, only: int | None) -> RunRecord:
    """The run of an image to resume; one that is done says that there is nothing left to do in it.

    Args:
        only: resume this array of the image, and no other.

    Raises:
        StoreError: this array has none; the message says whose journal it is.
    """
    if serial not in (array.serial for array in store.arrays()):
        raise _nothing(store, serial, sha256)
    run = last_programming(store, serial, sha256)
    if run is None:
        changes = [other for other in store.runs(serial) if other.most_pulses > 0]
        if not changes:
            raise _nothing(store, serial, sha256)
        last = changes[0]
        if last.image_sha256 == sha256:
            raise StoreError(
                f"Array {serial} was last pulsed by run {last.id} ({last.kind}, {last.started:%Y-%m-%d %H:%M} UTC), "
                "which cannot be resumed.",
                "Start without --resume: cells in their window get no pulse.",
            )
        raise StoreError(
            f"Array {serial} was last pulsed by run {last.id} ({last.kind}, {last.started:%Y-%m-%d %H:%M} UTC), which "
            "was not of this image.",
            "Give that image, or start without --resume: the array then loses what it holds.",
        )
    if only is not None and run.image_number != only and run.status == RunStatus.DONE:
        raise StoreError(
            f"Nothing to resume: image {only} was not begun on array {serial}. Run {run.id}, which is done, programmed "
            f"image {run.image_number} there.",
            "Start without --resume: the array then loses what it holds.",
        )
    if only is not None and run.image_number != only:
        raise StoreError(
            f"The last run on array {serial} is of image {run.image_number}, not of image {only}.",
            "Leave --only out to resume it, or start without --resume.",
        )
    return run


def _nothing(store: Store, serial: str, sha256: str) -> StoreError:
    for array in store.arrays():
        run = last_programming(store, array.serial, sha256) if array.serial != serial else None
        if run is not None and run.status != RunStatus.DONE:
            return StoreError(
                f"The unfinished run of this image, run {run.id}, is on array {array.serial}, and array {serial} is in "
                "the socket.",
                "Put the right array in, or start without --resume.",
            )
    return nothing_to_resume(serial)


def nothing_to_resume(serial: str) -> StoreError:
    """The error of an array of which there is no run to resume."""
    return StoreError(
        f"Nothing to resume: the record knows no run of this image on array {serial}.",
        "Start without --resume, or correct --serial or --lab.",
    )


def next_step(run: RunRecord) -> str:
    """What to do about a run that did not end by itself."""
    can_go_on = run.kind == PROGRAM or run.kind.startswith(EXPERIMENT)
    return "--resume continues it" if can_go_on else "give the same command again"


def images_left(run: RunRecord) -> list[int]:
    """The arrays of the image that a run and those after it were to program, from this run's on if it is not done."""
    planned = [int(number) for number in run.provenance.get("images", [run.image_number])]
    assert run.image_number is not None
    left = planned[planned.index(run.image_number) :]
    return left[1:] if run.status == RunStatus.DONE else left


def skipped_of(run: RunRecord, rows: int, columns: int) -> Mask:
    """The cells (rows, columns) that a run left out as bad."""
    skipped = np.zeros((rows, columns), np.bool_)
    for row, column in run.provenance.get("skipped", []):
        skipped[row, column] = True
    return skipped
