"""Draws pulse.svg, the picture of docs/waveforms.md: from a waveform that the simulator writes, never by hand.

Run it as `python docs/img/pulse.py`. Needs the extra `test` (pywellen), the simulator's tools, and the headers of lz4
and zlib.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pywellen

PICTURE = Path(__file__).resolve().with_suffix(".svg")
WAVE = ("--cell", "4,7")
FROM_US, TO_US = -7.0, 11.0  # of the begin of the cell's first pulse
WIDTH, LEFT, ROW, GAP, TOP = 900, 150, 46, 12, 34
# signal below the whole bench, what the picture calls it, its unit and colour
TRACES = (
    ("set_en", "pulse pin set_en", "", "#444444"),
    ("adc_cnv_n", "converters' pin cnv", "", "#444444"),
    ("u_probe.bl_set_v", "rail bl_set", "V", "#1f6fb4"),
    ("u_probe.cell_wl_v", "word line", "V", "#1f6fb4"),
    ("u_probe.cell_v", "across the cell", "V", "#1f6fb4"),
    ("u_probe.cell_ua", "through the cell", "uA", "#b4501f"),
    ("u_probe.cell_usiemens", "conductance", "uS", "#2a8a3e"),
)
Change = tuple[int, float]


def changes(file: Path) -> dict[str, list[Change]]:
    """The traces' changes: picoseconds, and the value from then on."""
    wave = pywellen.Waveform(str(file))
    found: dict[str, Any] = {var.full_name.rpartition("ohm_sim_top.")[2]: var for var in wave.all_vars()}
    return {name: [(time, float(value)) for time, value in found[name].tv] for name, *_ in TRACES}


def cut(trace: Sequence[Change], zero_ps: int) -> list[tuple[float, float]]:
    """The part that is shown: microseconds from the pulse's begin, and values."""
    shown = [((time - zero_ps) / 1e6, value) for time, value in trace]
    before = [value for time, value in shown if time <= FROM_US]
    inside = [(time, value) for time, value in shown if FROM_US < time <= TO_US]
    first = before[-1] if before else inside[0][1]
    return [(FROM_US, first), *inside, (TO_US, inside[-1][1] if inside else first)]


def draw(traces: dict[str, list[Change]]) -> str:
    """The picture of traces, which must have a pulse."""
    zero_ps = next(time for time, value in traces["set_en"] if value == 1)
    height = TOP + len(TRACES) * (ROW + GAP) + 30
    box = f'viewBox="0 0 {WIDTH} {height}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]

    def x_of(time_us: float) -> float:
        return LEFT + (time_us - FROM_US) / (TO_US - FROM_US) * (WIDTH - LEFT - 20)

    bottom = TOP + len(TRACES) * (ROW + GAP)
    for time_us in range(round(FROM_US) + 1, round(TO_US), 2):
        x = x_of(time_us)
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#e4e4e4"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555555">{time_us} us</text>')
    for number, (name, called, unit, colour) in enumerate(TRACES):
        part, base = cut(traces[name], zero_ps), TOP + number * (ROW + GAP) + ROW
        top = max(*(value for _, value in part), 1e-9)
        points, last = [], part[0][1]
        for time, value in part:
            points += [(time, last), (time, value)]
            last = value
        line = " ".join(f"{x_of(time):.1f},{base - value / top * (ROW - 6):.1f}" for time, value in points)
        out.append(f'<text x="{LEFT - 10}" y="{base - 18}" text-anchor="end" fill="#222222">{called}</text>')
        if unit:
            most = f"up to {top:.3g} {unit}"
            out.append(f'<text x="{LEFT - 10}" y="{base - 3}" text-anchor="end" fill="#777777">{most}</text>')
        out.append(f'<line x1="{LEFT}" y1="{base}" x2="{WIDTH - 20}" y2="{base}" stroke="#cccccc"/>')
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    title = "Cell 4,7 is programmed: the first pulses and their verifying reads (simulated)"
    out.append(f'<text x="{LEFT}" y="20" font-size="14" fill="#222222">{title}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ohmbench-") as folder:
        file = Path(folder) / "pulse.fst"
        subprocess.run([sys.executable, "-m", "ohmbench", "wave", *WAVE, "-o", file], check=True)
        PICTURE.write_text(draw(changes(file)))
    print(PICTURE)


if __name__ == "__main__":
    main()
