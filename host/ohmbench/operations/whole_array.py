"""A run of the record over a whole array, as forming and characterising have it."""

from __future__ import annotations

import dataclasses

from ohmbench.bench.base import Bench
from ohmbench.lab.ledger import Ledgered
from ohmbench.programming.recipe import Recipe
from ohmbench.record.store import Run


def begin_run(bench: Bench, ledgered: Ledgered, kind: str, recipe: Recipe, pulses: int) -> Run:
    """A recorded run over every cell that the carrier can pulse.

    Args:
        pulses: the most that a cell can get.

    Raises:
        UsageError: the carrier does not allow the recipe.
        CheckError: reading does not work.
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written, or has another array by this serial number.
    """
    bench.require_ready(recipe.limits())
    ledgered.register(bench.info)
    return ledgered.store.begin_run(
        kind,
        ledgered.serial,
        rung=bench.info.rung,
        mask=~bench.carrier.bad,
        pulses=pulses,
        recipe=dataclasses.asdict(recipe),
        provenance=bench.provenance,
        sent=lambda: bench.pulse_programs,
        reads=bench.count_reads(),
    )
