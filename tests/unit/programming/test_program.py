"""What program.useq does to cells: on the twin, which executes the words that the FPGA executes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as drawn
from tests.unit.programming.arrays import ALL_CELLS, SHAPE, LoggedArray, drawn_levels, read_ideally, usiemens_of

from ohmbench.bench.twin import TwinBench
from ohmbench.faults.fault_map import FaultKind
from ohmbench.model.array import ArrayModel
from ohmbench.programming.programmer import LEAVE, program_cells
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.tables import Mode

RECIPES = ("coarse-fine", "coarse-fine-gate", "ispp-gate", "ispp-line")

few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)
masks = drawn(np.bool_, SHAPE)


def put_inside(array: ArrayModel, recipe: Recipe, levels: np.ndarray[Any, Any], inside: np.ndarray[Any, Any]) -> None:
    """Put some cells into their windows, anywhere in them, and leave the others as they are."""
    targets = recipe.targets_usiemens(levels, 7)
    offset = np.random.default_rng(0).uniform(-0.95, 0.95, SHAPE) * recipe.window_usiemens
    array.set_conductance(np.where(inside, (targets + offset) * 1e-6, np.nan))


@few
@given(seeds, masks, masks, st.sampled_from(RECIPES))
def test_cells_in_their_window_and_cells_not_asked_for_get_no_pulse(
    seed: int, mask: np.ndarray[Any, Any], inside: np.ndarray[Any, Any], name: str
) -> None:
    recipe, levels = Recipe.load(name), drawn_levels(seed)
    array = LoggedArray(read_ideally(), seed)
    put_inside(array, recipe, levels, inside)
    records = program_image(TwinBench(array), levels, mask, 7, recipe)
    assert not array.last[inside | ~mask].any()
    assert not records.pulses[inside | ~mask].any()
    assert np.all(records.inside[inside & mask])
    assert not records.inside[~mask].any()


@few
@given(seeds, masks, st.sampled_from(RECIPES))
def test_records_count_what_the_cells_got(seed: int, mask: np.ndarray[Any, Any], name: str) -> None:
    array = ArrayModel("a", seed)
    before = array.pulses()
    records = program_image(TwinBench(array), drawn_levels(seed), mask, 7, Recipe.load(name))
    assert np.array_equal(records.pulses, array.pulses() - before)


@few
@given(seeds, st.sampled_from(["set", "reset"]), st.sampled_from(RECIPES), st.booleans())
def test_the_last_pulse_has_the_polarity_asked_for(seed: int, polarity: Any, name: str, quiet: bool) -> None:
    """Of every cell that was pulsed, those that did not arrive included; noisy reads, wires and broken cells too."""
    array = LoggedArray(read_ideally() if quiet else "a", seed)
    recipe = Recipe.load(name).but(rounds=4)
    recipe = recipe.but(algorithm=f"{recipe.algorithm}-last-{polarity}")
    records = program_image(TwinBench(array), drawn_levels(seed), ALL_CELLS, 7, recipe)
    pulsed = records.pulses > 0
    assert pulsed.sum() > 500
    assert np.all(array.last[pulsed] == (Mode.SET if polarity == "set" else Mode.RESET))


def test_either_polarity_may_be_last_by_default() -> None:
    array = LoggedArray("a", 1)
    program_image(TwinBench(array), drawn_levels(1), ALL_CELLS, 7, Recipe())
    assert min((array.last == mode).mean() for mode in (Mode.SET, Mode.RESET)) > 0.1


def falsely_accepted(recipe: Recipe) -> float:
    """Share of the cells that were accepted and are outside of their inner window, read with much noise (3 uS)."""
    array, levels = ArrayModel(read_ideally(adc_noise_lsb=12.0), 1), drawn_levels(1)
    records = program_image(TwinBench(array), levels, ALL_CELLS, 7, recipe)
    error = np.abs(array.conductance() * 1e6 - recipe.targets_usiemens(levels, 7))
    return float((error > recipe.inner_usiemens)[records.inside & (records.pulses > 0)].mean())


def test_confirming_reads_keep_noise_from_accepting_cells() -> None:
    # the outer window is wide, so that cells are judged when they are accepted and not by the row's later reads
    recipe = Recipe(inner_usiemens=6.0, window_usiemens=16.0)
    confirms = ((0, 0), (3, 2), (3, 3))
    once, two_of_three, all_three = (falsely_accepted(recipe.but(confirm=m, confirm_need=n)) for m, n in confirms)
    print(f"\nfalsely accepted: {once:.3f}; confirmed by 2 of 3 {two_of_three:.3f}, by 3 of 3 {all_three:.3f}")
    assert all_three < two_of_three < once
    assert all_three < once / 2


@pytest.mark.parametrize("need", [1, 3])
def test_confirming_costs_no_pulse_without_noise(need: int) -> None:
    results = []
    for recipe in (Recipe(), Recipe(confirm=3, confirm_need=need)):
        bench = TwinBench(ArrayModel(read_ideally(), 2))
        results.append(program_image(bench, drawn_levels(2), ALL_CELLS, 7, recipe))
    assert np.array_equal(results[0].pulses, results[1].pulses)
    assert np.array_equal(results[0].inside, results[1].inside)
    assert results[1].run_cycles > results[0].run_cycles


def test_cells_are_programmed_to_the_inner_window_and_accepted_in_the_outer() -> None:
    recipe, levels = Recipe(inner_usiemens=5.0), drawn_levels(3)
    array = LoggedArray(read_ideally(), 3)
    inside = np.random.default_rng(3).random(SHAPE) < 0.5
    put_inside(array, recipe, levels, inside)
    records = program_image(TwinBench(array), levels, ALL_CELLS, 7, recipe)
    error = np.abs(usiemens_of(recipe, records.code) - recipe.targets_usiemens(levels, 7))
    programmed = records.inside & (records.pulses > 0)
    assert (error[inside] > 5.0).any()
    assert programmed.sum() > 400
    # those that ran out of rounds may have come to rest between the two
    assert np.mean(error[programmed] <= 5.0) > 0.97


@pytest.mark.parametrize("name", RECIPES)
def test_one_cell_at_a_time_ends_like_a_row(name: str) -> None:
    """With reads that do not depend on the neighbours a cell cannot tell the difference."""
    recipe, levels = Recipe.load(name), drawn_levels(4)
    mask = np.zeros(SHAPE, np.bool_)
    mask[7:9] = True
    row, alone = (
        program_image(TwinBench(ArrayModel(read_ideally(), 4)), levels, mask, 7, recipe.but(single_cell=single))
        for single in (False, True)
    )
    assert row.inside.sum() >= 62
    assert np.array_equal(row.code[mask], alone.code[mask])
    assert np.array_equal(row.pulses, alone.pulses)
    assert alone.run_cycles > 2 * row.run_cycles


def test_more_levels_than_one_run_can_hold() -> None:
    top = LEAVE + 20
    levels = (np.arange(1024).reshape(SHAPE) % (top + 1)).astype(np.uint8)
    recipe = Recipe()
    array = ArrayModel(read_ideally(), 5)
    records = program_image(TwinBench(array), levels, ALL_CELLS, top, recipe)
    error = np.abs(array.conductance() * 1e6 - recipe.targets_usiemens(levels, top))
    assert records.inside.mean() > 0.99
    assert np.all(error[records.inside] <= recipe.window_usiemens + 0.2)  # a code is 0.26 uS wide
    with pytest.raises(ValueError, match="could not broadcast"):
        recipe.plugin.tables(recipe.bands_of_levels(np.arange(LEAVE + 2), top), recipe)


def test_broken_cells_are_given_up_after_one_ramp_and_hold_up_nobody() -> None:
    recipe, levels = Recipe(), drawn_levels(6)
    kinds = np.zeros(SHAPE, np.uint8)
    kinds[::4, 3] = FaultKind.STUCK_LOW
    kinds[1::4, 20] = FaultKind.STUCK_HIGH
    kinds[2::4, 9] = FaultKind.UNFORMED
    whole, broken = ArrayModel(read_ideally(), 6), ArrayModel(read_ideally(), 6)
    broken.inject(kinds)
    good, records = (program_image(TwinBench(array), levels, ALL_CELLS, 7, recipe) for array in (whole, broken))
    bad = kinds > 0
    assert not records.inside[bad].any()
    assert records.set_pulses[bad].max() <= 11
    assert records.reset_pulses[bad].max() <= 15
    assert records.pulses[bad].mean() <= 12
    assert np.array_equal(records.code[~bad], good.code[~bad])
    assert np.array_equal(records.pulses[~bad], good.pulses[~bad])


def test_rows_without_cells_are_skipped_and_nothing_asked_is_nothing_done() -> None:
    array, levels = LoggedArray("a", 7), drawn_levels(7)
    bench = TwinBench(array)
    nothing = program_image(bench, levels, np.zeros(SHAPE, np.bool_), 7, Recipe())
    assert nothing.run_cycles == 0
    assert not nothing.inside.any()
    mask = np.zeros(SHAPE, np.bool_)
    mask[[5, 9]] = True
    seen: list[tuple[int, tuple[int, ...]]] = []
    program_cells(bench, levels, mask, 7, Recipe(), lambda part, first, words: seen.append((first, words.shape)))
    assert [first + row for first, (rows, _lanes) in seen for row in range(rows)] == [5, 6, 7, 8, 9]
    assert set(np.flatnonzero(array.last.any(axis=1))) == {5, 9}


@few
@given(st.floats(0.5, 60.0), seeds)
def test_a_start_beyond_the_ramp_is_its_last_step(usiemens: float, seed: int) -> None:
    recipe = Recipe(reset=Recipe().reset.but(end_v=1.0, curve=((1.0, 1.9), (100.0, 1.5)), lead_v=0.0))
    bands = recipe.bands(np.array([usiemens - 0.5]), np.array([usiemens + 0.5]))
    assert bands.reset_start == recipe.reset.last_code
    array = ArrayModel(read_ideally(), seed)
    array.set_conductance(np.full(SHAPE, 200e-6))
    records = program_image(
        TwinBench(array), np.zeros(SHAPE, np.uint8), ALL_CELLS, 7, recipe.but(g_min_usiemens=usiemens)
    )
    assert records.reset_pulses.min() >= 1
