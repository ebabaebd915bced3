"""The pulse processor as an instruction-set model, on the array model that the simulated chips use.

It executes the words that the FPGA executes and counts the clocks that the RTL counts (fpga/rtl/ohm_seq.sv,
ohm_carrier.sv, ohm_guard.sv): the same codes, the same records and the same run time, bit for bit, without any
RTL. tests/system/test_lockstep.py holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ohmbench import _tables as t
from ohmbench._tables import Fault, Mode, Op, Rail
from ohmbench.array import ArrayModel
from ohmbench.link.messages import Done, Why
from ohmbench.twin_carrier import ALL, Carrier, Guard, GuardFault

Vector = npt.NDArray[np.uint32]


def lanes_of(mask: int) -> npt.NDArray[np.bool_]:
    """Bool array (32,) of a mask's lanes."""
    return np.unpackbits(np.frombuffer(mask.to_bytes(4, "little"), np.uint8), bitorder="little").view(np.bool_)


def mask_of(lanes: npt.NDArray[np.bool_]) -> int:
    """Mask of a bool array (32,)."""
    return int.from_bytes(np.packbits(lanes, bitorder="little").tobytes(), "little")


class _Pulse(NamedTuple):
    """A pulse that is on: what `ArrayModel.pulse` takes, and the clock at which it was taken."""

    mode: Mode
    wl: int
    col: int
    line_code: int
    inhibit_code: int
    wl_code: int
    width: int
    taken: int


class _Illegal(Exception):
    """A mode or a rail that does not exist."""


class _NoInput(Exception):
    """`vin` found nothing left."""


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
        self._pulse_on: _Pulse | None = None  # the last pulse, if the array has not had it yet
        self._inputs: Iterator[Vector] = iter(())
        self._outputs: list[Vector] = []
        self._handlers: dict[int, Callable[[int, int, int, int], int | None]] = {
            op: getattr(self, f"_{op.name.lower()}") for op in Op if op is not Op.HALT
        }

    def write_register(self, register: int, value: int) -> bool:
        """As the frame `register`; False if the guard refuses."""
        accepted = self.guard.write(register, value)
        if self.guard.armed and any(self.carrier.codes[rail] > self.guard.max_rail(rail) for rail in Rail):
            self.guard.fault, self.guard.armed = Fault.RAIL_LIMIT, False
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
            self.carrier.count_busy(self.run_cycles)
            self.carrier.reset()
        except _Illegal:
            self.run_cycles += t.SCALAR_CYCLES
            why = Why.ILLEGAL
        except _NoInput:
            why = Why.ABORT
            self.guard.armed = False
            self.carrier.count_busy(self.run_cycles)
            self.carrier.reset()
        finally:  # Ctrl-C, too: a pulse that was counted is one that the cells have had
            self._end_pulse()
        self.carrier.count_busy(self.run_cycles)
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
            self._end_pulse(self.run_cycles + 1)
            self.run_cycles += t.SCALAR_CYCLES + 1  # the guard latches, the sequencer sees it a clock later
            raise GuardFault(fault)

    def _rail(self, d: int, a: int, b: int, imm: int) -> None:
        if imm & 0xFF >= len(Rail):
            raise _Illegal
        rail, code = Rail(imm & 0xFF), self.scalars[a]
        self._demand(self.guard.armed or code == 0, Fault.NOT_ARMED)
        self._demand(code <= self.guard.max_rail(rail), Fault.RAIL_LIMIT)
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
        if np.any(guard.counts[row][cells] >= guard.budget):
            self.run_cycles += t.GUARD_SCAN_CYCLES  # only then does the guard know
            self._demand(False, Fault.BUDGET)
        guard.counts[row][cells] += np.uint16(1)
        taken = carrier.pulse(self.run_cycles + 1 + t.GUARD_SCAN_CYCLES, width)
        self.run_cycles = taken + 1
        self.pulses += 1
        is_set = carrier.mode == Mode.SET
        line = carrier.codes[Rail.BL_SET if is_set else Rail.SL_RESET]
        inhibit = carrier.codes[Rail.SL_INHIBIT] if is_set else 0
        gate = carrier.codes[Rail.WL_SET if is_set else Rail.WL_RESET]
        self._end_pulse()
        self._pulse_on = _Pulse(carrier.mode, carrier.wl, carrier.col, line, inhibit, gate, width, taken)

    def _end_pulse(self, off: int | None = None) -> None:
        """Give the array the pulse that is on: whole, or as the guard cuts it by turning all off in a clock."""
        pulse, self._pulse_on = self._pulse_on, None
        if pulse is None:
            return
        falls = pulse.taken + pulse.width + 1
        falls = falls if off is None else min(falls, off)
        width = falls - pulse.taken - 1
        codes = pulse.line_code, pulse.inhibit_code, pulse.wl_code
        self.array.pulse(pulse.mode, pulse.wl, pulse.col, *codes, width, falls)

    def _sense(self, d: int, a: int, b: int, imm: int) -> None:
        self._convert(d, a, b, imm)
        self.run_cycles -= 1  # no further fetch
        self._take_codes(d)

    def _codes(self, d: int, a: int, b: int, imm: int) -> None:
        self.run_cycles += 1
        self._take_codes(d)

    def _take_codes(self, d: int) -> None:
        """From the clock of execution on: beats from the next clock on, as soon as they are there."""
        beats = max(self.run_cycles + 1, self.carrier.codes_ready)
        self.vectors[d] = self.carrier.column_codes.astype(np.int32).view(np.uint32)
        self.run_cycles = beats + t.LANES // t.LANES_PER_BEAT

    def _convert(self, d: int, a: int, b: int, imm: int) -> None:
        carrier = self.carrier
        self._demand(self.guard.armed, Fault.NOT_ARMED)
        self._demand(carrier.mode == Mode.READ, Fault.BAD_MODE)
        taken = carrier.sense(self.run_cycles + 1)
        self._end_pulse()
        carrier.column_codes = self.array.sense(
            carrier.wl, carrier.bl, carrier.codes[Rail.BL_READ], carrier.codes[Rail.WL_READ], taken + 1
        )
        self.run_cycles = taken + 1

    def _sync(self, d: int, a: int, b: int, imm: int) -> None:
        self._settle()
