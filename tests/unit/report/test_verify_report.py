"""The page of a verification, with and without a rest."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.report import making

from ohmbench.errors import UsageError
from ohmbench.report.verify import render_verify, verify_html


def test_one_read() -> None:
    report = making.verified()
    html = verify_html(report)
    assert making.value_of(html, "Cells in their window, simulated") == "97.87 %"
    assert making.value_of(html, "Skipped") == "1"
    errors = report.errors(report.readings[0])
    assert making.value_of(html, "Error, simulated") == f"{errors.std():.2f} µS"
    assert "at first" not in html
    assert list(making.embedded(html)["views"]) == ["target", "last", "error"]


def test_a_rest() -> None:
    report = making.verified((4.0,))
    html = verify_html(report)
    first, last = report.readings
    left = int(np.count_nonzero(report.inside(first) & ~report.inside(last)))
    assert left > 5
    assert making.value_of(html, "Left their window") == str(left)
    assert making.value_of(html, "Change of a cell, simulated") == "0.00 µS"  # all alike: no spread
    assert "mean -4.00 µS" in html
    # the stuck cell is in neither: its 100 uS would hide the drift
    good = report.inside(first)
    for reading in report.readings:
        spread = report.errors(reading)[good].std()
        assert making.value_of(html, f"Error {reading.name}, simulated") == f"{spread:.2f} µS"
    data = making.embedded(html)
    assert list(data["views"]) == ["first", "last", "change", "error"]
    change = np.subtract(data["images"][0]["last"], data["images"][0]["first"]).reshape(8, 8)
    np.testing.assert_allclose(change[report.compared], -4.0, atol=0.011)
    assert "Spread over time" not in html


def test_several_rests_show_the_spread_over_time() -> None:
    chart = making.chart_of(verify_html(making.verified((1.0, 2.0, 3.0))), "Spread over time: ")
    assert re.findall(r"<title>(.*?):", chart) == ["at first", "after 1 s", "after 10 s", "after 100 s"]


@pytest.mark.parametrize("rung", ["sim", "twin", "board"])
@pytest.mark.parametrize("drifts", [(), (4.0,), (1.0, 4.0)])
def test_page(rung: str, drifts: tuple[float, ...]) -> None:
    html = verify_html(making.verified(drifts, rung=rung))
    making.Page(html)
    assert making.needs_nothing_from_outside(html)
    right, wrong = ("measured", "simulated") if rung == "board" else ("simulated", "measured")
    assert html.lower().count(right) >= 5
    assert wrong not in html.lower()


@pytest.mark.parametrize("drifts", [(), (4.0,), (1.0, 4.0)])
def test_a_check_of_no_cell_has_a_page(drifts: tuple[float, ...]) -> None:
    html = verify_html(making.verified(drifts, mask=np.zeros((8, 8), np.bool_)))
    assert not re.search(r"\bnan\b", html, re.IGNORECASE)
    # and one in which none had converged
    report = making.verified(drifts)
    high = report.readings[0].cells.high
    far = [replace(r, cells=replace(r.cells, low=high + 1000, high=high + 1001)) for r in report.readings]
    html = verify_html(replace(report, readings=far))
    assert not re.search(r"\bnan\b", html, re.IGNORECASE)
    assert making.value_of(html, "Cells in their window, simulated") == "0.00 %"


def test_hostile_text_stays_text() -> None:
    text = making.HOSTILE
    page = making.Page(verify_html(making.verified((4.0,), serial=text, recipe=text, provenance={text: text})))
    assert "img" not in page.tags
    assert page.tags.count("script") == 3


def test_render(tmp_path: Path) -> None:
    render_verify(making.verified(), tmp_path / "verify.html")
    assert [p.name for p in tmp_path.iterdir()] == ["verify.html"]
    with pytest.raises(UsageError, match="Cannot write results to"):
        render_verify(making.verified(), tmp_path / "no" / "verify.html")
