"""The plots that experiments share: quantities of many cells over a setting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ohmbench.experiments.base import Found
from ohmbench.report.charts import IN_WINDOW, OUTSIDE, SOFT, Axis, Plot, bars, ticks
from ohmbench.support.array_types import FloatArray

_COLOURS = (IN_WINDOW, OUTSIDE, SOFT)
_BINS = 30

Line = Sequence[tuple[float, FloatArray]]
"""Points of a line: where, and the value of each cell (cells,)."""


def by_name(found: Sequence[Found], name: str) -> list[Found]:
    """What the steps of a name found."""
    return [one for one in found if one.step.name == name]


def median(values: FloatArray) -> float | None:
    """None of none."""
    return float(np.median(values)) if values.size else None


def band_chart(
    title: str,
    lines: Mapping[str, Line],
    x_name: str,
    y_name: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    caption: str = "",
) -> str:
    """A line each through the medians over a band of the middle 80 %."""
    points = {name: [(x, *np.percentile(v, (10, 50, 90))) for x, v in line if v.size] for name, line in lines.items()}
    points = {name: line for name, line in points.items() if line}
    if not points:
        return ""
    xs = [p[0] for line in points.values() for p in line]
    ys = [v for line in points.values() for p in line for v in p[1:]]
    ends = ", ".join(f"{name} {line[-1][2]:.3g}" for name, line in points.items())
    plot = Plot(f"{title}: {ends} {y_name} at the end", _axis(xs, x_name, log_x), _axis(ys, y_name, log_y))
    floor = _FLOOR if log_y else -math.inf
    for colour, line in zip(_COLOURS, points.values(), strict=False):
        for part in _unbroken([(x, *(max(v, floor) for v in values)) for x, *values in line]):
            plot.band([(x, low, high) for x, low, _, high in part], colour)
            plot.line([(x, middle) for x, _, middle, _ in part], colour, width=1.6)
            for x, _, middle, _ in part:
                plot.dot(x, middle, colour, radius=2, tip=f"{x:.4g}: {middle:.4g} {y_name}")
    return plot.figure(caption, list(zip(_COLOURS, points, strict=False)))


def cumulative_chart(title: str, points: Sequence[tuple[float, float]], x_name: str, y_name: str, unit: str) -> str:
    """Points (where, percent) with a line through them; `unit` is of where."""
    if not points:
        return ""
    half = next((f"half at {x:.3g} {unit}, " for x, y in points if y >= 50), "")
    title += f": {half}{points[-1][1]:.1f} % at {points[-1][0]:.3g} {unit}"
    plot = Plot(title, _axis([x for x, _ in points], x_name, False), Axis(0, 100, ticks(0, 100, 5), y_name))
    plot.line(points, IN_WINDOW, width=1.6)
    for x, y in points:
        plot.dot(x, y, IN_WINDOW, radius=2, tip=f"{x:.3g}: {y:.1f}")
    return plot.figure()


def histogram(title: str, values: FloatArray, x_name: str) -> str:
    """How many cells have which value."""
    if not values.size:
        return ""
    low, high = float(values.min()), float(values.max())
    margin = (high - low or abs(high) or 1.0) / _BINS
    counts, edges = np.histogram(values, _BINS, (low - margin, high + margin))
    x = Axis(float(edges[0]), float(edges[-1]), ticks(float(edges[0]), float(edges[-1])), x_name)
    return bars(
        f"{title}: median {np.median(values):.3g}",
        edges.tolist(),
        [(counts.astype(float).tolist(), IN_WINDOW, "cells")],
        x,
    )


def scatter(title: str, x: FloatArray, y: FloatArray, x_name: str, y_name: str, caption: str = "") -> str:
    """A dot a cell."""
    if not x.size:
        return ""
    title += f": median {np.median(y):.3g} {y_name}"
    plot = Plot(title, _axis(x.tolist(), x_name, False), _axis([0.0, *y.tolist()], y_name, False))
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        plot.dot(a, b, IN_WINDOW, radius=1.8, tip=f"{a:.4g}, {b:.4g}")
    return plot.figure(caption)


_FLOOR = 0.01  # of logarithmic axes: a reading below it is noise around nothing


def _axis(values: Sequence[float], name: str, log: bool) -> Axis:
    low, high = min(values), max(values)
    if log:
        low = max(low, _FLOOR)
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(max(high, low * 1.01)))
        marks = [(10.0**power, f"{10.0**power:g}") for power in range(first, last + 1)]
        return Axis(10.0**first, 10.0**last, marks, name, math.log10)
    margin = 0.04 * (high - low) or abs(high) or 1.0
    low, high = low - margin, high + margin
    return Axis(low, high, ticks(low, high), name)


def _unbroken(line: Sequence[tuple[float, ...]]) -> list[list[tuple[float, ...]]]:
    """A line in parts without gaps: trains of pulses follow one another. Points that are not evenly apart have none."""
    steps = [abs(b[0] - a[0]) for a, b in pairwise(line)]
    gap = 1.5 * min(steps) if steps and min(steps) == float(np.median(steps)) else math.inf
    parts: list[list[tuple[float, ...]]] = []
    for point in line:
        if parts and abs(point[0] - parts[-1][-1][0]) <= gap:
            parts[-1].append(point)
        else:
            parts.append([point])
    return parts
