"""How commands that program arrays for another purpose than the programming enter the pulses in the record."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.inference.on_bench import Inference
from ohmbench.lab.ledger import Ledgered
from ohmbench.mapping.image import WeightImage
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.records import Cells


@dataclass
class LedgeredInference(Inference):
    """An inference whose programming is recorded, a run an image.

    Attributes:
        ledgered: None for an array whose runs are not recorded.
        kind: of the runs.
    """

    ledgered: Ledgered | None = None
    kind: str = "infer"

    def load(self, image: WeightImage, number: int) -> CellRecords:
        """Raises:
        UsageError: the carrier does not allow the recipe.
        WearError: a cell's budget could be passed; the array was not pulsed.
        StoreError: the record cannot be written; the array is off.
        """
        if self.ledgered is None or self.loaded == number:
            return super().load(image, number)
        limits = self.recipe.limits()
        self.bench.require_within_carrier(limits)
        self.ledgered.register(self.bench.info)
        with self.ledgered.store.begin_run(
            self.kind,
            self.ledgered.serial,
            rung=self.bench.info.rung,
            mask=image.mask[number] & ~self.bench.carrier.bad,
            pulses=limits.pulses,
            image_number=number,
            recipe=dataclasses.asdict(self.recipe),
            provenance=self.bench.provenance,
        ) as run:
            records = super().load(image, number)
            run.record(Cells.of(records, (records.pulses > 0).astype(np.int64)))
        return records


@contextmanager
def charged(bench: Bench, ledgered: Ledgered | None, kind: str) -> Iterator[None]:
    """Charge every cell, whenever the bench is armed, with the pulses that the guard then allows.

    For work whose single pulses do not come back: what it charges stays an upper bound. Cells on bad lines of the
    carrier get none.

    Raises:
        WearError: a cell's budget could be passed; the array was not pulsed.
        StoreError: the record cannot be written.
    """
    if ledgered is None:
        yield
        return
    every = ~bench.carrier.bad
    ledgered.register(bench.info)
    with ledgered.store.begin_run(
        kind,
        ledgered.serial,
        rung=bench.info.rung,
        mask=np.zeros_like(every),
        pulses=0,
        provenance=bench.provenance,
    ) as run:

        def charge(limits: Limits) -> None:
            if limits.pulses:
                run.begin_pass(every, limits.pulses)

        bench.on_arm = charge
        try:
            yield
        finally:
            bench.on_arm = None
