"""What programming reaches on the array model, beside what was published; run with -s to see the figures.

Sources: open data of 10.1109/TED.2021.3097975 (RADAR: pulses, success), technology C of
akashlevy/RRAM-Relaxation-Master-Model (relaxation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from tests.unit.programming.arrays import ALL_CELLS, LoggedArray, drawn_levels, program_bands, usiemens_of

from ohmbench.bench.twin import TwinBench
from ohmbench.model.array import ArrayModel
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import TRIES, program_image

FloatArray = npt.NDArray[np.float64]

# Published: 107-118 and 166-173 uS plus an open LRS bin. Where the open bins begin is chosen: both are empty between.
BANDS_LOW = np.array([0.0, 107.0, 166.0, 180.0])
BANDS_HIGH = np.array([60.0, 118.0, 173.0, np.inf])
HRS, INNER = 0, (1, 2)


@dataclass(frozen=True)
class TwoBits:
    """Cells of several arrays programmed to the published bands: band, pulses and whether they arrived, (cells,)."""

    band: npt.NDArray[np.int64]
    pulses: npt.NDArray[np.int64]
    arrived: npt.NDArray[np.bool_]

    @classmethod
    def program(cls, recipe: Recipe, passes: int, seeds: range) -> TwoBits:
        results = []
        for seed in seeds:
            bands, levels = recipe.bands(BANDS_LOW, BANDS_HIGH), drawn_levels(seed, 4)
            bench = TwinBench(ArrayModel("a", seed))
            results.append((levels, program_bands(bench, recipe, bands, levels, ALL_CELLS, passes)))
        return cls(
            np.concatenate([levels.ravel() for levels, _ in results]).astype(np.int64),
            np.concatenate([records.pulses.ravel() for _, records in results]),
            np.concatenate([records.inside.ravel() for _, records in results]),
        )


def summary(pulses: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """Mean, median and 90th percentile."""
    return float(pulses.mean()), float(np.median(pulses)), float(np.percentile(pulses, 90))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step_v", "rounds", "passes", "measured"),
    [
        (0.05, 9, 7, (28.8, 21, 63)),
        (0.10, 15, 4, (25.4, 16, 55)),
        (0.15, 15, 4, (27.2, 17, 61)),
    ],
)
def test_gate_ramp_needs_the_pulses_that_were_measured(
    step_v: float, rounds: int, passes: int, measured: tuple[float, float, float]
) -> None:
    """The measured counts are of the two inner bands. 60 rounds and more in all, so that only broken cells fail."""
    recipe = Recipe.load("ispp-gate").but(rounds=rounds, inner_usiemens=10.0)
    recipe = recipe.but(set=recipe.set.but(step_v=step_v))
    cells = TwoBits.program(recipe, passes, range(1, 7))
    counts = summary(cells.pulses[np.isin(cells.band, INNER)])
    print(
        f"\ngate ramp {step_v:.2f} V: arrived {cells.arrived.mean():.4f}; pulses mean / median / p90 "
        f"{counts[0]:.1f}/{counts[1]:.0f}/{counts[2]:.0f}, measured {'/'.join(map(str, measured))}"
    )
    assert cells.arrived.mean() >= 0.98
    for count, published in zip(counts, measured, strict=True):
        assert published / 1.5 <= count <= published * 1.5


@pytest.mark.slow
def test_coarse_fine_needs_a_third_of_these_pulses() -> None:
    """Measured: mean 8.7 and 10.1 over three bands. A fresh cell is in the lowest band: those are left out."""
    cells = TwoBits.program(Recipe().but(inner_usiemens=10.0), 4, range(1, 7))
    programmed, inner = cells.pulses[cells.band != HRS], cells.pulses[np.isin(cells.band, INNER)]
    print(
        f"\ncoarse-fine: arrived {cells.arrived.mean():.4f}; pulses mean / median / p90, measured 8.7/6/19, 10.1/6/21:"
    )
    for name, counts in (("three bands", summary(programmed)), ("inner bands", summary(inner))):
        print(f"  {name} {counts[0]:.1f}/{counts[1]:.0f}/{counts[2]:.0f}")
    assert cells.arrived.mean() >= 0.98
    assert programmed.mean() <= 10


def test_the_default_programs_eight_levels() -> None:
    """And within the times that the speed of the whole bench rests on."""
    recipe, results, busy = Recipe(), [], []
    for seed in range(12):
        bench = TwinBench(ArrayModel("a", seed))
        before = bench.state().busy_cycles
        results.append(program_image(bench, drawn_levels(seed), ALL_CELLS, 7, recipe))
        busy.append((bench.state().busy_cycles - before) / results[-1].run_cycles)
    converged = np.array([r.inside.mean() for r in results])
    pulses = np.array([r.pulses for r in results])
    times_ms = np.array([r.run_cycles for r in results]) / 48e3
    print(
        f"\n8 levels: converged {converged.mean():.4f}, worst array {converged.min():.4f}; "
        f"pulses {pulses.mean():.2f}; run time {times_ms.mean():.1f} ms, longest {times_ms.max():.1f} ms; "
        f"busy {np.mean(busy):.3f}"
    )
    assert converged.mean() >= 0.99
    assert times_ms.max() <= 16.5
    assert min(busy) >= 0.96


def held_c(passes: int, seeds: range) -> tuple[FloatArray, FloatArray, float]:
    """Arrays of preset C programmed in so many passes with a rest between, and tries in each as in a run.

    Returns:
        True conductances (3, cells) in uS right after a cell's last pulse, and 1 s and 1e5 s after the last pass, and
        the targets (cells,), of the cells that got a pulse; the share of cells that read in their window at the end.
    """
    recipe, conductances, targets, inside = Recipe.load("preset-c"), [], [], []
    for seed in seeds:
        array, levels, bands = LoggedArray("c", seed), drawn_levels(seed), recipe.bands_of_levels(np.arange(8), 7)
        for number in range(passes):
            if number:
                array.rest(recipe.rest_s)
            records = program_bands(TwinBench(array), recipe, bands, levels, ALL_CELLS, TRIES)
        held = [array.left_at]
        for rest_s in (1.0, 1e5 - 1.0):
            array.rest(rest_s)
            held.append(array.conductance())
        cells = (array.last > 0) & ~array.stuck()
        conductances.append(np.array(held)[:, cells] * 1e6)
        targets.append(recipe.targets_usiemens(levels, 7)[cells])
        inside.append(records.inside.mean())
    return np.concatenate(conductances, axis=1), np.concatenate(targets), float(np.mean(inside))


@pytest.mark.slow
def test_preset_c_relaxes_as_measured_and_is_nearer_its_targets_after_passes() -> None:
    """The published sigma is of the change since a cell was programmed."""
    errors = {}
    for passes in (1, 3):
        held, targets, inside = held_c(passes, range(1, 9))
        change, errors[passes] = (held[1:] - held[0]).std(axis=1), (held - targets).std(axis=1)
        print(
            f"\npreset c, {passes} x programmed: in the window {inside:.3f}; sigma of the change in 1 s "
            f"{change[0]:.2f} uS, in 1e5 s {change[1]:.2f} uS; of the error at once {errors[passes][0]:.2f} uS, 1 s "
            f"{errors[passes][1]:.2f} uS, 1e5 s {errors[passes][2]:.2f} uS"
        )
        if passes == 1:
            assert change == pytest.approx([2.05, 3.6], rel=0.1)
    assert np.all(errors[3][1:] < errors[1][1:])


@pytest.mark.slow
def test_preset_c_in_neurrams_window() -> None:
    """Beside NeuRRAM's often quoted 99 % and 8.52 pulses (not verified); reported, with a floor to notice a loss."""
    recipe = Recipe.load("preset-c")
    arrived, pulses = [], []
    for seed in range(1, 7):
        levels, bands = drawn_levels(seed), recipe.bands_of_levels(np.arange(8), 7)
        records = program_bands(TwinBench(ArrayModel("c", seed)), recipe, bands, levels, ALL_CELLS, TRIES)
        arrived.append(records.inside.mean())
        pulses.append(records.pulses)
        error = usiemens_of(recipe, records.code) - recipe.targets_usiemens(levels, 7)
        assert np.all(np.abs(error[records.inside]) <= recipe.window_usiemens)
    counts = summary(np.array(pulses))
    print(f"\npreset c, +-1 uS of 40: arrived {np.mean(arrived):.4f}; pulses", "{:.1f}/{:.0f}/{:.0f}".format(*counts))
    assert np.mean(arrived) >= 0.98
