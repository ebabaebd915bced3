"""One bench, whatever it runs on: a board behind a serial port, the same RTL in Verilator, or the twin.

    Bench
    +-- LinkBench    frames over a port: a board, or the simulator's pty
    +-- TwinBench    the instruction-set model in this process

`open_bench` chooses. Everything that programs or reads an array goes through this interface and knows no rung.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np

from ohmbench import tables as t
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import ArrayState, FaultError, OhmbenchError, ProtocolError, UsageError
from ohmbench.isa import Program, load_firmware
from ohmbench.link.messages import Done, State, Why
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import FloatArray, Inputs, Words
from ohmbench.support.provenance import provenance
from ohmbench.tables import Control, Fault, Rail, Register

_Number = TypeVar("_Number", float, FloatArray)


@dataclass(frozen=True)
class BenchInfo:
    """Who is there: what the handshake says of the bench and its array."""

    rung: str  # board, sim or twin
    port: str
    protocol: int
    build_id: int
    clock_hz: int
    rows: int
    columns: int
    array_type: str
    carrier_kind: str = t.DEFAULT_CARRIER  # a key of tables.CARRIERS

    @property
    def carrier(self) -> t.CarrierTable:
        """The figures of its kind of carrier."""
        return t.CARRIERS[self.carrier_kind]

    @property
    def is_simulated(self) -> bool:
        """Whether its codes come from the array model, so that nothing it returns is a measurement."""
        return self.rung != "board"

    @property
    def provenance(self) -> dict[str, Any]:
        """The versions of this program, and which RTL and firmware answered."""
        return {**provenance(), "protocol": self.protocol, "build_id": f"{self.build_id:08x}"}


@dataclass(frozen=True)
class Execution:
    """What a program did: the words that it sent by `vout`, and its run time in clocks."""

    words: Words
    code: int
    run_cycles: int


@dataclass(frozen=True)
class Limits:
    """What the guard allows until the bench is disarmed. Volts, microseconds, pulses a cell, milliseconds."""

    rails_v: Mapping[Rail, float]
    pulse_us: float
    pulses: int
    silence_ms: int = 500
    half_select_v: float = t.HALF_SELECT_MAX_V  # between bl_set and sl_inhibit in a SET pulse
    read_ms: int = 500  # for which word lines may stay on in READ with nothing converted

    @classmethod
    def joined(cls, several: Sequence[Limits]) -> Self:
        """What allows all of several to run one after the other; the rest as by default."""
        rails_v: dict[Rail, float] = {}
        for one in several:
            rails_v |= {rail: max(volts, rails_v.get(rail, 0.0)) for rail, volts in one.rails_v.items()}
        return cls(rails_v, *(max(getattr(one, name) for one in several) for name in ("pulse_us", "pulses")))


def dac_code(volts: float) -> int:
    """DAC code of a rail voltage (AD5686R: 16 bits over the full scale)."""
    return round(volts / t.DAC_FULL_SCALE_V * t.DAC_CODES)


def volts_of(code: _Number) -> _Number:
    """Volts that an ideal DAC holds with these codes."""
    return code * t.DAC_FULL_SCALE_V / t.DAC_CODES


def codes_per_siemens(read_v: float) -> float:
    """ADC codes of one siemens with so much on its bit line: I = G V through the transimpedance amplifier."""
    return read_v * t.TIA_OHM / t.ADC_LSB_V


def clocks(seconds_us: float) -> int:
    """Clocks in a time in microseconds, rounded to the nearest."""
    return round(seconds_us * 1e-6 * t.CLOCK_HZ)


_FAULT_MEANING = {
    Fault.RAIL_LIMIT: "a rail above its limit was asked for",
    Fault.WIDTH_LIMIT: "a pulse outside the limit of its width was asked for",
    Fault.BUDGET: "a cell has had all the pulses of its budget",
    Fault.OVERCURRENT: "a column drew more current than its comparator allows",
    Fault.SILENCE: "the host was silent for longer than the watchdog allows",
    Fault.NOT_ARMED: "the bench was not armed",
    Fault.BAD_LINES: "SET or RESET with other than one word line, or a pulse with no column, was asked for",
    Fault.BAD_MODE: "a pulse or a conversion in the wrong mode was asked for",
    Fault.HALF_SELECT: (
        "a SET pulse was asked for with rail sl_inhibit too far from bl_set, which the row's other cells would have "
        "got; set both to the same voltage"
    ),
    Fault.READ_TIME: "word lines were left on in READ, with nothing converted, for longer than the limit",
}


class Bench(ABC):
    """A connected rung. Use it as a context manager: leaving it turns the array off and closes the port."""

    info: BenchInfo
    on_arm: Callable[[Limits], None] | None = None  # called before the bench is armed; what it raises prevents that
    before_pulses: Callable[[Limits], None] | None = None  # called once, before the first pulses; as `on_arm`
    was_armed: bool = False  # since it was opened
    pulse_programs: int = 0  # queued while armed with pulses allowed: until the first, no cell can have had one
    _allowed: int = 0  # pulses, while armed
    was_left: bool = False  # closed while it could no longer be told to turn off
    carrier: Carrier = Carrier()
    """What is between the FPGA's lines and the array's rows and columns: `programming` and `inference` go by it."""

    @property
    def provenance(self) -> dict[str, Any]:
        """What every recorded run keeps: who answered, and what its codes were corrected by."""
        note = self.carrier.note
        return {**self.info.provenance, "carrier": self.carrier.name, **({} if note is None else {"calibration": note})}

    @abstractmethod
    def state(self) -> State:
        """What runs, and the clock counts since reset; those that a rung does not have are 0."""

    def count_reads(self) -> Callable[[], tuple[int, int] | None]:
        """Begin to count reads.

        Returns:
            Asked later, it says how many conversions there were since with a word line on, and for how many
            microseconds word lines were on in READ; None if the bench does not answer, or was reset.
        """
        before = self.state()

        def count() -> tuple[int, int] | None:
            try:
                now = self.state()
            except OhmbenchError:
                return None
            if now.reads < before.reads or now.read_cycles < before.read_cycles:
                return None
            microseconds = (now.read_cycles - before.read_cycles) * 1_000_000 / self.info.clock_hz
            return now.reads - before.reads, round(microseconds)

        return count

    @abstractmethod
    def write_vectors(self, address: int, data: Words) -> None:
        """Write vector memory: data uint32 (n, 32)."""

    def load(self, program: Program) -> None:
        """Load a program now rather than when it runs first: what is timed can begin after it."""
        del program  # the twin's is loaded when it runs

    @abstractmethod
    def write_register(self, register: int, value: int) -> None:
        """Write a register of the guard.

        Raises:
            UsageError: the guard refuses the value.
        """

    @abstractmethod
    def safe(self) -> None:
        """End a running program and turn all outputs off. Works in every state of the bench."""

    @abstractmethod
    def close(self) -> None:
        """Turn the array off and leave the port."""

    def rest(self, seconds: float, progress: OnProgress | None = None) -> None:
        """Let bench time pass with all outputs off: cells relax, and no run time is counted.

        A board waits so long; Ctrl-C ends that and changes nothing. In simulation it takes no time.

        Args:
            progress: called every second of a wait of more than one.

        Raises:
            UsageError: the bench is armed, or a program runs; or not a finite time from 0 on.
            DataError: in simulation, more than some 3000 years.
            LinkError: the board has gone away meanwhile.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise UsageError(f"The array cannot rest for {seconds} s.", "Give a time from 0 s on.")
        state = self.state()
        if state.armed or state.running:
            raise UsageError(
                "The array cannot rest while the bench is armed: its lines may be at voltages that disturb cells.",
                "Disarm the bench first: leave `armed`, or call `safe`.",
            )
        self._rest(seconds, progress or (lambda name, done, total: None))

    @abstractmethod
    def _rest(self, seconds: float, progress: OnProgress) -> None: ...

    @abstractmethod
    def _run(
        self,
        program: Program,
        entry: int,
        args: list[int],
        inputs: Inputs | None,
        on_words: Callable[[Words], None],
        result_bytes: int = 4,
    ) -> Done: ...

    def execute(
        self,
        program: Program,
        args: Mapping[str, int],
        *,
        entry: str | None = None,
        inputs: Inputs | None = None,
        on_words: Callable[[Words], None] | None = None,
        result_bytes: int = 4,
    ) -> Execution:
        """Run a pulse program to its end.

        Args:
            args: by the names of the program's `.arg` lines.
            entry: a name of its `.entry` lines; the first one if not given.
            inputs: what `vin` takes, unsigned (n, 32).
            on_words: called with each batch of result words as it arrives.
            result_bytes: 2, 3 or 4, that most words fit in, signed. It says how they cross a link, not what they are.

        Raises:
            FaultError: the guard turned the array off.
            UsageError: an argument that the program does not have, or that does not fit 16 bits.
        """
        values, start = program.registers(args), program.entry(entry or next(iter(program.entries), ""))
        batches: list[Words] = []

        def collect(words: Words) -> None:
            batches.append(words)
            if on_words is not None:
                on_words(words)

        try:
            end = self._run(program, start, values, inputs, collect, result_bytes)
        except KeyboardInterrupt:
            self.safe()
            raise
        if end.why == Why.FAULT:
            raise FaultError(
                f"The guard turned the array off during {program.name}: {self._meaning(end.fault)} "
                f"(fault {end.fault.name.lower()}, {program.where(end.pc)}).",
                "docs/errors.md says what to look for first; arming the bench again clears the fault.",
            )
        if end.why != Why.HALT:
            what = "was aborted" if end.why == Why.ABORT else "met a word that is no instruction"
            raise ProtocolError(
                f"{program.name} {what} at {program.where(end.pc)}.", "Start it again.", array=ArrayState.OFF
            )
        words = np.concatenate(batches) if batches else np.zeros(0, np.uint32)
        return Execution(words, end.code, end.cycles)

    def _meaning(self, fault: Fault) -> str:
        one = self.info.carrier.parallel_columns == 1 and fault == Fault.BAD_LINES
        more = "; this carrier reaches one cell at a time, and cannot choose two word lines" if one else ""
        return _FAULT_MEANING[fault] + more

    @contextmanager
    def armed(self, limits: Limits, rails_v: Mapping[Rail, float]) -> Iterator[None]:
        """Arm within limits and set the rails; disarm at the end, whatever happens.

        Raises:
            UsageError: a limit above the carrier's, or a rail above its limit.
        """
        self.require_ready(limits)
        for rail, volts in rails_v.items():
            if volts > limits.rails_v.get(rail, 0.0):
                raise UsageError(
                    f"Rail {rail.name.lower()}: {volts} V is above its limit.",
                    "Set a lower voltage, or a higher limit.",
                )
        if self.on_arm is not None:
            self.on_arm(limits)
        self.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS)  # and disarmed
        for rail in Rail:
            self.write_register(Register.MAX_RAIL + rail, dac_code(limits.rails_v.get(rail, 0.0)))
        self.write_register(Register.MAX_WIDTH, clocks(limits.pulse_us))
        self.write_register(Register.PULSE_BUDGET, limits.pulses)
        self.write_register(Register.MAX_HALF_SELECT, dac_code(limits.half_select_v))
        self.write_register(Register.MAX_READ, limits.read_ms)
        self.write_register(Register.WATCHDOG, limits.silence_ms)
        self.was_armed = True
        self.write_register(Register.CONTROL, Control.ARM)
        try:
            firmware = load_firmware("rails")
            self.execute(firmware, {rail.name.lower(): dac_code(rails_v.get(rail, 0.0)) for rail in Rail})
            self._allowed = limits.pulses  # from now on: the program of the rails has no pulse
            yield
        except BaseException:
            with suppress(OhmbenchError):  # why it ended says more than that the link is gone by now
                self.safe()
            raise
        finally:
            self._allowed = 0
        self.safe()

    def _count_program(self) -> None:
        """For `_run`: just before a program is queued."""
        if self._allowed:
            self.pulse_programs += 1

    def require_ready(self, limits: Limits) -> None:
        """Refuse what `armed` would refuse; who charges wear asks before, since a reservation stays for life.

        Raises:
            UsageError: as `require_within_carrier`.
            OhmbenchError: what `before_pulses` found, if pulses are allowed and it was not asked yet.
        """
        self.require_within_carrier(limits)
        if limits.pulses and self.before_pulses is not None:
            self.before_pulses(limits)
            self.before_pulses = None

    def require_within_carrier(self, limits: Limits) -> None:
        """Raises:
        UsageError: a limit above the carrier's.
        """
        carrier = self.carrier
        over = [
            f"rail {rail.name.lower()} may have {'up to' if volts > carrier.limits_v[rail] else 'less than'} "
            f"{carrier.limits_v[rail]:g} V, and {volts:g} V is asked for"
            for rail, volts in limits.rails_v.items()
            # a DAC's steps are coarse: the code of a voltage at the limit may be above the ceiling's
            if volts > carrier.limits_v[rail] or dac_code(volts) > self.info.carrier.rail_ceiling[rail]
        ]
        if limits.pulse_us > carrier.pulse_us:
            over.append(f"a pulse may have up to {carrier.pulse_us:g} us, and {limits.pulse_us:g} us is asked for")
        if over:
            raise UsageError(f"Too much for {carrier.name}: {'; '.join(over)}.", "Ask for less.")

    def require_levels(self, max_level: int) -> None:
        """Raises:
        UsageError: levels 0 to `max_level` are more than the carrier is set up for.
        """
        most = self.carrier.max_levels
        if most is not None and max_level >= most:
            raise UsageError(
                f"The image has {max_level + 1} levels of conductance; {self.carrier.name} allows {most}.",
                "Map the network with fewer levels (`--bits`), or set `levels` in the file of --carrier if its cells "
                "hold as many (docs/carriers.md).",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            self.close()
        except OhmbenchError:
            self.was_left = True
            if kind is None:
                raise
