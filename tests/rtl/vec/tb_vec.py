"""ohm_vec: every operation on random registers and predicates, streams with idle and back-pressure, abort."""

from __future__ import annotations

import random
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

from ohmbench.tables import CODES_CYCLES, GATHER_CYCLES, LANES, MEMORY_VECTORS, VECTOR_CYCLES, Op

ALL = 0xFFFF_FFFF
BEATS = LANES // 2
COMPARES = (Op.VLT, Op.VEQ, Op.VBIT)
COMPUTES = (
    *(Op.VLD, Op.VST, Op.VSET, Op.VADD, Op.VSUB, Op.VAND, Op.VOR, Op.VSHL, Op.VSHR),
    *(*COMPARES, Op.VGAT),
)


def bits(mask: int) -> np.ndarray:
    return np.array([mask >> lane & 1 for lane in range(LANES)], bool)


class Bench:
    """The unit with memory, carrier and link played around it, and what its registers and memory must hold."""

    def __init__(self, dut: Any, seed: int) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        self.regs = np.zeros((16, LANES), np.uint32)
        self.memory = np.zeros((MEMORY_VECTORS, LANES), np.uint32)  # as written by the unit
        self.eagerness = 1.0  # chance that a stream's other side is ready, in each clock
        self.vin: list[int] = []  # beats to come
        self.sense: list[int] = []
        self.vout: list[int] = []  # words that came
        self.offered: int | None = None  # a word on offer that was not taken
        self.inputs: dict[str, int] = {}
        self.vin_waits = False  # a beat was offered and not taken, so it must stay on offer
        self.mask = 0  # at the last done_o
        self.is_aborted = False

    async def start(self) -> None:
        dut = self.dut
        for name in ("abort_i", "start_i", "sense_valid_i", "vin_valid_i", "vout_ready_i", "rst_ni", "mem_rdata_i"):
            self.drive(name, 0)
        for name in ("op_i", "d_i", "a_i", "b_i", "imm_i", "scalar_i", "pred_i", "sense_data_i", "vin_data_i"):
            self.drive(name, 0)
        Clock(dut.clk_i, 20, unit="ns").start()
        for _ in range(3):
            await RisingEdge(dut.clk_i)
        self.drive("rst_ni", 1)
        for register in range(16):
            await self.fill(register)
        for vector in range(16):
            await self.run(Op.VST, d=vector, imm=vector)

    def drive(self, name: str, value: int) -> None:
        if self.inputs.get(name) != value:
            self.inputs[name] = value
            getattr(self.dut, name).value = value

    def word(self) -> int:
        """Often equal to another one, or at the edges of the range."""
        return self.rng.choice(
            [0, 1, 31, ALL, 0x7FFF_FFFF, 0x8000_0000, self.rng.randrange(40), self.rng.getrandbits(32)]
        )

    async def step(self, is_sensing: bool = False, is_taking: bool = False) -> bool:
        """One clock from its rising edge to the next; whether done_o was high in it.

        Streams that do not concern the operation offer garbage, which must have no effect.
        """
        dut, rng = self.dut, self.rng
        go = rng.random() < self.eagerness
        if is_sensing:
            self.drive("sense_valid_i", go and bool(self.sense))
            self.drive("sense_data_i", self.sense[0] if go and self.sense else rng.getrandbits(32))
        else:
            self.drive("sense_valid_i", rng.getrandbits(1))
        if is_taking:
            valid = bool(self.inputs["vin_valid_i"] and self.vin_waits) or (go and bool(self.vin))
            self.drive("vin_valid_i", valid)
            self.drive("vin_data_i", self.vin[0] if valid else rng.getrandbits(64))
        else:
            self.drive("vin_valid_i", rng.getrandbits(1))
        self.drive("vout_ready_i", go)
        await FallingEdge(dut.clk_i)

        done = bool(dut.done_o.value)
        if done:
            self.mask = int(dut.mask_o.value)
        address, lanes = int(dut.mem_addr_o.value), int(dut.mem_we_o.value)
        read = self.memory[address // BEATS, 2 * (address % BEATS) :][:2].copy()
        if lanes:
            data = int(dut.mem_wdata_o.value)
            for lane in range(2):
                if lanes >> lane & 1:
                    self.memory[address // BEATS, 2 * (address % BEATS) + lane] = data >> 32 * lane & ALL
        ready = bool(dut.vin_ready_o.value)
        assert is_taking or not ready, "vin taken by another operation"
        assert is_sensing or not dut.sense_ready_o.value, "codes taken by another operation"
        taken = is_taking and ready and self.inputs["vin_valid_i"]
        self.vin_waits = is_taking and self.inputs["vin_valid_i"] and not taken
        if taken:
            self.vin.pop(0)
        if is_sensing and dut.sense_ready_o.value and self.inputs["sense_valid_i"]:
            self.sense.pop(0)
        self._watch_vout(bool(dut.vout_valid_o.value), int(dut.vout_data_o.value))
        await RisingEdge(dut.clk_i)
        self.drive("mem_rdata_i", int(read[1]) << 32 | int(read[0]))
        return done

    def _watch_vout(self, valid: bool, data: int) -> None:
        if self.offered is not None and not self.inputs["abort_i"] and not self.is_aborted:
            assert valid, "an offer was withdrawn"
            assert data == self.offered, "an offer was changed"
        self.offered = data if valid and not self.inputs["vout_ready_i"] else None
        if valid:
            assert self.inputs["op_i"] == Op.VOUT, "a word that nobody asked for"
            assert not self.is_aborted, "a word after an abort"
            if self.inputs["vout_ready_i"]:
                self.vout.append(data)

    async def run(
        self,
        op: Op,
        d: int = 0,
        a: int = 0,
        b: int = 0,
        imm: int = 0,
        scalar: int = 0,
        pred: int = ALL,
        abort_after: int | None = None,
    ) -> int:
        """One operation as the sequencer runs it; its clocks with fetch. `abort_after` clocks it ends."""
        for name, value in (("op_i", op), ("d_i", d), ("a_i", a), ("b_i", b), ("imm_i", imm), ("scalar_i", scalar)):
            self.drive(name, int(value))
        self.drive("pred_i", pred)
        self.drive("start_i", 1)
        self.vin_waits = False
        clocks = 2
        assert not await self.step()
        self.drive("start_i", 0)
        is_sensing, is_taking = op in (Op.SENSE, Op.CODES), op == Op.VIN
        while abort_after is None or clocks - 2 < abort_after:
            clocks += 1
            assert clocks < 2000, "the operation never ends"
            if await self.step(is_sensing, is_taking):
                break
        else:
            self.drive("abort_i", 1)
            await self.step(is_sensing, is_taking)
            self.drive("abort_i", 0)
            self.is_aborted, memory = True, self.memory.copy()
            for _ in range(self.rng.randrange(1, 6)):
                assert not await self.step(), "done after an abort"
            assert np.array_equal(memory, self.memory), "written after an abort"
            self.is_aborted = False
            return clocks
        assert not await self.step(), "done twice"  # the fetch of the next instruction
        return clocks

    async def fill(self, register: int) -> None:
        """A register's worth of random input."""
        words = [self.word() for _ in range(LANES)]
        self.vin = [words[2 * i] | words[2 * i + 1] << 32 for i in range(BEATS)]
        await self.run(Op.VIN, d=register)
        assert not self.vin
        self.regs[register] = words

    async def stored(self, register: int) -> np.ndarray:
        """What a register holds, by way of a vector of the memory that tests leave alone."""
        before = self.memory[255].copy()
        await self.run(Op.VST, d=register, imm=255)
        value = self.memory[255].copy()
        self.memory[255] = before
        return value

    async def check_registers(self) -> None:
        for register in range(16):
            assert np.array_equal(await self.stored(register), self.regs[register]), f"v{register}"

    def expected(self, op: Op, a: int, b: int, imm: int, scalar: int) -> np.ndarray:
        """What an operation gives in each lane, were all of them in the predicate."""
        left, right, shift = self.regs[a], self.regs[b], np.uint32(imm & 31)
        if op == Op.VGAT:
            index = right.view(np.int32)
            return np.where(index < 0, np.uint32(0), left[index & 31])
        return {
            Op.VLD: lambda: self.memory[(scalar + imm) % MEMORY_VECTORS],
            Op.VSET: lambda: np.full(LANES, scalar, np.uint32),
            Op.VADD: lambda: left + right,
            Op.VSUB: lambda: left - right,
            Op.VAND: lambda: left & right,
            Op.VOR: lambda: left | right,
            Op.VSHL: lambda: left << shift,
            Op.VSHR: lambda: left >> shift,
            Op.VLT: lambda: left.view(np.int32) < right.view(np.int32),
            Op.VEQ: lambda: left == right,
            Op.VBIT: lambda: (left >> shift & 1).astype(bool),
        }[op]().copy()

    def operands(self, op: Op) -> dict[str, int]:
        rng = self.rng
        d, a, b = (rng.randrange(16) for _ in range(3))
        while op == Op.VGAT and d in (a, b):
            d = rng.randrange(16)
        shift = op in (Op.VSHL, Op.VSHR, Op.VBIT)
        imm = rng.randrange(32) if shift else rng.getrandbits(8)
        pred = rng.choice([0, ALL, 1 << rng.randrange(32), rng.getrandbits(32)])
        return {"d": d, "a": a, "b": b, "imm": imm, "scalar": rng.getrandbits(16), "pred": pred}


@cocotb.test()
async def every_operation(dut: Any) -> None:
    """Result, lanes outside the predicate and clocks of each operation, 40 times each in random order."""
    bench = Bench(dut, 1)
    await bench.start()
    for op in bench.rng.sample(COMPUTES * 40, 40 * len(COMPUTES)):
        o = bench.operands(op)
        d, lanes = o["d"], bits(o["pred"])
        if op == Op.VST:
            memory = bench.memory.copy()
            np.copyto(memory[(o["scalar"] + o["imm"]) % MEMORY_VECTORS], bench.regs[d], where=lanes)
            assert await bench.run(op, **o) == VECTOR_CYCLES
            assert np.array_equal(bench.memory, memory)
            continue
        result = bench.expected(op, o["a"], o["b"], o["imm"], o["scalar"])
        assert await bench.run(op, **o) == (GATHER_CYCLES if op == Op.VGAT else VECTOR_CYCLES), op.name
        if op in COMPARES:
            assert np.array_equal(bits(bench.mask), result & lanes), op.name
        else:
            np.copyto(bench.regs[d], result, where=lanes)
        assert np.array_equal(await bench.stored(d), bench.regs[d]), op.name
        if bench.rng.random() < 0.1:
            await bench.fill(bench.rng.randrange(16))
    await bench.check_registers()


@cocotb.test()
async def fills_with_idle(dut: Any) -> None:
    """Vectors from the host, and codes sign extended from the carrier, whenever their beats come."""
    bench = Bench(dut, 2)
    await bench.start()
    for _ in range(60):
        bench.eagerness = bench.rng.choice([1.0, 0.5, 0.1])
        register = bench.rng.randrange(16)
        await bench.fill(register)
        assert np.array_equal(await bench.stored(register), bench.regs[register])
        register = bench.rng.randrange(16)
        codes = [bench.rng.choice([-32768, -1, 0, 32767, bench.rng.randrange(-32768, 32768)]) for _ in range(LANES)]
        bench.sense = [codes[2 * i] & 0xFFFF | (codes[2 * i + 1] & 0xFFFF) << 16 for i in range(BEATS)]
        await bench.run(bench.rng.choice((Op.SENSE, Op.CODES)), d=register, pred=bench.rng.getrandbits(32))
        bench.regs[register] = np.array(codes, np.int32).view(np.uint32)
        assert not bench.sense
        assert np.array_equal(await bench.stored(register), bench.regs[register])
    await bench.check_registers()


@cocotb.test()
async def sense_in_consecutive_beats_takes_a_clock_each(dut: Any) -> None:
    """As the carrier sends them: fetch, execute, 16 beats."""
    bench = Bench(dut, 3)
    await bench.start()
    bench.sense = [0] * BEATS
    assert await bench.run(Op.SENSE) == 2 + BEATS
    bench.sense = [0] * BEATS
    assert await bench.run(Op.CODES) == CODES_CYCLES


@cocotb.test()
async def vout_with_back_pressure(dut: Any) -> None:
    """Any number of lanes, modulo 64 and at most 32, in order, each offered until it is taken."""
    bench = Bench(dut, 4)
    await bench.start()
    counts = [0, 1, 2, 31, 32, 33, 63, 64, 65, 0xFFFF]
    for scalar in [*counts, *(bench.rng.getrandbits(16) for _ in range(40))]:
        bench.eagerness = bench.rng.choice([1.0, 0.5, 0.1])
        register = bench.rng.randrange(16)
        bench.vout.clear()
        await bench.run(Op.VOUT, d=register, scalar=scalar, pred=bench.rng.getrandbits(32))
        assert bench.vout == bench.regs[register][: min(scalar % 64, LANES)].tolist()
    await bench.check_registers()


@cocotb.test()
async def abort_in_the_middle(dut: Any) -> None:
    """Nothing but the destination's lanes may have changed, nothing comes later, and the next operation is whole."""
    bench = Bench(dut, 5)
    await bench.start()
    rng = bench.rng
    for _ in range(150):
        bench.eagerness = rng.choice([1.0, 0.5])
        op = rng.choice([*COMPUTES, Op.VIN, Op.SENSE, Op.CODES, Op.VOUT])
        o = bench.operands(op)
        o["scalar"] |= 32 if op == Op.VOUT else 0
        memory = bench.memory.copy()
        bench.vin, bench.sense = [rng.getrandbits(64)] * BEATS, [rng.getrandbits(32)] * BEATS
        last = {Op.VGAT: GATHER_CYCLES - 3}.get(op, 14 if op in (Op.VIN, Op.SENSE, Op.CODES) else VECTOR_CYCLES - 3)
        await bench.run(op, **o, abort_after=rng.randrange(0, last))
        address = (o["scalar"] + o["imm"]) % MEMORY_VECTORS
        changed = (bench.memory != memory).any(axis=1).nonzero()[0].tolist()
        assert changed in ([], [address] if op == Op.VST else [])
        if op == Op.VST:
            written = bench.memory[address] != memory[address]
            assert np.array_equal(bench.memory[address][written], bench.regs[o["d"]][written])
            assert not np.any(written & ~bits(o["pred"]))
        elif op not in (*COMPARES, Op.VOUT):
            await bench.fill(o["d"])
        bench.vout.clear()
        await bench.run(Op.VOUT, d=o["a"], scalar=32)
        assert bench.vout == bench.regs[o["a"]].tolist()
    await bench.check_registers()
