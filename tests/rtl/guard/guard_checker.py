"""What the guard promises, as a checker of its ports, clock by clock.

Written from the promises in fpga/tables/registers.toml and in the design, not from the RTL: it knows nothing of
states or memories inside, so it asks for exact timing only where timing is promised.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from ohmbench.tables import (
    COLUMNS,
    GUARD_SCAN_CYCLES,
    HALF_SELECT_CEILING,
    RAIL_CEILING,
    READ_MAX_MS,
    ROWS,
    Control,
    Fault,
    Mode,
    Rail,
    Register,
)

SYNCHRONISER_CLOCKS = 2
SAFE_CLOCKS = 4  # at least so long is safe_no low
REST_CLOCKS = (
    2 * GUARD_SCAN_CYCLES + 2
)  # after a pulse that was asked for and not fired, the guard may keep others waiting
MAX_WATCHDOG_MS = 10_000
ALL_ROWS, ALL_COLUMNS = (1 << ROWS) - 1, (1 << COLUMNS) - 1


class Kind(IntEnum):
    RAIL = 0
    LINES = 1
    PULSE = 2
    SENSE = 3


class Command(NamedTuple):
    """One command; `word` is ohm_carrier_pkg::cmd_t as bits."""

    kind: Kind
    rail: int = 0
    mode: int = 0
    value: int = 0
    wl: int = 0
    bl: int = 0
    col: int = 0

    @property
    def word(self) -> int:
        head = ((self.kind << 3 | self.rail) << 2 | self.mode) << 16 | self.value
        return ((head << ROWS | self.wl) << ROWS | self.bl) << COLUMNS | self.col


@dataclass
class Inputs:
    """What the outside drives in one clock."""

    reset: bool = False
    cmd: Command | None = None
    garbage: int = 0  # on seq_cmd_i while there is no command
    ready: bool = False
    set_en: bool = False
    reset_en: bool = False
    overcurrent: bool = False
    register: tuple[int, int] | None = None
    good_frame: bool = False
    abort: bool = False


@dataclass
class Outputs:
    """What the guard drives in the same clock, before the rising edge that ends it."""

    seq_ready: bool
    car_valid: bool
    car_cmd: int
    set_en: bool
    reset_en: bool
    safe_n: bool
    refused: bool
    armed: bool
    fault: Fault
    read_bias: bool


@dataclass
class Checker:
    """Call `step` once a clock. Raises AssertionError at the first broken promise."""

    ticks_per_ms: int
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.clock = 0
        self.read_since = 0  # clock at which lines or a conversion were last taken
        self._reset()

    def _reset(self) -> None:
        self.armed = False
        self.faults = {Fault.NONE}  # that may be latched now
        self.max_rail = dict.fromkeys(Rail, 0)
        self.max_width = 0
        self.budget = 0
        self.watchdog_ms = 500
        self.max_half_select = 0
        self.max_read_ms = 0
        self.read_late = False  # in the clock before, word lines had been on in READ for longer than the limit
        self.pulses: Counter[tuple[int, int]] = Counter()  # fired, by row and column
        self.heard = self.clock  # first clock after the last good frame
        self.trips = deque([False] * SYNCHRONISER_CLOCKS, maxlen=SYNCHRONISER_CLOCKS)
        self.low_for = 0  # clocks that safe_no has been low
        self.granted = False  # an enable may start or go on
        self.high_for = 0
        self.shown_for = 0  # clocks that a good pulse has been shown before this one
        self.rest_until = 0
        self._all_off()

    def _all_off(self) -> None:
        self.rails = dict.fromkeys(Rail, 0)
        self.mode = Mode.OFF
        self.word_lines = False
        self.row = 0
        self.columns = 0

    def limit(self, address: int) -> tuple[int, int] | None:
        """The limit in force and its ceiling, or None if the register is not a limit."""
        if Register.MAX_RAIL <= address < Register.MAX_RAIL + len(Rail):
            rail = Rail(address - Register.MAX_RAIL)
            return self.max_rail[rail], RAIL_CEILING[rail]
        known: dict[int, tuple[int, int]] = {
            Register.MAX_WIDTH: (self.max_width, 0xFFFF),
            Register.PULSE_BUDGET: (self.budget, 0xFFFF),
            Register.WATCHDOG: (self.watchdog_ms, MAX_WATCHDOG_MS),
            Register.MAX_HALF_SELECT: (self.max_half_select, HALF_SELECT_CEILING),
            Register.MAX_READ: (self.max_read_ms, READ_MAX_MS),
        }
        return known.get(address)

    def step(self, i: Inputs, o: Outputs) -> None:
        high = o.set_en or o.reset_en
        assert not (o.set_en and o.reset_en), "both enables"
        if i.reset:
            assert not high, "enable in reset"
            assert not o.car_valid, "command in reset"
            self.clock += 1
            self._reset()
            return

        fault = o.fault
        assert fault in self.faults, f"fault {fault!r}, expected one of {self.faults}"
        assert o.armed == (self.armed and fault == Fault.NONE), f"armed {o.armed}"
        self._safe(o)
        assert o.read_bias == (o.safe_n and self.biased), "read bias told wrong"

        refused = self._refused(i, o, fault)
        assert o.refused == refused, f"register {i.register}: refused {o.refused}"
        write = i.register if not refused else None
        control = write[1] if write and write[0] == Register.CONTROL else None
        disarm = control is not None and not control & Control.ARM
        arm = control is not None and bool(control & Control.ARM)

        reasons = set(self._reasons(i, o))
        scan_fault = self._scan_fault() if i.cmd is not None and i.cmd.kind == Kind.PULSE and not reasons else None
        over = scan_fault is not None
        live = o.safe_n and not reasons and not i.abort and not disarm
        scanned = self.shown_for >= GUARD_SCAN_CYCLES
        withdrawn = self.shown_for > 0 and (i.cmd is None or i.cmd.kind != Kind.PULSE)
        # a pulse that was asked for before the rest was over is looked up only then
        late = GUARD_SCAN_CYCLES if self.clock - self.shown_for <= self.rest_until else 0
        rested = self.clock > self.rest_until + late and not withdrawn
        may_fault = False
        # as every other reason, also in the clock in which the host disarms
        if over and scanned and o.safe_n and not i.abort:
            assert not o.car_valid, f"pulse shown to the carrier in spite of {scan_fault!r}"
            if rested:
                reasons, live = {scan_fault}, False
            else:
                may_fault = True

        self._pins(i, o, live, high, may_fault)
        taken = self._command(i, o, live, high, over, scanned, rested)
        self._shown(i, live, taken)
        was_biased = o.safe_n and self.biased
        self._taken(i, taken)
        restarts = taken and i.cmd is not None and i.cmd.kind in (Kind.LINES, Kind.SENSE)
        if restarts:
            self.seen["READ kept"] += was_biased and self.clock - self.read_since > self.ticks_per_ms
            self.read_since = self.clock
        ms = (self.clock - self.read_since - 1) // self.ticks_per_ms
        self.read_late = was_biased and not restarts and ms >= self.max_read_ms

        # the state of the next clock
        ends = i.abort or disarm
        latched = Fault.NONE if control is not None and control & Control.CLEAR_FAULT else fault
        if latched != Fault.NONE:
            self.faults = {latched}
        elif may_fault:
            self.faults = {Fault.NONE, scan_fault}
        else:
            self.faults = reasons or {Fault.NONE}
        self.armed = (o.armed or arm) and not ends and not reasons
        if write:
            self._write(*write, was_armed=o.armed)
        if not o.safe_n:
            self._all_off()
        self.trips.append(i.overcurrent)
        self.granted = high or (taken and i.cmd is not None and i.cmd.kind == Kind.PULSE)
        self.high_for = self.high_for + 1 if high else 0
        self.clock += 1
        if i.good_frame:
            self.heard = self.clock
        for reason in reasons:
            self.seen[reason.name] += 1

    @property
    def biased(self) -> bool:
        return self.mode == Mode.READ and self.word_lines

    def _safe(self, o: Outputs) -> None:
        assert o.armed or not o.safe_n, "safe_no high while disarmed"
        if o.safe_n:
            assert self.low_for == 0 or self.low_for >= SAFE_CLOCKS, "chips' reset too short"
        elif o.armed:
            assert self.low_for <= SAFE_CLOCKS + 1, "armed, and safe_no still low"
        self.low_for = 0 if o.safe_n else self.low_for + 1

    def _refused(self, i: Inputs, o: Outputs, fault: Fault) -> bool:
        if i.register is None:
            return False
        address, value = i.register
        if address == Register.CONTROL:
            return bool(value & Control.ARM) and fault != Fault.NONE
        if address == Register.BAUD_DIVISOR:
            return False
        limit = self.limit(address)
        if limit is None:
            return True
        now, ceiling = limit
        return value > ceiling or (o.armed and value > now) or (address == Register.WATCHDOG and value == 0)

    def _reasons(self, i: Inputs, o: Outputs) -> Iterator[Fault]:
        """Why the bench goes off at the end of this clock; apart from what only the scan of the counts tells."""
        if o.armed:
            if self.trips[0]:
                yield Fault.OVERCURRENT
            if self.clock - self.heard >= self.watchdog_ms * self.ticks_per_ms:
                yield Fault.SILENCE
            if any(self.rails[r] > self.max_rail[r] for r in Rail):
                yield Fault.RAIL_LIMIT
            if self.read_late:
                yield Fault.READ_TIME
        if i.cmd is None or i.abort:
            return
        match i.cmd.kind:
            case Kind.RAIL:
                if not o.armed and i.cmd.value:
                    yield Fault.NOT_ARMED
                elif i.cmd.value > self.max_rail[Rail(i.cmd.rail)]:
                    yield Fault.RAIL_LIMIT
            case Kind.LINES:
                if not o.armed and i.cmd.mode != Mode.OFF:
                    yield Fault.NOT_ARMED
                one_row = i.cmd.wl.bit_count() == 1 and (i.cmd.bl == i.cmd.wl or i.cmd.mode != Mode.SET)
                if o.armed and i.cmd.mode in (Mode.SET, Mode.RESET) and not one_row:
                    yield Fault.BAD_LINES
            case Kind.PULSE:
                if not o.armed:
                    yield Fault.NOT_ARMED
                elif self.mode not in (Mode.SET, Mode.RESET):
                    yield Fault.BAD_MODE
                elif not 1 <= i.cmd.value <= self.max_width:
                    yield Fault.WIDTH_LIMIT
            case Kind.SENSE:
                if not o.armed:
                    yield Fault.NOT_ARMED
                elif self.mode != Mode.READ:
                    yield Fault.BAD_MODE

    def _cells(self) -> list[tuple[int, int]]:
        return [(self.row, column) for column in range(COLUMNS) if self.columns >> column & 1]

    def _scan_fault(self) -> Fault | None:
        apart = abs(self.rails[Rail.BL_SET] - self.rails[Rail.SL_INHIBIT])
        if self.mode == Mode.SET and apart > self.max_half_select:
            return Fault.HALF_SELECT
        if not self.columns:
            return Fault.BAD_LINES
        return Fault.BUDGET if any(self.pulses[cell] >= self.budget for cell in self._cells()) else None

    def _pins(self, i: Inputs, o: Outputs, live: bool, high: bool, may_fault: bool) -> None:
        asked = i.set_en if self.mode == Mode.SET else i.reset_en if self.mode == Mode.RESET else False
        opened = self.granted and self.high_for < self.max_width and not (i.set_en and i.reset_en)
        expected = live and asked and opened
        assert expected or not high, "enable high that was not granted, is too long or comes too late"
        assert high or not expected or may_fault, "a good pulse was cut"
        assert not o.set_en or self.mode == Mode.SET, "set_en in the wrong mode"
        assert not o.reset_en or self.mode == Mode.RESET, "reset_en in the wrong mode"
        if not high and self.high_for:
            self.seen["pulse ended"] += 1
            self.seen["pulse ended at the limit"] += self.high_for == self.max_width

    def _command(self, i: Inputs, o: Outputs, live: bool, high: bool, over: bool, scanned: bool, rested: bool) -> bool:
        """Whether the carrier takes the command in this clock."""
        is_pulse = i.cmd is not None and i.cmd.kind == Kind.PULSE
        if o.car_valid:
            assert i.cmd is not None, "a command from nowhere"
            assert o.car_cmd == i.cmd.word, "a command was changed"
            assert live, f"{i.cmd} passed while it must not be"
            assert not high, f"{i.cmd} passed during a pulse"
            assert not is_pulse or scanned, "a pulse shown to the carrier too early"
        elif i.cmd is not None and live and not high and rested and not (is_pulse and (over or not scanned)):
            raise AssertionError(f"{i.cmd} is good and was kept back")
        taken = o.car_valid and i.ready
        if i.cmd is not None:
            harmless = not o.armed and (
                (i.cmd.kind == Kind.LINES and i.cmd.mode == Mode.OFF) or (i.cmd.kind == Kind.RAIL and not i.cmd.value)
            )
            assert o.seq_ready == (taken or harmless), f"{i.cmd}: ready {o.seq_ready}"
        return taken

    def _shown(self, i: Inputs, live: bool, taken: bool) -> None:
        if live and i.cmd is not None and i.cmd.kind == Kind.PULSE:
            self.shown_for = 0 if taken else self.shown_for + 1
        else:
            if self.shown_for:
                self.rest_until = self.clock + REST_CLOCKS
            self.shown_for = 0

    def _taken(self, i: Inputs, taken: bool) -> None:
        if not taken or i.cmd is None:
            return
        self.seen[i.cmd.kind.name] += 1
        match i.cmd.kind:
            case Kind.RAIL:
                assert i.cmd.value <= RAIL_CEILING[Rail(i.cmd.rail)]
                self.rails[Rail(i.cmd.rail)] = i.cmd.value
            case Kind.LINES:
                self.mode, self.columns = Mode(i.cmd.mode), i.cmd.col
                self.row = i.cmd.wl.bit_length() - 1
                self.word_lines = i.cmd.wl != 0
            case Kind.PULSE:
                assert self.columns, "a pulse with no column"
                if self.mode == Mode.SET:
                    apart = abs(self.rails[Rail.BL_SET] - self.rails[Rail.SL_INHIBIT])
                    assert apart <= self.max_half_select, f"SET with {apart} codes across the row's other cells"
                    self.seen["SET at the half-select limit"] += apart == self.max_half_select > 0
                for cell in self._cells():
                    self.pulses[cell] += 1
                    assert self.pulses[cell] <= self.budget, f"cell {cell} has had {self.pulses[cell]} pulses"

    def _write(self, address: int, value: int, was_armed: bool) -> None:
        if address == Register.CONTROL:
            if value & Control.CLEAR_COUNTS and not was_armed:
                self.pulses.clear()
        elif address == Register.MAX_WIDTH:
            self.max_width = value
        elif address == Register.PULSE_BUDGET:
            self.budget = value
        elif address == Register.WATCHDOG:
            self.watchdog_ms = value
        elif address == Register.MAX_HALF_SELECT:
            self.max_half_select = value
        elif address == Register.MAX_READ:
            self.max_read_ms = value
        elif address != Register.BAUD_DIVISOR:
            self.max_rail[Rail(address - Register.MAX_RAIL)] = value
