"""Charts as SVG text: a handful of marks in the units of their axes, with no library."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ohmbench.support.html import element, render

IN_WINDOW = "#3a82bd"
OUTSIDE = "#c2571a"
SOFT = "#5b6875"
SHADE = "#e4eef7"
EDGE = "#1f5f99"
DARK, LIGHT = "#472a73", "#b5a2d6"
"""A pair that differs in lightness, for two amounts on top of each other."""

SVG = "http://www.w3.org/2000/svg"
"""The namespace of a file of its own."""

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


class Figure(Markup):
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
        self._parts: list[Markup] = []
        self._marks: list[_Mark] = []

    def rect(
        self, x: tuple[float, float], y: tuple[float, float], fill: str, *, tip: str = "", gap: float = 0.0
    ) -> None:
        """A filled box between data values, narrowed by half of `gap` on both sides."""
        left, right = self._px(x[0]) + gap / 2, self._px(x[1]) - gap / 2
        top, bottom = self._py(y[1]), self._py(y[0])
        self._marks.append(_Mark("box", fill, x, y, tip))
        size = {"width": f"{max(right - left, 0.5):.1f}", "height": f"{max(bottom - top, 0.0):.1f}"}
        self._add("rect", tip, x=f"{left:.1f}", y=f"{top:.1f}", **size, fill=fill)

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
        style = {"fill": "none", "stroke": stroke, "stroke_width": f"{width:g}"}
        dashes = {"stroke_dasharray": dash} if dash else {}
        self._add("path", tip, d=f"M{path}", **style, **dashes, **_of(data))

    def band(self, points: Sequence[tuple[float, float, float]], fill: str) -> None:
        """The area between two lines through points (x, low, high), see-through."""
        self._marks += [_Mark("band", fill, (x, None), (low, high)) for x, low, high in points]
        around = [(x, low) for x, low, _ in points] + [(x, high) for x, _, high in reversed(points)]
        path = "L".join(f"{self._px(x):.1f} {self._py(y):.1f}" for x, y in around)
        self._add("path", "", d=f"M{path}Z", fill=fill, fill_opacity=0.2)

    def dot(self, x: float, y: float, fill: str, *, radius: float = 3.0, tip: str = "", data: str = "") -> None:
        """A dot; `data` is for a script, in the attribute data-of."""
        self._marks.append(_Mark("dot", fill, (x, None), (y, None), tip))
        at = {"cx": f"{self._px(x):.1f}", "cy": f"{self._py(y):.1f}"}
        self._add("circle", tip, **at, r=f"{radius:g}", fill=fill, **_of(data))

    def text(self, x: float, y: float, text: str, *, anchor: str = "middle", up: float = 0.0) -> None:
        """Text at a point, moved up by so many units of the picture."""
        at = {"x": f"{self._px(x):.1f}", "y": f"{self._py(y) - up:.1f}"}
        self._parts.append(element("text", text, **at, text_anchor=anchor))

    def figure(self, caption: str = "", key: Sequence[tuple[str, str]] = ()) -> Figure:
        """The chart with its axes; `key` names the colours (colour, name)."""
        numbers = self.numbers(key)
        figure = Figure(
            render(
                "report/templates/chart.html",
                title=self._title,
                key=key,
                width=_FRAME_WIDTH,
                height=_FRAME_HEIGHT,
                body=self._body(),
                caption=caption,
                csv=numbers,
            )
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
        rows = [element("text", self._title, x=_LEFT, y=4 - 18 * (len(key) + 1), font_size=14)]
        for index, (colour, name) in enumerate(key):
            at = -18 * (len(key) - index) + 4
            rows.append(element("circle", cx=_LEFT + 5, cy=at - 4, r=4, fill=colour))
            rows.append(element("text", name, x=_LEFT + 16, y=at))
        above = 18 * (len(key) + 2)
        width, height = _FRAME_WIDTH + 12, _FRAME_HEIGHT + above  # the last tick's text is centred on the axis' end
        ground = element("rect", y=-above, width="100%", height="100%", fill="#fff")
        frame = {"viewBox": f"0 {-above} {width} {height}", "width": width, "height": height}
        style = {"font_family": "sans-serif", "font_size": 12, "fill": "#1d2733"}
        return element("svg", ground, *rows, self._body(), xmlns=SVG, **frame, **style) + "\n"

    def _body(self) -> Markup:
        """Grid, marks and axes."""
        x, y = self._x, self._y
        base = _TOP + _HEIGHT
        axes = [element("path", d=f"M{_LEFT} {base}h{_WIDTH}", stroke=SOFT)]
        for value, text in x.ticks:
            at = f"{self._px(value):.1f}"
            axes.append(element("path", d=f"M{at} {base}v4", stroke=SOFT))
            axes.append(element("text", text, x=at, y=base + 18, text_anchor="middle"))
        grid = []
        for value, text in y.ticks:
            height = self._py(value)
            if height < base - 1:
                grid.append(element("path", d=f"M{_LEFT} {height:.1f}h{_WIDTH}", stroke="#edf0f3"))
            axes.append(element("text", text, x=_LEFT - 7, y=f"{height + 4:.1f}", text_anchor="end"))
        axes.append(element("text", y.name, x=_LEFT, y=_TOP - 10))
        axes.append(element("text", x.name, x=_LEFT + _WIDTH, y=base + 38, text_anchor="end"))
        return Markup("").join([*grid, *self._parts, *axes])

    def _add(self, tag: str, tip: str, **attributes: object) -> None:
        inside = [element("title", tip)] if tip else []
        self._parts.append(element(tag, *inside, **attributes))

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


def _of(data: str) -> dict[str, str]:
    return {"data_of": data} if data else {}


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
