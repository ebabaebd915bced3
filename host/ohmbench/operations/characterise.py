"""`ohmbench characterise`: an array's bad cells and its conductance window, with a record of the pulses."""

from __future__ import annotations

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.faults import characterise as characterising
from ohmbench.faults.characterise import Characterisation
from ohmbench.lab.known_bad import LEFT_OUT
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.setup import Setup
from ohmbench.lab.window import CHARACTERISE
from ohmbench.operations.result import Noted
from ohmbench.operations.whole_array import begin_run
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.record.records import Cells, CellStatus
from ohmbench.support.array_types import Codes


def characterise(
    bench: Bench, recipe: Recipe | None, progress: Progress, ledgered: Ledgered | None = None
) -> Characterisation:
    """Find the bad cells and the conductance window; what the array held is lost.

    Raises:
        DataError: the recipe's levels overlap, no cell of the first rows moved, or none is good.
        UsageError: the carrier does not allow the recipe.
        CheckError: reading does not work.
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written.
        FaultError: the guard turned the array off.
    """
    recipe = Recipe() if recipe is None else recipe
    characterising.require_apart(recipe)  # a reservation stays for life
    bench.require_ready(recipe.limits())
    if ledgered is None:
        return characterising.characterise(bench, recipe, on_progress=progress)
    # two patterns, each programmed up to ATTEMPTS times and then driven to the ends
    most = 2 * (characterising.ATTEMPTS + 1) * recipe.limits().pulses
    with begin_run(bench, ledgered, CHARACTERISE, recipe, most) as run:
        result = characterising.characterise(bench, recipe, ledgered.serial, progress)
        faults = result.faults
        found = {
            "name": CHARACTERISE,
            "window_usiemens": list(result.reach.window_usiemens),
            "bad": np.argwhere(faults.bad).tolist(),
            LEFT_OUT: np.argwhere(faults.left_out(faults.bad.shape, None)).tolist(),
        }
        run.record_step(0, found, _driven(result, read_array(bench, recipe)))
        low, high = result.reach.window_usiemens
        run.note(f"{np.count_nonzero(faults.bad)} bad cells; the good ones reach {low:.0f} to {high:.0f} uS")
        return result


def _driven(result: Characterisation, code: Codes) -> Cells:
    tried, zeros = result.lowest.mask, np.zeros_like(code)
    status = np.where(result.faults.bad, CellStatus.FAILED, CellStatus.CONVERGED).astype(np.int64)
    low, high = result.lowest.low, result.highest.high
    return Cells(tried, low, high, code, result.set_pulses, result.reset_pulses, zeros, zeros + 1, status)


def characterise_array(setup: Setup, progress: Progress) -> Noted[Characterisation]:
    """Open the bench and characterise its array.

    Raises:
        OhmbenchError: as `Setup.record`, `Setup.bench` and `characterise`.
    """
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        return Noted(characterise(bench, setup.recipe, progress, record.ledgered), bench.carrier.note)
