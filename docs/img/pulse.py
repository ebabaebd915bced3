"""Draws pulse.svg of docs/waveforms.md and x1-pulse.svg of docs/x1.md: from waveforms of the simulator, never by hand.

Run it as `python docs/img/pulse.py`. Needs the extra `test` (pywellen), the simulator's tools, and the headers of lz4
and zlib.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pywellen

FOLDER = Path(__file__).resolve().parent
WIDTH, LEFT, ROW, GAP, TOP = 900, 150, 46, 12, 34


@dataclass(frozen=True)
class Picture:
    """One picture: what `ohmbench wave` is asked, and what is shown of it.

    Attributes:
        pulse: signal that rises as the cell's pulses begin; from_us, to_us: of the begin of its first one.
        every_us: between the lines of time.
        traces: signal below the whole bench, what the picture calls it, its unit and colour.
    """

    file: Path
    wave: tuple[str, ...]
    title: str
    pulse: str
    from_us: float
    to_us: float
    every_us: int
    traces: tuple[tuple[str, str, str, str], ...]


PIN, VOLTS, AMPS, CELL = "#444444", "#1f6fb4", "#b4501f", "#2a8a3e"
REFERENCE = Picture(
    FOLDER / "pulse.svg",
    ("--cell", "4,7"),
    "Cell 4,7 is programmed: the first pulses and their verifying reads (simulated)",
    "set_en",
    -7.0,
    11.0,
    2,
    (
        ("set_en", "pulse pin set_en", "", PIN),
        ("adc_cnv_n", "converters' pin cnv", "", PIN),
        ("u_probe.bl_set_v", "rail bl_set", "V", VOLTS),
        ("u_probe.cell_wl_v", "word line", "V", VOLTS),
        ("u_probe.cell_v", "across the cell", "V", VOLTS),
        ("u_probe.cell_ua", "through the cell", "uA", AMPS),
        ("u_probe.cell_usiemens", "conductance", "uS", CELL),
    ),
)
X1 = Picture(
    FOLDER / "x1-pulse.svg",
    ("--cell", "4,7", "--carrier-kind", "x1-scan"),
    "Cell 4,7 of the X1: a SET and its verifying read, each behind a packet (simulated)",
    "u_probe.cell_pulsed",
    -12.0,
    84.0,
    10,
    (
        ("scan_tm", "TM", "", PIN),
        ("scan_dr", "ScanInDR", "", PIN),
        ("scan_cc", "ScanInCC", "", PIN),
        ("scan_dl", "ScanInDL", "", PIN),
        ("adc_cnv_n", "converter's pin cnv", "", PIN),
        ("u_probe.vcc_set_v", "Vcc_set", "V", VOLTS),
        ("u_probe.vcc_wl_set_v", "Vcc_wl_set", "V", VOLTS),
        ("u_probe.cell_v", "cell and shunt", "V", VOLTS),
        ("u_probe.cell_usiemens", "conductance", "uS", CELL),
    ),
)
Change = tuple[int, float]


def changes(picture: Picture, file: Path) -> dict[str, list[Change]]:
    """The traces' changes: picoseconds, and the value from then on."""
    wave = pywellen.Waveform(str(file))
    found: dict[str, Any] = {var.full_name.rpartition("ohm_sim_top.")[2]: var for var in wave.all_vars()}
    return {
        name: [(time, float(value)) for time, value in found[name].tv]
        for name in {picture.pulse, *(trace[0] for trace in picture.traces)}
    }


def cut(picture: Picture, trace: Sequence[Change], zero_ps: int) -> list[tuple[float, float]]:
    """The part that is shown: microseconds from the pulse's begin, and values."""
    shown = [((time - zero_ps) / 1e6, value) for time, value in trace]
    before = [value for time, value in shown if time <= picture.from_us]
    inside = [(time, value) for time, value in shown if picture.from_us < time <= picture.to_us]
    first = before[-1] if before else inside[0][1]
    return [(picture.from_us, first), *inside, (picture.to_us, inside[-1][1] if inside else first)]


def draw(picture: Picture, traces: dict[str, list[Change]]) -> str:
    """The picture of traces, which must have a pulse."""
    zero_ps = next(time for time, value in traces[picture.pulse] if value == 1)
    height = TOP + len(picture.traces) * (ROW + GAP) + 30
    box = f'viewBox="0 0 {WIDTH} {height}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]

    def x_of(time_us: float) -> float:
        return LEFT + (time_us - picture.from_us) / (picture.to_us - picture.from_us) * (WIDTH - LEFT - 20)

    bottom = TOP + len(picture.traces) * (ROW + GAP)
    for time_us in range(*_marks(picture)):
        x = x_of(time_us)
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#e4e4e4"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555555">{time_us} us</text>')
    for number, (name, called, unit, colour) in enumerate(picture.traces):
        part, base = cut(picture, traces[name], zero_ps), TOP + number * (ROW + GAP) + ROW
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
    out.append(f'<text x="{LEFT}" y="20" font-size="14" fill="#222222">{picture.title}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def _marks(picture: Picture) -> tuple[int, int, int]:
    """First time with a line, end and step: 0 is one of them."""
    step = picture.every_us
    return step * (round(picture.from_us) // step + 1), round(picture.to_us), step


def main() -> None:
    for picture in (REFERENCE, X1):
        with tempfile.TemporaryDirectory(prefix="ohmbench-") as folder:
            file = Path(folder) / "pulse.fst"
            subprocess.run([sys.executable, "-m", "ohmbench", "wave", *picture.wave, "-o", file], check=True)
            picture.file.write_text(draw(picture, changes(picture, file)))
        print(picture.file)


if __name__ == "__main__":
    main()
