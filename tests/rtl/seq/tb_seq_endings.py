"""ohm_seq ending otherwise than by `halt`: illegal words, aborts, faults."""

from __future__ import annotations

from typing import Any

import cocotb
from tests.rtl.seq.seq_bench import Bench, End
from tests.rtl.seq.seq_model import encode, random_program

from ohmbench.tables import COLUMNS, SCALAR_CYCLES, Fault, Op

HALT, ABORT, FAULT, ILLEGAL = range(4)
ZEROS = [0] * 16


@cocotb.test()
async def every_illegal_word(dut: Any) -> None:
    """Ends the program there, without a command or an operation, whatever its other bits are."""
    bench = Bench(dut, 1)
    await bench.start()
    illegal = [op << 26 | bench.rng.getrandbits(26) for op in range(64) if op not in set(Op)]
    assert illegal
    illegal += [encode(Op.RAIL, imm=8 << bit) for bit in range(5)]  # no such rail
    illegal += [encode(Op.LINES, imm=4 << bit) for bit in range(6)]  # no such mode
    for word in illegal:
        bench.load([encode(Op.LI), word])
        end = await bench.run(ZEROS)
        assert end == (0, ILLEGAL, 0, 1, 2 * SCALAR_CYCLES)
        assert bench.events == []


async def interrupt(bench: Bench, why: int, fault: int, is_abort: bool) -> None:
    """Random programs, interrupted in a random clock; what had been done until then is what the program says."""
    for _ in range(60):
        bench.readiness = bench.rng.choice([1.0, 0.3])
        bench.load(random_program(bench.rng, 40))
        args, answers = bench.arguments(), bench.answers()
        model = bench.model(args, answers)
        model.run(0)
        at = bench.rng.randrange(1, model.cycles)

        def at_clock(clock: int, at: int = at) -> None:
            bench.drive("abort_i", is_abort and clock == at)
            if fault and clock == at:
                bench.drive("fault_i", fault)

        end = await bench.run(args, answers, at_clock=at_clock)
        assert (end.why, end.fault) == (why, 0 if is_abort else fault)
        assert bench.clocks == at + 1
        assert bench.events == model.events[: len(bench.events)]


@cocotb.test()
async def abort_in_any_clock(dut: Any) -> None:
    bench = Bench(dut, 2)
    await bench.start()
    await interrupt(bench, ABORT, 0, is_abort=True)


@cocotb.test()
async def fault_in_any_clock(dut: Any) -> None:
    bench = Bench(dut, 3)
    await bench.start()
    await interrupt(bench, FAULT, Fault.OVERCURRENT, is_abort=False)


@cocotb.test()
async def abort_comes_before_fault(dut: Any) -> None:
    bench = Bench(dut, 4)
    await bench.start()
    await interrupt(bench, ABORT, Fault.SILENCE, is_abort=True)


@cocotb.test()
async def address_of_the_interrupted_instruction(dut: Any) -> None:
    """The host shows the line of it."""
    bench = Bench(dut, 5)
    await bench.start()
    bench.readiness = 0.0
    bench.is_idle = lambda clock: False
    for op in (Op.JMP, Op.RAIL, Op.LINES, Op.PULSE, Op.SENSE, Op.CONVERT, Op.SYNC, Op.VIN, Op.VADD, Op.CODES):
        bench.load([encode(Op.LI), encode(Op.LI), encode(op, imm=2)])
        end = await bench.run(
            ZEROS, [(1000, 0)], at_clock=lambda clock: bench.drive("fault_i", Fault.SILENCE if clock >= 40 else 0)
        )
        assert end == End(0, FAULT, Fault.SILENCE, 2, 40), op.name


@cocotb.test()
async def registers_keep_out_of_an_interrupted_clock(dut: Any) -> None:
    """A comparison that is done in the clock of an abort does not write its mask."""
    bench = Bench(dut, 6)
    await bench.start()
    bench.load([encode(Op.VEQ, 1), encode(Op.HALT)])
    await bench.run(ZEROS, [(5, 0x1234)])
    bench.load([encode(Op.VEQ, 1), encode(Op.HALT)])
    end = await bench.run(ZEROS, [(5, 0x5678)], at_clock=lambda clock: bench.drive("abort_i", clock == 7))
    assert end.why == ABORT
    bench.load([encode(Op.LINES, 1, 1, b=1), encode(Op.HALT)])
    await bench.run(ZEROS)
    columns = (1 << COLUMNS) - 1
    assert bench.events[0][0] & columns == 0x1234 & columns


@cocotb.test()
async def abort_without_a_program_does_nothing(dut: Any) -> None:
    bench = Bench(dut, 7)
    await bench.start()
    bench.drive("abort_i", 1)
    for _ in range(3):
        await bench.clock()
        assert not bench.get("running_o")
        assert not bench.get("done_valid_o")
        await bench.next()
    bench.drive("abort_i", 0)
    bench.load([encode(Op.HALT, imm=9)])
    assert await bench.run(ZEROS) == (9, HALT, 0, 0, SCALAR_CYCLES)
