"""ohm_seq executing: results, commands, exact run time."""

from __future__ import annotations

from typing import Any

import cocotb
from tests.rtl.seq.seq_bench import Bench
from tests.rtl.seq.seq_model import LINES, STREAMS, encode, random_program

from ohmbench.tables import PROGRAM_WORDS, SCALAR_CYCLES, Op

HALT, ZEROS = 0, [0] * 16


@cocotb.test()
async def random_programs(dut: Any) -> None:
    """Every register, command, vector operation, and the run time, with and without back-pressure."""
    bench = Bench(dut, 1)
    await bench.start()
    waits = (Op.HALT, Op.SYNC, *STREAMS)  # for the carrier to be idle; the model counts no such waits
    bench.is_idle = lambda clock: bench.fetched >> 26 in waits or bench.rng.random() < 0.6
    executed: set[int] = set()
    for number in range(60):
        bench.readiness = [1.0, 0.5, 0.1][number % 3]
        bench.load(random_program(bench.rng, 120))
        args, answers = bench.arguments(), bench.answers()
        model = bench.model(args, answers)
        pc = model.run(0)
        end = await bench.run(args, answers)
        assert bench.events == model.events
        assert end == (bench.program[pc] & 0xFFFF, HALT, 0, pc, model.cycles + bench.stalls)
        executed |= {word >> 26 for word in bench.program[:pc]}
    assert executed == set(Op) - {Op.HALT}


@cocotb.test()
async def masks_after_reset(dut: Any) -> None:
    """m0 is all ones and stays so, the others are 0."""
    bench = Bench(dut, 2)
    await bench.start()
    bench.load([encode(Op.MXOR, 0, 0, b=0), *(encode(Op.MCNT, m, m) for m in range(16))])
    for r in range(16):
        bench.program[17 + r] = encode(Op.RAIL, a=r)
    bench.program[33] = encode(Op.HALT)
    await bench.run(ZEROS)
    assert [event[0] >> LINES & 0xFFFF for event in bench.events] == [32, *[0] * 15]


@cocotb.test()
async def wait_takes_its_clocks(dut: Any) -> None:
    bench = Bench(dut, 3)
    await bench.start()
    bench.load([encode(Op.WAIT, a=1), encode(Op.HALT, imm=7)])
    for clocks in (0, 1, 2, 3, 255, 256, 5000):
        end = await bench.run([0, clocks])
        assert end == (7, HALT, 0, 1, 2 * SCALAR_CYCLES + clocks)


@cocotb.test()
async def loop_with_a_backward_branch(dut: Any) -> None:
    bench = Bench(dut, 4)
    await bench.start()
    bench.load([encode(Op.ADDI, 1, 1, imm=0xFFFF), encode(Op.BNE, 1, 0, imm=0), encode(Op.HALT)])
    end = await bench.run([0, 10])
    assert end.cycles == 21 * SCALAR_CYCLES


@cocotb.test()
async def address_wraps(dut: Any) -> None:
    """After the last word comes the first."""
    bench = Bench(dut, 5)
    await bench.start()
    bench.load([encode(Op.SYNC), encode(Op.HALT, imm=5)], at=PROGRAM_WORDS - 1)
    end = await bench.run(ZEROS, entry=PROGRAM_WORDS - 1)
    assert end == (5, HALT, 0, 0, 2 * SCALAR_CYCLES)


@cocotb.test()
async def run_time_stands_still_while_the_link_is_waited_for(dut: Any) -> None:
    bench = Bench(dut, 6)
    await bench.start()
    for op in (Op.VIN, Op.VOUT):
        bench.load([encode(op, 3, 2), encode(Op.HALT)])
        for clocks in (1, 2, 100, 3000):
            before = bench.totals["busy"]
            # not idle while the first instruction is fetched, throughout the stream, and while the second is fetched
            bench.is_idle = lambda clock, clocks=clocks: clock == 2 or clock >= 4 + clocks
            end = await bench.run(ZEROS, [(clocks, 0)])
            assert bench.clocks == 2 * SCALAR_CYCLES + clocks + 1
            assert end.cycles == 2 * SCALAR_CYCLES
            assert bench.totals["busy"] - before == 2


@cocotb.test()
async def halt_sync_and_streams_wait_for_the_carrier(dut: Any) -> None:
    """They wait until it is idle, and that time counts."""
    bench = Bench(dut, 7)
    await bench.start()
    for first in (Op.HALT, Op.SYNC, Op.VIN, Op.VOUT):
        bench.load([encode(first), encode(Op.HALT)])
        for clocks in (1, 2, 3, 4, 50):  # idle from this clock of the program on; executed in clock 2 at the earliest
            bench.is_idle = lambda clock, clocks=clocks: clock >= clocks
            end = await bench.run(ZEROS, [(20, 0)])
            rest = 0 if first == Op.HALT else SCALAR_CYCLES
            assert end.cycles == max(SCALAR_CYCLES, clocks) + rest, first.name


@cocotb.test()
async def others_do_not_wait_for_the_carrier(dut: Any) -> None:
    """Scalars, vectors and posted commands run while it is not idle; only the end waits."""
    bench = Bench(dut, 8)
    await bench.start()
    bench.load([encode(Op.RAIL), encode(Op.LINES), encode(Op.VADD), encode(Op.LI), encode(Op.SENSE), encode(Op.HALT)])
    bench.is_idle = lambda clock: clock >= 200
    end = await bench.run(ZEROS, [(18, 0), (55, 0)])
    assert len(bench.events) == 5
    assert end.cycles == 200
