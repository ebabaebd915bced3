"""Axes and marks of charts."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.report import charts
from ohmbench.report.cell_charts import MOST_LEVELS, Levels
from ohmbench.report.charts import Axis, Plot


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(3, 10))
def test_ticks_are_few_round_and_inside(low: float, width: float, most: int) -> None:
    high = low + width
    values = [value for value, _text in charts.ticks(low, high, most)]
    assert len(values) <= most + 1
    assert all(low - 1e-6 * width <= value <= high + 1e-6 * width for value in values)
    steps = np.diff(values)
    if len(steps):
        leading = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
        assert min(abs(leading - factor) for factor in (1, 2, 5)) < 1e-6 + 1e-9 * abs(low) / width


def test_ticks() -> None:
    assert charts.ticks(-25.0, 25.0, 6, sign=True) == [
        (-20.0, "-20"),
        (-10.0, "-10"),
        (0.0, "0"),
        (10.0, "+10"),
        (20.0, "+20"),
    ]
    assert [text for _value, text in charts.count_ticks(20_000, (1,))] == ["0", "1", "10", "100", "1000", "10k"]


def test_a_bent_axis_keeps_its_ends() -> None:
    axis = Axis(0.0, 99.0, [], scale=math.log1p)
    assert (axis.at(0.0), axis.at(99.0)) == (0.0, 1.0)
    assert axis.at(9.0) == pytest.approx(0.5)


def test_texts_of_a_chart_are_escaped() -> None:
    axis = Axis(0.0, 1.0, [(0.0, "<0>")], "<name>")
    plot = Plot("<title>", axis, axis)
    plot.rect((0.0, 1.0), (0.0, 1.0), "#000", tip="<tip>")
    plot.text(0.5, 0.5, "<text>")
    html = plot.figure("<caption>", [("#000", "<key>")])
    for text in ("title>", "tip>", "text>", "caption>", "key>", "name>", "0>"):
        assert f"&lt;{text.replace('>', '&gt;')}" in html


def test_bars_stand_on_each_other() -> None:
    html = charts.bars("B", [0.0, 1.0, 2.0], [([1.0, 0.0], "#111", "a"), ([3.0, 2.0], "#222", "b")], Axis(0, 2, []))
    boxes = re.findall(r'<rect x="[^"]*" y="([\d.]+)" width="[^"]*" height="([\d.]+)" fill="(#\d+)"', html)
    (y_a, h_a, _), (y_b, h_b, _), (_y, h_c, _) = boxes
    assert [colour for _y, _h, colour in boxes] == ["#111", "#222", "#222"]
    assert float(y_b) + float(h_b) == pytest.approx(float(y_a), abs=0.11)
    assert float(h_b) == pytest.approx(3 * float(h_a), abs=0.2)
    assert float(h_c) == pytest.approx(2 * float(h_a), abs=0.2)


@given(st.lists(st.floats(0.0, 300.0), min_size=1, max_size=200))
def test_levels_hold_every_cell(targets: list[float]) -> None:
    target = np.array(targets)
    levels = Levels.group(target)
    assert 1 <= len(levels) <= MOST_LEVELS
    assert set(levels.of.tolist()) == set(range(len(levels)))
    assert (np.diff(levels.target_usiemens) > 0).all()
    width = np.ptp(target) / MOST_LEVELS
    assert (np.abs(levels.target_usiemens[levels.of] - target) <= (0.051 if levels.exact else width + 0.1)).all()


def test_a_chart_as_a_file_stands_alone() -> None:
    plot = Plot("a < b", Axis(0, 1, [(0, "0")], "x"), Axis(0, 1, [(1, "1")], "y"))
    plot.dot(0.5, 0.5, "#123456")
    root = ElementTree.fromstring(plot.file([("#123456", "one & two")]))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "one & two", "x", "y", "0", "1"} == set(texts)
    top, height = (float(root.attrib["viewBox"].split()[part]) for part in (1, 3))
    assert all(top < float(e.attrib["y"]) < top + height for e in root.iter("{http://www.w3.org/2000/svg}text"))
