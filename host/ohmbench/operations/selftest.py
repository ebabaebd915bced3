"""`ohmbench selftest`: the carrier checked through its own converters."""

from __future__ import annotations

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.checks.selftest import SelfTest, selftest
from ohmbench.checks.selftest_cells import ENDS, CellsSelfTest, Followed, selftest_cells
from ohmbench.errors import ArrayState, UsageError
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.ledgered import charged
from ohmbench.lab.setup import Setup
from ohmbench.operations.result import Noted
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.progress import Progress
from ohmbench.record.records import Cells
from ohmbench.record.store import Run
from ohmbench.support.array_types import Mask
from ohmbench.tables import COLUMNS, ROWS

SELFTEST = "selftest"
"""Kind of the runs that it records, where a cell is pulsed."""


def selftest_of(
    setup: Setup, progress: Progress, *, cell: tuple[int, int] | None = None
) -> Noted[SelfTest | CellsSelfTest]:
    """Open the bench and check its carrier; no cell is pulsed but the one that is named.

    Args:
        cell: row and column of the cell to SET and RESET, on a carrier that reaches one cell at a time.

    Raises:
        UsageError: a cell is named for a carrier that has reference resistors.
        OhmbenchError: as `Setup.bench`, `checks.selftest.selftest` and `checks.selftest_cells.selftest_cells`; with a
            cell as `Setup.record` and `charged`, too.
    """
    if cell is None:
        with setup.bench(progress) as bench:
            found = selftest(bench, progress) if bench.info.carrier.has_references else selftest_cells(bench, progress)
            return Noted(found, bench.carrier.note)
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        return Noted(_with_cell(bench, setup.recipe, cell, record.ledgered, progress), bench.carrier.note)


def _with_cell(
    bench: Bench, recipe: Recipe | None, cell: tuple[int, int], ledgered: Ledgered | None, progress: Progress
) -> CellsSelfTest:
    if bench.info.carrier.has_references:
        raise UsageError(
            f"The {bench.info.carrier_kind} carrier is checked by its reference resistors, and pulses no cell for it.",
            "Leave --cell out.",
            array=ArrayState.NOT_PULSED,
        )
    with charged(bench, ledgered, SELFTEST, cells=_alone(cell)) as run:
        return selftest_cells(
            bench, progress, cell=cell, follow=lambda cell: follow(bench, cell, recipe or Recipe(), run)
        )


def follow(bench: Bench, cell: tuple[int, int], recipe: Recipe, run: Run | None = None) -> Followed:
    """Drive a cell to the recipe's highest level, its lowest and its highest.

    Args:
        run: in the record, which charges what each of the three may take and is told what each took.

    Raises:
        StoreError: the record cannot be written.
        UsageError: the carrier does not allow the recipe.
        FaultError: the guard turned the array off.
    """
    mask, usiemens, arrived, pulses = _alone(cell), [], [], 0
    for level in ENDS:
        records = program_image(bench, np.full(mask.shape, level, np.uint8), mask, 1, recipe)
        if run is not None:
            run.record(Cells.of(records, mask.astype(np.int64)))
        usiemens.append(float(records.usiemens(recipe.codes_per_siemens)[cell]))
        arrived.append(bool(records.inside[cell]))
        pulses += int(records.pulses.sum())
    return Followed(cell, tuple(usiemens), tuple(arrived), pulses)


def _alone(cell: tuple[int, int]) -> Mask:
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    mask[cell] = True
    return mask
