"""Charts as SVG text: a handful of marks in the units of their axes, with no library."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

IN_WINDOW = "#3a82bd"
OUTSIDE = "#c2571a"
SOFT = "#5b6875"
SHADE = "#e4eef7"
EDGE = "#1f5f99"
DARK, LIGHT = "#472a73", "#b5a2d6"
"""A pair that differs in lightness, for two amounts on top of each other."""

_LEFT, _TOP, _WIDTH, _HEIGHT = 48, 24, 464, 176
_FRAME_WIDTH, _FRAME_HEIGHT = 520, 246


@dataclass(frozen=True)
class Axis:
    """Ends and ticks of an axis in data units; `scale` bends it (math.log1p) and must rise."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    name: str = ""
    scale: Callable[[float], float] = float

    def at(self, value: float) -> float:
        """Position of a value, 0 at the low end and 1 at the high end."""
        low, high = self.scale(self.low), self.scale(self.high)
        return (self.scale(value) - low) / (high - low)


class Figure(str):
    """A chart as HTML, which is what a page takes of it, with the same chart as files.

    Attributes:
        svg: a file of its own, with its title and key inside.
        csv: its numbers, a line a mark or a point of one.
    """

    svg: str
    csv: str


@dataclass(frozen=True)
class _Mark:
    """What the numbers of a chart say of a mark: x and y, and where they end if it has a width or a height."""

    kind: str
    colour: str
    x: tuple[float, float | None]
    y: tuple[float, float | None]
    about: str = ""


class Plot:
    """Collects marks; `figure` gives the whole as HTML. Later marks lie on top."""

    def __init__(self, title: str, x: Axis, y: Axis) -> None:
        self._title, self._x, self._y = title, x, y
        self._parts: list[str] = []
        self._marks: list[_Mark] = []

    def rect(
        self, x: tuple[float, float], y: tuple[float, float], fill: str, *, tip: str = "", gap: float = 0.0
    ) -> None:
        """A filled box between data values, narrowed by half of `gap` on both sides."""
        left, right = self._px(x[0]) + gap / 2, self._px(x[1]) - gap / 2
        top, bottom = self._py(y[1]), self._py(y[0])
        self._marks.append(_Mark("box", fill, x, y, tip))
        self._add(
            "rect",
            f'x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 0.5):.1f}" '
            f'height="{max(bottom - top, 0.0):.1f}" fill="{fill}"',
            tip,
        )

    def line(
        self,
        points: Iterable[tuple[float, float]],
        stroke: str = SOFT,
        *,
        width: float = 1.0,
        dash: str = "",
        tip: str = "",
        data: str = "",
    ) -> None:
        """A line through points in data units; `data` as `dot` has it."""
        points = list(points)
        path = "L".join(f"{self._px(x):.1f} {self._py(y):.1f}" for x, y in points)
        if not dash:
            self._marks += [_Mark("line", stroke, (x, None), (y, None), tip) for x, y in points]
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._add("path", f'd="M{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}"{dashes}{_of(data)}', tip)

    def band(self, points: Sequence[tuple[float, float, float]], fill: str) -> None:
        """The area between two lines through points (x, low, high), see-through."""
        self._marks += [_Mark("band", fill, (x, None), (low, high)) for x, low, high in points]
        around = [(x, low) for x, low, _ in points] + [(x, high) for x, _, high in reversed(points)]
        path = "L".join(f"{self._px(x):.1f} {self._py(y):.1f}" for x, y in around)
        self._add("path", f'd="M{path}Z" fill="{fill}" fill-opacity="0.2"', "")

    def dot(self, x: float, y: float, fill: str, *, radius: float = 3.0, tip: str = "", data: str = "") -> None:
        """A dot; `data` is for a script, in the attribute data-of."""
        self._marks.append(_Mark("dot", fill, (x, None), (y, None), tip))
        at = f'cx="{self._px(x):.1f}" cy="{self._py(y):.1f}"'
        self._add("circle", f'{at} r="{radius:g}" fill="{fill}"{_of(data)}', tip)

    def text(self, x: float, y: float, text: str, *, anchor: str = "middle", up: float = 0.0) -> None:
        """Text at a point, moved up by so many units of the picture."""
        self._parts.append(
            f'<text x="{self._px(x):.1f}" y="{self._py(y) - up:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def figure(self, caption: str = "", key: Sequence[tuple[str, str]] = ()) -> Figure:
        """The chart with its axes; `key` names the colours (colour, name)."""
        names = "".join(f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for colour, name in key)
        title = escape(self._title)
        numbers = self.numbers(key)
        figure = Figure(
            f'<figure data-csv="{escape(numbers)}"><h3>{title}</h3>'
            + (f'<div class="key">{names}</div>' if names else "")
            + f'<svg viewBox="0 0 {_FRAME_WIDTH} {_FRAME_HEIGHT}" role="img" aria-label="{title}">'
            + f"{self._body()}</svg><figcaption>{escape(caption)}</figcaption></figure>"
        )
        figure.svg, figure.csv = self.file(key), numbers
        return figure

    def numbers(self, key: Sequence[tuple[str, str]] = ()) -> str:
        """What is drawn, in the units of the axes, as CSV; guides (dashed lines, shades) are left out."""
        names = dict(key)
        x, y = self._x.name or "x", self._y.name or "y"
        head = ["series", "mark", x, f"{x}, end", y, f"{y}, end", "about"]
        lines = [
            [names.get(m.colour, ""), m.kind, *(_number(v) for v in (*m.x, *m.y)), m.about]
            for m in self._marks
            if m.colour != SHADE
        ]
        used = [i for i in range(len(head)) if i in (2, 4) or any(line[i] for line in lines)]
        return csv_text([[line[i] for i in used] for line in [head, *lines]])

    def file(self, key: Sequence[tuple[str, str]] = ()) -> str:
        """The chart as an SVG file of its own, with its title and key inside."""
        rows = [f'<text x="{_LEFT}" y="-{18 * (len(key) + 1) - 4}" font-size="14">{escape(self._title)}</text>']
        for index, (colour, name) in enumerate(key):
            at = -18 * (len(key) - index) + 4
            rows.append(f'<circle cx="{_LEFT + 5}" cy="{at - 4}" r="4" fill="{colour}"/>')
            rows.append(f'<text x="{_LEFT + 16}" y="{at}">{escape(name)}</text>')
        above = 18 * (len(key) + 2)
        width = _FRAME_WIDTH + 12  # the last tick's text is centred on the end of the axis
        frame = f"0 -{above} {width} {_FRAME_HEIGHT + above}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame}" width="{width}" '
            f'height="{_FRAME_HEIGHT + above}" font-family="sans-serif" font-size="12" fill="#1d2733">'
            f'<rect y="-{above}" width="100%" height="100%" fill="#fff"/>{"".join(rows)}{self._body()}</svg>\n'
        )

    def _body(self) -> str:
        """Grid, marks and axes."""
        x, y = self._x, self._y
        base = _TOP + _HEIGHT
        axes = [f'<path d="M{_LEFT} {base}h{_WIDTH}" stroke="{SOFT}"/>']
        for value, text in x.ticks:
            at = self._px(value)
            axes.append(f'<path d="M{at:.1f} {base}v4" stroke="{SOFT}"/>')
            axes.append(f'<text x="{at:.1f}" y="{base + 18}" text-anchor="middle">{escape(text)}</text>')
        grid = []
        for value, text in y.ticks:
            at = self._py(value)
            if at < base - 1:
                grid.append(f'<path d="M{_LEFT} {at:.1f}h{_WIDTH}" stroke="#edf0f3"/>')
            axes.append(f'<text x="{_LEFT - 7}" y="{at + 4:.1f}" text-anchor="end">{escape(text)}</text>')
        axes.append(f'<text x="{_LEFT}" y="{_TOP - 10}">{escape(y.name)}</text>')
        axes.append(f'<text x="{_LEFT + _WIDTH}" y="{base + 38}" text-anchor="end">{escape(x.name)}</text>')
        return f"{''.join(grid)}{''.join(self._parts)}{''.join(axes)}"

    def _add(self, tag: str, attributes: str, tip: str) -> None:
        self._parts.append(f"<{tag} {attributes}>" + (f"<title>{escape(tip)}</title>" if tip else "") + f"</{tag}>")

    def _px(self, value: float) -> float:
        return _LEFT + self._x.at(value) * _WIDTH

    def _py(self, value: float) -> float:
        return _TOP + (1 - self._y.at(value)) * _HEIGHT


def csv_text(lines: Iterable[Sequence[str]]) -> str:
    """Lines of fields as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _of(data: str) -> str:
    return f' data-of="{escape(data)}"' if data else ""


def bars(
    title: str,
    edges: Sequence[float],
    series: Sequence[tuple[Sequence[float], str, str]],
    x: Axis,
    *,
    band: tuple[float, float] | None = None,
    unit: str = "cells",
    caption: str = "",
) -> Figure:
    """Bars on top of each other.

    Args:
        edges: of the bars, one more than bars.
        series: (heights, colour, name), the lowest first.
        band: shaded between two values of x.
    """
    most = max(1.0, max((sum(column) for column in zip(*(s[0] for s in series), strict=True)), default=0.0))
    plot = Plot(title, x, Axis(0.0, most, ticks(0.0, most, 4), unit))
    if band is not None:
        plot.rect(band, (0.0, most), SHADE)
        for edge in band:
            plot.line([(edge, 0.0), (edge, most)], EDGE, dash="4 3")
    gap = 1.0 if len(edges) > 20 else 4.0
    for i in range(len(edges) - 1):
        base = 0.0
        for heights, colour, name in series:
            if heights[i]:
                tip = f"{name}: {heights[i]:.4g}"
                plot.rect((edges[i], edges[i + 1]), (base, base + heights[i]), colour, tip=tip, gap=gap)
                base += heights[i]
    return plot.figure(caption, [(colour, name) for _heights, colour, name in series])


def ticks(low: float, high: float, most: int = 6, sign: bool = False) -> list[tuple[float, str]]:
    """Round values (1, 2 or 5 times a power of ten) between two ends, with zero if it lies between them."""
    if not high > low:
        return [(low, f"{low:g}")]
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    step *= next(factor for factor in (1, 2, 5, 10, 20) if (high - low) / (factor * step) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(i * step, f"{i * step:+g}" if sign and i else f"{i * step:g}") for i in range(first, last + 1)]


def count_ticks(high: float, steps: Sequence[int] = (1, 2, 5)) -> list[tuple[float, str]]:
    """Ticks of a logarithmic axis of counts: 0, 1, 2, 5, 10, 20, ..."""
    values = [0] + [factor * 10**power for power in range(7) for factor in steps]
    return [(float(v), str(v) if v < 10_000 else f"{v // 1000}k") for v in values if v <= high]
