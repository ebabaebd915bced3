"""Result figures and the HTML report, on a made-up result."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ohmbench.errors import UsageError
from ohmbench.record.cell_records import CellRecords
from ohmbench.report.demo import render_report, report_html
from ohmbench.report.heat_maps import CellState
from ohmbench.report.results import DemoResult, seconds, summary, wilson_interval


def made_up(**changes: Any) -> DemoResult:
    """2 images of 8x8, 96 cells; cell (0, 1, 2) is stuck 100 uS too high."""
    rng = np.random.default_rng(3)
    mask = np.ones((2, 8, 8), np.bool_)
    mask[1, :, 4:] = False
    target = 30.0 + 25.0 * rng.integers(0, 8, mask.shape)
    read = target + rng.uniform(-5.0, 5.0, mask.shape)
    read[0, 1, 2] = target[0, 1, 2] + 100.0
    labels = np.repeat(np.arange(10), 4)
    predictions = labels.copy()
    predictions[0] = 6
    values: dict[str, Any] = {
        "rung": "sim",
        "network": "64-32-10",
        "dataset": "digits",
        "float_accuracy": 0.98,
        "quantised_accuracy": 1.0,
        "labels": labels,
        "predictions": predictions,
        "predictions_trimmed": predictions,
        "trim_inputs": 500,
        "cells": CellRecords(
            mask,
            np.ceil((target - 6) * 4).astype(np.int64),
            np.floor((target + 6) * 4).astype(np.int64),
            np.rint(read * 4).astype(np.int64),
            rng.integers(0, 9, mask.shape),
            rng.integers(0, 5, mask.shape),
        ),
        "target_usiemens": target,
        "codes_per_usiemens": 4.0,
        "window_usiemens": 6.0,
        "program_s": 0.35,
        "infer_s": 0.09,
        "trim_s": 0.04,
        "wall_s": 84.0,
        "provenance": {"seed": 0, "device preset": "A"},
    }
    return DemoResult(**(values | changes))


class Page(HTMLParser):
    """Collects tags, attributes and text outside of style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def embedded(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="cells">(.*?)</script>', html, re.DOTALL)
    assert found
    return dict(json.loads(found.group(1)))


def values(result: DemoResult) -> dict[str, str]:
    return {row.name: row.value for row in summary(result)}


def test_figures() -> None:
    result = made_up()
    assert result.accuracy == pytest.approx(39 / 40)
    assert np.count_nonzero(result.cells.inside) == 95
    assert not result.cells.inside[0, 1, 2]
    assert not result.cells.inside[1, :, 4:].any()
    confusion = result.confusion()
    assert confusion.shape == (10, 10)
    assert confusion.sum() == 40
    assert confusion[0].tolist() == [3, 0, 0, 0, 0, 0, 1, 0, 0, 0]


def test_summary() -> None:
    rows = values(made_up())
    assert rows["Accuracy through the array, simulated"] == "97.5 %"
    assert rows["Lost by the array"] == "2.5 points"
    assert rows["Cells in their window"] == "98.96 %"
    assert rows["Programming"] == "350 ms"
    assert values(made_up(quantised_accuracy=0.975))["Lost by the array"] == "0.0 points"


def test_a_run_without_cells_or_tests_has_a_summary_and_a_report() -> None:
    nothing = np.zeros(0, np.int64)
    cells = replace(made_up().cells, mask=np.zeros((2, 8, 8), np.bool_))
    result = made_up(cells=cells, labels=nothing, predictions=nothing, predictions_trimmed=nothing)
    assert values(result)["Cells in their window"] == "none"
    assert not re.search(r"\bnan\b", report_html(result), re.IGNORECASE)


def test_wilson_interval() -> None:
    # R: binom::binom.confint(9, 10, methods = "wilson")
    assert wilson_interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-3)
    assert wilson_interval(10, 10)[1] == 1.0
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2e-5, "20 µs"),
        (0.084, "84 ms"),
        (1.234, "1.23 s"),
        (84.21, "84.2 s"),
        (200.4, "3 min 20 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h"),
        (7199.8, "2 h"),
        (1e5, "27.8 h"),
        (1e6, "11.57 days"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize("rung", ["sim", "twin", "board"])
def test_the_model_is_never_called_a_measurement(rung: str) -> None:
    html = report_html(made_up(rung=rung)).lower()
    right, wrong = ("measured", "simulated") if rung == "board" else ("simulated", "measured")
    assert html.count(right) >= 5
    assert wrong not in html


def test_report_needs_nothing_from_outside() -> None:
    html = report_html(made_up())
    page = Page(html)
    assert page.attributes.isdisjoint({"src", "href", "srcset", "action"})
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", html)
    assert page.tags.count("canvas") == 4 + 2 * 4
    assert page.tags.count("svg") == 2


def test_report_holds_the_cells() -> None:
    result = made_up()
    data = embedded(report_html(result))
    assert (data["rows"], data["columns"], len(data["images"])) == (8, 8, 2)
    first, second = data["images"]
    np.testing.assert_allclose(np.reshape(first["read"], (8, 8)), result.read_usiemens[0], atol=0.005)
    np.testing.assert_allclose(np.reshape(first["target"], (8, 8)), result.target_usiemens[0], atol=0.005)
    assert first["set"] == result.cells.set_pulses[0].ravel().tolist()
    assert first["state"][10] == CellState.OUTSIDE
    assert sorted(set(second["state"])) == [CellState.UNUSED, CellState.IN_WINDOW]
    assert (data["views"]["error"]["low"], data["views"]["error"]["high"]) == (-15.0, 15.0)


def test_error_chart_counts_every_cell_once() -> None:
    chart = report_html(made_up()).split("<h3>Error: 99.0 % of the cells in their window")[1].split("</figure>")[0]
    inside = sum(map(int, re.findall(r"<title>in their window: (\d+)<", chart)))
    outside = sum(map(int, re.findall(r"<title>outside of their window: (\d+)<", chart)))
    assert (inside, outside) == (95, 1)
    assert "Beyond the ends, and counted in the last bars: 1." in chart


def test_hostile_text_stays_text() -> None:
    text = "</script><img src=x onerror=alert(1)>"
    html = report_html(made_up(provenance={text: text}, network=text, dataset=text))
    page = Page(html)
    assert "img" not in page.tags
    assert page.tags.count("script") == 3
    assert text in page.text


def test_render_report(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    result = made_up()
    render_report(result, path)
    assert path.read_text(encoding="utf-8") == report_html(result)
    render_report(dataclasses.replace(result, rung="twin"), path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(UsageError, match="Cannot write results to"):
        render_report(result, tmp_path / "no" / "report.html")
