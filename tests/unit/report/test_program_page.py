"""The page of a programming run: what it counts, shows and escapes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from tests.unit.report import making
from tests.unit.report.making import image

from ohmbench.report.heat_maps import CellState
from ohmbench.report.program import ImageState, PassTotals, ProgramState, WearState
from ohmbench.report.program_page import program_html


def state(*images: ImageState, **changes: Any) -> ProgramState:
    values: dict[str, Any] = {
        "info": making.info(),
        "images": dict(enumerate(images)),
        "passes": {number: (PassTotals(47, 1),) for number in range(len(images))},
        "status": "done",
        "bench_s": 0.5,
    }
    return ProgramState(**(values | changes))


def test_summary_counts_every_cell_once() -> None:
    html = program_html(state(image(), wear=WearState(np.array([[100, 20], [20, 0]]), 1000)))
    assert making.value_of(html, "Cells in their window, simulated") == "97.87 %"  # 46 of 47
    assert making.value_of(html, "Cells programmed") == "47"
    assert making.value_of(html, "Failed") == "1"
    assert making.value_of(html, "Skipped") == "1"
    assert making.value_of(html, "Wear") == "10.00 %"
    assert "94 cells/s" in html
    assert "100 of 1000 pulses; median cell 20" in html


def test_summary_of_pulses() -> None:
    made = making.cells()
    pulses = (made["set_pulses"] + made["reset_pulses"])[made["mask"] & ~made["skipped"]]
    html = program_html(state(image()))
    assert making.value_of(html, "Pulses a cell") == f"{pulses.mean():.1f}"
    assert (
        f"median {np.median(pulses):.0f}; 90 of 100 cells at most {np.percentile(pulses, 90):.0f}; "
        f"most {pulses.max()}; {pulses.sum()} in all"
    ) in html


def test_cells_in_their_window_without_a_pulse_were_left_alone() -> None:
    none = np.zeros((8, 8), np.int64)
    assert making.value_of(program_html(state(image(set_pulses=none, reset_pulses=none))), "Left alone") == "46"
    assert making.value_of(program_html(state(image())), "Left alone") == "0"


def test_states_of_cells() -> None:
    done = np.zeros(8, np.bool_)
    done[:5] = True
    half = image(done_rows=done)
    drawn = making.embedded(program_html(state(half, status="running")))["images"][0]["state"]
    grid = np.reshape(drawn, (8, 8))
    assert grid[0, 0] == CellState.SKIPPED
    assert grid[1, 2] == CellState.OUTSIDE
    assert grid[0, 1] == CellState.IN_WINDOW
    assert (grid[5:, :6] == CellState.WAITING).all()
    assert (grid[:, 6:] == CellState.UNUSED).all()
    # a second pass begins with what the first one left
    assert image(done_rows=done, pass_number=1).reached.all(where=making.cells()["mask"] & ~making.cells()["skipped"])


def test_a_running_page_shows_what_moves_first_and_renews_itself() -> None:
    images = [image(), image(done_rows=np.arange(8) < 4)]
    html = program_html(state(*images, status="running"))
    page = making.Page(html)
    assert page.refreshes
    assert html.index("Image 2 of 5") < html.index("<h2>Convergence") < html.index("Image 1 of 5")
    assert "50 % done" in page.text
    assert "image 2 of 5, pass 1 of 1: 4 of 8 rows" in page.text
    assert "To come: image 3." in page.text
    assert re.search(r'id="live" data-at="\d{10}"', html)


def test_an_ended_page_is_static_and_in_order() -> None:
    html = program_html(state(image(), image()))
    assert not making.Page(html).refreshes
    assert 'id="live"' not in html
    assert html.index("<h2>Convergence") < html.index("Image 1 of 5") < html.index("Image 2 of 5")
    assert "ended early" not in html


def test_a_run_that_ended_early_says_why() -> None:
    half = image(done_rows=np.arange(8) < 4)
    html = program_html(state(half, status="failed", reason="The guard turned the array off."))
    assert "D7 programmed in part" in html
    assert "24 cells not reached" in html
    assert "The run ended early (failed): The guard turned the array off." in html
    assert not making.Page(html).refreshes


def test_share_done_counts_passes_and_rows() -> None:
    info = making.info(passes=2)
    half = image(done_rows=np.arange(8) < 4, pass_number=1)
    assert state(image(pass_number=1), half, info=info).share_done == pytest.approx((1.0 + 0.75) / 3)


def test_convergence() -> None:
    pulses = np.full((8, 8), 2)
    pulses[4:] = 9
    zero = np.zeros_like(pulses)
    html = program_html(state(image(set_pulses=pulses, reset_pulses=zero)))
    chart = making.chart_of(html, "Cells in their window: 50 % after 9 pulses")
    assert "90 % after 9 pulses or fewer. At the right end: 97.87 %" in chart
    assert f"<title>9 pulses: {100 * 46 / 47:.2f} %</title>" in chart
    assert "50 % after 9" in chart  # after two there are the rows 0 to 3: 22 of 47


def test_passes_are_added_up_over_images() -> None:
    passes = {0: (PassTotals(47, 5), PassTotals(5, 2)), 1: (PassTotals(47, 3),)}
    run = state(image(), image(), passes=passes)
    assert run.pass_totals() == [PassTotals(94, 8), PassTotals(5, 5)]
    html = program_html(run)
    assert "<h3>Passes: 5 of 94 cells outside of their window after the last</h3>" in html
    assert "pass 2: 5 cells pulsed, 5 of 94 outside of their window afterwards" in html
    assert "<h3>Passes" not in program_html(state(image()))


def test_error_by_level_counts_the_cells_beyond_the_scale() -> None:
    chart = making.chart_of(program_html(state(image())), "Error by level: widest at ")
    assert chart.count("▲1") == 1
    assert "▼" not in chart
    cells = sum(map(int, re.findall(r"µS: (\d+) cells, median", chart)))
    assert cells == 47


def test_many_targets_are_put_together() -> None:
    made = making.cells()
    target = made["target_usiemens"] + np.arange(64).reshape(8, 8) * 0.2
    html = program_html(state(image(target_usiemens=target)))
    assert "neighbours together" in html
    assert html.count('<tr><th scope="row">') < 60


@pytest.mark.parametrize("rung", ["sim", "twin", "board"])
@pytest.mark.parametrize("status", ["running", "done"])
def test_the_model_is_never_called_a_measurement(rung: str, status: str) -> None:
    html = program_html(state(image(), status=status, info=making.info(rung=rung))).lower()
    right, wrong = ("measured", "simulated") if rung == "board" else ("simulated", "measured")
    assert html.count(right) >= 5
    assert wrong not in html


@pytest.mark.parametrize("status", ["running", "done"])
def test_the_page_needs_nothing_from_outside(status: str) -> None:
    assert making.needs_nothing_from_outside(program_html(state(image(), image(), status=status)))


def test_hostile_text_stays_text() -> None:
    text = making.HOSTILE
    info = making.info(serial=text, recipe=text, rung=text, provenance={text: text})
    for status in ("running", "failed"):
        html = program_html(state(image(), info=info, status=status, reason=text))
        page = making.Page(html)
        assert "img" not in page.tags
        assert page.tags.count("script") == 3
        assert text in page.text


def test_a_run_without_a_cell_has_a_page() -> None:
    nothing = image(mask=np.zeros((8, 8), np.bool_), skipped=np.zeros((8, 8), np.bool_))
    for run in (state(), state(nothing), state(status="running"), state(nothing, status="running")):
        html = program_html(run)
        making.Page(html)
        assert not re.search(r"\bnan\b", html, re.IGNORECASE)


def test_size_of_a_large_network() -> None:
    """Of 50 arrays of 32x32: a page that a phone opens, and little enough to write every second."""
    made = {name: np.tile(values, (4, 4)) for name, values in making.cells().items()}
    one = image(**made, done_rows=np.ones(32, np.bool_))
    html = program_html(state(*[one] * 50, info=making.info(numbers=tuple(range(50)), images=50)))
    assert len(html) < 50 * 25_000 + 60_000
