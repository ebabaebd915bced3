"""Values in rows and columns as charts of squares: confusion matrices and maps of arrays, as files of their own."""

from __future__ import annotations

from html import escape

import numpy as np

from ohmbench.report.charts import Figure, csv_text
from ohmbench.report.ink import RIGHT, WRONG, ink_on
from ohmbench.support.array_types import IntArray

_SIDE, _TOP = 40, 48
_INK, _SOFT, _CHARGED = "#1d2733", "#5b6875", "#c2571a"
_WEAR = ((247, 245, 250), (71, 42, 115))
"""The ends of the ramp that pages draw pulses with."""


def confusion_chart(counts: IntArray, title: str) -> Figure:
    """Counts (classes, classes), row = label, column = prediction; hits in blue, mistakes in orange."""
    most = max(1, int(counts.max(initial=1)))
    squares = []
    for label, predicted in np.ndindex(counts.shape):
        count = int(counts[label, predicted])
        strength = 0.12 + 0.88 * count / most if count else 0.0
        colour = RIGHT if label == predicted else WRONG
        opacity = strength if label == predicted else min(1.0, 2.5 * strength)  # a single mistake is to be seen
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
        f'<text x="8" y="16" font-size="14" fill="{_INK}">{escape(title)}</text>',
        f'<text x="8" y="32">{escape(about)}</text>',
    ]
    for row, column, fill, text, ink in squares:
        x, y = _SIDE + column * size, _TOP + row * size
        tip = f"row {row}, column {column}"
        parts.append(
            f'<rect x="{x}" y="{y}" width="{size}" height="{size}" fill="{fill}" stroke="#fff" stroke-width="0.5">'
            f"<title>{tip}</title></rect>"
        )
        if text:
            middle = f'x="{x + size / 2:g}" y="{y + size / 2 + 4:g}" text-anchor="middle"'
            parts.append(f'<text {middle} fill="{ink}">{escape(text)}</text>')
    for row in range(0, rows, every):
        at = f'x="{_SIDE - 6}" y="{_TOP + (row + 0.5) * size + 4:g}"'
        parts.append(f'<text {at} text-anchor="end">{row}</text>')
    base = _TOP + rows * size
    for column in range(0, columns, every):
        parts.append(
            f'<text x="{_SIDE + (column + 0.5) * size:g}" y="{base + 16}" text-anchor="middle">{column}</text>'
        )
    width, height = max(_SIDE + columns * size + 12, 480), base + 24
    body = "".join(parts)
    style = f'font-family="sans-serif" font-size="12" fill="{_SOFT}"'
    svg = f'viewBox="0 0 {width} {height}"'
    drawn = f'<svg {svg} {style} role="img" aria-label="{escape(title)}">{body}</svg>'
    figure = Figure(f'<figure data-csv="{escape(numbers)}">{drawn}</figure>')
    figure.csv = numbers
    figure.svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {svg} width="{width}" height="{height}" {style}>'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
    )
    return figure
