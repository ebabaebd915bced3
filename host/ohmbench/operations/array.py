"""`ohmbench form` and `ohmbench characterise`, with a record of the pulses that they give."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import NotConvergedError
from ohmbench.faults import characterise as characterising
from ohmbench.faults.characterise import Characterisation
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.socket import CHARACTERISED
from ohmbench.programming import forming
from ohmbench.programming.forming import FormResult
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.journal import Journal
from ohmbench.record.records import Cells, CellStatus
from ohmbench.record.store import Run
from ohmbench.support.array_types import Codes, Words
from ohmbench.tables import ROWS

FORM = "form"
CHARACTERISE = "characterise"
"""Kinds of the runs that this module records."""


def form(bench: Bench, recipe: Recipe | None, progress: Progress, ledgered: Ledgered | None = None) -> FormResult:
    """Form the cells that are not formed yet.

    Raises:
        DataError: a recipe that does not form cells.
        UsageError: the carrier does not allow the recipe.
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written; the array is off.
        FaultError: the guard turned the array off.
    """
    recipe = Recipe.load(forming.RECIPE) if recipe is None else recipe
    every = ~bench.carrier.bad

    def on_rows(first: int, words: Words) -> None:
        records = CellRecords.of_rows(first, words, every, low * every, high * every)
        journal.add(Cells.of(records, (records.set_pulses > 0).astype(np.int64), forms=True))
        progress("form", first + len(words), ROWS)

    low, high = recipe.codes_between(np.array([recipe.g_min_usiemens]), np.array([np.inf]))
    if ledgered is None:
        journal = Journal(None)
        return forming.form(bench, recipe, on_rows=on_rows)
    forming.require_one_ramp(recipe)  # a reservation stays for life
    with _run(bench, ledgered, FORM, recipe, recipe.limits().pulses) as run:
        journal = Journal(run)
        try:
            return forming.form(bench, recipe, on_rows=on_rows)
        finally:
            journal.flush()


def require_formed(result: FormResult, share: float) -> None:
    """Raises:
    NotConvergedError: fewer cells are formed.
    """
    formed = result.summary()["formed_fraction"]
    if formed < share:
        raise NotConvergedError(
            f"Only {100 * formed:.2f} % of the cells are formed, {100 * share:g} % were required. The array is off; "
            "formed cells stay formed. Give a recipe with longer pulses (us in [set]), or take another array."
        )


def characterise(
    bench: Bench, recipe: Recipe | None, progress: Progress, ledgered: Ledgered | None = None
) -> Characterisation:
    """Find the bad cells and the conductance window; what the array held is lost.

    Raises:
        DataError: the recipe's levels overlap, or no cell is good.
        UsageError: the carrier does not allow the recipe.
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written.
        FaultError: the guard turned the array off.
    """
    recipe = Recipe() if recipe is None else recipe
    if ledgered is None:
        return characterising.characterise(bench, recipe, on_progress=progress)
    characterising.require_apart(recipe)  # a reservation stays for life
    # two patterns, each programmed up to ATTEMPTS times and then driven to the ends
    most = 2 * (characterising.ATTEMPTS + 1) * recipe.limits().pulses
    with _run(bench, ledgered, CHARACTERISE, recipe, most) as run:
        result = characterising.characterise(bench, recipe, ledgered.serial, progress)
        run.record(_driven(result, read_array(bench, recipe)))
    window = {"window_usiemens": list(result.reach.window_usiemens), "bad": np.argwhere(result.faults.bad).tolist()}
    with _run(bench, ledgered, CHARACTERISED, recipe, 0, window):
        return result


def _driven(result: Characterisation, code: Codes) -> Cells:
    tried, zeros = result.lowest.mask, np.zeros_like(code)
    status = np.where(result.faults.bad, CellStatus.FAILED, CellStatus.CONVERGED).astype(np.int64)
    low, high = result.lowest.low, result.highest.high
    return Cells(tried, low, high, code, result.set_pulses, result.reset_pulses, zeros, zeros + 1, status)


def _run(
    bench: Bench,
    ledgered: Ledgered,
    kind: str,
    recipe: Recipe,
    pulses: int,
    provenance: dict[str, Any] | None = None,
) -> Run:
    """A recorded run over every cell that the carrier can pulse, or over none if it gives no pulses."""
    bench.require_within_carrier(recipe.limits())
    ledgered.register(bench.info)
    return ledgered.store.begin_run(
        kind,
        ledgered.serial,
        rung=bench.info.rung,
        mask=~bench.carrier.bad & (pulses > 0),
        pulses=pulses,
        recipe=dataclasses.asdict(recipe),
        provenance={**bench.provenance, **(provenance or {})},
    )
