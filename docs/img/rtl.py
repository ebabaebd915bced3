"""Draws docs/img/rtl-*.svg: the modules of the FPGA and what goes between them. Run it as it is.

A test holds each drawing to its file of SystemVerilog: every module that it instantiates is drawn, and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ohmbench.support.html import element

WIDE, HIGH, PITCH, ROW, EDGE = 138, 52, 208, 104, 34
INK, SOFT, OURS, OUTSIDE = "#1d2733", "#5b6875", "#e8e2f4", "#f1f3f5"


@dataclass(frozen=True)
class Box:
    """A module, or what lies outside (`is_outside`), at a column and a row."""

    name: str
    about: str
    at: tuple[int, int]
    is_outside: bool = False

    @property
    def x(self) -> int:
        return EDGE + PITCH * self.at[0]

    @property
    def y(self) -> int:
        return EDGE + 20 + ROW * self.at[1]


@dataclass(frozen=True)
class Arrow:
    """From one box to another, by their names.

    Attributes:
        way: straight; turn: down or up, then across; low: across in the lower quarter, then down; turn-up: across, then
            up; over and under: around what stands between.
    """

    start: str
    end: str
    label: str = ""
    way: str = "straight"


@dataclass(frozen=True)
class Diagram:
    """Of one file; `source` is its path."""

    source: str
    title: str
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]


DIAGRAMS = {
    "rtl-top": Diagram(
        "fpga/rtl/ohm_core.sv",
        "The FPGA: ohm_core and a carrier",
        (
            Box("UART", "pins", (0, 0), True),
            Box("ohm_link", "frames, numbered", (1, 0)),
            Box("ohm_dispatch", "executes frames", (2, 0)),
            Box("ohm_ram", "the program", (3, 0)),
            Box("ohm_seq", "pulse processor", (4, 0)),
            Box("ohm_guard", "limits, proved", (5, 0)),
            Box("ohm_carrier", "drives the chips", (6, 0), True),
            Box("ohm_ram_tdp", "vectors in memory", (3, 1)),
            Box("ohm_vec", "32 lanes, two a clock", (4, 1)),
            Box("chips", "DACs, switches, ADCs", (6, 1), True),
        ),
        (
            Arrow("UART", "ohm_link"),
            Arrow("ohm_link", "ohm_dispatch", "frames"),
            Arrow("ohm_dispatch", "ohm_ram", "words"),
            Arrow("ohm_ram", "ohm_seq"),
            Arrow("ohm_seq", "ohm_guard", "commands"),
            Arrow("ohm_guard", "ohm_carrier", "if good"),
            Arrow("ohm_carrier", "chips", "pins"),
            Arrow("chips", "ohm_vec", "codes, through ohm_carrier"),
            Arrow("ohm_dispatch", "ohm_ram_tdp", "vectors", "turn"),
            Arrow("ohm_ram_tdp", "ohm_vec"),
            Arrow("ohm_seq", "ohm_vec", "operation"),
            Arrow("ohm_dispatch", "ohm_guard", "registers: limits, arm", "over"),
            Arrow("ohm_vec", "ohm_link", "results, through ohm_dispatch", "under"),
        ),
    ),
    "rtl-link": Diagram(
        "fpga/rtl/ohm_link.sv",
        "The link: ohm_link",
        (
            Box("RX", "pin", (0, 0), True),
            Box("ohm_uart_rx", "bytes", (1, 0)),
            Box("ohm_link_rx", "whole good frames", (2, 0)),
            Box("ohm_dispatch", "acts on them", (4, 0), True),
            Box("ohm_link_reply", "ack, nak, state, info", (2, 1)),
            Box("TX", "pin", (0, 2), True),
            Box("ohm_uart_tx", "bytes", (1, 2)),
            Box("ohm_link_tx", "CRC, COBS", (2, 2)),
            Box("ohm_link_window", "kept until acknowledged", (3, 2)),
            Box("results", "from ohm_dispatch", (4, 2), True),
        ),
        (
            Arrow("RX", "ohm_uart_rx"),
            Arrow("ohm_uart_rx", "ohm_link_rx"),
            Arrow("ohm_link_rx", "ohm_dispatch", "each frame once, in order"),
            Arrow("ohm_link_rx", "ohm_link_reply", "what to say"),
            Arrow("ohm_link_rx", "ohm_link_window", "acknowledged", "low"),
            Arrow("ohm_link_reply", "ohm_link_tx", "first"),
            Arrow("results", "ohm_link_window"),
            Arrow("ohm_link_window", "ohm_link_tx"),
            Arrow("ohm_link_tx", "ohm_uart_tx"),
            Arrow("ohm_uart_tx", "TX"),
        ),
    ),
    "rtl-guard": Diagram(
        "fpga/rtl/ohm_guard.sv",
        "The guard: ohm_guard",
        (
            Box("ohm_seq", "commands", (0, 0), True),
            Box("ohm_guard_check", "is it allowed?", (1, 0)),
            Box("ohm_carrier", "commands", (4, 0), True),
            Box("host", "registers", (0, 1), True),
            Box("ohm_guard_limits", "smaller at any time", (1, 1)),
            Box("ohm_guard_budget", "pulses of each cell", (2, 1)),
            Box("ohm_guard_pins", "the last gate, times itself", (3, 1)),
            Box("pulse pins", "SET, RESET", (4, 1), True),
            Box("ohm_guard_read", "time under bias", (2, 2)),
        ),
        (
            Arrow("ohm_seq", "ohm_guard_check"),
            Arrow("ohm_guard_check", "ohm_carrier", "unchanged, or not at all"),
            Arrow("host", "ohm_guard_limits"),
            Arrow("ohm_guard_limits", "ohm_guard_check", "limits"),
            Arrow("ohm_guard_check", "ohm_guard_budget", "row, columns", "low"),
            Arrow("ohm_guard_limits", "ohm_guard_budget", "budget"),
            Arrow("ohm_guard_budget", "ohm_guard_pins", "fire"),
            Arrow("ohm_guard_pins", "pulse pins"),
            Arrow("ohm_guard_limits", "ohm_guard_read", "ms", "turn"),
            Arrow("ohm_guard_read", "ohm_guard_pins", "too long: off", "turn-up"),
        ),
    ),
}


def drawing(diagram: Diagram) -> str:
    """The SVG's text."""
    boxes = {box.name: box for box in diagram.boxes}
    columns, rows = (1 + max(box.at[i] for box in diagram.boxes) for i in (0, 1))
    under = any(arrow.way == "under" for arrow in diagram.arrows)
    width, height = 2 * EDGE + PITCH * (columns - 1) + WIDE, EDGE + 40 + ROW * (rows - 1) + HIGH + 30 * under
    parts = [part for box in diagram.boxes for part in _box(box)]
    parts += [part for a in diagram.arrows for part in _arrow(boxes[a.start], boxes[a.end], a.label, a.way)]
    head = element("path", d="M0 0L8 4L0 8z", fill=INK)
    tip = element("marker", head, id="tip", markerWidth=8, markerHeight=8, refX=6, refY=4, orient="auto")
    return (
        element(
            "svg",
            element("title", diagram.title),
            element("defs", tip),
            element("rect", width="100%", height="100%", fill="#fff"),
            element("text", diagram.title, x=EDGE, y=22, font_weight="bold"),
            *parts,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width} {height}",
            width=width,
            height=height,
            font_family="sans-serif",
            font_size=12,
            fill=INK,
        )
        + "\n"
    )


def _box(box: Box) -> list[Markup]:
    middle, fill = box.x + WIDE / 2, OUTSIDE if box.is_outside else OURS
    dashes = {"stroke": SOFT, "stroke_dasharray": "4 3"} if box.is_outside else {}
    return [
        element("rect", x=box.x, y=box.y, width=WIDE, height=HIGH, rx=6, fill=fill, **dashes),
        element("text", box.name, x=middle, y=box.y + 22, text_anchor="middle", font_weight="bold"),
        element("text", box.about, x=middle, y=box.y + 40, text_anchor="middle", font_size=11),
    ]


def _arrow(a: Box, b: Box, label: str, way: str) -> list[Markup]:
    ax, bx, ay, by = a.x + WIDE / 2, b.x + WIDE / 2, a.y + HIGH / 2, b.y + HIGH / 2
    right = 1 if bx > ax else -1
    down = 1 if by > ay else -1
    side = WIDE / 2
    if way == "over":
        top = a.y - 14
        path, at = f"M{ax} {a.y}V{top}H{bx}V{b.y - 4}", ((ax + bx) / 2, top - 5)
    elif way == "under":
        low = a.y + HIGH + 24
        path, at = f"M{ax} {a.y + HIGH}V{low}H{bx}V{b.y + HIGH + 4}", ((ax + bx) / 2, low - 5)
    elif way == "low":
        low = a.y + 0.8 * HIGH
        path, at = f"M{ax + side} {low}H{bx}V{b.y - 4}", (bx + 5, b.y - 22)
    elif way == "turn":
        path = f"M{ax} {ay + down * HIGH / 2}V{by}H{bx - right * (side + 4)}"
        at = ((ax + bx - side) / 2, by - 6)
    elif way == "turn-up":
        path, at = f"M{ax + side} {ay}H{bx}V{b.y + HIGH + 4}", ((ax + side + bx) / 2, ay - 6)
    elif a.at[0] == b.at[0]:
        path, at = f"M{ax} {ay + down * HIGH / 2}V{by - down * (HIGH / 2 + 4)}", (ax + 6, (ay + by) / 2 + 4)
    else:
        path = f"M{ax + right * side} {ay}H{bx - right * (side + 4)}"
        at = ((ax + bx) / 2, ay - 6)
    line = element("path", d=path, fill="none", stroke=INK, marker_end="url(#tip)")
    beside = way == "low" or (a.at[0] == b.at[0] and way == "straight")
    anchor = "start" if beside else "middle"
    words = [element("text", label, x=at[0], y=at[1], text_anchor=anchor, font_size=11, fill=SOFT)] if label else []
    return [line, *words]


if __name__ == "__main__":
    for name, diagram in DIAGRAMS.items():
        (Path(__file__).parent / f"{name}.svg").write_text(drawing(diagram))
