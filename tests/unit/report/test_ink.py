"""Pages can be read by all: contrast of what is shaded, tables that scroll by the keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ohmbench
from ohmbench.report.ink import RIGHT, WRONG, ink_on, luminance

PACKAGE = Path(ohmbench.__file__).parent
SOURCES = sorted([*(PACKAGE / "report/templates").iterdir(), *(PACKAGE / "watch/templates").iterdir()])
part = st.integers(0, 255)


def contrast(ink: str, ground: float) -> float:
    text = {"#000": 0.0, "#fff": 1.0}[ink]
    high, low = max(text, ground), min(text, ground)
    return (high + 0.05) / (low + 0.05)


@given(st.tuples(part, part, part) | st.sampled_from([RIGHT, WRONG]), st.floats(0, 1))
def test_text_on_any_shade_has_the_contrast_that_wcag_asks_for(colour: tuple[int, int, int], opacity: float) -> None:
    assert contrast(ink_on(colour, opacity), luminance(colour, opacity)) >= 4.5


def test_luminance_of_known_colours() -> None:
    assert luminance((255, 255, 255)) == pytest.approx(1.0)
    assert luminance((0, 0, 0)) == 0.0
    assert luminance((0, 0, 0), opacity=0.0) == pytest.approx(1.0)
    assert luminance((118, 118, 118)) == pytest.approx(
        0.1812, abs=1e-4
    )  # #767676: 4.54 on white, known to web designers


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_what_scrolls_is_reached_by_the_keyboard(source: Path) -> None:
    divs = re.findall(r'<div class="scroll"[^>]*>', source.read_text())
    assert all('tabindex="0"' in div for div in divs)
    assert "<th></th>" not in source.read_text()
