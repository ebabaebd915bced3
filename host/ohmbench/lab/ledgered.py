"""How commands that pulse without a programming run enter it in the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.lab.ledger import Ledgered
from ohmbench.record.store import Run
from ohmbench.support.array_types import Mask


@contextmanager
def charged(
    bench: Bench,
    ledgered: Ledgered | None,
    kind: str,
    provenance: Mapping[str, Any] | None = None,
    cells: Mask | None = None,
) -> Iterator[Run | None]:
    """Charge cells, whenever the bench is armed, with the pulses that the guard then allows.

    Gives the run in the record, None without one. What it charges stays an upper bound, unless the run is told what the
    cells got. Cells on bad lines of the carrier get none.

    Args:
        provenance: what the run keeps besides the bench's own; what JSON can hold.
        cells: (rows, columns) that can get any; None: every one.

    Raises:
        WearError: a cell's budget could be passed; the array was not pulsed.
        StoreError: the record cannot be written.
    """
    if ledgered is None:
        yield None
        return
    every = ~bench.carrier.bad if cells is None else cells & ~bench.carrier.bad
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
