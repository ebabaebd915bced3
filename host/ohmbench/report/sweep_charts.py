"""The charts of a sweep's page: accuracy against cells, loss by stage, and accuracy over two settings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ohmbench.report.charts import DARK, IN_WINDOW, LIGHT, OUTSIDE, SOFT, Axis, Plot, ticks
from ohmbench.report.ink import RIGHT
from ohmbench.report.shades import ShadedRow, Shades, Square, square
from ohmbench.sweep.compute import STAGES
from ohmbench.sweep.varying import SEEDS, Row, by_setting, said, text, varying

VARIANT = ("network", "bits", "method", "budget")
"""Settings that make a network; points of one variant differ in the array, its device and the seeds."""
_COLOURS = (IN_WINDOW, OUTSIDE, DARK, "#4a9a5e", "#d9a521", "#000000", LIGHT, SOFT)
_MOST_LINES = len(_COLOURS)
_SHORT = {"accuracy_float": "float", "accuracy": "bench codes"}  # names of stages that an axis has no room for


def variants(rows: Sequence[Row]) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by variant, in the order of the rows."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in VARIANT), []).append(row)
    return found


def variant_names(rows: Sequence[Row]) -> dict[tuple[Any, ...], str]:
    """What tells the variants apart, by variant; all of it if there is one alone."""
    found = list(variants(rows))
    vary = [len({variant[i] for variant in found}) > 1 or len(found) == 1 for i in range(len(VARIANT))]
    return {variant: _name(variant, vary) for variant in found}


def _name(variant: Sequence[Any], vary: Sequence[bool]) -> str:
    network, bits, method, budget = variant
    share = "" if budget is None else f"{budget:g}"
    parts = [network if vary[0] else "", f"{bits} bits" if vary[1] else ""]
    if vary[2]:
        parts.append(f"{method} {share}".strip())
    elif vary[3]:
        parts.append(f"budget {share or 'none'}")
    return ", ".join(part for part in parts if part)


def mean(rows: Sequence[Row], column: str) -> float | None:
    """Mean of a column over the rows that have it; None if no row has."""
    values = [row[column] for row in rows if row[column] is not None]
    return float(np.mean(values)) if values else None


def spread(values: Sequence[float]) -> float:
    """Standard deviation of a sample; 0 of one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def best_setting(rows: Sequence[Row]) -> list[Row]:
    """The points of the setting with the highest mean accuracy: seeds are for its spread, not to choose from."""
    return max(by_setting(rows), key=lambda group: float(np.mean([row["accuracy"] for row in group])))


def pareto(network: str, rows: Sequence[Row]) -> str:
    """The mean of each setting of a network over its seeds, and the line of those that no other one beats."""
    groups = by_setting(rows)
    names = [name for name in varying(rows) if name not in SEEDS]
    percents = [[100 * row["accuracy"] for row in group] for group in groups]
    means = [
        (float(np.mean([r["cells"] for r in g])), float(np.mean(p))) for g, p in zip(groups, percents, strict=True)
    ]
    deviations = [spread(values) for values in percents]
    low = min(y - s for (_x, y), s in zip(means, deviations, strict=True))
    high = max(y + s for (_x, y), s in zip(means, deviations, strict=True))
    margin = max(0.05 * (high - low), 0.5)
    low, high = min([low, *map(min, percents)]) - margin, max([high, *map(max, percents)]) + margin
    most = 1.05 * max(row["cells"] for row in rows)
    y_axis = Axis(low, high, ticks(low, high, 5), "% recognised through the array")
    cells, best = max(means, key=lambda point: point[1])
    plot = Plot(
        f"{network}: {best:.2f} % at best, with {cells:,.0f} cells", Axis(0, most, ticks(0, most, 5), "cells"), y_axis
    )
    plot.line(_front(means), SOFT, width=1.5)
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for group, (x, y), deviation in zip(groups, means, deviations, strict=True):
        colour = _COLOURS[methods.index(group[0]["method"]) % len(_COLOURS)]
        for row in group:
            tip = f"{row['point']}: {row['cells']} cells, {100 * row['accuracy']:.2f} %"
            plot.dot(row["cells"], 100 * row["accuracy"], colour, radius=1.2, tip=tip, data=row["point"])
        keys = " ".join(str(row["point"]) for row in group)
        name = said(group[0], names) or network
        tip = f"{name}: {x:.0f} cells, {y:.2f} ± {deviation:.2f} % (mean of {len(group)})"
        if deviation:
            plot.line([(x, y - deviation), (x, y + deviation)], colour, width=1.2, data=keys)
        plot.dot(x, y, colour, radius=3.6, tip=tip, data=keys)
    key = [(_COLOURS[i % len(_COLOURS)], method) for i, method in enumerate(methods)]
    caption = (
        "A large dot is the mean of a setting over its seeds, its bar one standard deviation, small dots its points; "
        "the line joins the means that no other beats in both, filtered or not."
    )
    return plot.figure(caption, key)


def _front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points with more accuracy than every one of as many or fewer cells."""
    front: list[tuple[float, float]] = []
    for x, y in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    return front


def stages_chart(rows: Sequence[Row]) -> str:
    """Mean accuracy at each stage, a line a variant; the first variants, if there are many."""
    groups, names = list(variants(rows).items())[:_MOST_LINES], variant_names(rows)
    stages = {stage: name for stage, name in STAGES.items() if any(row[stage] is not None for row in rows)}
    lines = []
    for variant, group in groups:
        found = [(float(i), [100 * r[stage] for r in group if r[stage] is not None]) for i, stage in enumerate(stages)]
        lines.append((names[variant], [(x, float(np.mean(v)), spread(v)) for x, v in found if v]))
    values = [y + sign * s for _name, points in lines for _x, y, s in points for sign in (-1, 1)]
    low, high = min(values) - 0.5, max(values) + 0.5
    marks = [(float(i), _SHORT.get(stage, name)) for i, (stage, name) in enumerate(stages.items())]
    x = Axis(-0.2, len(stages) - 0.8, marks, "stage")
    plot = Plot(
        f"Accuracy at each stage{_costliest(lines, list(stages.values()))}",
        x,
        Axis(low, high, ticks(low, high, 5), "% recognised"),
    )
    for number, ((name, points), colour) in enumerate(zip(lines, _COLOURS, strict=False)):
        aside = 0.05 * (number - (len(lines) - 1) / 2)  # so that bars of lines do not hide one another
        plot.line([(at + aside, value) for at, value, _spread in points], colour, width=1.5)
        for at, value, deviation in points:
            stage = list(stages.values())[int(at)]
            if deviation:
                plot.line([(at + aside, value - deviation), (at + aside, value + deviation)], colour)
            plot.dot(at + aside, value, colour, tip=f"{name}, {stage}: {value:.2f} ± {deviation:.2f} %")
    key = [(colour, name) for (name, _points), colour in zip(lines, _COLOURS, strict=False)]
    return plot.figure("Means over the points of a network and method, with their standard deviation.", key)


def _costliest(lines: Sequence[tuple[str, Sequence[tuple[float, float, float]]]], stages: Sequence[str]) -> str:
    """The stage that takes most from any line, for a title; "" if none takes anything."""
    steps = [
        (after[1] - before[1], stages[int(after[0])]) for _name, points in lines for before, after in pairwise(points)
    ]
    cost, stage = min(steps, default=(0.0, ""))
    return f": {stage} takes most, {-cost:.2f} points" if cost < 0 else ""


def heat_map(rows: Sequence[Row], down: str, across: str) -> Shades:
    """Mean accuracy over two settings, as a table whose darkest cell is the best."""
    downs, acrosses = (sorted({row[name] for row in rows if name in row}, key=_order) for name in (down, across))
    means = {
        (a, b): mean([row for row in rows if row.get(down) == a and row.get(across) == b], "accuracy")
        for a in downs
        for b in acrosses
    }
    known = [value for value in means.values() if value is not None]
    low, high = min(known), max(known)
    lines = [ShadedRow(text(a), [_heat_square(means[a, b], low, high) for b in acrosses]) for a in downs]
    name = f"Accuracy over {down} and {across}"
    return Shades(name, [text(b) for b in acrosses], lines, corner=f"{down} / {across}")


def _heat_square(value: float | None, low: float, high: float) -> Square:
    if value is None:
        return square("none", RIGHT, 0.0)
    return square(f"{100 * value:.2f}", RIGHT, 0.1 + 0.9 * ((value - low) / (high - low) if high > low else 0.0))


def _order(value: Any) -> tuple[bool, Any]:
    return (True, str(value)) if value is None or isinstance(value, str) else (False, value)
