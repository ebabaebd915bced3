"""Each experiment on the twin, against the array model that it is run on."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from tests.unit.experiments.test_pulsing import EXACT

from ohmbench.bench.twin import TwinBench
from ohmbench.errors import UsageError
from ohmbench.experiments import loop
from ohmbench.experiments.base import Experiment, Found
from ohmbench.experiments.registry import load, names
from ohmbench.model.array import ArrayModel
from ohmbench.progress import Progress
from ohmbench.report.experiment import ExperimentPage

QUIET = Progress(quiet=True)
GOOD = {"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
SMALL: dict[str, dict[str, Any]] = {
    "iv": {"step_v": 0.1},
    "forming": {},
    "endurance": {"cycles": 30, "points": 2},
    "retention": {},
    "read-noise": {"reads": 400},
    "pulse-train": {"pulses": 8, "set_step_v": 0.1, "reset_step_v": 0.1},
}


def block(rows: int = 4, columns: int = 8) -> np.ndarray:
    chosen = np.zeros((32, 32), np.bool_)
    chosen[2 : 2 + rows, :columns] = True
    return chosen


def take(
    name: str, params: dict[str, float] | None = None, chosen: np.ndarray | None = None, **settings: Any
) -> tuple[Experiment, list[Found], ArrayModel]:
    array = ArrayModel(GOOD if params is None else params)
    experiment = load(name).of(SMALL[name] | settings)
    with TwinBench(array) as bench:
        found = loop.run(experiment, bench, block() if chosen is None else chosen, QUIET)
    return experiment, found, array


def test_all_are_installed() -> None:
    assert set(names()) >= set(SMALL)
    with pytest.raises(UsageError, match="There is no experiment tea"):
        load("tea")


@pytest.mark.parametrize("name", SMALL)
def test_it_does_what_it_estimates_and_has_its_plots(name: str) -> None:
    params = GOOD | ({"unformed_fraction": 1.0} if name == "forming" else {})
    chosen = block()
    experiment = load(name).of(SMALL[name])
    estimate = loop.estimate(experiment, chosen)
    with TwinBench(ArrayModel(params)) as bench:
        found = loop.run(experiment, bench, chosen, QUIET)
        took_s = bench.state().run_cycles / 48e6
        given = bench.array.pulses()
    assert estimate.steps == len(found) == len(experiment.steps())
    assert not given[~chosen].any()
    if name in ("forming", "retention"):  # give some cells fewer
        assert given.max() <= estimate.pulses_a_cell
        assert took_s == pytest.approx(estimate.bench_time_s, rel=0.3)
    else:
        assert (given[chosen] == estimate.pulses_a_cell).all()
        assert took_s == pytest.approx(estimate.bench_time_s, rel=1e-3)
    charts = experiment.charts(found)
    assert charts
    for chart in charts:
        assert "<svg" in chart
        assert "nan" not in chart
    page = ExperimentPage(
        *(name, experiment.about, "twin", "</script>", "2026-11-29 08:00:00 UTC", len(found), len(found)),
        *([(4, column) for column in range(32)], experiment.results(found), experiment.meaning, charts),
        *(experiment.notes(True), {"build_id": "0"}),
    ).html()
    assert "begun 2026-11-29 08:00:00 UTC" in page
    assert "row, column: 4,0 to 4,31" in page
    titles = re.findall(r'<th scope="row">(.*?)</th><td>', page.split("<h2>Plots")[0])
    assert len(set(titles)) == len(titles) == 1 + len(experiment.results(found))
    assert set(experiment.results(found)) == set(experiment.meaning)  # each is said what it is
    assert all("," in text or ";" in text for text in experiment.meaning.values())
    axes = [re.findall(r"<text[^>]*>([^<]*)</text>", chart) for chart in charts]
    assert all(any(re.search(r"[A-Za-z]", text) for text in texts) for texts in axes)
    assert "simulated" in page
    assert "src=" not in page
    assert "</script>" not in page.split("<main>")[1].split("</main>")[0]


@pytest.mark.parametrize("name", SMALL)
def test_results_of_a_part(name: str) -> None:
    """A run that was stopped after any step has results and a page too."""
    experiment, found, _ = take(name)
    for steps in range(1, len(found)):
        experiment.results(found[:steps])
        experiment.charts(found[:steps])


def test_iv_finds_the_models_thresholds_and_curve() -> None:
    experiment, found, _ = take("iv", EXACT, step_v=0.02, reads=64)
    results = experiment.results(found)
    assert results["set_v"] == pytest.approx(0.72)  # the first step beyond set_line_threshold_v
    # I = G V (1 + (V/0.43 V)^2 / 6)
    expected = (1 + (0.3 / 0.43) ** 2 / 6) / (1 + (0.05 / 0.43) ** 2 / 6)
    assert results["nonlinearity"] == pytest.approx(expected, rel=0.01)
    assert results["after_reset_usiemens"] < 30 < 150 < results["after_set_usiemens"]


def test_forming_gives_a_cell_no_more_than_it_needs() -> None:
    params = GOOD | {"unformed_fraction": 1.0}
    chosen = block(8, 32)
    experiment, found, array = take("forming", params, chosen)
    results = experiment.results(found)
    assert results["yield"] == 1.0
    assert results["forming_v"] == pytest.approx(2.5, abs=0.06)
    assert results["forming_std_v"] == pytest.approx(0.15, abs=0.03)
    assert results["formed_usiemens"] == pytest.approx(60, rel=0.15)
    formed_at = np.array([one.step.values.get("volts", 0) for one in found])
    pulses = array.pulses()[chosen]
    volts = formed_at[1] + (pulses - 1) * experiment.settings.step_v
    assert np.median(volts) == pytest.approx(results["forming_v"])
    again = load("forming").of({})
    with TwinBench(array) as bench:
        once_more = again.results(loop.run(again, bench, chosen, QUIET))
    assert np.array_equal(array.pulses()[chosen], pulses)
    assert (once_more["formed_before"], once_more["formed"], once_more["yield"]) == (chosen.sum(), 0, None)


def test_endurance_sees_cells_that_do_not_switch() -> None:
    experiment, found, array = take("endurance")
    results = experiment.results(found)
    assert (results["cycles"], results["failed"]) == (30, 0)
    assert results["high_usiemens"] > 150 > 40 > results["low_usiemens"]
    kinds = np.zeros((32, 32), np.uint8)
    kinds[2, :3] = 1  # stuck low
    array.inject(kinds)
    with TwinBench(array) as bench:
        found = loop.run(experiment, bench, block(), QUIET)
    assert experiment.results(found)["failed_after_cycles"] == [1, 1, 1]


def test_endurance_in_blocks_that_the_guard_can_count() -> None:
    steps = load("endurance").of({"cycles": 100_000}).steps()
    assert sum(step.count for step in steps) == 100_000 == steps[-1].values["cycles"]
    assert max(step.pulses for step in steps) <= 0xFFFF
    assert {1, 10, 100, 1000, 10_000} <= {step.values["cycles"] for step in steps}


def test_retention_is_the_models_relaxation() -> None:
    """Mean and spread of technology B at 1000 s; the clamp at 3 uS cuts the low cells' spread."""
    experiment, found, _ = take("retention", chosen=np.ones((32, 32), np.bool_), until_s=1000)
    results = experiment.results(found)
    assert results["time_s"] == pytest.approx(1000)
    assert results["high_drift_usiemens"] == pytest.approx(-0.57 - 0.49 * 3, abs=0.7)
    assert results["high_spread_usiemens"] == pytest.approx(math.sqrt(18.9 + 7.0 * 3), rel=0.3)
    assert [one.elapsed_s for one in found][-3:] == pytest.approx([100, 10**2.5, 1000])


def test_read_noise_is_the_converters_and_the_cells() -> None:
    experiment, found, _ = take("read-noise")
    results = experiment.results(found)
    code = results["code_usiemens"]
    cell = math.hypot(0.0043 * 9, 0.05)
    quantised = math.sqrt(1.84**2 + 1 / 12) * code
    assert results["noise_usiemens"] == pytest.approx(math.hypot(quantised, cell), rel=0.05)
    assert abs(results["correlation"]) < 0.03


def test_pulse_trains_rise_and_fall() -> None:
    experiment, found, _ = take("pulse-train", EXACT)
    means = {name: [f.usiemens.mean() for f in found if f.step.name == name] for name in ("potentiation", "depression")}
    first, second = np.split(np.array(means["potentiation"]), 2)
    assert np.all(np.diff(first) > -1)
    assert second[-1] == pytest.approx(first[-1], abs=3)
    assert np.all(np.diff(np.split(np.array(means["depression"]), 2)[0]) < 1)
    assert experiment.results(found)["potentiation_end_usiemens"] == pytest.approx(first[-1], abs=3)
    equal, found, _ = take("pulse-train", EXACT, pulses=25, set_step_v=0, reset_step_v=0, trains=1)
    assert [f.step.count for f in found] == [4, 10, 10, 5, 10, 10, 5]
    assert equal.results(found)["potentiation_end_usiemens"] > 100


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("iv", {"tea": 1}),
        ("iv", {"points": "many"}),
        ("iv", {"points": 1.5}),
        ("iv", {"bias_v": 0.5}),
        ("iv", {"set_to_v": 3.7}),
        ("iv", {"step_v": 0}),
        ("iv", {"step_v": 1e-6}),
        ("forming", {"from_v": 3, "to_v": 2}),
        ("endurance", {"cycles": 0}),
        ("endurance", {"ratio": 1}),
        ("retention", {"until_s": 0.5}),
        ("retention", {"until_s": "inf"}),
        ("read-noise", {"reads": 1}),
        ("pulse-train", {"set_step_v": -0.1}),
        ("pulse-train", {"width_us": 0}),
    ],
)
def test_settings_that_make_no_sense(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(
        UsageError,
        match="has no setting tea|this setting is|settings cannot be used|outside the range of rail|"
        "A pulse cannot take 0 us",
    ):
        load(name).of(settings)


def test_abort_ends_after_the_step() -> None:
    experiment = load("pulse-train").of(SMALL["pulse-train"])

    class AbortAtThree(Progress):
        def __call__(self, name: str, done: int, total: int) -> None:
            if done == 3:
                experiment.abort()

    with TwinBench(ArrayModel(GOOD)) as bench:
        found = loop.run(experiment, bench, block(), AbortAtThree(quiet=True))
        assert not bench.state().armed
    assert len(found) == 3
