"""`ohmbench form`: the cells of a fresh array formed, with a record of the pulses."""

from __future__ import annotations

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.errors import ArrayState, NotConvergedError
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.setup import Setup
from ohmbench.operations.result import Noted
from ohmbench.operations.whole_array import begin_run
from ohmbench.programming import forming
from ohmbench.programming.forming import FormResult
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.record.cell_records import CellRecords
from ohmbench.record.journal import Journal
from ohmbench.record.records import Cells
from ohmbench.support.array_types import Words
from ohmbench.tables import ROWS

FORM = "form"
"""Kind of the runs that it records."""


def form(bench: Bench, recipe: Recipe | None, progress: Progress, ledgered: Ledgered | None = None) -> FormResult:
    """Form the cells that are not formed yet.

    Raises:
        DataError: a recipe that does not form cells, or none of the first rows formed.
        UsageError: the carrier does not allow the recipe.
        CheckError: reading does not work.
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written; the array is off.
        FaultError: the guard turned the array off.
    """
    recipe = forming.default_recipe(bench) if recipe is None else recipe
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
    with begin_run(bench, ledgered, FORM, recipe, recipe.limits().pulses) as run:
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
            f"Only {100 * formed:.2f} % of the cells are formed, {100 * share:g} % were required.",
            "Give a recipe with longer pulses (us in [set]), or take another array.",
            array=ArrayState.FORMED,
        )


def form_array(setup: Setup, progress: Progress) -> Noted[FormResult]:
    """Open the bench and form the cells of its array.

    Raises:
        OhmbenchError: as `Setup.record`, `Setup.bench` and `form`.
    """
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        return Noted(form(bench, setup.recipe, progress, record.ledgered), bench.carrier.note)
