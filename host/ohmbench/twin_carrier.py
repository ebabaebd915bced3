"""What stands between the twin's sequencer and its array: the guard's rules and the carrier's timing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ohmbench import _tables as t
from ohmbench._tables import Fault, Mode, Rail, Register

ALL = 0xFFFF_FFFF
MAX_WATCHDOG_MS = 10_000

_CEILINGS: dict[int, int] = {
    **{Register.MAX_RAIL + rail: t.RAIL_CEILING[rail] for rail in Rail},
    Register.MAX_WIDTH: 0xFFFF,
    Register.PULSE_BUDGET: 0xFFFF,
    Register.WATCHDOG: MAX_WATCHDOG_MS,
}


class GuardFault(Exception):
    """The guard refused a command; ends the program, never leaves this module."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


@dataclass
class Guard:
    """What ohm_guard.sv enforces, of all that a program can ask for."""

    armed: bool = False
    fault: Fault = Fault.NONE
    limits: dict[int, int] = field(default_factory=lambda: dict.fromkeys(_CEILINGS, 0) | {Register.WATCHDOG: 500})
    counts: npt.NDArray[np.uint16] = field(default_factory=lambda: np.zeros((t.ROWS, t.COLUMNS), np.uint16))

    @property
    def max_width(self) -> int:
        """Limit of a pulse's width in clocks."""
        return self.limits[Register.MAX_WIDTH]

    @property
    def budget(self) -> int:
        """Pulses that a cell may get."""
        return self.limits[Register.PULSE_BUDGET]

    def max_rail(self, rail: Rail) -> int:
        """Limit of a rail in DAC codes."""
        return self.limits[Register.MAX_RAIL + rail]

    def write(self, register: int, value: int) -> bool:
        """Write a register; False if the guard refuses the value, which then changes nothing."""
        if register == Register.CONTROL:
            return self._control(value)
        if register == Register.BAUD_DIVISOR:
            return True  # the link's own
        if register not in self.limits or value > _CEILINGS[register] or (register == Register.WATCHDOG and not value):
            return False
        if self.armed and value > self.limits[register]:
            return False
        self.limits[register] = value
        return True

    def _control(self, value: int) -> bool:
        if value & 1 and self.fault:
            return False
        if value & 2:
            self.fault = Fault.NONE
        if value & 4 and not self.armed:
            self.counts[:] = 0
        self.armed = bool(value & 1)
        return True


class Carrier:
    """When the carrier takes what: the timing of ohm_carrier.sv in run-time clocks.

    Attributes:
        busy_cycles: run-time clocks in which something was under way, as far as they have been counted.
    """

    def __init__(self) -> None:
        self.busy_cycles = 0
        self._counted = 0  # clocks looked at for busy_cycles
        self.reset()

    def reset(self) -> None:
        """All off, as after a fault, an abort or disarming."""
        self.codes = [0] * len(Rail)
        self.rail_settled = [0] * len(Rail)
        self.mode, self.wl, self.bl, self.col = Mode.OFF, 0, 0, 0
        self.dac_free = self.lines_free = self.lines_settled = self.any_free = self.codes_ready = 0
        self.column_codes: npt.NDArray[np.int16] = np.zeros(t.COLUMNS, np.int16)

    def settled(self) -> int:
        """Clock from which lines and the mode's rails have settled."""
        return max(self.lines_settled, *(self.rail_settled[r] for r in t.MODE_RAILS[self.mode]), 0)

    def idle(self) -> int:
        """Clock from which nothing is under way."""
        return max(self.dac_free, self.lines_free, self.lines_settled, self.any_free, *self.rail_settled)

    def count_busy(self, clock: int) -> None:
        """Count busy clocks before this one; to be called before anything changes what is under way."""
        self.busy_cycles += max(min(clock, self.idle()) - self._counted, 0)
        self._counted = clock

    def rail(self, clock: int, rail: Rail, code: int) -> int:
        """Take a rail command offered at a clock; returns the clock at which it is taken."""
        clock = max(clock, self.any_free)
        if code == self.codes[rail]:
            return clock
        clock = max(clock, self.dac_free)
        self.count_busy(clock + 1)
        self.codes[rail] = code
        self.dac_free = clock + t.DAC_FRAME_CYCLES
        self.rail_settled[rail] = self.dac_free + t.DAC_SETTLE_CYCLES
        return clock

    def lines(self, clock: int, mode: Mode, wl: int, bl: int, col: int) -> int:
        """Take a lines command; as `rail`."""
        clock = max(clock, self.any_free, self.lines_free)
        self.count_busy(clock + 1)
        frames = self._frames(mode, wl, bl, col)
        self.mode, self.wl, self.bl, self.col = mode, wl, bl, col
        self.lines_free = clock + 1 + frames * t.SWITCH_FRAME_CYCLES
        if frames:
            settle = t.SWITCH_SETTLE_CYCLES + (t.TIA_SETTLE_CYCLES if mode == Mode.READ else 0)
            self.lines_settled = self.lines_free + settle
        return clock

    def pulse(self, clock: int, width: int) -> int:
        """Take a pulse of a width in clocks; as `rail`."""
        return self._alone(clock, width + t.PULSE_RECOVERY_CYCLES)

    def sense(self, clock: int) -> int:
        """Take a conversion; as `rail`."""
        clock = self._alone(clock, t.SENSE_LATENCY_CYCLES + 1)
        self.codes_ready = clock + t.SENSE_LATENCY_CYCLES
        return clock

    def _alone(self, clock: int, clocks: int) -> int:
        """Take what waits until all has settled, and during which nothing else is taken."""
        clock = max(clock, self.settled(), self.lines_free, self.any_free)
        self.count_busy(clock + 1)
        self.any_free = clock + clocks
        return clock

    def _frames(self, mode: Mode, wl: int, bl: int, col: int) -> int:
        """Switch frames from the present lines to others: break before make, changed groups only."""
        frames = 0
        for old, new in zip(_closed(self.mode, self.wl, self.bl, self.col), _closed(mode, wl, bl, col), strict=True):
            frames += (old & ~new != 0) + (new & ~old != 0)
        return frames


def _closed(mode: Mode, wl: int, bl: int, col: int) -> tuple[int, int, int, int, int]:
    """Closed switches of each group as a number, with any fixed order of switches: only differences count."""
    if mode == Mode.OFF:
        return 0, 0, 0, 0, 0
    bl = 0 if mode == Mode.RESET else bl
    if mode == Mode.READ:
        selected, others, col = 0, 1, 0
    else:
        selected, others = (1, 2) if mode == Mode.SET else (3, 1)
    halves = []
    for shift in (0, 16):
        half = col >> shift & 0xFFFF
        halves.append(half << 16 * selected | (half ^ 0xFFFF) << 16 * others)
    if mode == Mode.READ:
        halves = [0xFFFF, 0xFFFF]
    return 1 << mode, wl << 32 | wl ^ ALL, bl << 32 | bl ^ ALL, halves[0], halves[1]
