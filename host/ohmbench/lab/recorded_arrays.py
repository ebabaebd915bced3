"""How commands that program arrays for another purpose than the programming enter it in the record.

Each array that is loaded is a run, which goes on while inputs pass the array, and ends when the next one is loaded or
all is done. So what the inputs came to stands in the run as it comes, and a run that says "done" is.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import StoreError
from ohmbench.inference.loading import Loader, load_at_once
from ohmbench.inference.passing import Passing
from ohmbench.lab.ledger import Ledgered
from ohmbench.mapping.image import WeightImage
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.result import ArrayResult
from ohmbench.programming.run import ArrayRun, Target, policy_of
from ohmbench.progress import OnProgress
from ohmbench.record.journal import Journal
from ohmbench.record.names import RunStatus
from ohmbench.record.records import RunRecord
from ohmbench.record.store import Run, Store
from ohmbench.record.trail import add_result, note, samples
from ohmbench.support.array_types import FloatArray, Mask

EVERY_S = 0.5
"""From one record of the inputs that have passed to the next: each waits for the disk."""

_LOADED = "loaded"  # in the first sample of a run, once the array is programmed

Judge = Callable[[FloatArray], Mapping[str, Any]]
"""Outputs (n, ...) of the first n inputs -> what they came to, as the result of a run has it."""


@dataclass(frozen=True)
class Source:
    """What the record says of the image of a run, and of the recipe.

    Attributes:
        sha256: of the image's file; says later which image an array holds.
        file: its name; None for an image that was made for the run.
        recipe: as the operator calls it.
    """

    sha256: str
    file: str | None
    recipe: str

    @property
    def provenance(self) -> dict[str, str]:
        return {"recipe": self.recipe} | ({} if self.file is None else {"file": self.file})


def is_loaded(store: Store, run: RunRecord) -> bool:
    """Whether the array of a run holds its image, however the run ended.

    Raises:
        StoreError: the record cannot be read.
    """
    return run.status is RunStatus.DONE or any(_LOADED in sample.data for sample in samples(store, run.id))


class RecordedArrays:
    """The runs of arrays that are loaded one after the other. A context manager: left, the last run ends.

    Args:
        ledgered: None for an array whose runs are not recorded.
        kind: of the runs.
        source: of the image; another one may be set before the next array.
        skip: cells (rows, columns) that are left out besides those on bad lines of the carrier.
        held: takes the array as it is, in place of programming it; its run gives no pulse.
        judge: says what the first inputs came to while the others pass the last tile.
    """

    def __init__(
        self,
        bench: Bench,
        recipe: Recipe,
        report: OnProgress | None,
        ledgered: Ledgered | None,
        kind: str,
        source: Source,
        *,
        skip: Mask | None = None,
        held: Loader | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.source = source
        self._bench, self._recipe, self._report, self._kind = bench, recipe, report, kind
        self._ledgered, self._skip, self._held, self._judge = ledgered, skip, held, judge
        self._run: Run | None = None
        self._image: WeightImage | None = None
        self._waiting: dict[str, Any] = {}  # what has passed and is not recorded yet
        self._last = 0.0  # record of it

    def load(self, image: WeightImage, number: int) -> ArrayResult:
        """The Loader, as `load_at_once`, with a run in the record for every array.

        Raises:
            UsageError: the carrier does not allow the recipe or so many levels.
            CheckError: reading does not work; the array was not pulsed.
            WearError: a cell's budget could be passed; the array was not pulsed.
            StoreError: the record cannot be written; the array is off.
        """
        if self._ledgered is None:
            return (self._held or load_at_once(self._bench, self._recipe, self._report))(image, number)
        bench, recipe = self._bench, self._recipe
        limits = recipe.limits()
        if self._held is None:
            bench.require_levels(image.max_level)
            bench.require_ready(limits)
        self._end()
        self._ledgered.register(bench.info)
        target = Target.of(image, number, bench.carrier.bad if self._skip is None else bench.carrier.bad | self._skip)
        # all cells are taken up, so that they can be charged before the run is there: one that is refused leaves none
        run = self._run = self._ledgered.store.begin_run(
            self._kind,
            self._ledgered.serial,
            rung=bench.info.rung,
            mask=target.mask if self._held is None else np.zeros_like(target.mask),
            pulses=limits.pulses if self._held is None else 0,
            image_sha256=self.source.sha256,
            image_number=number,
            recipe=dataclasses.asdict(recipe),
            provenance={
                **bench.provenance,
                **self.source.provenance,
                "max_level": image.max_level,
                "skipped": np.argwhere(target.skipped).tolist(),
            },
            sent=lambda: bench.pulse_programs,
            reads=bench.count_reads(),
        )
        if self._held is not None:
            found = self._held(image, number)
        else:
            journal = Journal(run, charged=True)
            found = ArrayRun(bench, target, recipe, journal, self._report, policy=policy_of(recipe)).run()
        self._image, self._last = image, time.monotonic()
        self._add({"name": self._kind, _LOADED: number})
        return found

    def passed(self, passing: Passing) -> None:
        """Record now and then how many inputs have passed, and what they came to.

        Raises:
            StoreError: the record cannot be written.
        """
        if self._run is None or self._image is None:
            return
        numbers = {"tile": passing.tile, "tiles": len(self._image.tiles), "passed": passing.done, "of": passing.total}
        self._waiting = {"name": self._kind, **numbers}
        if time.monotonic() - self._last >= EVERY_S:
            judged = {} if self._judge is None or passing.outputs is None else self._judge(passing.outputs())
            self._waiting |= judged
            self._add_waiting()
            self._last = time.monotonic()

    def came_to(self, said: str, numbers: Mapping[str, Any]) -> None:
        """Record the result in the last array's run: as an event and in numbers.

        Raises:
            StoreError: the record cannot be written.
        """
        if self._run is not None:
            self._waiting = {}
            self._add({"name": self._kind, **numbers}, said)

    def _add(self, numbers: Mapping[str, Any], said: str = "") -> None:
        assert self._ledgered is not None
        assert self._run is not None
        with self._ledgered.store.database.transaction() as sql:
            if said:
                note(sql, self._run.id, said)
            add_result(sql, self._run.id, numbers)

    def _add_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self._add(waiting)

    def _end(self) -> None:
        if self._run is not None:
            self._add_waiting()
            self._run.finish(RunStatus.DONE)
        self._run = self._image = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        run, image = self._run, self._image
        if run is None:
            return
        if error is None:
            self._end()
            return
        if isinstance(error, KeyboardInterrupt):
            error.add_note(f"Run {run.id} is recorded as interrupted, with what was done. {self._next_step(image)}")
        with suppress(StoreError):  # the exception says more
            self._add_waiting()
        run.__exit__(kind, error, trace)

    def _next_step(self, image: WeightImage | None) -> str:
        if image is not None and image.images == 1 and self._held is None:
            return "The array holds the image: `ohmbench infer` with --no-program passes the inputs without a pulse."
        return "Give the same command again" + (
            "; it programs the array anew." if self._held is None else "; it gives no pulse."
        )
