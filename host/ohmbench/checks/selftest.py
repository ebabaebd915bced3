"""Check a carrier through its own converters: link, noise, reference resistors, switches, rails. No cell is pulsed.

What each check can tell:

- noise, with nothing on: a converter that is too noisy, has too large an offset, or has no noise and answers nothing;
- references, by rail cal: each column has a resistor of its own value, so a channel that reads another column's
  resistor is connected to that column;
- lines, through the array: a column that carries neither its reference nor any cell's current is open; one without
  its reference only has lost the resistor. A row that none of its cells conducts in is open, or all of it is bad,
  where enough columns conduct: on a fresh array only stuck cells do;
- rails, by their monitor resistors: each against what was asked for.

Two things it cannot tell: which row is which, since rows have no resistors, and on an array that hardly conducts
(unformed, or none in the socket) an open column from a missing resistor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench, BenchInfo, codes_per_siemens
from ohmbench.carrier.calibration import OFFSET_MAX
from ohmbench.checks.calibrate import monitor_volts
from ohmbench.checks.reads import (
    ALL,
    MONITOR_CHANNEL,
    echo,
    held_v,
    mean_codes,
    monitor_codes,
    monitored_code,
    raw_codes,
    reference_codes,
    require_references,
)
from ohmbench.errors import ArrayState, CheckError
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray, Index, IntArray, Mask
from ohmbench.support.words import counted
from ohmbench.tables import COLUMNS, ROWS, Rail

CAL_V = 0.34
READ_V = 0.1  # low, so that a whole column of conducting cells stays within the converter
ROW_READ_V = 0.3  # one cell a column
WL_READ_V = 3.0
READS = 1024
NOISE_READS = 256
LINE_READS = 64

NOISE_MAX_LSB = 6.0
"""Three times the 1.84 LSB that the converter's 82 dB mean (LTC2320-16, data sheet)."""

GAIN_MAX = 0.06
"""Relative: half the step between two neighbouring reference resistors, so that no value is taken for another's."""

RAIL_MAX = 0.02
"""Relative: 0.1 % DAC, 0.1 % resistor, and ten times that for a rail's amplifier [guess]."""

RESPONDS = 0.3  # of what its reference should give, for a channel to count as connected to any
_FRESH_USIEMENS = 0.1  # at most, of a cell that was never formed (sky130_fd_pr_reram tables)
_SIGMAS = 6  # above what a fresh cell reads, in which a cell conducts: one in a billion is mistaken
_FORMED = 0.25  # of a column's cells conduct if it is formed; stuck ones alone are never so many


class Kind(StrEnum):
    """Result classes of the self-test."""

    LINK = "link"
    DEAD_CHANNEL = "dead ADC channel"
    NOISY = "noisy converter"
    OFFSET = "offset"
    OPEN_COLUMN = "open column"
    SWAPPED = "swapped columns"
    NO_REFERENCE = "missing reference"
    GAIN = "gain"
    OPEN_ROW = "open row"
    RAIL = "rail"
    SCALE = "scale"
    SCAN = "scan chain"
    SHUNT = "shunt"
    CELL = "cell"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        where: what to look at, in the array's rows and columns or by the rail's name.
    """

    kind: Kind
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where} ({self.detail})"


@dataclass(eq=False)
class Measured:
    """All that the self-test reads; (channels,) unless said otherwise, NaN where it was not read.

    Attributes:
        offset, noise_lsb: mean and standard deviation with nothing on.
        reference: codes with rail cal on, over what this channel's own reference should give.
        array: codes with all rows on at READ_V.
        cells: codes (rows, channels) of each row alone at ROW_READ_V; rows: their sums (rows,).
        rails: what each rail gives over what was asked for.
        moved: whether the channel's code ever changed.
    """

    offset: FloatArray
    noise_lsb: FloatArray
    reference: FloatArray
    array: FloatArray
    cells: FloatArray
    rails: dict[Rail, float]
    moved: Mask
    codes: FloatArray = field(default_factory=lambda: np.full(COLUMNS, np.nan))

    @property
    def rows(self) -> FloatArray:
        return np.asarray(self.cells.sum(axis=1))

    @property
    def conducts(self) -> Mask:
        """The cells (rows, channels) that conduct more than a fresh one, beyond the noise that was measured."""
        sigma = self.noise_lsb * np.sqrt(1 / LINE_READS + 1 / NOISE_READS)
        fresh = _FRESH_USIEMENS * 1e-6 * codes_per_siemens(ROW_READ_V)
        return np.asarray(self.cells > fresh + np.maximum(_SIGMAS * sigma, 1.0))


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a self-test found; `faults` is empty if the carrier is good."""

    info: BenchInfo
    at: datetime
    carrier: str
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not self.faults

    @property
    def array(self) -> ArrayState:
        """What became of it."""
        return ArrayState.NOT_PULSED

    def summary(self) -> dict[str, Any]:
        return {
            "rung": self.info.rung,
            "port": self.info.port,
            "build_id": f"{self.info.build_id:08x}",
            "at": self.at.isoformat(timespec="seconds"),
            "carrier": self.carrier,
            "good": self.is_good,
            "faults": [{"kind": str(f.kind), "where": f.where, "detail": f.detail} for f in self.faults],
            "notes": list(self.notes),
        }

    def describe(self) -> str:
        good = f"good: {self.carrier} ({self.info.rung})"
        lines = [good] if self.is_good else [f"{counted(len(self.faults), 'fault')}: {self.carrier} ({self.info.rung})"]
        lines += [f"  {fault}" for fault in self.faults]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def require_good(self) -> None:
        """Raises:
        CheckError: something is wrong.
        """
        if self.faults:
            named = "; ".join(map(str, self.faults[:4])) + ("; ..." if len(self.faults) > 4 else "")
            raise CheckError(
                f"The self-test found {named}.",
                "Before you program anything, repair the carrier, or describe it in a file for --carrier.",
                array=self.array,
            )


@dataclass(frozen=True, eq=False)
class SelfTest(Verdict):
    """What was found on a carrier with reference resistors and monitors."""

    measured: Measured

    def summary(self) -> dict[str, Any]:
        m = self.measured
        return {
            **super().summary(),
            "offset_codes": np.round(m.offset, 2).tolist(),
            "noise_lsb": np.round(m.noise_lsb, 2).tolist(),
            "reference_ratio": np.round(m.reference, 4).tolist(),
            "array_codes": np.round(m.array, 1).tolist(),
            "row_codes": np.round(m.rows, 1).tolist(),
            "rails": {rail.name.lower(): round(value, 4) for rail, value in m.rails.items()},
        }

    def describe(self) -> str:
        m = self.measured
        return "\n".join(
            (
                super().describe(),
                f"noise {np.median(m.noise_lsb):.2f} LSB in the median, at most {m.noise_lsb.max():.2f}; offset at "
                f"most {np.abs(m.offset).max():.1f} codes",
                "rails: " + ", ".join(f"{r.name.lower()} {100 * (v - 1):+.1f} %" for r, v in m.rails.items()),
            )
        )


def selftest(bench: Bench, progress: Progress) -> SelfTest:
    """Check everything that a bench can see of itself.

    Raises:
        FaultError: the guard turned the array off.
        LinkError: the link was lost.
        UsageError: as `require_references`.
    """
    require_references(bench)
    faults = list(check_link(bench))
    measured = _measure(bench, progress)
    found, notes = judge(bench, measured)
    now = datetime.now(UTC)
    return SelfTest(bench.info, now, bench.carrier.name, (*faults, *found), notes, measured)


def check_link(bench: Bench) -> list[Fault]:
    """What the FPGA's memory gives back, if it is not what it was sent."""
    sent = np.random.default_rng(1).integers(0, 2**32, COLUMNS, np.uint32)
    came = echo(bench, sent)
    return [] if np.array_equal(came, sent) else [Fault(Kind.LINK, bench.info.port, "memory came back changed")]


def _measure(bench: Bench, progress: Progress) -> Measured:
    steps = 3 + ROWS + len(Rail)
    progress("self-test", 0, steps)
    idle = raw_codes(bench, {}, NOISE_READS)
    offset = idle.mean(axis=0)
    with_cal = mean_codes(bench, {Rail.CAL: CAL_V}, READS)
    progress("self-test", 1, steps)
    read = {Rail.BL_READ: READ_V, Rail.WL_READ: WL_READ_V}
    array = mean_codes(bench, read, LINE_READS, wl=ALL, bl=ALL)
    progress("self-test", 2, steps)
    read[Rail.BL_READ] = ROW_READ_V
    cells = np.full((ROWS, COLUMNS), np.nan)
    for row, line in enumerate(bench.carrier.rows):
        cells[row] = mean_codes(bench, read, LINE_READS, wl=1 << int(line), bl=1 << int(line)) - offset
        progress("self-test", 3 + row, steps)
    moved = (idle != idle[0]).any(axis=0) | (with_cal != offset) | (array != offset)
    reference = (with_cal - offset) / reference_codes(bench, held_v(CAL_V))
    measured = Measured(offset, idle.std(axis=0), reference, array - offset, cells, {}, moved, with_cal - offset)
    for rail, volts in monitor_volts(bench).items():
        channel = MONITOR_CHANNEL[rail]
        own = monitored_code(bench, rail, volts, READS) - offset[channel]
        if rail == Rail.CAL:  # the column's reference is there too; by what it gave alone
            own -= measured.codes[channel] * volts / CAL_V
        measured.rails[rail] = float(own / monitor_codes(held_v(volts)))
        progress("self-test", 3 + ROWS + rail, steps)
    return measured


def judge(bench: Bench, m: Measured) -> tuple[tuple[Fault, ...], tuple[str, ...]]:
    """What the readings mean: faults, and what could not be judged."""
    column_of = np.argsort(bench.carrier.columns)  # by channel
    faults: list[Fault] = []
    notes: list[str] = []

    def add(kind: Kind, channel: int, detail: str) -> None:
        faults.append(Fault(kind, f"column {column_of[channel]}, channel {channel}", detail))

    cells = m.conducts
    conducts = np.asarray(cells.any(axis=0))
    few = cells.mean(axis=0) < _FORMED
    unformed = np.count_nonzero(few) > COLUMNS // 2
    if not conducts.any():
        notes.append("the array conducts nowhere: is it formed, and in its socket? Its lines were not judged")
    elif unformed:
        some = np.count_nonzero(few & conducts)
        more = "" if some == 0 else f", {some} in a few cells"
        notes.append(
            f"{np.count_nonzero(~conducts)} of {COLUMNS} columns conduct nowhere{more}: unformed? Rows not judged"
        )
    scale = scale_of(m.reference[m.reference > RESPONDS])
    by_column = reference_codes(bench, held_v(CAL_V))[bench.carrier.columns]
    seen = columns_seen(by_column, column_of, m.codes / scale)
    for channel in range(COLUMNS):
        lost = seen[channel] < 0
        if not m.moved[channel]:
            add(Kind.DEAD_CHANNEL, channel, f"reads {m.offset[channel]:.0f} whatever is on")
            continue
        if m.noise_lsb[channel] > NOISE_MAX_LSB:
            add(Kind.NOISY, channel, f"{m.noise_lsb[channel]:.1f} LSB, at most {NOISE_MAX_LSB:g}")
        if abs(m.offset[channel]) > OFFSET_MAX:
            add(Kind.OFFSET, channel, f"{m.offset[channel]:.0f} codes, at most {OFFSET_MAX:g}")
        if lost and (conducts[channel] or unformed):
            own = conducts[channel]
            what = "its cells conduct, its resistor does not" if own else "neither array nor reference conducts"
            add(Kind.NO_REFERENCE, channel, what)
        elif lost:
            add(Kind.OPEN_COLUMN, channel, "neither its cells nor its reference resistor conduct")
        elif seen[channel] != column_of[channel]:
            add(Kind.SWAPPED, channel, f"it is connected to column {seen[channel]}")
        elif abs(m.reference[channel] / scale - 1) > GAIN_MAX:
            add(Kind.GAIN, channel, f"{100 * (m.reference[channel] / scale - 1):+.1f} %")
    if not unformed:
        faults += [
            Fault(Kind.OPEN_ROW, f"row {row}", "none of its cells conducts")
            for row in np.flatnonzero(~cells.any(axis=1))
        ]
    gain = np.where(seen < 0, 1.0, m.codes / by_column[seen] / scale)
    return (*faults, *_judge_rails(m, gain, scale)), tuple(notes)


def scale_of(ratios: FloatArray) -> float:
    """What rail cal, or the converters' reference voltage, is off by: what most channels agree on, else nothing."""
    if not ratios.size:
        return 1.0
    middle = float(np.median(ratios))
    return middle if np.mean(np.abs(ratios / middle - 1) <= GAIN_MAX) > 0.5 else 1.0


def columns_seen(by_column: FloatArray, column_of: Index, codes: FloatArray) -> IntArray:
    """Column whose reference resistor each channel reads, -1 for none.

    One that reads its own within GAIN_MAX, or nobody's within twice that, or one that another channel reads as its
    own, is taken for its own.
    """
    own = by_column[column_of]
    reads = codes > RESPONDS * by_column.min()
    distance = np.abs(np.log(np.where(reads, codes, 1.0)[:, np.newaxis] / by_column))
    nearest = np.argmin(distance, axis=1)
    keeps = (np.abs(codes / own - 1) <= GAIN_MAX) | (distance.min(axis=1) > np.log1p(2 * GAIN_MAX))
    seen = np.where(reads, np.where(keeps, column_of, nearest), -1).astype(np.int64)
    # a resistor has one wire: a channel that reads one whose own channel reads it too is off in its gain instead
    while (twice := (seen >= 0) & (seen != column_of) & np.isin(seen, column_of[seen == column_of])).any():
        seen[twice] = column_of[twice]
    return seen


def _judge_rails(m: Measured, gain: FloatArray, scale: float) -> list[Fault]:
    """Rails against what was asked for. gain (channels,), as the reference resistors say, is taken out.

    cal itself feeds those resistors: if it is off, every channel reads its resistor off by the same factor, `scale`,
    and only cal's own monitor does too. If all rails are off by it, the converters' reference voltage is.
    """
    faults = []
    for rail, value in m.rails.items():
        m.rails[rail] = float(value / gain[MONITOR_CHANNEL[rail]])
    off = {
        rail: value for rail, value in m.rails.items() if abs(value - 1) > RAIL_MAX and m.moved[MONITOR_CHANNEL[rail]]
    }
    if len(off) == len(m.rails):
        return [Fault(Kind.SCALE, "converters", f"all rails and resistors read {100 * (scale - 1):+.1f} %")]
    for rail, value in off.items():
        faults.append(Fault(Kind.RAIL, f"rail {rail.name.lower()}", f"{100 * (value - 1):+.1f} %, at most 2 %"))
    return faults
