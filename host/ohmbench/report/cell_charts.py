"""The charts that reports of programming and reading share: errors and pulses of cells, all and by level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ohmbench.report import charts
from ohmbench.report.charts import DARK, EDGE, IN_WINDOW, LIGHT, OUTSIDE, SHADE, Axis, Figure, Plot
from ohmbench.report.heat_maps import ERROR_SPAN_WINDOWS
from ohmbench.report.results import percent
from ohmbench.support.array_types import Codes, FloatArray, Mask

MOST_LEVELS = 16
"""More than these are put together: a chart has no room for more boxes."""

_MOST_DOTS = 60  # outliers drawn a level, so that an array of stuck cells does not make a page of megabytes


@dataclass(frozen=True, eq=False)
class Levels:
    """Cells by what they were to become.

    Attributes:
        target_usiemens: mean target of each level, rising.
        of: int (cells,), the level of each.
        exact: whether each level is one target; else neighbours were put together.
    """

    target_usiemens: FloatArray
    of: Codes
    exact: bool

    @classmethod
    def group(cls, target_usiemens: FloatArray) -> Levels:
        """Levels of targets (cells,)."""
        found, of = np.unique(np.round(target_usiemens, 1), return_inverse=True)
        if len(found) <= MOST_LEVELS:
            return cls(found, of.reshape(-1).astype(np.int64), True)
        edges = np.linspace(found[0], found[-1], MOST_LEVELS + 1)
        bins = np.clip(np.searchsorted(edges, target_usiemens, side="right") - 1, 0, MOST_LEVELS - 1)
        used, of = np.unique(bins, return_inverse=True)
        middle = np.array([target_usiemens[bins == b].mean() for b in used])
        return cls(middle, of.reshape(-1).astype(np.int64), False)

    def __len__(self) -> int:
        return len(self.target_usiemens)

    def axis(self) -> Axis:
        every = 1 if len(self) <= 10 else 2
        marks = [(float(i), f"{g:.0f}") for i, g in enumerate(self.target_usiemens) if i % every == 0]
        name = "target, µS" if self.exact else "target, µS; neighbours together"
        return Axis(-0.6, max(len(self), 1) - 0.4, marks, name)


def error_chart(errors: FloatArray, good: Mask, window_usiemens: float, codes_per_usiemens: float, origin: str) -> str:
    """Distribution of errors (cells,) in uS, and of those among them that are in their window."""
    window = window_usiemens
    width, half = _error_bars(window, codes_per_usiemens)
    bins = np.clip(np.rint(errors / width).astype(int), -half, half) + half
    inside, outside = (np.bincount(bins[chosen], minlength=2 * half + 1).tolist() for chosen in (good, ~good))
    end = (half + 0.5) * width
    edges = ((np.arange(2 * half + 2) - half - 0.5) * width).tolist()
    beyond = int(np.count_nonzero(np.abs(errors) > end))
    caption = f"Error at verification, {origin}; the window of ±{window:g} µS is shaded."
    if beyond:
        caption += f" Beyond the ends, and counted in the last bars: {beyond}."
    spread = f", spread {errors[good].std():.2f} µS" if good.any() else ""
    share = float(good.mean()) if good.size else math.nan
    return charts.bars(
        f"Error: {percent(share)} of the cells in their window{spread}",
        edges,
        [(inside, IN_WINDOW, "in their window"), (outside, OUTSIDE, "outside of their window")],
        _error_axis(window, width, half),
        band=(-window, window),
        caption=caption,
    )


def errors_chart(
    series: Sequence[tuple[str, str, FloatArray]], window_usiemens: float, codes_per_usiemens: float, origin: str
) -> str:
    """Distributions of errors (cells,) in uS as outlines on top of each other: (name, colour, errors)."""
    width, half = _error_bars(window_usiemens, codes_per_usiemens)
    end = (half + 0.5) * width
    edges = (np.arange(2 * half + 2) - half - 0.5) * width
    counts = [np.histogram(np.clip(errors, -half * width, half * width), edges)[0] for _n, _c, errors in series]
    most = float(max(1, *(c.max(initial=1) for c in counts)))
    shares = (f"{percent(float(np.mean(np.abs(e) <= window_usiemens)))} {name}" for name, _colour, e in series)
    plot = Plot(
        f"Error: within ±{window_usiemens:g} µS {', '.join(shares)}",
        _error_axis(window_usiemens, width, half),
        Axis(0.0, most, charts.ticks(0.0, most, 4), "cells"),
    )
    plot.rect((-window_usiemens, window_usiemens), (0.0, most), SHADE)
    for edge in (-window_usiemens, window_usiemens):
        plot.line([(edge, 0.0), (edge, most)], EDGE, dash="4 3")
    for (name, colour, errors), heights in zip(series, counts, strict=True):
        steps = [(x, float(h)) for low, high, h in zip(edges, edges[1:], heights, strict=False) for x in (low, high)]
        tip = f"{name}: mean {errors.mean():+.2f} µS, standard deviation {errors.std():.2f} µS"
        plot.line([(-end, 0.0), *steps, (end, 0.0)], colour, width=2.2, tip=tip)
    caption = (
        f"Values are {origin}; the window of ±{window_usiemens:g} µS is shaded; the last steps hold what is beyond."
    )
    return plot.figure(caption, [(colour, name) for name, colour, _e in series])


def _error_bars(window_usiemens: float, codes_per_usiemens: float) -> tuple[float, int]:
    """Width of the bars of errors in uS, and how many there are on either side of the middle one."""
    span = ERROR_SPAN_WINDOWS * window_usiemens
    # Bars of whole ADC codes: with any other width they would hold now two, now three codes, and the chart a comb.
    width = max(1, round(span * codes_per_usiemens / 20)) / codes_per_usiemens
    return width, math.ceil(span / width - 0.5)


def _error_axis(window_usiemens: float, width: float, half: int) -> Axis:
    end, outer = (half + 0.5) * width, half * width
    values = (-outer, -window_usiemens, 0.0, window_usiemens, outer)
    marks = [(value, f"{value:+.0f}" if value else "0") for value in values]
    return Axis(-end, end, marks, "read-back minus target, µS")


def pulse_chart(pulses: Codes, good: Mask) -> str:
    """Distribution of the pulses (cells,) of either polarity."""
    most = int(pulses.max(initial=1))
    width = -(-(most + 1) // 40)
    end = (most // width + 1) * width
    inside, outside = (
        np.bincount(pulses[chosen] // width, minlength=end // width).tolist() for chosen in (good, ~good)
    )
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, end) if end / s <= 6)
    grouped = "" if width == 1 else f" Each bar holds {width} counts."
    half, most_cells = (f"{np.percentile(pulses, share):.0f}" for share in (50, 90)) if pulses.size else ("0", "0")
    return charts.bars(
        f"Pulses: half of the cells took at most {half}, 90 % at most {most_cells}",
        list(range(0, end + 1, width)),
        [(inside, IN_WINDOW, "in their window"), (outside, OUTSIDE, "outside of their window")],
        Axis(0, end, [(value + 0.5 * width, str(value)) for value in range(0, end, step)], "pulses a cell"),
        caption=f"Pulses a cell, SET and RESET together.{grouped}",
    )


def error_by_level_chart(
    levels: Levels,
    series: Sequence[tuple[str, str, FloatArray]],
    window: tuple[FloatArray, FloatArray],
    window_usiemens: float,
    origin: str,
) -> str:
    """Boxes of the errors at each level, with the window.

    Args:
        series: (name, colour, errors (cells,) in uS), drawn beside each other.
        window: lowest and highest accepted error (cells,) in uS.
        window_usiemens: gives the scale.
    """
    span = ERROR_SPAN_WINDOWS * window_usiemens
    marks = charts.ticks(-span, span, 6, sign=True)
    last = series[-1][2]
    spreads = [float(np.ptp(np.percentile(last[levels.of == level], (5, 95)))) for level in range(len(levels))]
    widest = f": widest at {levels.target_usiemens[int(np.argmax(spreads))]:.0f} µS" if len(levels) > 1 else ""
    plot = Plot(
        f"Error by level{widest}", levels.axis(), Axis(-1.2 * span, 1.2 * span, marks, "read-back minus target, µS")
    )
    for level in range(len(levels)):
        chosen = levels.of == level
        low, high = (float(np.median(edge[chosen])) for edge in window)
        low, high = max(low, -span), min(high, span)
        plot.rect((level - 0.48, level + 0.48), (low, high), SHADE)
        for edge in (low, high):
            plot.line([(level - 0.48, edge), (level + 0.48, edge)], EDGE, dash="4 3")
    pitch = 0.84 / len(series)
    for number, (name, colour, errors) in enumerate(series):
        for level in range(len(levels)):
            centre = level + (number - (len(series) - 1) / 2) * pitch
            chosen = levels.of == level
            label = f"{levels.target_usiemens[level]:.0f} µS" + (f", {name}" if len(series) > 1 else "")
            outside = chosen & ((errors < window[0]) | (errors > window[1]))
            _box(plot, centre, 0.36 * pitch, errors[chosen], errors[outside], span, label, colour)
    for level in range(len(levels)):
        for beyond, arrow, y in ((last > span, "▲", 1.09 * span), (last < -span, "▼", -1.18 * span)):
            count = np.count_nonzero(beyond & (levels.of == level))
            if count:
                plot.text(level, y, f"{arrow}{count}")
    where = f", {series[-1][0]}" if len(series) > 1 else ""
    caption = (
        "Box: the middle half of the cells, with the median; line: 90 of 100 cells; dots: cells outside of the window "
        f"(dashed); numbers at the edge: cells beyond the scale{where}. Values are {origin}."
    )
    return plot.figure(caption, [(colour, name) for name, colour, _e in series] if len(series) > 1 else ())


def _box(
    plot: Plot,
    x: float,
    half: float,
    values: FloatArray,
    outside: FloatArray,
    span: float,
    label: str,
    colour: str,
) -> None:
    clipped = np.clip(values, -span, span)
    p5, p25, p50, p75, p95 = np.percentile(clipped, [5, 25, 50, 75, 95]).tolist()
    tip = f"{label}: {len(values)} cells, median {p50:+.1f} µS, 90 of 100 between {p5:+.1f} and {p95:+.1f} µS"
    for value in sorted(outside[np.abs(outside) <= span].tolist(), key=abs)[-_MOST_DOTS:]:
        plot.dot(x, value, OUTSIDE, radius=2.4, tip=f"{label}: {value:+.1f} µS")
    plot.line([(x, p5), (x, p95)], colour, width=1.5)
    plot.rect((x - half, x + half), (p25, p75), colour, tip=tip)
    plot.line([(x - half, p50), (x + half, p50)], "#fff", width=2)


def pulses_by_level_chart(levels: Levels, set_pulses: Codes, reset_pulses: Codes) -> str:
    """Mean pulses of both polarities at each level, and how many 90 of 100 cells need at most."""
    total = set_pulses + reset_pulses
    chosen = [levels.of == level for level in range(len(levels))]
    most = max([1.0, *(float(np.percentile(total[c], 90)) for c in chosen), *(float(total[c].mean()) for c in chosen)])
    means = [float(total[cells].mean()) for cells in chosen]
    worst = int(np.argmax(means))
    title = f"Pulses by level: most at {levels.target_usiemens[worst]:.0f} µS, {means[worst]:.1f} a cell"
    plot = Plot(title, levels.axis(), Axis(0.0, 1.05 * most, charts.ticks(0.0, most, 5), "pulses a cell"))
    for level, cells in enumerate(chosen):
        label, base = f"{levels.target_usiemens[level]:.0f} µS", 0.0
        for name, colour, pulses in (("SET", DARK, set_pulses), ("RESET", LIGHT, reset_pulses)):
            mean = float(pulses[cells].mean())
            tip = f"{label}: {mean:.1f} {name} pulses a cell on average"
            plot.rect((level - 0.36, level + 0.36), (base, base + mean), colour, tip=tip)
            base += mean
        p90 = float(np.percentile(total[cells], 90))
        tip = f"{label}: 90 of 100 cells took at most {p90:.0f} pulses"
        plot.line([(level - 0.42, p90), (level + 0.42, p90)], OUTSIDE, width=2.5, tip=tip)
    key = [(DARK, "SET, mean"), (LIGHT, "RESET, mean"), (OUTSIDE, "90 of 100 cells need at most")]
    return plot.figure("Cells outside of their window included.", key)


def arrival_chart(pulses: Codes, good: Mask) -> Figure:
    """Share of the cells (cells,) that are in their window, against the pulses that they got."""
    most = max(2, int(pulses.max(initial=1)))
    arrived = np.cumsum(np.bincount(pulses[good], minlength=most + 1)) / max(1, len(pulses))
    x = Axis(0.0, float(most), charts.count_ticks(most), "pulses that a cell got", math.log1p)
    y = Axis(0.0, 100.0, [(share, f"{share:.0f} %") for share in (0.0, 25.0, 50.0, 75.0, 100.0)], "cells arrived")
    reached = {share: int(np.argmax(arrived >= share / 100)) for share in (50, 90, 99) if arrived[-1] >= share / 100}
    shares = [f"{share} % after {count}" for share, count in reached.items() if share != 90]
    title = (
        f"Cells in their window: {', '.join(shares)} pulses"
        if shares
        else "Fewer than half of the cells came into their window"
    )
    plot = Plot(title, x, y)
    points, texts = [(0.0, 0.0)], []
    for count, share in enumerate((100 * arrived).tolist()):
        points += [(float(count), points[-1][1]), (float(count), share)]
    for share, count in reached.items():
        plot.line([(count, 0.0), (count, share)], EDGE, dash="4 3")
        plot.dot(count, 100 * float(arrived[count]), EDGE, tip=f"{count} pulses: {100 * arrived[count]:.2f} %")
        texts.append(f"{share} % after {count}")
    plot.line(points, IN_WINDOW, width=2.5)
    said = f"Cells in their window: {', '.join(texts)} pulses or fewer. " if texts else ""
    return plot.figure(f"{said}At the right end: {100 * float(arrived[-1]):.2f} % of all cells that were programmed.")


def passes_chart(outside: Sequence[int], pulsed: Sequence[int], cells: int) -> str:
    """Cells outside of their window, and cells that got pulses, in each pass."""
    most = float(max(1, *outside, *pulsed))
    x = Axis(0.4, len(outside) + 0.6, [(i + 1.0, str(i + 1)) for i in range(len(outside))], "pass")
    title = f"Passes: {outside[-1]} of {cells} cells outside of their window after the last"
    plot = Plot(title, x, Axis(0.0, math.ceil(1.3 * most), charts.count_ticks(most, (1,)), "cells", math.log1p))
    for i, (bad, touched) in enumerate(zip(outside, pulsed, strict=True)):
        tip = f"pass {i + 1}: {touched} cells pulsed, {bad} of {cells} outside of their window afterwards"
        for left, count, colour in ((i + 0.7, touched, DARK), (i + 1.0, bad, OUTSIDE)):
            plot.rect((left, left + 0.28), (0.0, float(count)), colour, tip=tip)
            plot.text(left + 0.14, float(count), str(count), up=4.0)
    key = [(DARK, "cells pulsed in the pass"), (OUTSIDE, "cells outside of their window after it")]
    return plot.figure(f"Of {cells} cells; the scale is logarithmic.", key)


LEVEL_HEADS = (
    *("target, µS", "cells", "in window", "mean error, µS", "std in window, µS"),
    *("SET, mean", "RESET, mean", "90 % at most"),
)
"""Of `levels_rows`."""


def levels_rows(
    levels: Levels, errors: FloatArray, good: Mask, set_pulses: Codes, reset_pulses: Codes
) -> list[list[str]]:
    """The charts by level as numbers, a row a level."""
    rows = []
    for level, target in enumerate(levels.target_usiemens.tolist()):
        cells = levels.of == level
        inside = errors[cells & good]
        total = (set_pulses + reset_pulses)[cells]
        rows.append(
            [
                f"{target:.1f}",
                f"{int(np.count_nonzero(cells))}",
                f"{100 * float(good[cells].mean()):.2f} %",
                f"{inside.mean():+.2f}" if inside.size else "none",
                f"{inside.std():.2f}" if inside.size else "none",
                f"{set_pulses[cells].mean():.1f}",
                f"{reset_pulses[cells].mean():.1f}",
                f"{np.percentile(total, 90):.0f}",
            ]
        )
    return rows
