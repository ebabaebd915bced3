"""The charts of a sweep's page: accuracy against cells, loss by stage, and accuracy over two settings."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from ohmbench.report.charts import DARK, IN_WINDOW, LIGHT, OUTSIDE, SOFT, Axis, Plot, ticks
from ohmbench.sweep.compute import STAGES

Row = dict[str, Any]

VARIANT = ("network", "bits", "method", "budget")
"""Settings that make a network; points of one variant differ in the array, its device and the seeds."""
_COLOURS = (IN_WINDOW, OUTSIDE, DARK, "#4a9a5e", "#d9a521", "#000000", LIGHT, SOFT)
_MOST_LINES = len(_COLOURS)


def variants(rows: Sequence[Row]) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by variant, in the order of the rows."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in VARIANT), []).append(row)
    return found


def variant_name(variant: Sequence[Any]) -> str:
    network, bits, method, budget = variant
    return f"{network}, {bits} bits, {method}" + ("" if budget is None else f" {budget:g}")


def mean(rows: Sequence[Row], column: str) -> float | None:
    """Mean of a column over the rows that have it; None if no row has."""
    values = [row[column] for row in rows if row[column] is not None]
    return float(np.mean(values)) if values else None


def pareto(network: str, rows: Sequence[Row]) -> str:
    """Every point of a network, and the line of those that no other one beats in cells and in accuracy."""
    accuracy, cells = [100 * row["accuracy"] for row in rows], [row["cells"] for row in rows]
    low, high = min(accuracy), max(accuracy)
    margin = max(0.05 * (high - low), 0.5)
    most = 1.05 * max(cells)
    y = Axis(low - margin, high + margin, ticks(low - margin, high + margin, 5), "% recognised through the array")
    plot = Plot(network, Axis(0, most, ticks(0, most, 5), "cells"), y)
    plot.line(_front(list(zip(cells, accuracy, strict=True))), SOFT, width=1.5)
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for row, x, value in zip(rows, cells, accuracy, strict=True):
        colour = _COLOURS[methods.index(row["method"]) % len(_COLOURS)]
        name = variant_name([row[key] for key in VARIANT])
        plot.dot(x, value, colour, tip=f"{row['point']}: {name}: {x} cells, {value:.2f} %", data=row["point"])
    key = [(_COLOURS[i % len(_COLOURS)], method) for i, method in enumerate(methods)]
    return plot.figure("Each dot is a point; the line joins those that no other beats in both, filtered or not.", key)


def _front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points with more accuracy than every one of as many or fewer cells."""
    front: list[tuple[float, float]] = []
    for x, y in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    return front


def stages_chart(rows: Sequence[Row]) -> str:
    """Mean accuracy at each stage, a line a variant; the first variants, if there are many."""
    groups = list(variants(rows).items())[:_MOST_LINES]
    lines = []
    for variant, group in groups:
        means = [(float(i), mean(group, stage)) for i, stage in enumerate(STAGES)]
        lines.append((variant, [(x, 100 * y) for x, y in means if y is not None]))
    values = [y for _variant, points in lines for _x, y in points]
    low, high = min(values) - 0.5, max(values) + 0.5
    x = Axis(-0.2, len(STAGES) - 0.8, [(float(i), name) for i, name in enumerate(STAGES.values())])
    plot = Plot("Accuracy at each stage", x, Axis(low, high, ticks(low, high, 5), "% recognised"))
    for (variant, points), colour in zip(lines, _COLOURS, strict=False):
        plot.line(points, colour, width=1.5)
        for at, value in points:
            stage = list(STAGES.values())[int(at)]
            plot.dot(at, value, colour, tip=f"{variant_name(variant)}, {stage}: {value:.2f} %")
    key = [(colour, variant_name(variant)) for (variant, _points), colour in zip(lines, _COLOURS, strict=False)]
    return plot.figure("Means over the points of a network and method.", key)


def heat_map(rows: Sequence[Row], down: str, across: str) -> str:
    """Mean accuracy over two settings, as a table whose darkest cell is the best."""
    downs, acrosses = (sorted({row[name] for row in rows if name in row}, key=_order) for name in (down, across))
    means = {
        (a, b): mean([row for row in rows if row.get(down) == a and row.get(across) == b], "accuracy")
        for a in downs
        for b in acrosses
    }
    known = [value for value in means.values() if value is not None]
    low, high = min(known), max(known)
    head = "".join(f'<th scope="col">{escape(text(b))}</th>' for b in acrosses)
    lines = [f'<tr><th class="side">{escape(down)} / {escape(across)}</th>{head}</tr>']
    for a in downs:
        cells = [_heat_cell(means[a, b], low, high) for b in acrosses]
        lines.append(f'<tr><th class="side" scope="row">{escape(text(a))}</th>{"".join(cells)}</tr>')
    return f'<div class="scroll"><table class="confusion heat">{"".join(lines)}</table></div>'


def _heat_cell(value: float | None, low: float, high: float) -> str:
    if value is None:
        return "<td>none</td>"
    strength = 0.1 + 0.9 * ((value - low) / (high - low) if high > low else 0.0)
    ink = "#fff" if strength > 0.55 else "#1d2733"
    return f'<td style="background:rgba(26,85,146,{strength:.2f});color:{ink}">{100 * value:.2f}</td>'


def _order(value: Any) -> tuple[bool, Any]:
    return (True, str(value)) if value is None or isinstance(value, str) else (False, value)


def text(value: Any) -> str:
    """A setting or a result as a table shows it."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
