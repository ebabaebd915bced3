"""A run on one array: what it pulses and what it leaves alone, and what it records whatever ends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ohmbench.bench.base import Bench
from ohmbench.bench.twin import TwinBench
from ohmbench.errors import StoreError
from ohmbench.model.array import ArrayModel
from ohmbench.operations.expected import programming
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import TRIES, ArrayRun, Standing, Target
from ohmbench.progress import Progress
from ohmbench.record.journal import Journal
from ohmbench.record.names import RunStatus
from ohmbench.record.records import Cells, CellStatus
from ohmbench.record.store import Run, Store
from ohmbench.support.array_types import Mask

SERIAL = "chip"
NONE = np.zeros((32, 32), np.bool_)


@pytest.fixture
def model() -> ArrayModel:
    return ArrayModel({"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}, 5)


@pytest.fixture
def bench(model: ArrayModel) -> Iterator[Bench]:
    with TwinBench(model) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "record.sqlite") as opened:
        opened.array(SERIAL, "1T1R", 32, 32, 1_000_000)
        yield opened


def target(rows: int = 4, max_level: int = 7, seed: int = 1) -> Target:
    levels, mask = np.zeros((32, 32), np.uint8), NONE.copy()
    levels[:rows] = np.random.default_rng(seed).integers(0, max_level + 1, (rows, 32))
    mask[:rows] = True
    return Target(levels, mask, NONE, max_level, "program")


def begin(store: Store) -> Run:
    return store.begin_run("program", SERIAL, rung="twin", mask=NONE, pulses=0)


def run(bench: Bench, what: Target, recipe: Recipe | None = None, journal: Journal | None = None, **more: Any) -> Any:
    progress = Progress(quiet=True)
    return ArrayRun(bench, what, recipe or Recipe(), journal or Journal(None), progress, **more).run()


def test_pulses_are_those_of_the_array(bench: Bench, model: ArrayModel) -> None:
    what = target()
    result = run(bench, what)
    assert np.array_equal(model.pulses(), result.records.pulses)
    assert not result.records.pulses[~what.mask].any()
    assert ((result.attempts > 0) == (result.records.pulses > 0)).all()
    assert result.attempts.max() <= TRIES
    assert np.count_nonzero(result.records.inside) >= 0.98 * np.count_nonzero(what.mask)


@pytest.mark.parametrize("rows", [1, 32])
def test_all_that_progress_expects_of_an_array_is_reported(bench: Bench, rows: int) -> None:
    """Also where no cell failed, so that nothing is tried again."""
    what = replace(target(rows=rows), name="program image 1/1")
    seen: dict[str, tuple[int, ...]] = {}
    ArrayRun(bench, what, Recipe(), Journal(None), lambda name, *done: seen.update({name: done})).run()
    for work in programming(1, Recipe()):
        done = sum(done for name, (done, _) in seen.items() if re.fullmatch(work.names, name))
        assert done == (work.units if rows == 32 or "again" in work.names else min(rows, work.units)), work.names


@pytest.mark.parametrize("seed", range(4))
def test_cell_that_was_read_inside_gets_no_pulse(bench: Bench, model: ArrayModel, seed: int) -> None:
    """Whatever the cells beside it do: half of them are brought to other levels."""
    what = target()
    run(bench, what)
    levels = what.levels.copy()
    moved = what.mask & (np.random.default_rng(seed).random((32, 32)) < 0.5)
    levels[moved] = 7 - levels[moved]
    before = model.pulses()
    result = run(bench, Target(levels, what.mask, NONE, 7, "program"))
    given = model.pulses() - before
    assert np.count_nonzero(result.found_inside) > 0.4 * 128
    assert not given[result.found_inside].any()
    assert np.array_equal(given, result.records.pulses)
    assert (result.status[result.found_inside] == CellStatus.UNTOUCHED).all()


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(single_cell=True)], ids=["rows", "single cell"])
def test_more_levels_than_one_load_of_tables(bench: Bench, store: Store, recipe: Recipe) -> None:
    what = target(rows=2, max_level=63)
    with begin(store) as recorded:
        result = run(bench, what, recipe, Journal(recorded))
    assert np.count_nonzero(result.records.inside) >= 0.95 * 64
    cells = store.cells(result.run_id)
    assert np.array_equal(cells.mask, what.mask)
    for name in ("code", "set_pulses", "reset_pulses"):
        assert np.array_equal(getattr(cells, name)[what.mask], getattr(result.records, name)[what.mask]), name


def test_record_is_what_was_done(bench: Bench, store: Store) -> None:
    what = target(rows=12)
    with begin(store) as recorded:
        result = run(bench, what, Recipe(passes=2, rest_s=100.0), Journal(recorded))
    cells, wear = store.cells(result.run_id), store.wear(SERIAL)
    assert np.array_equal(cells.mask, what.mask)
    assert np.array_equal(cells.status[what.mask] == CellStatus.FAILED, ~result.records.inside[what.mask])
    assert np.array_equal(cells.attempts, result.attempts)
    assert np.array_equal(wear.total, result.records.pulses)
    assert [note.outside > 0 for note in result.passes] == [True, True]
    assert result.passes[0].outside > result.passes[1].outside
    store.check()


def test_array_that_is_right_already_is_recorded_too(bench: Bench, store: Store) -> None:
    what = target()
    first = run(bench, what)
    what = Target(what.levels, first.records.inside, NONE, 7, "program")
    recipe = Recipe(window_usiemens=30.0, inner_usiemens=30.0)
    with begin(store) as recorded:
        result = run(bench, what, recipe, Journal(recorded))
    assert result.passes[0].outside == 0
    assert (store.cells(result.run_id).status[what.mask] == CellStatus.UNTOUCHED).all()
    assert store.run(result.run_id).most_pulses > 0  # a run to be found again
    assert not store.wear(SERIAL).total.any()


class Stop(Exception):
    """Ends a run in the middle."""


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Stop])
def test_what_was_done_is_recorded_when_the_run_ends_early(
    bench: Bench, model: ArrayModel, store: Store, kind: type[BaseException]
) -> None:
    what = target(rows=12)

    def stop(standing: Standing) -> None:
        if standing.done_rows[:12].all():
            raise kind

    with pytest.raises(kind), begin(store) as recorded:
        run(bench, what, journal=Journal(recorded), watch=stop)
    assert not bench.state().armed
    found = store.runs(SERIAL)[0]
    assert found.status == (RunStatus.INTERRUPTED if kind is KeyboardInterrupt else RunStatus.FAILED)
    assert np.count_nonzero(store.cells(found.id).mask) > 0.9 * 12 * 32
    assert not store.wear(SERIAL).reserved.any()
    assert np.array_equal(store.wear(SERIAL).total, model.pulses())


def test_full_disk_ends_the_run_with_the_array_off(bench: Bench, model: ArrayModel, store: Store) -> None:
    """SQLite itself says that the disk is full: it may not take another page."""
    connection = store._database.connection

    class Full(Journal):
        """Room for the lines of the pass, not for what they get."""

        def begin_pass(self, mask: Mask, pulses: int) -> None:
            super().begin_pass(mask, pulses)
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

    recorded = begin(store)
    with pytest.raises(StoreError, match="The disk is full"), recorded:
        run(bench, target(rows=32), journal=Full(recorded))
    assert not bench.state().armed
    assert model.pulses().any()
    connection.execute("PRAGMA max_page_count = 1000000")
    store.check()
    assert (store.wear(SERIAL).total >= model.pulses()).all()
    assert store.runs(SERIAL)[0].status == RunStatus.FAILED


def test_rows_are_recorded_in_batches(bench: Bench, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    record = Run.record
    monkeypatch.setattr(Run, "record", lambda self, cells: (sizes.append(int(cells.mask.sum())), record(self, cells)))
    journal = Journal(begin(store))
    journal.begin_pass(np.ones((32, 32), np.bool_), 10)
    zeros = np.zeros((32, 32), np.int64)
    for row in range(20):
        mask = NONE.copy()
        mask[row] = True
        journal.add(Cells(mask, zeros, zeros, zeros + row, zeros, zeros, zeros, zeros, zeros + CellStatus.CONVERGED))
    assert sizes == [256, 256]
    journal.flush()
    journal.flush()
    assert sizes == [256, 256, 128]
    assert journal.run_id is not None
    assert store.cells(journal.run_id).code[:20, 5].tolist() == list(range(20))
