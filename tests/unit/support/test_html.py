"""Templates and elements: every value is escaped, unless it is HTML already."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

import ohmbench
from ohmbench.support.html import element, json_data, render

PACKAGE = Path(ohmbench.__file__).parent
HOSTILE = "</script><img src=x onerror='alert(1)'>\""


def test_an_element_escapes_texts_and_attributes_but_not_elements() -> None:
    inner = element("title", HOSTILE)
    made = element("rect", inner, stroke_width=2, data_of=HOSTILE)
    assert isinstance(made, Markup)
    assert made.startswith('<rect stroke-width="2" data-of="&lt;/script&gt;')
    assert made.count("<") == 4
    assert "'" not in made


@given(st.text())
def test_no_text_ends_the_data_of_a_script(text: str) -> None:
    data = json_data({text: [text]})
    assert "<" not in data
    assert json.loads(data) == {text: [text]}


def test_a_template_escapes_by_itself_and_asks_for_all_of_its_values() -> None:
    values = {
        "csv": "",
        "title": HOSTILE,
        "key": [("#000", HOSTILE)],
        "width": 1,
        "height": 1,
        "body": "",
        "caption": "",
    }
    assert "<img" not in render("report/templates/chart.html", **values)
    del values["caption"]
    with pytest.raises(UndefinedError, match="caption"):
        render("report/templates/chart.html", **values)


def test_nothing_switches_the_escaping_off() -> None:
    templates = [*PACKAGE.rglob("templates/*.html")]
    assert len(templates) > 10
    for template in templates:
        assert not re.search(r"\|\s*safe|autoescape", template.read_text()), template


def test_no_module_writes_html_by_itself() -> None:
    """But in templates; SVG is made of elements."""
    for module in [*PACKAGE.joinpath("report").glob("*.py"), *PACKAGE.joinpath("watch").glob("*.py")]:
        assert not re.search(r"</(p|td|th|tr|table|h\d|div|span|figure|svg|text)>", module.read_text()), module
