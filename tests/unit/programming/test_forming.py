"""Forming: every fresh cell at its own voltage, and nothing else touched."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ohmbench.bench.base import clocks, dac_code
from ohmbench.bench.twin import TwinBench
from ohmbench.errors import DataError
from ohmbench.faults.fault_map import FaultKind
from ohmbench.model.array import ArrayModel
from ohmbench.programming.forming import FormResult, form
from ohmbench.programming.recipe import MOST_PULSES, Recipe
from ohmbench.tables import Mode, Rail

ALL = 0xFFFF_FFFF
FRESH = {"unformed_fraction": 1.0, "stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
FORM_V, FORM_SPREAD_V = 2.5, 0.15  # of the array model's preset a
RECIPE = Recipe.load("form")


class Recorded(ArrayModel):
    """Notes what every pulse was."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.seen: list[tuple[int, ...]] = []

    def pulse(self, *args: int) -> None:
        self.seen.append(tuple(int(value) for value in args))
        super().pulse(*args)


@pytest.fixture(scope="module")
def fresh() -> tuple[Recorded, FormResult]:
    array = Recorded(FRESH, 3)
    return array, form(TwinBench(array))


def test_all_cells_form_within_the_ceiling(fresh: tuple[Recorded, FormResult]) -> None:
    array, result = fresh
    assert array.formed().all()
    assert result.formed.all()
    assert not result.not_formed.any()
    assert np.all((result.usiemens > 10) & (result.usiemens < 270))
    assert np.median(result.usiemens) == pytest.approx(60, rel=0.1)


def test_forming_voltages_are_those_of_the_cells(fresh: tuple[Recorded, FormResult]) -> None:
    """Of another array of this seed, one pulse at any voltage forms the cells said to form there or below."""
    _, result = fresh
    twin_of_it = ArrayModel(FRESH, 3)
    for volts in np.unique(result.forming_v):
        twin_of_it.pulse(Mode.SET, ALL, ALL, dac_code(volts), 0, dac_code(RECIPE.set.hold_v), clocks(RECIPE.set.us), 0)
        assert np.array_equal(twin_of_it.formed(), result.forming_v <= volts)


def test_forming_voltages_are_spread_as_the_model_says() -> None:
    volts = np.array([form(TwinBench(ArrayModel(FRESH, seed))).forming_v for seed in range(4)])
    centre = volts - RECIPE.set.step_v / 2
    error = FORM_SPREAD_V / np.sqrt(volts.size)
    assert centre.mean() == pytest.approx(FORM_V, abs=4 * error)
    # the step's own spread, step / sqrt(12), adds to the cells'
    expected = np.hypot(FORM_SPREAD_V, RECIPE.set.step_v / np.sqrt(12))
    assert centre.std() == pytest.approx(expected, abs=4 * error / np.sqrt(2))


def test_pulses_are_what_the_recipe_and_the_records_say(fresh: tuple[Recorded, FormResult]) -> None:
    array, result = fresh
    assert {width for *_, width, _ in array.seen} == {clocks(RECIPE.set.us)}
    assert {mode for mode, *_ in array.seen} == {Mode.SET}
    assert {wl_code for *_, wl_code, _, _ in array.seen} == {dac_code(RECIPE.set.hold_v)}
    lines = [(line, inhibit) for _, _, _, line, inhibit, *_ in array.seen]
    assert all(line == inhibit for line, inhibit in lines)
    assert max(line for line, _ in lines) <= dac_code(RECIPE.set.end_v)
    assert all(wl.bit_count() == 1 for _, wl, *_ in array.seen)
    assert np.array_equal(array.pulses(), result.records.set_pulses)
    assert result.records.set_pulses.max() <= MOST_PULSES
    assert not result.records.reset_pulses.any()


def test_a_second_run_pulses_nothing() -> None:
    array = Recorded(FRESH, 1)
    form(TwinBench(array))
    pulsed = len(array.seen)
    again = form(TwinBench(array))
    assert len(array.seen) == pulsed
    assert again.already.all()
    assert np.isnan(again.forming_v).all()


def checkerboard() -> NDArray[np.bool_]:
    return np.asarray(np.indices((32, 32)).sum(axis=0) % 2 == 0)


@pytest.mark.parametrize("usiemens", [3.0, 9.0, 60.0, 250.0])
def test_neighbours_that_are_formed_keep_their_conductance(usiemens: float) -> None:
    array, old = ArrayModel(FRESH, 2), checkerboard()
    array.set_conductance(np.where(old, usiemens * 1e-6, np.nan))
    before = array.conductance()
    result = form(TwinBench(array))
    assert array.formed().all()
    assert np.array_equal(result.already, old)
    assert np.array_equal(array.conductance()[old], before[old])
    assert not array.pulses()[old].any()


def test_only_the_masked_cells_are_formed() -> None:
    array, mask = ArrayModel(FRESH, 4), checkerboard()
    mask[5:9] = False
    rows: list[int] = []
    result = form(
        TwinBench(array), mask=mask, on_rows=lambda first, words: rows.extend(range(first, first + len(words)))
    )
    assert np.array_equal(array.formed(), mask)
    assert np.array_equal(result.formed, mask)
    assert rows == list(range(32))
    nothing = form(TwinBench(array), mask=np.zeros((32, 32), np.bool_))
    assert nothing.summary()["formed_fraction"] == 1.0
    assert nothing.records.run_cycles == 0


def test_cells_that_do_not_form_are_named_and_cost_no_second_ramp() -> None:
    """A ramp that ends at 2.5 V leaves about half; a stuck cell that reads formed is none of forming's business."""
    array = Recorded(FRESH, 5)
    kinds = np.zeros((32, 32), np.uint8)
    kinds[0, 0], kinds[0, 1] = FaultKind.STUCK_HIGH, FaultKind.STUCK_LOW
    array.inject(kinds)
    recipe = RECIPE.but(set=RECIPE.set.but(end_v=2.5))
    result = form(TwinBench(array), recipe)
    steps = 11  # of 50 mV from 2.0 V
    assert np.array_equal(result.not_formed, ~array.formed())
    assert 0.3 < np.mean(result.not_formed) < 0.7
    assert np.all(result.records.set_pulses[result.not_formed] == steps)
    assert len(array.seen) <= 32 * steps
    assert result.already[0, :2].all()
    summary = json.loads(json.dumps(result.summary()))
    assert summary["not_formed"] == np.argwhere(~array.formed()).tolist()
    assert summary["formed"] + summary["formed_before"] + len(summary["not_formed"]) == 1024
    assert f"{len(summary['not_formed'])} cells did not form" in result.describe()
    rest = form(TwinBench(array))
    assert array.formed().all()
    assert np.array_equal(rest.formed, result.not_formed)


def test_without_inhibit_neighbours_would_be_disturbed() -> None:
    """What the inhibit rail that follows the bit line is for: a formed neighbour in its low state would be set."""
    array = ArrayModel(FRESH, 2)
    array.set_conductance(np.full((32, 32), 9e-6))
    code = dac_code(2.5)
    array.pulse(Mode.SET, 1, 1, code, code, dac_code(RECIPE.set.hold_v), clocks(1.0), 0)
    assert array.conductance()[0, 1] == 9e-6
    array.pulse(Mode.SET, 1, 1, code, 0, dac_code(RECIPE.set.hold_v), clocks(1.0), 0)
    assert array.conductance()[0, 1] > 50e-6


def test_the_guard_holds_forming_to_its_rails() -> None:
    """RESET and the read rails cannot switch a cell, whatever a program in the FPGA did."""
    limits = RECIPE.limits()
    assert limits.rails_v[Rail.SL_RESET] <= 0.1
    assert limits.rails_v[Rail.BL_READ] <= 0.3
    assert limits.rails_v[Rail.BL_SET] == limits.rails_v[Rail.SL_INHIBIT] <= 3.6
    assert limits.pulse_us == RECIPE.set.us


@pytest.mark.parametrize(
    "change",
    [{"algorithm": "gate"}, {"rounds": 2}, {"confirm": 1}, {"algorithm": "line-last-reset"}, {"single_cell": True}],
)
def test_recipes_that_do_not_form_are_refused(change: dict[str, Any]) -> None:
    array = Recorded(FRESH, 1)
    with pytest.raises(DataError, match=f"{next(iter(change))} is"):
        form(TwinBench(array), RECIPE.but(**change))
    assert not array.seen
