"""Runs, cells and wear as the record gives them back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection

import numpy as np
import pytest
from tests.unit.record.making import IMAGE, Mask, make_cells, unfinished

from ohmbench.errors import LinkError, StoreError, UsageError, WearError
from ohmbench.record.names import RunStatus
from ohmbench.record.records import Cells, CellStatus
from ohmbench.record.store import Run, Store, default_path
from ohmbench.support.sqlite_file import SqliteFile


def begin(store: Store, mask: Mask, pulses: int = 10, image: str = IMAGE, kind: str = "program") -> Run:
    return store.begin_run(kind, "A", rung="twin", mask=mask, pulses=pulses, image_sha256=image, image_number=2)


def row(mask: Mask, number: int) -> Mask:
    only = np.zeros_like(mask)
    only[number] = mask[number]
    return only


def test_a_run_comes_back_as_it_was_recorded(store: Store, path: Path, everything: Mask) -> None:
    rng = np.random.default_rng(1)
    values = {name: rng.integers(0, 1000, everything.shape) for name in ("code", "set_pulses", "reset_pulses")}
    given = make_cells(everything, low=values["code"] - 2000, high=values["code"] + 5, attempts=3, **values)
    given.status[1] = CellStatus.FAILED
    given.status[2] = CellStatus.UNTOUCHED
    recipe, provenance = {"rounds": 8, "set_v": 1.5}, {"command": "ohmbench program", "name": "Größe µS"}
    with store.begin_run(
        "program", "A", rung="sim", mask=everything, pulses=5, recipe=recipe, provenance=provenance
    ) as run:
        for number in range(3):
            run.record(make_cells_of(given, row(everything, number)))
    with Store.open(path) as again:
        (found,) = again.runs("A")
        back = again.cells(run.id)
    assert (found.id, found.serial, found.kind, found.rung) == (run.id, "A", "program", "sim")
    assert (found.recipe, found.provenance) == (recipe, provenance)
    assert (found.status, found.most_pulses, found.passes) == (RunStatus.DONE, 5, 1)
    assert found.ended is not None
    assert found.started <= found.ended
    assert back.mask.all()
    for name in ("low", "high", "code", "set_pulses", "reset_pulses", "form_pulses", "attempts", "status"):
        assert np.array_equal(getattr(back, name), getattr(given, name)), name


def make_cells_of(cells: Cells, mask: Mask) -> Cells:
    return replace(cells, mask=mask)


def test_passes_are_kept_apart_and_add_up(store: Store, everything: Mask) -> None:
    with begin(store, everything) as run:
        run.record(make_cells(everything, code=100, set_pulses=3, attempts=1, status=CellStatus.FAILED))
        drifted = row(everything, 1)
        assert run.begin_pass(drifted, 10) == 1
        run.record(make_cells(drifted, code=120, set_pulses=2, attempts=2))
    assert store.run(run.id).passes == 2
    both, first, second = store.cells(run.id), store.cells(run.id, 0), store.cells(run.id, 1)
    assert np.array_equal(both.code, np.where(drifted, 120, 100))
    assert np.array_equal(both.set_pulses, np.where(drifted, 5, 3))
    assert np.array_equal(both.attempts, np.where(drifted, 3, 1))
    assert np.array_equal(both.status, np.where(drifted, CellStatus.CONVERGED, CellStatus.FAILED))
    assert first.mask.all()
    assert np.all(first.code == 100)
    assert np.array_equal(second.mask, drifted)


def test_a_pass_charges_what_it_may_give_until_the_cells_are_recorded(store: Store, everything: Mask) -> None:
    run = begin(store, everything, pulses=7)
    assert np.all(store.wear("A").reserved == 7)
    done = row(everything, 0)
    run.record(make_cells(done, set_pulses=2, reset_pulses=1, form_pulses=1))
    run.finish(RunStatus.INTERRUPTED)
    wear = store.wear("A")
    assert np.array_equal(wear.total, np.where(done, 4, 7))
    assert np.array_equal(wear.set_pulses, 2 * done)
    assert np.array_equal(wear.reset_pulses, 1 * done)
    assert np.array_equal(wear.form_pulses, 1 * done)


def test_a_cell_is_recorded_once_a_pass(store: Store, everything: Mask) -> None:
    run = begin(store, row(everything, 0) | row(everything, 1))
    run.record(make_cells(row(everything, 0), set_pulses=1))
    for wrong in (everything, row(everything, 0), row(everything, 2)):
        with pytest.raises(ValueError, match=r"have been recorded"):
            run.record(make_cells(wrong, set_pulses=1))
    assert np.array_equal(store.cells(run.id).mask, row(everything, 0))
    assert store.wear("A").set_pulses.sum() == 4
    run.record(make_cells(row(everything, 1), set_pulses=1))


def test_a_record_of_another_shape_is_refused(store: Store, everything: Mask) -> None:
    with pytest.raises(ValueError, match="3x4 array"):
        begin(store, everything[:2])
    run = begin(store, everything)
    with pytest.raises(ValueError, match="3x4 array"):
        run.record(make_cells(everything[:2]))


def test_the_budget_refuses_before_anything_is_charged(store: Store, everything: Mask) -> None:
    store.array("A", "1T1R", 3, 4, budget=20)
    used = np.arange(12).reshape(3, 4)
    with begin(store, everything, pulses=12) as run:
        run.record(make_cells(everything, set_pulses=used))
    begin(store, everything & (used <= 8), pulses=12).finish(RunStatus.DONE)
    before = store.wear("A").total
    with pytest.raises(WearError) as caught:
        begin(store, everything & (used > 8), pulses=11)
    for part in ("2 of 3 cells", "array A", "budget of 20", "row 2 column 3: 11, row 2 column 2: 10;", "up to 11 more"):
        assert part in str(caught.value)
    assert np.array_equal(store.wear("A").total, before)
    assert len(store.runs("A")) == 2
    run = begin(store, everything & (used == 9), pulses=10)
    with pytest.raises(WearError):
        run.begin_pass(everything & (used == 9), 2)
    begin(store, everything, pulses=0, kind="verify").finish(RunStatus.DONE)  # reading wears nothing
    store.array("A", "1T1R", 3, 4, budget=10**6)
    begin(store, everything, pulses=10)


def test_the_exception_decides_how_a_run_ended(store: Store, everything: Mask) -> None:
    for error, status in ((RuntimeError, RunStatus.FAILED), (KeyboardInterrupt, RunStatus.INTERRUPTED)):
        with pytest.raises(error), begin(store, everything):
            raise error
        assert store.runs("A")[0].status == status


@pytest.mark.parametrize("again", [False, True])
def test_a_signal_while_a_run_is_committed_interrupts_it(
    store: Store, everything: Mask, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Python raises it after the commit, when nobody has the run yet."""
    if again:
        with pytest.raises(KeyboardInterrupt), begin(store, everything) as run:
            raise KeyboardInterrupt
    transaction, late = SqliteFile.transaction, ["SIGINT"]

    @contextmanager
    def committed(database: SqliteFile) -> Iterator[Connection]:
        with transaction(database) as sql:
            yield sql
        if late:
            raise KeyboardInterrupt(late.pop())

    monkeypatch.setattr(SqliteFile, "transaction", committed)
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        store.reopen(run.id, "A") if again else begin(store, everything)
    (found,) = store.runs("A")
    assert (found.status, found.ended is None) == (RunStatus.INTERRUPTED, False)


def test_a_run_that_is_refused_leaves_nothing_behind(store: Store, everything: Mask) -> None:
    store.array("A", "1T1R", 3, 4, budget=5)
    with pytest.raises(WearError):
        begin(store, everything, pulses=6)
    assert not store.runs("A")


def test_what_is_unfinished(store: Store, everything: Mask) -> None:
    assert unfinished(store, "A", IMAGE) is None
    killed = begin(store, everything)
    killed.record(make_cells(row(everything, 0), code=9))
    assert store.runs("A")[0].status == RunStatus.RUNNING
    begin(store, everything, pulses=0, kind="verify").finish(RunStatus.DONE)  # a run that reads changes nothing
    assert unfinished(store, "A", "6" * 64) is None
    found = unfinished(store, "A", IMAGE)
    assert found is not None
    assert (found.id, found.image_number, found.status) == (killed.id, 2, RunStatus.KILLED)
    assert np.array_equal(store.cells(found.id).mask, row(everything, 0))

    with store.reopen(found.id, "A") as run:
        assert store.run(run.id).status == RunStatus.RUNNING
        rest = everything & ~row(everything, 0)
        assert run.begin_pass(rest, 10) == 1
        run.record(make_cells(rest, code=8))
    assert unfinished(store, "A", IMAGE) is None
    assert store.cells(run.id).mask.all()
    with pytest.raises(StoreError, match="it is done"):
        store.reopen(run.id, "A")


def test_another_image_since_makes_a_run_stale(store: Store, everything: Mask) -> None:
    killed = begin(store, everything)
    begin(store, everything, image="6" * 64).finish(RunStatus.DONE)
    assert unfinished(store, "A", IMAGE) is None
    with pytest.raises(StoreError, match="was pulsed since"):
        store.reopen(killed.id, "A")


def test_the_journal_of_another_array_is_refused(store: Store, everything: Mask) -> None:
    run = begin(store, everything)
    with pytest.raises(StoreError, match="does not know array B; it knows A"):
        unfinished(store, "B", IMAGE)
    store.array("B", "1T1R", 3, 4)
    with pytest.raises(StoreError, match=f"Run {run.id} is of array A, and array B is in the socket"):
        store.reopen(run.id, "B")
    for other in (("1R", 3, 4), ("1T1R", 4, 3)):
        with pytest.raises(StoreError, match="recorded as 3x4 1T1R"):
            store.array("A", *other)
    with pytest.raises(StoreError, match="no run 99"):
        store.cells(99)


def test_arrays_are_known_by_their_serial_numbers(store: Store) -> None:
    store.array("B 'quoted'", "1R", 2, 2, budget=5)
    assert store.array("B 'quoted'", "1R", 2, 2).budget == 5
    assert [(a.serial, a.rows, a.budget) for a in store.arrays()] == [("A", 3, None), ("B 'quoted'", 2, 5)]
    for serial, budget in ((" ", None), ("C", -1)):
        with pytest.raises(UsageError, match="An array cannot have .* Correct it"):
            store.array(serial, "1R", 2, 2, budget)


def test_the_record_is_found_from_every_working_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OHMBENCH_LAB", str(tmp_path))
    assert default_path() == tmp_path / "record.sqlite"
    monkeypatch.setenv("OHMBENCH_LAB", "some/lab")
    with pytest.raises(UsageError, match="relative"):
        default_path()
    monkeypatch.setenv("OHMBENCH_LAB", "~")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert default_path() == tmp_path / "home" / "record.sqlite"


@pytest.mark.parametrize(
    ("platform", "variable", "fallback"),
    [
        ("linux", "XDG_DATA_HOME", ".local/share"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
        ("darwin", None, "Library/Application Support"),
    ],
)
def test_the_record_is_among_the_users_data(
    platform: str, variable: str | None, fallback: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OHMBENCH_LAB", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert default_path() == tmp_path / fallback / "ohmbench" / "record.sqlite"
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path / "data"))
        assert default_path() == tmp_path / "data" / "ohmbench" / "record.sqlite"
        monkeypatch.setenv(variable, "relative")
        assert default_path() == tmp_path / fallback / "ohmbench" / "record.sqlite"


@pytest.mark.parametrize(
    ("first", "error", "then", "kept"),
    [
        ((5, 70), UsageError("stopped"), (2, 30), (7, 100)),
        ((5, 70), LinkError("gone"), (2, 30), (None, None)),  # a bench that is gone is not asked
        (None, UsageError("reset"), (2, 30), (None, None)),  # what was not known once is not known in all
        (None, None, None, (None, None)),
        ((0, 0), None, None, (0, 0)),
    ],
)
def test_reads_of_a_run_and_of_one_that_is_gone_on_with(
    first: tuple[int, int] | None,
    error: Exception | None,
    then: tuple[int, int] | None,
    kept: tuple[int | None, int | None],
    store: Store,
    everything: Mask,
) -> None:
    run = store.begin_run("form", "A", rung="twin", mask=everything, pulses=1, reads=lambda: first)
    assert store.run(run.id).reads is None
    with suppress(UsageError, LinkError), run:
        if error is not None:
            raise error
    if error is not None:
        with store.reopen(run.id, "A", reads=lambda: then):
            pass
    found = store.run(run.id)
    assert (found.reads, found.read_us) == kept
