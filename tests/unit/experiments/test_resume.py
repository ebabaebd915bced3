"""Experiments that are stopped, killed and resumed: no record lost, none twice, wear never too low."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.errors import DataError, StoreError, UsageError, WearError
from ohmbench.faults.fault_map import FaultKind, FaultMap
from ohmbench.lab.ledger import Ledgered
from ohmbench.model.array import ArrayModel
from ohmbench.operations.experiment import already_done, estimate, experiment
from ohmbench.operations.experiment_plan import Planned, parse_cells, parse_settings, plan, plan_resumed
from ohmbench.progress import Progress
from ohmbench.record.names import RunStatus
from ohmbench.record.store import Store
from ohmbench.record.trail import events, samples

PARAMS = {"relax_scale": 0.0, "stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
SETTINGS = {"pulses": 4, "trains": 2}
CELLS = parse_cells(["1,2:2,9", "30,31"])
STEPS = 17


class StopError(Exception):
    """What stands for a cable that falls out."""


class StopAt(Progress):
    """Raises, or aborts, when so many steps are done."""

    def __init__(self, step: int, error: BaseException | None, planned: Planned) -> None:
        super().__init__(quiet=True)
        self._at = step, error, planned

    def __call__(self, name: str, done: int, total: int) -> None:
        step, error, planned = self._at
        if done == step:
            if error is not None:
                raise error
            planned.experiment.abort()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "record.sqlite") as store:
        yield store
        store.check()


def bench_of(folder: Path, name: str = "A") -> Any:
    return open_bench("twin", array=SimulatedArray(PARAMS, 1, folder / f"{name}.ohma"))


def planned() -> Planned:
    return plan("pulse-train", SETTINGS, CELLS)


def pulses(folder: Path, name: str = "A") -> np.ndarray:
    model = ArrayModel.open(folder / f"{name}.ohma")
    try:
        return model.pulses().astype(np.int64)
    finally:
        model.close()


def whole(folder: Path, store: Store) -> list[Any]:
    """Samples of a run without interruption, on an array of its own."""
    with bench_of(folder, "B") as bench:
        result = experiment(bench, planned(), Progress(quiet=True), Ledgered(store, "B"))
    assert result.run_id is not None
    return [sample.data for sample in samples(store, result.run_id)]


@pytest.mark.parametrize("error", [StopError("gone"), KeyboardInterrupt(), None])
def test_stopped_between_steps_it_ends_as_if_it_had_not_been(
    error: BaseException | None, tmp_path: Path, store: Store
) -> None:
    ledgered = Ledgered(store, "A")
    first = planned()
    with bench_of(tmp_path) as bench:
        if error is None:
            part = experiment(bench, first, StopAt(5, None, first), ledgered)
            assert part.summary()["steps_done"] == 5
        else:
            with pytest.raises(type(error)) as caught:
                experiment(bench, first, StopAt(5, error, first), ledgered)
            assert "--resume to go on" in caught.value.__notes__[0]
            caught.value.__notes__.clear()
    (run,) = store.runs("A")
    assert run.status == (RunStatus.FAILED if isinstance(error, Exception) else RunStatus.INTERRUPTED)
    again = plan_resumed("pulse-train", ledgered)
    assert np.array_equal(again.chosen, CELLS)
    with bench_of(tmp_path) as bench:
        result = experiment(bench, again, Progress(quiet=True), ledgered)
    assert result.run_id == run.id
    found = samples(store, run.id)
    assert [sample.step for sample in found] == list(range(STEPS))
    assert [sample.data for sample in found] == whole(tmp_path, store)
    wear = store.wear("A")
    assert not wear.reserved.any()
    assert np.array_equal(wear.total, pulses(tmp_path))
    assert np.array_equal(wear.set_pulses, 8 * CELLS)
    done = plan_resumed("pulse-train", ledgered)
    assert done.is_done
    assert already_done(done, ledgered).summary()["results"] == result.summary()["results"]


def test_stopped_within_a_step_its_cells_stay_charged(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledgered = Ledgered(store, "A")
    calls = 0
    execute = Bench.execute

    def dying(self: Bench, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        result = execute(self, *args, **kwargs)
        calls += self is bench and kwargs.get("entry") == "set"  # not of the twin that tells how long steps take
        if calls == 3:
            raise StopError  # after the pulse, before its record
        return result

    with monkeypatch.context() as patch, bench_of(tmp_path) as bench:
        patch.setattr(Bench, "execute", dying)
        with pytest.raises(StopError):
            experiment(bench, planned(), Progress(quiet=True), ledgered)
    assert np.array_equal(pulses(tmp_path), 3 * CELLS)
    assert np.array_equal(store.wear("A").total, 3 * CELLS)
    with bench_of(tmp_path) as bench:
        experiment(bench, plan_resumed("pulse-train", ledgered), Progress(quiet=True), ledgered)
    (run,) = store.runs("A")
    assert [sample.step for sample in samples(store, run.id)] == list(range(STEPS))
    assert np.array_equal(store.wear("A").total, pulses(tmp_path))
    assert "step 4 may have been begun before; it is taken again" in [e.what for e in events(store)]


def test_what_there_is_to_go_on_with(tmp_path: Path, store: Store) -> None:
    ledgered = Ledgered(store, "A")
    with pytest.raises(UsageError, match="nothing was recorded"):
        plan_resumed("iv", None)
    with pytest.raises(StoreError, match="knows no pulse-train on array A"):
        plan_resumed("pulse-train", ledgered)
    first = planned()
    with bench_of(tmp_path) as bench:
        experiment(bench, first, StopAt(5, None, first), ledgered)
        (run,) = store.find_runs(limit=1)
        same = plan_resumed("pulse-train", ledgered, settings=run.recipe, cells=CELLS)
        assert same.resumed is not None
        assert same.resumed.id == run.id
        with pytest.raises(UsageError, match="has other cells"):
            plan_resumed("pulse-train", ledgered, cells=~CELLS)
        name = next(name for name, value in run.recipe.items() if isinstance(value, int) and value > 1)
        with pytest.raises(UsageError, match="has other settings"):
            plan_resumed("pulse-train", ledgered, settings={name: run.recipe[name] - 1})
        with store.begin_run("form", "A", rung="twin", mask=CELLS, pulses=1):
            pass
        before = bench.array.pulses()
        with pytest.raises(StoreError, match="the array was pulsed since"):
            experiment(bench, plan_resumed("pulse-train", ledgered), Progress(quiet=True), ledgered)
        assert np.array_equal(bench.array.pulses(), before)


def test_the_budget_holds_for_the_whole_run_before_its_first_pulse(tmp_path: Path, store: Store) -> None:
    ledgered = Ledgered(store, "A", budget=15)
    with pytest.raises(WearError), bench_of(tmp_path) as bench:
        experiment(bench, planned(), Progress(quiet=True), ledgered)
    assert not pulses(tmp_path).any()
    with pytest.raises(WearError):
        estimate(planned(), ledgered)
    assert estimate(planned(), Ledgered(store, "A", budget=16)).pulses_a_cell == 16


def test_cells_and_settings_as_text() -> None:
    assert parse_cells([]).all()
    chosen = parse_cells(["0,0:1,31", "5, 6"])
    assert np.argwhere(chosen)[-1].tolist() == [5, 6]
    assert chosen.sum() == 65
    assert parse_settings(["a=1", " b = x=y"]) == {"a": "1", "b": "x=y"}
    for text in ("1", "1,32", "2,2:1,1", "a,b", "-1,0", ""):
        with pytest.raises(UsageError, match="--cells"):
            parse_cells([text])
    for text in ("a", "=1"):
        with pytest.raises(UsageError, match="Give NAME=VALUE"):
            parse_settings([text])


def test_cells_of_a_fault_map_are_left_out_if_it_is_of_this_array() -> None:
    kinds = np.zeros((32, 32), np.uint8)
    kinds[0, :4] = [FaultKind.STUCK_LOW, FaultKind.STUCK_HIGH, FaultKind.UNFORMED, FaultKind.WEAK]
    own = FaultMap(kinds, "A")
    for serial in ("A", None):
        assert parse_cells(["0,0:0,4"], own, serial)[0, :5].tolist() == [False, False, False, True, True]
    with pytest.raises(DataError, match="of array A, and array B is in the socket."):
        parse_cells([], own, "B")
    with pytest.raises(DataError, match="of 2x2 cells, and this array has 32x32."):
        parse_cells([], FaultMap(np.zeros((2, 2), np.uint8)), "A")
