"""When ohm_carrier takes which command, what its chips hold then and what the array model hears: in Python."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ohmbench import tables as t
from ohmbench.support.rtl import default_carrier
from ohmbench.tables import Mode, Rail

ALL_ROWS, ALL_COLUMNS = (1 << t.ROWS) - 1, (1 << t.COLUMNS) - 1
RAIL, LINES, PULSE, SENSE = range(4)
BEATS = t.LANES // 2

REPO = Path(__file__).resolve().parents[3]
TABLE = tomllib.loads((REPO / "fpga/carriers" / default_carrier(REPO) / "carrier.toml").read_text())
BUS, ROW, COLUMN = (TABLE["wiring"][kind] for kind in ("bus", "row", "column"))
CLOSES = [mode["closes"] for mode in TABLE["mode"]]


def is_second(mode: int, bl: int) -> bool:
    """Whether RESET has its second rail."""
    return mode == Mode.RESET and bl == 0


@dataclass(frozen=True)
class Command:
    kind: int
    rail: int = 0
    mode: int = 0
    value: int = 0
    wl: int = 0
    bl: int = 0
    col: int = 0


def pattern(mode: int, wl: int, bl: int, col: int) -> list[int]:
    """Closed switches of the five groups, 64 bits each, as the carrier's table numbers them."""
    if mode == Mode.OFF:
        return [0] * 5
    closes = TABLE["reset_second"]["closes"] if is_second(mode, bl) else CLOSES[mode]
    bus = sum(1 << BUS[name] for name in closes)
    if mode == Mode.READ and wl == 0 and col < 1 << len(Rail):
        bus |= col << BUS["monitor"]

    def rows(mask: int) -> int:
        return sum(1 << ROW["stride"] * i + ROW["bus" if mask >> i & 1 else "ground"] for i in range(t.ROWS))

    def column(j: int) -> int:
        selected = col >> j & 1
        name = {Mode.READ: "tia", Mode.SET: "ground" if selected else "inhibit"}.get(
            Mode(mode), "reset" if selected else "ground"
        )
        return 1 << COLUMN[name]

    per_group = 64 // COLUMN["stride"]
    halves = [
        sum(column(first + j) << COLUMN["stride"] * j for j in range(per_group) if first + j < t.COLUMNS)
        for first in (0, per_group)
    ]
    return [bus, rows(wl), rows(0 if mode == Mode.RESET else bl), *halves]


@dataclass
class Timing:
    codes: list[int] = field(default_factory=lambda: [0] * len(Rail))
    lines: Command = Command(LINES)
    closed: list[int] = field(default_factory=lambda: [0] * 5)
    rail_settled: list[int] = field(default_factory=lambda: [0] * len(Rail))
    dac_free: int = 0
    lines_free: int = 0
    lines_settled: int = 0
    free: int = 0  # after a pulse or a conversion

    def settled(self) -> int:
        """First clock at which lines and the mode's rails have settled."""
        second = is_second(self.lines.mode, self.lines.bl)
        rails = t.SECOND_RAILS if second else t.MODE_RAILS[Mode(self.lines.mode)]
        return max([self.lines_settled, *(self.rail_settled[r] for r in rails)])

    def idle(self, clock: int) -> bool:
        return clock >= max(self.free, self.lines_settled, *self.rail_settled)

    def frames(self, mode: int, closed: Sequence[int]) -> int:
        """Different words that groups get: where a switch opens, then where one closes."""
        pairs = list(enumerate(zip(self.closed, closed, strict=True)))
        was = self.lines.mode
        clears = set(range(5)) if mode == Mode.OFF else {0, 3, 4} if mode != was and Mode.READ in (mode, was) else set()
        breaks = {"all open" if i in clears else i for i, (a, b) in pairs if a & ~b}
        makes = {3 if mode == Mode.READ and i == 4 and t.COLUMNS == 32 else i for i, (a, b) in pairs if b & ~a}
        return len(breaks) + len(makes)

    def take(self, command: Command, offered: int) -> int:
        """Take a command that is offered from a clock on; returns the clock at which it is taken."""
        at = max(offered, self.free)
        if command.kind == RAIL:
            if command.value != self.codes[command.rail]:
                at = max(at, self.dac_free)
                self.codes[command.rail] = command.value
                self.dac_free = at + t.DAC_FRAME_CYCLES
                self.rail_settled[command.rail] = self.dac_free + t.DAC_SETTLE_CYCLES
        elif command.kind == LINES:
            at = max(at, self.lines_free)
            closed = pattern(command.mode, command.wl, command.bl, command.col)
            frames = self.frames(command.mode, closed)
            self.lines, self.closed = command, closed
            self.lines_free = at + 1 + frames * t.SWITCH_FRAME_CYCLES
            if frames:
                tia = t.TIA_SETTLE_CYCLES if command.mode == Mode.READ else 0
                self.lines_settled = self.lines_free + t.SWITCH_SETTLE_CYCLES + tia
        elif command.kind == PULSE:
            at = max(at, self.settled(), self.dac_free)
            self.free = at + command.value + t.PULSE_RECOVERY_CYCLES
        else:
            at = max(at, self.settled())
            self.free = at + t.SENSE_LATENCY_CYCLES + 1
        return at

    def recorded(self, command: Command, at: int) -> list[object]:
        """The call that the array model gets for a pulse or a conversion taken at a clock."""
        lines = self.lines
        if command.kind == SENSE:
            return ["sense", lines.wl, lines.bl, self.codes[Rail.BL_READ], self.codes[Rail.WL_READ], at + 1]
        if lines.mode == Mode.SET:
            rails = [self.codes[r] for r in (Rail.BL_SET, Rail.SL_INHIBIT, Rail.WL_SET)]
            wl = lines.wl & lines.bl
        else:
            inhibit = self.codes[Rail.SL_INHIBIT] if is_second(lines.mode, lines.bl) else 0
            line = inhibit if is_second(lines.mode, lines.bl) else self.codes[Rail.SL_RESET]
            rails, wl = [line, inhibit, self.codes[Rail.WL_RESET]], lines.wl
        return ["pulse", lines.mode, wl, lines.col, *rails, command.value, at + command.value + 1]


def recorded() -> list[list[object]]:
    """The calls that recorder.c has got so far."""
    path = Path(os.environ["OHM_RECORD"])
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
