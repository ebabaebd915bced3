"""How commands that program arrays for another purpose than the programming enter the pulses in the record."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.inference.loading import Loader, load_at_once
from ohmbench.lab.ledger import Ledgered
from ohmbench.mapping.image import WeightImage
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.result import ArrayResult
from ohmbench.programming.run import ArrayRun, Target, policy_of
from ohmbench.progress import OnProgress
from ohmbench.record.journal import Journal
from ohmbench.record.store import Run
from ohmbench.support.array_types import Mask


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


def recorded_loader(
    bench: Bench,
    recipe: Recipe,
    report: OnProgress | None,
    ledgered: Ledgered | None,
    kind: str,
    source: Source,
    skip: Mask | None = None,
) -> Loader:
    """As `load_at_once`, with a run in the record for every image.

    What the loader raises besides:
        UsageError: the carrier does not allow the recipe.
        CheckError: reading does not work; the array was not pulsed.
        WearError: a cell's budget could be passed; the array was not pulsed.
        StoreError: the record cannot be written; the array is off.

    Args:
        ledgered: None for an array whose runs are not recorded.
        kind: of the runs.
        skip: cells (rows, columns) that are left out besides those on bad lines of the carrier.
    """
    if ledgered is None:
        return load_at_once(bench, recipe, report)

    def load(image: WeightImage, number: int) -> ArrayResult:
        limits = recipe.limits()
        bench.require_ready(limits)
        ledgered.register(bench.info)
        target = Target.of(image, number, bench.carrier.bad if skip is None else bench.carrier.bad | skip)
        # all cells are taken up, so that they can be charged before the run is there: one that is refused leaves none
        with ledgered.store.begin_run(
            kind,
            ledgered.serial,
            rung=bench.info.rung,
            mask=target.mask,
            pulses=limits.pulses,
            image_sha256=source.sha256,
            image_number=number,
            recipe=dataclasses.asdict(recipe),
            provenance={
                **bench.provenance,
                **source.provenance,
                "max_level": image.max_level,
                "skipped": np.argwhere(target.skipped).tolist(),
            },
            sent=lambda: bench.pulse_programs,
            reads=bench.count_reads(),
        ) as run:
            journal = Journal(run, charged=True)
            return ArrayRun(bench, target, recipe, journal, report, policy=policy_of(recipe)).run()

    return load


@contextmanager
def charged(
    bench: Bench, ledgered: Ledgered | None, kind: str, provenance: Mapping[str, Any] | None = None
) -> Iterator[Run | None]:
    """Charge every cell, whenever the bench is armed, with the pulses that the guard then allows.

    Gives the run in the record, None without one. For work whose single pulses do not come back: what it charges stays
    an upper bound. Cells on bad lines of the carrier get none.

    Args:
        provenance: what the run keeps besides the bench's own; what JSON can hold.

    Raises:
        WearError: a cell's budget could be passed; the array was not pulsed.
        StoreError: the record cannot be written.
    """
    if ledgered is None:
        yield None
        return
    every = ~bench.carrier.bad
    ledgered.register(bench.info)
    with ledgered.store.begin_run(
        kind,
        ledgered.serial,
        rung=bench.info.rung,
        mask=np.zeros_like(every),
        pulses=0,
        provenance={**bench.provenance, **(provenance or {})},
        sent=lambda: bench.pulse_programs,
        reads=bench.count_reads(),
    ) as run:

        def charge(limits: Limits) -> None:
            if limits.pulses:
                run.begin_pass(every, limits.pulses)

        bench.on_arm = charge
        try:
            yield run
        finally:
            bench.on_arm = None
