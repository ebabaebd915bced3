"""The pulse processor as an instruction-set model, on the array model that the simulated chips use.

It executes the words that the FPGA executes and counts the clocks that the RTL counts (fpga/rtl/ohm_seq.sv,
ohm_carrier.sv, ohm_guard.sv): the same codes, the same records and the same run time, bit for bit, without any
RTL. tests/rtl/lockstep holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ohmbench import _tables as t
from ohmbench._tables import Fault, Mode, Op, Rail, Register
from ohmbench.array import ArrayModel
from ohmbench.link.messages import Done, Why

Vector = npt.NDArray[np.uint32]

ALL = 0xFFFF_FFFF
LANES = np.arange(t.LANES)


def lanes_of(mask: int) -> npt.NDArray[np.bool_]:
    """Bool array (32,) of a mask's lanes."""
    return np.unpackbits(np.frombuffer(mask.to_bytes(4, "little"), np.uint8), bitorder="little").view(np.bool_)


def mask_of(lanes: npt.NDArray[np.bool_]) -> int:
    """Mask of a bool array (32,)."""
    return int.from_bytes(np.packbits(lanes, bitorder="little").tobytes(), "little")


class GuardFault(Exception):
    """The guard refused a command; ends the program, never leaves this module."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


class _Illegal(Exception):
    """A mode or a rail that does not exist."""


class _NoInput(Exception):
    """`vin` found nothing left."""


@dataclass
class Guard:
    """What ohm_guard.sv enforces, of all that a program can ask for."""

    armed: bool = False
    fault: Fault = Fault.NONE
    max_rail: list[int] = field(default_factory=lambda: [0] * len(Rail))
    max_width: int = 0
    budget: int = 0
    counts: npt.NDArray[np.uint16] = field(default_factory=lambda: np.zeros((t.ROWS, t.COLUMNS), np.uint16))

    def write(self, register: int, value: int) -> bool:
        """Write a register; False if the guard refuses the value."""
        if register == Register.CONTROL:
            return self._control(value)
        if Register.MAX_RAIL <= register < Register.MAX_RAIL + len(Rail):
            rail = Rail(register - Register.MAX_RAIL)
            if value > t.RAIL_CEILING[rail] or (self.armed and value > self.max_rail[rail]):
                return False
            self.max_rail[rail] = value
        elif register == Register.MAX_WIDTH:
            if value > 0xFFFF or (self.armed and value > self.max_width):
                return False
            self.max_width = value
        elif register == Register.PULSE_BUDGET:
            if value > 0xFFFF or (self.armed and value > self.budget):
                return False
            self.budget = value
        return True

    def _control(self, value: int) -> bool:
        if value & 2:
            self.fault = Fault.NONE
        if value & 1 and self.fault:
            return False
        if value & 4 and not self.armed:
            self.counts[:] = 0
        self.armed = bool(value & 1)
        return True


class Carrier:
    """When the carrier takes what: the timing of ohm_carrier.sv in run-time clocks."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """All off, as after a fault, an abort or disarming."""
        self.codes = [0] * len(Rail)
        self.rail_settled = [0] * len(Rail)
        self.mode, self.wl, self.bl, self.col = Mode.OFF, 0, 0, 0
        self.dac_free = self.lines_free = self.lines_settled = self.any_free = 0

    def settled(self) -> int:
        """Clock from which lines and the mode's rails have settled."""
        return max(self.lines_settled, *(self.rail_settled[r] for r in t.MODE_RAILS[self.mode]), 0)

    def idle(self) -> int:
        """Clock from which nothing is under way."""
        return max(self.dac_free, self.lines_free, self.lines_settled, self.any_free, *self.rail_settled)

    def rail(self, clock: int, rail: Rail, code: int) -> int:
        """Take a rail command offered at a clock; returns the clock at which it is taken."""
        clock = max(clock, self.any_free)
        if code == self.codes[rail]:
            return clock
        clock = max(clock, self.dac_free)
        self.codes[rail] = code
        self.dac_free = clock + t.DAC_FRAME_CYCLES
        self.rail_settled[rail] = self.dac_free + t.DAC_SETTLE_CYCLES
        return clock

    def lines(self, clock: int, mode: Mode, wl: int, bl: int, col: int) -> int:
        """Take a lines command; as `rail`."""
        clock = max(clock, self.any_free, self.lines_free)
        frames = self._frames(mode, wl, bl, col)
        self.mode, self.wl, self.bl, self.col = mode, wl, bl, col
        self.lines_free = clock + 1 + frames * t.SWITCH_FRAME_CYCLES
        if frames:
            settle = t.SWITCH_SETTLE_CYCLES + (t.TIA_SETTLE_CYCLES if mode == Mode.READ else 0)
            self.lines_settled = self.lines_free + settle
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


class Twin:
    """The pulse processor, its guard and its carrier over one array."""

    def __init__(self, array: ArrayModel) -> None:
        self.array = array
        self.guard = Guard()
        self.carrier = Carrier()
        self.program = [0] * t.PROGRAM_WORDS
        self.memory: Vector = np.zeros((t.MEMORY_VECTORS, t.LANES), np.uint32)
        self.scalars = [0] * 16
        self.masks = [ALL] + [0] * 15
        self.vectors: Vector = np.zeros((16, t.LANES), np.uint32)
        self.run_cycles = 0
        self.pulses = 0
        self.consumed = 0  # input vectors that the last program took
        self._inputs: Iterator[Vector] = iter(())
        self._outputs: list[Vector] = []
        self._handlers: dict[int, Callable[[int, int, int, int], int | None]] = {
            op: getattr(self, f"_{op.name.lower()}") for op in Op if op is not Op.HALT
        }

    def write_register(self, register: int, value: int) -> bool:
        """As the frame `register`; False if the guard refuses."""
        accepted = self.guard.write(register, value)
        if not self.guard.armed:
            self.carrier.reset()
        return accepted

    def run(self, entry: int, args: Sequence[int] = (), inputs: Iterable[Vector] = ()) -> tuple[Done, Vector]:
        """Run a program from an entry address.

        Args are the values of r0, r1, ...; inputs yields what `vin` takes, uint32 (32,) each. Returns how the
        program ended and the words that it sent by `vout`. A `vin` with nothing left ends as an abort.
        """
        self.scalars = [int(a) & 0xFFFF for a in args] + [0] * (16 - len(args))
        self._inputs, self._outputs, self.consumed = iter(inputs), [], 0
        start, pc, code, why, fault = self.run_cycles, entry, 0, Why.HALT, Fault.NONE
        program, handlers = self.program, self._handlers
        try:
            while True:
                word = program[pc]
                op, imm = word >> 26, word & 0xFFFF
                if op == Op.HALT:
                    self.run_cycles = max(self.run_cycles + 1, self.carrier.idle()) + 1
                    code = imm
                    break
                handler = handlers.get(op)
                if handler is None:
                    self.run_cycles += t.SCALAR_CYCLES
                    why = Why.ILLEGAL
                    break
                target = handler(word >> 22 & 15, word >> 18 & 15, word >> 12 & 15, imm)
                pc = (pc + 1 if target is None else target) % t.PROGRAM_WORDS
        except GuardFault as refused:
            why, fault = Why.FAULT, refused.fault
            self.guard.fault, self.guard.armed = refused.fault, False
            self.carrier.reset()
        except _Illegal:
            self.run_cycles += t.SCALAR_CYCLES
            why = Why.ILLEGAL
        except _NoInput:
            why = Why.ABORT
            self.guard.armed = False
            self.carrier.reset()
        words = np.concatenate(self._outputs) if self._outputs else np.zeros(0, np.uint32)
        return Done(code, why, fault, pc, self.run_cycles - start), words

    # --- scalar and mask instructions: two clocks; a number returned is the next address --------------------------

    def _set_scalar(self, d: int, value: int) -> None:
        self.scalars[d] = value & 0xFFFF
        self.run_cycles += t.SCALAR_CYCLES

    def _set_mask(self, d: int, value: int) -> None:
        if d:
            self.masks[d] = value & ALL
        self.run_cycles += t.SCALAR_CYCLES

    def _branch(self, taken: bool, target: int) -> int | None:
        self.run_cycles += t.SCALAR_CYCLES
        return target if taken else None

    def _li(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_scalar(d, imm)

    def _addi(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_scalar(d, self.scalars[a] + imm)

    def _add(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_scalar(d, self.scalars[a] + self.scalars[b])

    def _sub(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_scalar(d, self.scalars[a] - self.scalars[b])

    def _jmp(self, d: int, a: int, b: int, imm: int) -> int | None:
        return self._branch(True, imm)

    def _beq(self, d: int, a: int, b: int, imm: int) -> int | None:
        return self._branch(self.scalars[d] == self.scalars[a], imm)

    def _bne(self, d: int, a: int, b: int, imm: int) -> int | None:
        return self._branch(self.scalars[d] != self.scalars[a], imm)

    def _blt(self, d: int, a: int, b: int, imm: int) -> int | None:
        return self._branch(self.scalars[d] < self.scalars[a], imm)

    def _bge(self, d: int, a: int, b: int, imm: int) -> int | None:
        return self._branch(self.scalars[d] >= self.scalars[a], imm)

    def _bany(self, d: int, a: int, b: int, imm: int) -> int | None:
        return self._branch(self.masks[a] != 0, imm)

    def _bnone(self, d: int, a: int, b: int, imm: int) -> int | None:
        return self._branch(self.masks[a] == 0, imm)

    def _wait(self, d: int, a: int, b: int, imm: int) -> None:
        self.run_cycles += t.SCALAR_CYCLES + self.scalars[a]

    def _mone(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_mask(d, 1 << (self.scalars[a] & 31))

    def _mand(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_mask(d, self.masks[a] & self.masks[b])

    def _mor(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_mask(d, self.masks[a] | self.masks[b])

    def _mxor(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_mask(d, self.masks[a] ^ self.masks[b])

    def _mandn(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_mask(d, self.masks[a] & ~self.masks[b])

    def _mcnt(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_scalar(d, self.masks[a].bit_count())

    def _mlo(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_mask(d, self.masks[d] & 0xFFFF_0000 | self.scalars[a])

    def _mhi(self, d: int, a: int, b: int, imm: int) -> None:
        self._set_mask(d, self.masks[d] & 0xFFFF | self.scalars[a] << 16)

    # --- vector instructions --------------------------------------------------------------------------------------

    def _write(self, register: Vector, value: npt.NDArray[np.uint32] | int, imm: int) -> None:
        """Write a vector under the predicate in bits 11:8 of the word."""
        predicate = self.masks[imm >> 8 & 15]
        if predicate == ALL:
            register[:] = value
        else:
            np.copyto(register, value, where=lanes_of(predicate))
        self.run_cycles += t.VECTOR_CYCLES

    def _compare(self, d: int, lanes: npt.NDArray[np.bool_], imm: int) -> None:
        if d:
            self.masks[d] = mask_of(lanes) & self.masks[imm >> 8 & 15]
        self.run_cycles += t.VECTOR_CYCLES

    def _address(self, a: int, imm: int) -> int:
        return (self.scalars[a] + (imm & 0xFF)) % t.MEMORY_VECTORS

    def _vld(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.memory[self._address(a, imm)], imm)

    def _vst(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.memory[self._address(a, imm)], self.vectors[d], imm)

    def _vset(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.scalars[a], imm)

    def _vadd(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.vectors[a] + self.vectors[b], imm)

    def _vsub(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.vectors[a] - self.vectors[b], imm)

    def _vand(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.vectors[a] & self.vectors[b], imm)

    def _vor(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.vectors[a] | self.vectors[b], imm)

    def _vshl(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.vectors[a] << np.uint32(imm & 31), imm)

    def _vshr(self, d: int, a: int, b: int, imm: int) -> None:
        self._write(self.vectors[d], self.vectors[a] >> np.uint32(imm & 31), imm)

    def _vlt(self, d: int, a: int, b: int, imm: int) -> None:
        self._compare(d, self.vectors[a].view(np.int32) < self.vectors[b].view(np.int32), imm)

    def _veq(self, d: int, a: int, b: int, imm: int) -> None:
        self._compare(d, self.vectors[a] == self.vectors[b], imm)

    def _vbit(self, d: int, a: int, b: int, imm: int) -> None:
        self._compare(d, (self.vectors[a] >> np.uint32(imm & 31) & 1).astype(np.bool_), imm)

    def _vgat(self, d: int, a: int, b: int, imm: int) -> None:
        index = self.vectors[b].view(np.int32)
        self._write(self.vectors[d], np.where(index < 0, np.uint32(0), self.vectors[a][index & 31]), imm)
        self.run_cycles += t.GATHER_CYCLES - t.VECTOR_CYCLES

    # --- streams: run time stands still while the link is waited for ---------------------------------------------

    def _settle(self) -> None:
        self.run_cycles = max(self.run_cycles + 1, self.carrier.idle()) + 1

    def _vin(self, d: int, a: int, b: int, imm: int) -> None:
        self._settle()
        vector = next(self._inputs, None)
        if vector is None:
            raise _NoInput
        self.vectors[d] = vector
        self.consumed += 1

    def _vout(self, d: int, a: int, b: int, imm: int) -> None:
        self._settle()
        self._outputs.append(self.vectors[d][: min(self.scalars[a] & 63, t.LANES)].copy())

    # --- the array: commands through the guard to the carrier ----------------------------------------------------

    def _demand(self, allowed: bool, fault: Fault) -> None:
        if not allowed:
            self.run_cycles += t.SCALAR_CYCLES + 1  # the guard latches, the sequencer sees it a clock later
            raise GuardFault(fault)

    def _rail(self, d: int, a: int, b: int, imm: int) -> None:
        if imm & 0xFF >= len(Rail):
            raise _Illegal
        rail, code = Rail(imm & 0xFF), self.scalars[a]
        self._demand(self.guard.armed or code == 0, Fault.NOT_ARMED)
        self._demand(code <= self.guard.max_rail[rail], Fault.RAIL_LIMIT)
        self.run_cycles = self.carrier.rail(self.run_cycles + 1, rail, code) + 1

    def _lines(self, d: int, a: int, b: int, imm: int) -> None:
        if imm & 0xFF >= len(Mode):
            raise _Illegal
        mode = Mode(imm & 0xFF)
        self._demand(self.guard.armed or mode == Mode.OFF, Fault.NOT_ARMED)
        one_row = self.masks[d].bit_count() == 1
        self._demand(one_row or mode not in (Mode.SET, Mode.RESET), Fault.BAD_LINES)
        self._demand(mode != Mode.SET or self.masks[a] == self.masks[d], Fault.BAD_LINES)
        taken = self.carrier.lines(self.run_cycles + 1, mode, self.masks[d], self.masks[a], self.masks[b])
        self.run_cycles = taken + 1

    def _pulse(self, d: int, a: int, b: int, imm: int) -> None:
        carrier, guard, width = self.carrier, self.guard, self.scalars[a]
        self._demand(guard.armed, Fault.NOT_ARMED)
        self._demand(carrier.mode in (Mode.SET, Mode.RESET), Fault.BAD_MODE)
        self._demand(1 <= width <= guard.max_width, Fault.WIDTH_LIMIT)
        row = carrier.wl.bit_length() - 1
        cells = lanes_of(carrier.col)
        self._demand(not np.any(guard.counts[row][cells] >= guard.budget), Fault.BUDGET)
        guard.counts[row][cells] += np.uint16(1)
        offered = self.run_cycles + 1 + t.GUARD_SCAN_CYCLES
        taken = max(offered, carrier.settled(), carrier.lines_free, carrier.any_free)
        carrier.any_free = taken + width + t.PULSE_RECOVERY_CYCLES
        self.run_cycles = taken + 1
        self.pulses += 1
        is_set = carrier.mode == Mode.SET
        line = carrier.codes[Rail.BL_SET if is_set else Rail.SL_RESET]
        inhibit = carrier.codes[Rail.SL_INHIBIT] if is_set else 0
        gate = carrier.codes[Rail.WL_SET if is_set else Rail.WL_RESET]
        falls = taken + width + 1
        self.array.pulse(int(carrier.mode), carrier.wl, carrier.col, line, inhibit, gate, width, falls)

    def _sense(self, d: int, a: int, b: int, imm: int) -> None:
        carrier = self.carrier
        self._demand(self.guard.armed, Fault.NOT_ARMED)
        self._demand(carrier.mode == Mode.READ, Fault.BAD_MODE)
        taken = max(self.run_cycles + 1, carrier.settled(), carrier.lines_free, carrier.any_free)
        codes = self.array.sense(
            carrier.wl, carrier.bl, carrier.codes[Rail.BL_READ], carrier.codes[Rail.WL_READ], taken + 1
        )
        self.vectors[d] = codes.astype(np.int32).view(np.uint32)
        self.run_cycles = taken + t.SENSE_LATENCY_CYCLES + t.LANES // t.LANES_PER_BEAT
        carrier.any_free = self.run_cycles

    def _sync(self, d: int, a: int, b: int, imm: int) -> None:
        self._settle()
