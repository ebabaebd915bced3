"""Values in rows and columns as charts of squares: confusion matrices and maps of arrays, as files of their own."""

from __future__ import annotations

import numpy as np

from ohmbench.report.charts import SVG, Figure, csv_text
from ohmbench.report.ink import RIGHT, WRONG, ink_on, shade
from ohmbench.support.array_types import IntArray
from ohmbench.support.html import element

_SIDE, _TOP = 40, 48
_INK, _SOFT, _CHARGED = "#1d2733", "#5b6875", "#c2571a"
_WEAR = ((247, 245, 250), (71, 42, 115))
"""The ends of the ramp that pages draw pulses with."""


def confusion_chart(counts: IntArray, title: str) -> Figure:
    """Counts (classes, classes), row = label, column = prediction; hits in blue, mistakes in orange."""
    most = max(1, int(counts.max(initial=1)))
    squares = []
    for label, predicted in np.ndindex(counts.shape):
        count, is_right = int(counts[label, predicted]), label == predicted
        colour, opacity = RIGHT if is_right else WRONG, shade(count, most, is_right)
        ink = ink_on(colour, opacity)
        squares.append((label, predicted, _mixed((255, 255, 255), colour, opacity), str(count or ""), ink))
    lines = [["label", "prediction", "images"]]
    lines += [[str(a), str(b), str(int(counts[a, b]))] for a, b in np.ndindex(counts.shape)]
    return _figure(title, "label (row), prediction (column)", counts.shape, 36, squares, 1, csv_text(lines))


def wear_chart(pulses: IntArray, charged: IntArray, title: str) -> Figure:
    """Pulses (rows, columns) that each cell has had; the darkest hundredth share a colour.

    Args:
        charged: pulses (rows, columns) that it may have had besides, in runs that were killed; such cells get a mark.
    """
    top = max(1.0, float(np.percentile(pulses, 99)))
    squares = [
        (
            row,
            column,
            _mixed(*_WEAR, min(1.0, float(pulses[row, column]) / top)),
            "x" if charged[row, column] else "",
            _CHARGED,
        )
        for row, column in np.ndindex(pulses.shape)
    ]
    lines = [["row", "column", "pulses", "charged"]]
    lines += [[*map(str, at), str(int(pulses[at])), str(int(charged[at]))] for at in np.ndindex(pulses.shape)]
    about = f"pulses a cell, 0 (pale) to {top:.0f} or more (dark); most {int(pulses.max(initial=0))}"
    if charged.any():
        about += f"; x: may have had up to {int(charged.max())} more"
    return _figure(title, about, pulses.shape, 12, squares, 8, csv_text(lines))


def _mixed(low: tuple[int, int, int], high: tuple[int, int, int], share: float) -> str:
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _figure(
    title: str,
    about: str,
    shape: tuple[int, ...],
    size: int,
    squares: list[tuple[int, int, str, str, str]],
    every: int,
    numbers: str,
) -> Figure:
    """Squares (row, column, fill, text, ink) with every so manyth row and column numbered."""
    rows, columns = shape
    parts = [
        element("text", title, x=8, y=16, font_size=14, fill=_INK),
        element("text", about, x=8, y=32),
    ]
    for row, column, fill, text, ink in squares:
        x, y = _SIDE + column * size, _TOP + row * size
        tip = element("title", f"row {row}, column {column}")
        place = {"x": x, "y": y, "width": size, "height": size}
        parts.append(element("rect", tip, **place, fill=fill, stroke="#fff", stroke_width=0.5))
        if text:
            middle = {"x": f"{x + size / 2:g}", "y": f"{y + size / 2 + 4:g}", "text_anchor": "middle"}
            parts.append(element("text", text, **middle, fill=ink))
    for row in range(0, rows, every):
        parts.append(element("text", str(row), x=_SIDE - 6, y=f"{_TOP + (row + 0.5) * size + 4:g}", text_anchor="end"))
    base = _TOP + rows * size
    for column in range(0, columns, every):
        at = f"{_SIDE + (column + 0.5) * size:g}"
        parts.append(element("text", str(column), x=at, y=base + 16, text_anchor="middle"))
    width, height = max(_SIDE + columns * size + 12, 480), base + 24
    frame = {"viewBox": f"0 0 {width} {height}", "font_family": "sans-serif", "font_size": 12, "fill": _SOFT}
    figure = Figure(element("figure", element("svg", *parts, **frame, role="img", aria_label=title), data_csv=numbers))
    figure.csv = numbers
    ground = element("rect", width="100%", height="100%", fill="#fff")
    figure.svg = element("svg", ground, *parts, xmlns=SVG, **frame, width=width, height=height) + "\n"
    return figure
