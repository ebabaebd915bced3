"""ohm_sim_top through its UART: sessions, memories, programs, and all the ways in which a program ends."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.triggers import RisingEdge

from ohmbench import tables as t
from ohmbench.bench.base import Limits
from ohmbench.errors import FaultError
from ohmbench.isa import Program, assemble
from ohmbench.link.messages import Done, RefusedError, Why
from ohmbench.model.twin import Twin
from ohmbench.tables import Control, Fault, FrameError, Op, Rail, Register
from ohmbench.testing import CocotbBench

LIMITS = Limits({rail: 1.0 for rail in Rail if t.RAIL_CEILING[rail] > 20_000}, pulse_us=1.0, pulses=3)

SUMS = assemble(
    """
    .entry sums
    .arg count r1
    sums:   li    r2, 32
            vld   v1, r0, 7
    next:   vin   v0
            vadd  v1, v1, v0
            vout  v1, r2
            addi  r1, r1, -1
            bne   r1, r0, next
            vst   v1, r0, 8
            halt  42
    """,
    "sums",
)
FOREVER = assemble("forever: jmp forever", "forever")
PULSE = assemble(
    """
    .arg row r0
    .arg width r1
            mone  m1, r0
            lines set, m1, m1, m1
            pulse r1
            sync
            halt  1
    """,
    "pulse",
)


def random_words(seed: int, vectors: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << 32, (vectors, t.LANES), np.uint32)


async def check_chips(dut: Any) -> None:
    """No chip of the carrier has seen its datasheet violated."""
    await RisingEdge(dut.clk_i)
    assert int(dut.error_o.value) == 0


@cocotb.test()
async def hello_says_who_is_there(dut: Any) -> None:
    bench = await CocotbBench.start(dut)
    info = bench.bench.info
    assert (info.protocol, info.clock_hz) == (t.PROTOCOL_VERSION, t.CLOCK_HZ)
    assert (info.rows, info.columns) == (t.ROWS, t.COLUMNS)
    state = await bench.host(lambda host: host.state())
    assert (state.running, state.armed, state.fault, state.run_cycles, state.pulses) == (False, False, 0, 0, 0)
    assert state.clock_cycles > 0


@cocotb.test()
async def memory_keeps_what_is_written(dut: Any) -> None:
    """Vectors at both ends of the memory, written and read over the link."""
    bench = await CocotbBench.start(dut)
    low, high = random_words(1, 3), random_words(2, 2)

    def check(host: Any) -> None:
        host.write_vectors(0, low)
        host.write_vectors(t.MEMORY_VECTORS - 2, high)
        assert np.array_equal(host.link.read_vectors(0, 3), low)
        assert np.array_equal(host.link.read_vectors(t.MEMORY_VECTORS - 2, 2), high)

    await bench.host(check)


@cocotb.test()
async def program_runs_as_in_the_twin(dut: Any) -> None:
    """Load, run, inputs, results: words, memory, code and run time."""
    bench = await CocotbBench.start(dut)
    offset = random_words(3, 1)
    inputs = np.random.default_rng(4).integers(0, 1 << 16, (5, t.LANES), np.uint16)
    expected = offset[0] + np.cumsum(inputs, axis=0, dtype=np.uint32)

    def check(host: Any) -> None:
        host.write_vectors(7, offset)
        end = host.execute(SUMS, {"count": len(inputs)}, inputs=inputs)
        assert np.array_equal(end.words.reshape(-1, t.LANES), expected)
        assert end.code == 42
        assert np.array_equal(host.link.read_vectors(8, 1)[0], expected[-1])
        assert host.state().run_cycles == end.run_cycles == twin_cycles(SUMS, [0, len(inputs)], offset, inputs)

    await bench.host(check)


def twin_cycles(program: Program, args: list[int], offset: np.ndarray, inputs: np.ndarray) -> int:
    twin = Twin(None)  # the program does not touch the array
    twin.load(program.words)
    twin.write_vectors(7, offset)
    end, _ = twin.run(0, args, inputs)
    assert end.why == Why.HALT
    return end.cycles


@cocotb.test()
async def abort_ends_a_running_program(dut: Any) -> None:
    """Everything is off after it, and the next program runs as if nothing had been."""
    bench = await CocotbBench.start(dut)

    def check(host: Any) -> None:
        with host.armed(LIMITS, {}):
            host.link.write_program(0, FOREVER.words)
            host.link.run(0)
            state = host.state()
            while not state.running:
                state = host.state()
            assert state.armed
            later = host.state()
            assert later.running
            assert later.run_cycles > state.run_cycles
            host.safe()
            ended = host.state()
            assert (ended.running, ended.armed, ended.fault) == (False, False, Fault.NONE)
            assert host.state().run_cycles == ended.run_cycles
            assert list(host.link.events()) == []
        host._loaded = None  # this test has loaded a program behind the bench's back
        inputs = np.zeros((1, t.LANES), np.uint8)
        assert host.execute(SUMS, {"count": 1}, inputs=inputs).code == 42

    await bench.host(check)
    assert not dut.u_top.safe_no.value


@cocotb.test()
async def refused_pulse_is_a_fault(dut: Any) -> None:
    """Not armed: no enable moves, the fault stays until it is cleared, and arming is refused until then."""
    bench = await CocotbBench.start(dut)
    pulses = 0

    async def count_pulses() -> None:
        nonlocal pulses
        while True:
            await RisingEdge(dut.u_top.set_en_o)
            pulses += 1

    counter = cocotb.start_soon(count_pulses())

    def check(host: Any) -> None:
        with pytest.raises(FaultError, match="not_armed"):
            host.execute(PULSE, {"row": 1, "width": 10})
        assert host.state().fault == Fault.NOT_ARMED
        with pytest.raises(RefusedError) as refused:
            host.write_register(Register.CONTROL, Control.ARM)
        assert refused.value.error == FrameError.REFUSED
        assert pulses == 0
        with host.armed(LIMITS, {}):  # clears the fault
            assert host.execute(PULSE, {"row": 1, "width": 10}).code == 1
            assert host.state().pulses == pulses == 1
            with pytest.raises(FaultError, match="width_limit"):
                host.execute(PULSE, {"row": 1, "width": 49})
            assert host.state().fault == Fault.WIDTH_LIMIT
            assert not host.state().armed
        assert pulses == 1

    await bench.host(check)
    counter.cancel()
    had = bench.array.pulses()
    assert had[1, 1] == 1
    assert had.sum() == had[1].sum() + had[:, 1].sum() - 1, "a cell off the row and the column had a pulse"
    await check_chips(dut)


@cocotb.test()
async def illegal_word_ends_the_program(dut: Any) -> None:
    bench = await CocotbBench.start(dut)

    def check(host: Any) -> None:
        host.link.write_program(0, [Op.LI << 26, 0x3F << 26])
        host.link.run(0)
        assert list(host.link.events()) == [Done(0, Why.ILLEGAL, Fault.NONE, 1, 2 * t.SCALAR_CYCLES)]

    await bench.host(check)
