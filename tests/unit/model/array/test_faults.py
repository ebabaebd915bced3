"""Bad cells: as many as asked for, at random places, and each behaving as its kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ohmbench.model._array import lib

from ohmbench.bench.base import dac_code
from ohmbench.errors import DataError
from ohmbench.faults.fault_map import FaultKind
from ohmbench.model.array import ArrayModel, write_faults_file
from ohmbench.tables import Mode

ALL = 0xFFFF_FFFF
NO_FAULTS = {"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
FRACTIONS = {
    FaultKind.STUCK_LOW: ("stuck_low_fraction", 0.02),
    FaultKind.STUCK_HIGH: ("stuck_high_fraction", 0.03),
    FaultKind.UNFORMED: ("unformed_fraction", 0.05),
    FaultKind.WEAK: ("weak_fraction", 0.04),
}


@pytest.fixture(scope="module")
def kinds() -> NDArray[np.uint8]:
    """Kinds (seeds, 32, 32) of arrays that ask for all faults at once."""
    params = dict(FRACTIONS.values())
    return np.array([ArrayModel(params, seed).kinds() for seed in range(60)])


def strong_pulses(array: ArrayModel) -> None:
    array.pulse(Mode.SET, ALL, ALL, dac_code(3.5), 0, dac_code(3.0), 4800, 0)
    array.pulse(Mode.RESET, ALL, ALL, dac_code(3.5), 0, dac_code(4.5), 4800, 0)


def test_numbers_of_kinds_are_those_of_fault_maps() -> None:
    c = [lib.OHM_CELL_FORMED, lib.OHM_CELL_STUCK_LOW, lib.OHM_CELL_STUCK_HIGH, lib.OHM_CELL_UNFORMED, lib.OHM_CELL_WEAK]
    assert c == list(FaultKind)


@pytest.mark.parametrize("kind", FRACTIONS)
def test_rates_are_met_within_the_binomial_error(kinds: NDArray[np.uint8], kind: FaultKind) -> None:
    fraction, size = FRACTIONS[kind][1], kinds.size
    sigma = np.sqrt(fraction * (1 - fraction))
    assert abs((kinds == kind).sum() - size * fraction) <= 3 * sigma * np.sqrt(size)
    each = (kinds == kind).sum(axis=(1, 2)) - 1024 * fraction
    assert np.mean(np.abs(each) <= 3 * sigma * 32) >= 0.95
    assert each.std() == pytest.approx(32 * sigma, rel=0.3)  # neither the same number in every array nor clusters


def test_faults_are_uncorrelated_across_cells_and_seeds(kinds: NDArray[np.uint8]) -> None:
    bad = (kinds != 0).astype(float)
    bad -= bad.mean()
    for a, b in [(bad[:, 1:], bad[:, :-1]), (bad[:, :, 1:], bad[:, :, :-1]), (bad[1:], bad[:-1])]:
        assert abs(np.mean(a * b)) < 4 * bad.var() / np.sqrt(a.size)
    # rows and columns: the count in a line scatters as that of any 32 cells
    for axis in (1, 2):
        assert bad.sum(axis=axis).var() == pytest.approx(32 * bad.var(), rel=0.12)


def test_stuck_cells_never_move() -> None:
    array = ArrayModel(dict(FRACTIONS.values()), seed=2)
    before, low, high = array.conductance(), array.kinds() == 1, array.kinds() == 2
    assert np.array_equal(array.stuck(), low | high)
    assert np.all(before[low] == array.params["g_low_usiemens"] * 1e-6)
    assert np.all(before[high] == array.params["g_high_usiemens"] * 1e-6)
    strong_pulses(array)
    array.set_conductance(np.full((32, 32), 50e-6))
    assert np.array_equal(array.conductance()[low | high], before[low | high])


def test_weak_cells_go_no_further_than_their_share_of_the_bound(quiet: dict[str, float]) -> None:
    array = ArrayModel(quiet | {"weak_fraction": 0.5, "weak_set_factor": 0.6})
    weak = array.kinds() == FaultKind.WEAK
    assert not array.stuck()[weak].any()
    array.pulse(Mode.SET, ALL, ALL, dac_code(3.0), 0, dac_code(2.4), 480_000, 0)
    g = array.conductance()
    np.testing.assert_allclose(g[weak], 0.6 * g[~weak][0], rtol=0.01)
    array.pulse(Mode.RESET, ALL, ALL, dac_code(1.5), 0, dac_code(3.5), 4800, 0)
    np.testing.assert_allclose(array.conductance(), array.conductance()[0, 0], rtol=0.01)  # RESET is as a good cell's


def test_a_weak_cell_stays_weak_when_it_is_put_somewhere() -> None:
    array = ArrayModel(NO_FAULTS | {"weak_fraction": 1.0})
    array.set_conductance(np.full((32, 32), 50e-6))
    assert np.all(array.kinds() == FaultKind.WEAK)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_map_is_injected_as_it_is(seed: int) -> None:
    wanted = np.random.default_rng(seed).integers(0, 5, (32, 32)).astype(np.uint8)
    array = ArrayModel(NO_FAULTS, seed=4)
    array.pulse(Mode.SET, ALL, ALL, dac_code(2.0), 0, dac_code(2.0), 48, 0)
    before = array.conductance()
    array.inject(wanted)
    assert np.array_equal(array.kinds(), wanted)
    g, params = array.conductance() * 1e6, array.params
    for kind, name in {1: "g_low_usiemens", 2: "g_high_usiemens", 3: "unformed_usiemens"}.items():
        np.testing.assert_allclose(g[wanted == kind], params[name])
    switching = (wanted == 0) | (wanted == 4)
    assert np.array_equal(array.conductance()[switching], before[switching])
    array.inject(np.zeros((32, 32), np.uint8))
    assert np.array_equal(array.kinds(), wanted)


def test_a_healed_cell_switches_again() -> None:
    array = ArrayModel({"stuck_high_fraction": 1.0, "stuck_low_fraction": 0.0})
    assert lib.ohm_array_set_kind(array._array, 3, 4, FaultKind.NONE) == 0
    strong_pulses(array)
    assert np.argwhere(array.conductance() < 260e-6).tolist() == [[3, 4]]
    assert lib.ohm_array_set_kind(array._array, 3, 4, 5) == -1


@pytest.mark.parametrize(
    "kinds",
    [
        np.zeros((32, 31), int),
        np.full((32, 32), 5),
        np.full((32, 32), -1),
        np.full((32, 32), 1.0),
        np.full((32, 32), 260),
    ],
)
def test_a_map_that_makes_no_sense_changes_nothing(kinds: NDArray[np.generic], tmp_path: Path) -> None:
    array = ArrayModel(seed=4)
    before = array.save()
    with pytest.raises(DataError, match="Kinds of cells are integers|is not a kind of cell"):
        array.inject(kinds)
    assert array.save() == before
    with pytest.raises(DataError):
        write_faults_file(kinds, tmp_path / "faults")
    assert not (tmp_path / "faults").exists()
