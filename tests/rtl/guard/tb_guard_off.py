"""What turns everything off: silence, abort, disarming, reset; and how faults are kept and cleared."""

from __future__ import annotations

from typing import Any

import cocotb
from tests.rtl.guard.guard_bench import ARM, CLEAR_FAULT, TICKS_PER_MS, Bench, lines, pulse, rail
from tests.rtl.guard.guard_checker import SAFE_CLOCKS, Command, Kind

from ohmbench.tables import ROWS, Fault, Mode, Rail, Register


async def firing(bench: Bench, row: int = 0, mode: Mode = Mode.SET) -> None:
    """In the second clock of a long pulse."""
    await bench.send(lines(mode, row))
    await bench.send(pulse(15))
    await bench.step()
    assert (await bench.step()).set_en == (mode == Mode.SET)


@cocotb.test()
async def all_off_after_reset(dut: Any) -> None:
    bench = await Bench.start(dut, armed=0)
    now = await bench.step(set_en=True, reset_en=True)
    assert (now.armed, now.safe_n, now.fault) == (False, False, Fault.NONE)
    await bench.arm()
    await bench.refuse(rail(0, 1), Fault.RAIL_LIMIT)  # every limit is 0
    await bench.recover()
    await bench.send(lines(Mode.SET))
    await bench.refuse(pulse(1), Fault.WIDTH_LIMIT)
    await bench.write(Register.MAX_WIDTH, 1)
    await bench.recover()
    await bench.send(lines(Mode.SET))
    await bench.refuse(pulse(1), Fault.BUDGET)


@cocotb.test()
async def reset_ends_everything(dut: Any) -> None:
    bench = await Bench.start(dut, budget=1)
    for mode in (Mode.SET, Mode.RESET):
        await firing(bench, 3, mode)
        now = await bench.step(reset=True)
        assert not now.set_en and not now.reset_en, "not in the same clock"  # noqa: PT018
        now = await bench.step()
        assert not now.safe_n
        await bench.set_up(budget=1)  # counts are cleared too
    await bench.refuse(rail(0, 0xFFFF), Fault.RAIL_LIMIT)
    await bench.step(reset=True)
    await bench.step()
    assert bench.now.fault == Fault.NONE


async def until_off(bench: Bench, most: int) -> int:
    """Clocks from now on in which the bench is still armed."""
    for clock in range(most):
        if not (await bench.step()).armed:
            return clock
    raise AssertionError("still armed")


@cocotb.test()
async def time_under_read_bias_to_the_clock(dut: Any) -> None:
    """From lines and from each conversion on, for any word line; the checker knows the clock."""
    bench = await Bench.start(dut, read=3)
    limit = 3 * TICKS_PER_MS
    for row in (0, 1, 2, ROWS - 1, None):
        wl = (1 << ROWS) - 1 if row is None else 1 << row
        read = Command(Kind.LINES, mode=Mode.READ, wl=wl, bl=wl)
        await bench.send(read)
        assert await until_off(bench, 2 * limit) == limit + 2
        assert bench.now.fault == Fault.READ_TIME
        await bench.recover()
        await bench.send(read)
        for gap in (1, limit, limit):
            await bench.idle_for(gap)
            await bench.send(Command(Kind.SENSE))
        await bench.idle_for(limit)
        await bench.send(read)
        await bench.idle_for(limit)
        await bench.send(rail(Rail.BL_READ, 5), 1)  # what is neither keeps nothing on
        await bench.idle_for(2)
        assert bench.now.fault == Fault.READ_TIME
        await bench.recover()


@cocotb.test()
async def other_lines_may_stay(dut: Any) -> None:
    """READ with no word line, SET, RESET and OFF have no such limit, nor has a bench that is off."""
    bench = await Bench.start(dut, read=1)
    await bench.send(Command(Kind.LINES, mode=Mode.READ, wl=1))
    await bench.idle_for(TICKS_PER_MS)
    for command in (
        Command(Kind.LINES, mode=Mode.READ, bl=3),
        lines(Mode.SET, 1),
        lines(Mode.RESET, 2),
        Command(Kind.LINES, mode=Mode.OFF, wl=1),
    ):
        await bench.send(command)
        await bench.idle_for(5 * TICKS_PER_MS)
    await bench.send(Command(Kind.LINES, mode=Mode.READ, wl=1))
    await bench.idle_for(TICKS_PER_MS - 1)
    await bench.write(Register.CONTROL, 0)
    await bench.arm()
    await bench.idle_for(5 * TICKS_PER_MS)
    assert bench.now.armed


@cocotb.test()
async def read_limit_tightened_under_bias_holds(dut: Any) -> None:
    bench = await Bench.start(dut, read=9)
    for limit in (4, 0):
        await bench.send(Command(Kind.LINES, mode=Mode.READ, wl=1))
        await bench.idle_for(5 * TICKS_PER_MS)
        assert await bench.write(Register.MAX_READ, limit)
        assert await until_off(bench, 9) <= 2
        assert bench.now.fault == Fault.READ_TIME
        await bench.recover()


@cocotb.test()
async def silence_to_the_clock(dut: Any) -> None:
    bench = await Bench.start(dut, watchdog=3)
    bench.keep_alive = False
    for gap in (1, TICKS_PER_MS, 3 * TICKS_PER_MS - 1, 3 * TICKS_PER_MS):
        await bench.step(good_frame=True)
        await bench.idle_for(gap)
        assert bench.now.armed, gap
        assert bench.now.fault == Fault.NONE
    await bench.step(good_frame=True)  # in the very clock in which it would have been too late
    assert bench.now.armed
    await bench.step()
    assert bench.now.fault == Fault.SILENCE, "one clock more than the watchdog's time"


@cocotb.test()
async def silence_ends_a_pulse(dut: Any) -> None:
    bench = await Bench.start(dut, width=200, watchdog=10)
    await bench.send(lines(Mode.SET))
    await bench.send(pulse(200))
    bench.keep_alive = False
    bench.pins.clear()
    await bench.idle_for(10 * TICKS_PER_MS + 2)
    assert bench.now.fault == Fault.SILENCE
    assert not bench.now.safe_n
    assert 0 < sum(s for s, _ in bench.pins) < 200
    bench.keep_alive = True
    await bench.step(good_frame=True)
    await bench.recover()


@cocotb.test()
async def silence_before_arming_counts(dut: Any) -> None:
    bench = await Bench.start(dut, watchdog=2)
    bench.keep_alive = False
    await bench.write(Register.CONTROL, 0)
    await bench.idle_for(3 * TICKS_PER_MS)
    assert bench.now.fault == Fault.NONE
    await bench.write(Register.CONTROL, ARM)
    await bench.idle_for(2)
    assert bench.now.fault == Fault.SILENCE


@cocotb.test()
async def longest_watchdog(dut: Any) -> None:
    bench = await Bench.start(dut, watchdog=10_000)
    await bench.write(Register.WATCHDOG, 400)
    bench.keep_alive = False
    await bench.idle_for(350 * TICKS_PER_MS)
    assert bench.now.armed
    await bench.write(Register.WATCHDOG, 340)  # tightened below the silence there has been
    await bench.idle_for(2)
    assert bench.now.fault == Fault.SILENCE


@cocotb.test()
async def abort_and_disarm_in_the_same_clock_without_a_fault(dut: Any) -> None:
    bench = await Bench.start(dut)
    for row, end in enumerate(({"abort": True}, {"register": (Register.CONTROL, 0)})):
        for mode in (Mode.SET, Mode.RESET):
            await firing(bench, row, mode)
            now = await bench.step(**end)
            assert (now.set_en, now.reset_en) == (False, False)
            now = await bench.step()
            assert (now.armed, now.safe_n, now.fault) == (False, False, Fault.NONE)
            await bench.arm()
    # a command in the clock of the abort neither passes nor faults
    for cmd in (rail(0, 0xFFFF), rail(0, 5), pulse(1)):
        now = await bench.step(abort=True, cmd=cmd)
        assert (now.car_valid, now.seq_ready) == (False, False)
        await bench.step()
        assert bench.now.fault == Fault.NONE
        await bench.arm()
    now = await bench.step(abort=True, register=(Register.CONTROL, ARM))
    assert not (await bench.step()).armed


@cocotb.test()
async def the_chips_get_a_whole_reset(dut: Any) -> None:
    bench = await Bench.start(dut)
    await bench.send(rail(0, 5))
    for gap in range(SAFE_CLOCKS + 3):
        await bench.step(abort=True)
        await bench.idle_for(gap)
        await bench.write(Register.CONTROL, ARM)
        low = gap + 1
        while not (await bench.step(cmd=rail(0, 5), ready=False)).safe_n:
            low += 1
        assert low == max(gap + 1, SAFE_CLOCKS + 1)
        assert bench.now.car_valid


@cocotb.test()
async def the_first_fault_stays_until_cleared(dut: Any) -> None:
    bench = await Bench.start(dut)
    await bench.refuse(rail(0, 0xFFFF), Fault.RAIL_LIMIT)
    await bench.step(cmd=pulse(1))
    await bench.step(overcurrent=True, cmd=lines(Mode.READ))
    await bench.step(abort=True)
    await bench.idle_for(20)
    assert bench.now.fault == Fault.RAIL_LIMIT
    assert not await bench.write(Register.CONTROL, ARM)
    assert not await bench.write(Register.CONTROL, ARM | CLEAR_FAULT), "not in one step"
    await bench.step()
    assert bench.now.fault == Fault.RAIL_LIMIT
    assert await bench.write(Register.CONTROL, 0)
    await bench.step()
    assert bench.now.fault == Fault.RAIL_LIMIT
    assert await bench.write(Register.CONTROL, CLEAR_FAULT)
    await bench.step()
    assert bench.now.fault == Fault.NONE
    assert not bench.now.armed
    await bench.arm()


@cocotb.test()
async def lines_and_rails_start_from_off(dut: Any) -> None:
    """What was told before does not count after: a mode kept across disarming would allow a pulse."""
    bench = await Bench.start(dut)
    await bench.send(lines(Mode.SET))
    await bench.step(abort=True)
    await bench.arm()
    await bench.refuse(pulse(1), Fault.BAD_MODE)
