"""Characterisation through the array on the twin: faults put there are found, and good cells are not accused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from ohmbench.bench.twin import TwinBench
from ohmbench.errors import DataError
from ohmbench.faults.characterise import Characterisation, characterise
from ohmbench.faults.fault_map import FaultKind
from ohmbench.model.array import ArrayModel
from ohmbench.programming.recipe import Recipe
from ohmbench.record.cell_records import CellRecords
from ohmbench.tables import CLOCK_HZ

NO_FAULTS = {"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}


def random_kinds(share: float, seed: int) -> NDArray[np.uint8]:
    """Each fault as often as the others."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random((32, 32)) < share, rng.integers(1, 5, (32, 32)), 0).astype(np.uint8)


def characterised(kinds: NDArray[np.uint8], seed: int, preset: dict[str, float] | None = None) -> Characterisation:
    array = ArrayModel(preset or NO_FAULTS, seed)
    array.inject(kinds)
    return characterise(TwinBench(array), Recipe(), f"twin-{seed}")


@pytest.mark.parametrize(("share", "seed"), [(0.04, 1), (0.04, 2), (0.1, 3), (0.25, 4)])
def test_faults_are_found_and_good_cells_are_not_accused(share: float, seed: int) -> None:
    kinds = random_kinds(share, seed)
    result = characterised(kinds, seed)
    found = result.faults.kinds
    dead = (kinds > 0) & (kinds != FaultKind.WEAK)
    assert np.array_equal(found[dead], kinds[dead])
    assert np.mean(found[kinds == FaultKind.WEAK] == FaultKind.WEAK) >= 0.9
    assert np.count_nonzero(found[kinds == 0]) < 0.005 * kinds.size
    assert result.faults.serial == f"twin-{seed}"
    assert result.run_cycles / CLOCK_HZ < 0.1


def test_false_alarms_over_many_arrays() -> None:
    clean = np.zeros((32, 32), np.uint8)
    alarms = [np.count_nonzero(characterised(clean, seed).faults.bad) for seed in range(8)]
    assert np.mean(alarms) < 0.002 * clean.size


def test_arrays_whose_faults_come_from_their_parameters() -> None:
    share = {"stuck_low_fraction": 0.02, "stuck_high_fraction": 0.02, "weak_fraction": 0.02, "unformed_fraction": 0.02}
    array = ArrayModel(share, 6)
    kinds = array.kinds()
    result = characterise(TwinBench(array), Recipe())
    assert np.count_nonzero(kinds) > 40
    assert not (result.faults.kinds != kinds)[kinds > 0].any()


def test_a_weak_cell_too_mild_to_miss_a_level_is_not_bad() -> None:
    """What counts is whether the recipe's levels are reached: at 0.97 of the SET bound, they mostly are."""
    kinds = np.where(np.random.default_rng(7).random((32, 32)) < 0.1, FaultKind.WEAK, 0).astype(np.uint8)
    result = characterised(kinds, 7, NO_FAULTS | {"weak_set_factor": 0.97})
    assert np.mean(result.faults.bad[kinds > 0]) < 0.5


def test_reach_is_what_the_ramps_leave_in_the_array() -> None:
    array = ArrayModel(NO_FAULTS, 8)
    result = characterise(TwinBench(array), Recipe())
    low, high = result.reach.window_usiemens
    assert 10 < low < 40
    assert 185 < high < 230
    assert np.all(np.diff(result.reach.lowest_usiemens) > 0)
    assert np.all(np.diff(result.reach.highest_usiemens) > 0)
    # the last pattern still stands: what it read is what the cells have, less what the bit line takes
    lines = np.indices((32, 32)).sum(axis=0) % 2
    last_high = lines == 0
    usiemens = array.conductance() * 1e6
    ratio = result.reached_high / Recipe().codes_per_siemens * 1e6 / usiemens
    assert 0.85 < np.median(ratio[last_high]) < 1.0
    assert np.median(usiemens[~last_high]) < low


def test_targets_outside_the_reach_are_refused() -> None:
    reach = characterised(np.zeros((32, 32), np.uint8), 9).reach
    reach.require(Recipe())
    for change in ({"g_max_usiemens": 240.0}, {"g_min_usiemens": 8.0}):
        with pytest.raises(DataError, match="this array reaches"):
            reach.require(Recipe().but(**change))


def test_pulses_and_progress_are_told_as_they_come() -> None:
    array = ArrayModel(NO_FAULTS, 10)
    wear, told = np.zeros((32, 32), np.int64), []

    def on_cells(cells: CellRecords) -> None:
        wear[:] += cells.pulses

    result = characterise(
        TwinBench(array), Recipe(), on_progress=lambda work, done, total: told.append((done, total)), on_cells=on_cells
    )
    assert np.array_equal(array.pulses(), result.set_pulses + result.reset_pulses)
    assert np.array_equal(wear, result.set_pulses + result.reset_pulses)
    assert told == [(done, 8) for done in range(1, 9)]
    summary = json.loads(json.dumps(result.summary()))
    assert summary["bad"] == np.count_nonzero(result.faults.bad)
    assert summary["pulses_per_cell"] == pytest.approx(array.pulses().mean())
    assert f"{summary['bad']} of 1024 cells bad" in result.describe()


def test_an_array_fresh_from_the_fab_is_to_be_formed_first() -> None:
    array = ArrayModel(NO_FAULTS | {"unformed_fraction": 1.0}, 11)
    with pytest.raises(DataError, match="form it"):
        characterise(TwinBench(array), Recipe())
    assert not array.formed().any()


def test_windows_that_overlap_are_refused_before_a_pulse() -> None:
    array = ArrayModel(NO_FAULTS, 12)
    with pytest.raises(DataError, match="overlap"):
        characterise(TwinBench(array), Recipe().but(window_usiemens=90.0))
    assert not array.pulses().any()
