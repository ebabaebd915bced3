"""Check a carrier that reaches one cell at a time: link, converter, scan chain, supplies, and a cell that follows.

It has no reference resistors, so cells tell what they can:

- noise, with nothing chosen: a converter that is too noisy, has too large an offset, or answers nothing;
- the scan chain, by a read of all cells: if none conducts, nothing answers; if all conduct alike, or all of a row or of
  a column do, the address in the packet does not come to the chip. No cell can draw more than the shunt lets through;
- supplies: cells read at half of the voltage draw half of the current, and none with their gate at 0 V;
- a cell that is named follows a SET and a RESET, within the limits of the recipe. The others get no pulse.

What it cannot tell: by how much the shunt or a supply is off, since cells are not known. `calibrate --resistor` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench, codes_per_siemens
from ohmbench.carrier.calibration import OFFSET_MAX
from ohmbench.checks.reads import ALL, mean_codes, raw_codes, shunt_code
from ohmbench.checks.selftest import NOISE_MAX_LSB, NOISE_READS, WL_READ_V, Fault, Kind, Verdict, check_link
from ohmbench.errors import ArrayState
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray, Mask
from ohmbench.tables import COLUMNS, ROWS, Rail

READ_V = 0.3
READS = 4  # of each cell
SHORT = 0.9  # of what the shunt alone would let through: a cell that draws more is none
HALF_MAX = 0.2  # what half of the voltage may be off by, relative; cells' own curves bend by some percent
_FRESH_USIEMENS = 0.1  # at most, of a cell that was never formed (sky130_fd_pr_reram tables)
_SIGMAS = 6
_FORMED = 0.25  # of the cells conduct if they are formed; stuck ones alone are never so many

CONVERTER = "the shunt's converter"
NOTHING_CONDUCTS = Fault(
    Kind.SCAN, "the chip", "no cell conducts: the chip does not answer, a supply is missing, or no cell was ever formed"
)

ENDS = (1, 0, 1)
"""Levels of two that a cell is driven to: whatever it holds, it gets a SET and a RESET."""


@dataclass(frozen=True, eq=False)
class CellsMeasured:
    """All that is read; codes are means with the offset taken off.

    Attributes:
        offset, noise_lsb: of the converter, with nothing chosen; moved: whether its code ever changed.
        cells, halved, gated: codes (rows, columns) at READ_V, at half of it, and with the gates at 0 V.
    """

    offset: float
    noise_lsb: float
    moved: bool
    cells: FloatArray
    halved: FloatArray
    gated: FloatArray

    @property
    def noise(self) -> float:
        """Of a mean in `cells`, codes that it is never off by."""
        return max(_SIGMAS * self.noise_lsb * float(np.sqrt(1 / READS + 1 / NOISE_READS)), 1.0)

    def conducts(self, codes: FloatArray) -> Mask:
        """Cells that conduct more than a fresh one, beyond the noise."""
        return np.asarray(codes > _FRESH_USIEMENS * 1e-6 * codes_per_siemens(READ_V) + self.noise)


@dataclass(frozen=True, eq=False)
class Followed:
    """What became of the cell that was pulsed: uS after each of the drives, and whether each came where it was to."""

    cell: tuple[int, int]
    usiemens: tuple[float, ...]
    arrived: tuple[bool, ...]
    pulses: int


@dataclass(frozen=True, eq=False)
class CellsSelfTest(Verdict):
    """What was found; `followed` is None where no cell was pulsed."""

    measured: CellsMeasured
    followed: Followed | None

    @property
    def array(self) -> ArrayState:
        return ArrayState.NOT_PULSED if self.followed is None else ArrayState.OFF

    def summary(self) -> dict[str, Any]:
        m, f = self.measured, self.followed
        return {
            **super().summary(),
            "offset_codes": round(m.offset, 2),
            "noise_lsb": round(m.noise_lsb, 2),
            "conducting_cells": int(np.count_nonzero(m.conducts(m.cells))),
            "cell_codes": np.round(m.cells, 1).tolist(),
            "half_voltage": _half(m),
            "cell": None if f is None else list(f.cell),
            "cell_usiemens": None if f is None else [round(g, 1) for g in f.usiemens],
            "cell_pulses": None if f is None else f.pulses,
        }

    def describe(self) -> str:
        return "\n".join([super().describe(), *self.read()])

    def read(self) -> list[str]:
        """What was read, without what is wrong with it; a line each."""
        m, f = self.measured, self.followed
        conducting = np.count_nonzero(m.conducts(m.cells))
        lines = [
            f"noise {m.noise_lsb:.2f} LSB, offset {m.offset:.1f} codes; {conducting} of {m.cells.size} cells conduct"
        ]
        if f is not None:
            through = ", ".join(f"{g:.0f}" for g in f.usiemens)
            lines.append(f"cell {f.cell[0]},{f.cell[1]} went to {through} uS in {f.pulses} pulses")
        return lines


def selftest_cells(
    bench: Bench,
    progress: Progress,
    *,
    cell: tuple[int, int] | None = None,
    follow: Callable[[tuple[int, int]], Followed] | None = None,
) -> CellsSelfTest:
    """Check everything that such a bench can see of itself.

    Args:
        cell: row and column of the cell to SET and RESET; None: no cell is pulsed.
        follow: drives it to ENDS, one after the other. It is called only if all that was read is good.

    Raises:
        FaultError: the guard turned the array off.
        LinkError: the link was lost.
        What follow raises.
    """
    faults = list(check_link(bench))
    measured = _measure(bench, progress)
    faults += judge(bench, measured)
    followed, notes = None, []
    conducting = np.count_nonzero(measured.conducts(measured.cells))
    if 0 < conducting < _FORMED * ROWS * COLUMNS:
        notes.append(f"{conducting} of {ROWS * COLUMNS} cells conduct: unformed? Address and supplies not judged")
    if cell is None or follow is None:
        notes.append(
            "no cell was pulsed; --cell ROW,COL gives one cell a SET and a RESET, and looks whether it follows"
        )
    elif faults:
        notes.append(f"cell {cell[0]},{cell[1]} was not pulsed, since reading does not work")
    else:
        followed = follow(cell)
        faults += _judge_cell(followed)
    at = datetime.now(UTC)
    return CellsSelfTest(bench.info, at, bench.carrier.name, tuple(faults), tuple(notes), measured, followed)


def _measure(bench: Bench, progress: Progress) -> CellsMeasured:
    progress("self-test", 0, 4)
    idle = raw_codes(bench, {}, NOISE_READS)[:, 0].astype(np.float64)
    offset = float(idle.mean())
    found = []
    for done, (volts, gate_v) in enumerate(((READ_V, WL_READ_V), (READ_V / 2, WL_READ_V), (READ_V, 0.0)), 1):
        progress("self-test", done, 4)
        found.append(_cells(bench, volts, gate_v) - offset)
    moved = bool((idle != idle[0]).any() or any((codes != codes[0, 0]).any() for codes in found))
    return CellsMeasured(offset, float(idle.std()), moved, *found)


def _cells(bench: Bench, volts: float, gate_v: float) -> FloatArray:
    """Mean codes (rows, columns) of the array's cells."""
    rails = {Rail.BL_READ: volts, Rail.WL_READ: gate_v}
    lines = [mean_codes(bench, rails, READS, wl=1 << line, bl=1 << line, col=ALL) for line in range(ROWS)]
    return np.asarray(bench.carrier.on_cells(np.array(lines)), np.float64)


def dead_converter(code: float) -> Fault:
    """Of a code that never changes."""
    return Fault(Kind.DEAD_CHANNEL, CONVERTER, f"it reads {code:.0f} whatever is on")


def judge(bench: Bench, m: CellsMeasured) -> Iterator[Fault]:
    """What the readings mean, the first thing that explains the others."""
    if not m.moved:
        yield dead_converter(m.offset)
        return
    if m.noise_lsb > NOISE_MAX_LSB:
        yield Fault(Kind.NOISY, CONVERTER, f"{m.noise_lsb:.1f} LSB, at most {NOISE_MAX_LSB:g}")
    if abs(m.offset) > OFFSET_MAX:
        yield Fault(Kind.OFFSET, CONVERTER, f"{m.offset:.0f} codes, at most {OFFSET_MAX:g}")
    conducts = m.conducts(m.cells)
    short = m.cells > SHORT * shunt_code(bench, READ_V)
    if short.any():
        where = "all cells" if short.all() else ", ".join(f"cell {r},{c}" for r, c in np.argwhere(short)[:4])
        yield Fault(Kind.SHUNT, where, "the current is what the shunt alone lets through: a short")
    elif not conducts.any():
        yield NOTHING_CONDUCTS
    elif conducts.mean() < _FORMED:
        return
    elif (alike := _alike(m, conducts)) is not None:
        yield Fault(Kind.SCAN, "the chip", f"{alike} read alike: the address in the packet does not come to it")
    else:
        yield from _judge_supplies(m, conducts)


def _alike(m: CellsMeasured, conducts: Mask) -> str | None:
    """Which cells read alike though others conduct: bits of the address are lost."""

    def spread(axis: int | tuple[int, int]) -> float:
        return float(np.median(np.ptp(m.cells, axis=axis)))

    most = 2 * m.noise + 0.02 * float(np.median(m.cells[conducts]))  # what a cell's own noise may add
    for what, axis in (("all cells", (0, 1)), ("the rows of a column", 0), ("the columns of a row", 1)):
        if spread(axis) <= most:
            return what
    return None


def _half(m: CellsMeasured) -> float | None:
    """Median current at half of the voltage over that at all of it; None where too little conducts to tell."""
    told = m.cells > 10 * m.noise
    return round(float(np.median(m.halved[told] / m.cells[told])), 3) if told.any() else None


def _judge_supplies(m: CellsMeasured, conducts: Mask) -> Iterator[Fault]:
    open_gates = np.count_nonzero(m.conducts(m.gated) & conducts)
    if open_gates:
        yield Fault(Kind.RAIL, "Vcc_wl_set", f"{open_gates} cells conduct with their gate at 0 V")
    half = _half(m)
    if half is not None and abs(2 * half - 1) > HALF_MAX:
        yield Fault(Kind.RAIL, "Vcc_set", f"at half of the voltage cells draw {100 * half:.0f} % of the current")


def _judge_cell(followed: Followed) -> Iterator[Fault]:
    if all(followed.arrived):
        return
    asked = {1: "SET", 0: "RESET"}
    failed = sorted({asked[level] for level, came in zip(ENDS, followed.arrived, strict=True) if not came})
    row, column = followed.cell
    yield Fault(
        Kind.CELL,
        f"cell {row},{column}",
        f"it does not follow {' and '.join(failed)}, and reads {followed.usiemens[-1]:.0f} uS: try another cell, and "
        "form it first if it is fresh",
    )
