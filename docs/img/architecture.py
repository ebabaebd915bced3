"""Draws docs/img/architecture.svg: what a network goes through, and what runs where. Run it as it is."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

ROW, GAP, HIGH = 92, 22, 54
INK, SOFT, HOST, FPGA, CHIPS, ARRAY = "#1d2733", "#5b6875", "#e4eef7", "#e8e2f4", "#eef1e2", "#f9e6da"


@dataclass(frozen=True)
class Box:
    """One step: its name, what it does, and its folder."""

    name: str
    about: str
    folder: str
    fill: str


ROWS = (
    (
        Box("network", "ONNX, torch, or ours", "network/", HOST),
        Box("compress", "fewer cells", "compress/", HOST),
        Box("map", "32x32 images", "mapping/", HOST),
        Box("program, infer", "recipes, trimming", "programming/", HOST),
        Box("link", "frames over a UART", "link/", HOST),
    ),
    (
        Box("link", "checks every frame", "fpga/rtl/", FPGA),
        Box("pulse processor", "runs firmware/*.useq", "fpga/rtl/", FPGA),
        Box("guard", "limits, proved", "fpga/rtl/", FPGA),
        Box("carrier", "DACs, switches, ADCs", "fpga/carriers/", CHIPS),
        Box("array", "32x32 ReRAM", "", ARRAY),
    ),
)
_BOLD, _PATH = 'font-weight="bold"', f'fill="{SOFT}" font-family="monospace"'
NAMES = ("host, in Python (host/ohmbench/)", "FPGA in SystemVerilog, and what hangs on it")
WIDTH = 150
RUNGS = (
    ("--port /dev/ttyUSB0", "board: FPGA, carrier and array. Only this measures."),
    ("--port sim", "the same RTL in Verilator; models of chips and array (sim/)"),
    ("--port twin", "the same firmware in an instruction-set model, equal bit for bit"),
)


def drawing() -> str:
    """The SVG's text."""
    step = WIDTH + GAP
    width = step * 5 + GAP
    parts: list[str] = []
    for index, (boxes, name) in enumerate(zip(ROWS, NAMES, strict=True)):
        top = 30 + index * (ROW + 30)
        caption = GAP if not index else GAP + WIDTH / 2 + 12  # beside the arrow
        parts.append(f'<text x="{caption}" y="{top - 10}" fill="{SOFT}">{escape(name)}</text>')
        for column, box in enumerate(boxes):
            left = GAP + column * step
            middle = left + WIDTH / 2
            parts.append(f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HIGH + 18}" rx="6" fill="{box.fill}"/>')
            lines = ((box.name, _BOLD), (box.about, ""), (box.folder, _PATH))
            for line, (text, style) in enumerate(lines):
                at = top + 22 + 19 * line
                parts.append(f'<text x="{middle}" y="{at}" text-anchor="middle" {style}>{escape(text)}</text>')
            if column:
                parts.append(_arrow(left - GAP + 2, top + HIGH / 2 + 9, left - 3, top + HIGH / 2 + 9))
    right, left = GAP + 4 * step + WIDTH / 2, GAP + WIDTH / 2
    turn = 30 + HIGH + 18 + 22
    path = f"M{right} {30 + HIGH + 20}V{turn}H{left}V{30 + ROW + 30 - 4}"
    parts.append(f'<path d="{path}" fill="none" stroke="{INK}" marker-end="url(#tip)"/>')
    top = 30 + 2 * (ROW + 30)
    for line, (port, about) in enumerate(RUNGS):
        at = top + 8 + line * 22
        parts.append(f'<text x="{GAP}" y="{at}" font-family="monospace">{escape(port)}</text>')
        parts.append(f'<text x="{GAP + step + 20}" y="{at}">{escape(about)}</text>')
    height = top + 66
    tip = (
        '<marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="4" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}">'
        f"<title>From a network to the array</title><defs>{tip}</defs>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1} {y1}L{x2} {y2}" stroke="{INK}" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    (Path(__file__).parent / "architecture.svg").write_text(drawing())
