"""Commands: what passes, when, and what does not; limits and pulse counts."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from tests.rtl.guard.guard_bench import ARM, CLEAR_COUNTS, CLEAR_FAULT, OFF, SENSE, Bench, lines, pulse, rail
from tests.rtl.guard.guard_checker import ALL_COLUMNS, ALL_ROWS, MAX_WATCHDOG_MS, REST_CLOCKS, Command, Kind

from ohmbench.tables import (
    COLUMNS,
    GUARD_SCAN_CYCLES,
    HALF_SELECT_CEILING,
    RAIL_CEILING,
    READ_MAX_MS,
    ROWS,
    Fault,
    Mode,
    Rail,
    Register,
)


def columns(first: int, end: int) -> int:
    """A mask of columns."""
    return (1 << end) - (1 << first)


@cocotb.test()
async def commands_pass_in_their_own_clock(dut: Any) -> None:
    bench = await Bench.start(dut)
    rng = random.Random(1)
    for mode in (Mode.READ, Mode.OFF, Mode.SET, Mode.RESET, Mode.READ):
        for cmd in (rail(rng.randrange(8), rng.randrange(1, 4000)), lines(mode, 7, rng.getrandbits(COLUMNS))):
            for _ in range(rng.randrange(5)):
                now = await bench.step(cmd=cmd, ready=False)
                assert (now.car_valid, now.seq_ready) == (True, False)
            assert await bench.send(cmd) == 0
    assert await bench.send(SENSE) == 0


@cocotb.test()
async def read_lines_need_no_single_word_line(dut: Any) -> None:
    bench = await Bench.start(dut)
    for wl in (0, 3, ALL_ROWS):
        assert await bench.send(Command(Kind.LINES, mode=Mode.READ, wl=wl, bl=ALL_ROWS)) == 0
        assert await bench.send(Command(Kind.LINES, mode=Mode.OFF, wl=wl)) == 0


@cocotb.test()
async def pulse_is_shown_after_the_scan_whatever_the_carrier_does(dut: Any) -> None:
    bench = await Bench.start(dut, budget=100)
    rng = random.Random(2)
    for n in range(40):
        col = rng.getrandbits(COLUMNS) | 1 << rng.randrange(COLUMNS)
        await bench.send(lines(rng.choice((Mode.SET, Mode.RESET)), rng.randrange(ROWS), col))
        for _ in range(rng.randrange(1, 4)):
            scan = GUARD_SCAN_CYCLES
            ready_at = rng.choice((0, 5, scan, scan + 1, scan + rng.randrange(60)))
            width = rng.randrange(1, 6)
            first = None
            for waited in range(200):
                now = await bench.step(cmd=pulse(width), ready=waited >= ready_at)
                first = waited if now.car_valid and first is None else first
                if now.seq_ready:
                    break
            assert first == scan
            assert waited == max(first, ready_at)
            if n % 2:
                await bench.idle_for(width + 2)  # else the next scan overlaps with this pulse


@cocotb.test()
async def budget_is_counted_by_cell(dut: Any) -> None:
    bench = await Bench.start(dut, budget=3)
    eighth = COLUMNS // 8
    # the second eighth of the columns gets both, so they run out first
    plan = {Mode.SET: columns(0, 2 * eighth), Mode.RESET: columns(eighth, 3 * eighth)}
    for row in (0, 13, ROWS - 1):
        for n in range(3):
            mode = list(plan)[n % 2]
            await bench.send(lines(mode, row, plan[mode]))
            assert await bench.fire(2) == 2
        await bench.send(lines(Mode.SET, row, ALL_COLUMNS ^ plan[Mode.RESET]))  # three pulses at most so far
        assert await bench.fire(2) == 2
        await bench.send(lines(Mode.SET, row, 1 << eighth))
        await bench.refuse(pulse(2), Fault.BUDGET)
        await bench.recover()
        # a refused pulse has cost nobody anything
        await bench.send(lines(Mode.RESET, row, columns(2 * eighth, 3 * eighth)))
        assert await bench.fire(1) == 1
        assert await bench.fire(1) == 1
        await bench.refuse(pulse(1), Fault.BUDGET)
        await bench.recover()


@cocotb.test()
async def every_cell_has_a_count_of_its_own(dut: Any) -> None:
    bench = await Bench.start(dut, budget=2, width=1)
    for row in range(ROWS):
        for col in (0x5555_5555 & ALL_COLUMNS, 0xAAAA_AAAA & ALL_COLUMNS, columns(COLUMNS // 2, COLUMNS)):
            await bench.send(lines(Mode.SET, row, col))
            await bench.fire(1)
    assert sum(bench.checker.pulses.values()) == ROWS * COLUMNS * 3 // 2
    half = COLUMNS // 2
    for row, column in ((0, half), (ROWS - 1, COLUMNS - 1), (ROWS // 2 + 1, half + COLUMNS // 8), (5, half)):
        await bench.send(lines(Mode.SET, row, 1 << column))
        await bench.refuse(pulse(1), Fault.BUDGET)
        await bench.recover()
    for row in (ROWS - 1, 0, ROWS // 2 + 1, 5):
        await bench.send(lines(Mode.SET, row, columns(0, half)))
        await bench.fire(1)
        await bench.refuse(pulse(1), Fault.BUDGET)
        await bench.recover()


@cocotb.test()
async def a_pulse_that_was_not_fired_costs_nothing(dut: Any) -> None:
    bench = await Bench.start(dut, budget=1)
    for clocks in range(1, 2 * GUARD_SCAN_CYCLES, 3):
        await bench.send(lines(Mode.SET, 9))
        for _ in range(clocks):
            assert not (await bench.step(cmd=pulse(3), ready=False)).seq_ready
        if clocks % 2:
            await bench.step(abort=True)
            await bench.arm()
        await bench.idle_for(clocks % 5)
    await bench.idle_for(REST_CLOCKS)
    await bench.send(lines(Mode.SET, 9))
    assert await bench.fire(3) == 3
    await bench.refuse(pulse(3), Fault.BUDGET)


@cocotb.test()
async def counts_are_cleared_at_once_and_only_while_disarmed(dut: Any) -> None:
    bench = await Bench.start(dut, budget=2)
    await bench.send(lines(Mode.RESET, 4))
    await bench.fire(2)
    await bench.fire(2)
    await bench.write(Register.CONTROL, ARM | CLEAR_COUNTS)  # armed: ignored
    await bench.refuse(pulse(2), Fault.BUDGET)
    await bench.write(Register.CONTROL, CLEAR_FAULT)
    await bench.arm()
    for _ in range(10):
        await bench.step(cmd=pulse(2) if bench.checker.mode == Mode.RESET else lines(Mode.RESET, 4), ready=True)
    # disarming and clearing in one write: it is still armed then
    await bench.write(Register.CONTROL, CLEAR_COUNTS)
    await bench.arm()
    await bench.send(lines(Mode.RESET, 4))
    await bench.refuse(pulse(2), Fault.BUDGET)
    await bench.write(Register.CONTROL, CLEAR_FAULT)
    await bench.write(Register.CONTROL, ARM | CLEAR_COUNTS)
    await bench.idle_for(8)
    await bench.send(lines(Mode.RESET, 4))
    await bench.fire(2)
    await bench.fire(2)
    await bench.refuse(pulse(2), Fault.BUDGET)


@cocotb.test()
async def clearing_in_the_middle_of_a_scan_leaves_zeros(dut: Any) -> None:
    bench = await Bench.start(dut, budget=3)
    for clocks in range(1, 70, 4):
        await bench.send(lines(Mode.SET, 2))
        await bench.fire(1)
        for _ in range(min(clocks, GUARD_SCAN_CYCLES + 5)):
            await bench.step(cmd=pulse(1), ready=False)
        await bench.step(abort=True)
        await bench.idle_for(max(0, clocks - GUARD_SCAN_CYCLES - 5))
        await bench.write(Register.CONTROL, ARM | CLEAR_COUNTS)
        await bench.idle_for(8)
        await bench.send(lines(Mode.SET, 2))
        for _ in range(3):
            assert await bench.fire(1) == 1
        await bench.refuse(pulse(1), Fault.BUDGET)
        await bench.write(Register.CONTROL, CLEAR_FAULT)
        await bench.write(Register.CONTROL, ARM | CLEAR_COUNTS)
        await bench.idle_for(8)


@cocotb.test()
async def budget_tightened_during_the_scan_holds(dut: Any) -> None:
    bench = await Bench.start(dut, budget=2)
    for at in (3, 20 * GUARD_SCAN_CYCLES // 33, GUARD_SCAN_CYCLES, GUARD_SCAN_CYCLES + 9):
        await bench.send(lines(Mode.SET, at % ROWS))
        await bench.fire(1)
        for n in range(GUARD_SCAN_CYCLES + 12):
            write = (Register.PULSE_BUDGET, 1) if n == at else None
            now = await bench.step(cmd=pulse(1), ready=False, register=write)
        assert now.fault == Fault.BUDGET
        await bench.write(Register.PULSE_BUDGET, 2)
        await bench.recover()


@cocotb.test()
async def only_the_selected_cells_decide(dut: Any) -> None:
    bench = await Bench.start(dut, budget=3)
    await bench.send(lines(Mode.SET, 6, 1 << COLUMNS - 1 | 1))
    for _ in range(3):
        await bench.fire(1)
    await bench.write(Register.PULSE_BUDGET, 1)  # their neighbours have had none
    await bench.send(lines(Mode.SET, 6, columns(1, COLUMNS - 1)))
    assert await bench.fire(1) == 1
    await bench.send(lines(Mode.SET, 6, 1 << COLUMNS - 1))
    await bench.refuse(pulse(1), Fault.BUDGET)


@cocotb.test()
async def the_inhibit_rail_follows_the_bit_line(dut: Any) -> None:
    """Either way, to the code, whatever the columns and the budget; in SET only."""
    bench = await Bench.start(dut, budget=100, half_select=300)
    at = 20_000
    for limit in (300, 299, 1, 0):
        assert await bench.write(Register.MAX_HALF_SELECT, limit)
        assert not await bench.write(Register.MAX_HALF_SELECT, limit + 1)
        for inhibit in (at - limit, at + limit):
            await bench.send(rail(Rail.BL_SET, at))
            await bench.send(rail(Rail.SL_INHIBIT, inhibit))
            await bench.send(lines(Mode.SET, 3, 1 << 4))
            assert await bench.fire(2) == 2
            for col in (1 << 4, ALL_COLUMNS, 0):
                await bench.send(rail(Rail.BL_SET, at))
                await bench.send(rail(Rail.SL_INHIBIT, inhibit + (1 if inhibit >= at else -1)))
                await bench.send(lines(Mode.RESET, 3, 1 << 4))
                assert await bench.fire(2) == 2
                await bench.send(lines(Mode.SET, 3, col))
                await bench.refuse(pulse(2), Fault.HALF_SELECT)
                await bench.recover()
    for r in (Rail.BL_SET, Rail.SL_INHIBIT):  # the other one forgotten
        await bench.send(rail(r, 1))
        await bench.send(lines(Mode.SET, 3, 1 << 4))
        await bench.refuse(pulse(2), Fault.HALF_SELECT)
        await bench.recover()


@cocotb.test()
async def rails_that_were_apart_before_the_pulse_do_not_matter(dut: Any) -> None:
    """A rail that moves in the clock before the pulse is shown counts with its new code."""
    bench = await Bench.start(dut, budget=100, half_select=10)
    await bench.send(lines(Mode.SET, 3, 1))
    for _ in range(3):
        await bench.send(rail(Rail.BL_SET, 30_000))
        await bench.send(rail(Rail.SL_INHIBIT, 30_010))
        assert await bench.fire(1) == 1
        await bench.send(rail(Rail.SL_INHIBIT, 0))
        await bench.send(rail(Rail.BL_SET, 0))
        assert await bench.fire(1) == 1
    await bench.send(rail(Rail.BL_SET, 11))
    await bench.refuse(pulse(1), Fault.HALF_SELECT)


@cocotb.test()
async def half_select_limit_tightened_during_the_scan_holds(dut: Any) -> None:
    bench = await Bench.start(dut, budget=2, half_select=20)
    for at in (3, GUARD_SCAN_CYCLES // 2, GUARD_SCAN_CYCLES, GUARD_SCAN_CYCLES + 9):
        await bench.send(rail(Rail.SL_INHIBIT, 20))
        await bench.send(lines(Mode.SET, 1))
        for n in range(GUARD_SCAN_CYCLES + 12):
            write = (Register.MAX_HALF_SELECT, 19) if n == at else None
            now = await bench.step(cmd=pulse(1), ready=False, register=write)
        assert now.fault == Fault.HALF_SELECT
        await bench.write(Register.MAX_HALF_SELECT, 20)
        await bench.recover()


@cocotb.test()
async def a_pulse_with_no_column(dut: Any) -> None:
    bench = await Bench.start(dut, budget=0)
    for mode in (Mode.SET, Mode.RESET):
        await bench.send(lines(mode, 0, 0))
        await bench.refuse(pulse(2), Fault.BAD_LINES)
        await bench.recover()


@cocotb.test()
async def smallest_and_largest_budget(dut: Any) -> None:
    bench = await Bench.start(dut, budget=0)
    await bench.send(lines(Mode.SET, 0, 1))
    await bench.refuse(pulse(2), Fault.BUDGET)
    await bench.write(Register.PULSE_BUDGET, 0xFFFF)
    await bench.recover()
    await bench.send(lines(Mode.SET, 0))
    assert await bench.fire(2) == 2


@cocotb.test()
async def rails_up_to_their_limit(dut: Any) -> None:
    bench = await Bench.start(dut, armed=0)
    for r in Rail:
        address, ceiling = Register.MAX_RAIL + r, RAIL_CEILING[r]
        assert not await bench.write(address, ceiling + 1)
        assert not await bench.write(address, 0xFFFF_FFFF)
        assert not await bench.write(address, 0x1_0000)
        assert await bench.write(address, ceiling)
        assert await bench.write(address, ceiling // 2)
    await bench.arm()
    for r in Rail:
        half = RAIL_CEILING[r] // 2
        assert not await bench.write(Register.MAX_RAIL + r, half + 1)
        assert await bench.send(rail(r, half)) == 0
        assert await bench.send(rail(r, 0)) == 0
        await bench.refuse(rail(r, half + 1), Fault.RAIL_LIMIT)
        await bench.recover()
        await bench.refuse(rail(r, 0xFFFF), Fault.RAIL_LIMIT)
        await bench.recover()


@cocotb.test()
async def a_limit_tightened_below_a_rail_ends_it(dut: Any) -> None:
    bench = await Bench.start(dut)
    for r in Rail:
        await bench.send(rail(r, 1000))
        assert await bench.write(Register.MAX_RAIL + r, 1000)
        await bench.step()
        assert bench.now.armed
        assert await bench.write(Register.MAX_RAIL + r, 999)
        await bench.idle_for(2)
        assert bench.now.fault == Fault.RAIL_LIMIT
        assert not bench.now.safe_n
        await bench.recover()  # the rail is at 0 again


@cocotb.test()
async def widths_from_one_to_the_limit(dut: Any) -> None:
    bench = await Bench.start(dut, width=9, budget=100)
    for mode in (Mode.SET, Mode.RESET):
        await bench.send(lines(mode, 1))
        for width in (1, 2, 8, 9):
            assert await bench.fire(width) == width
        for width in (0, 10, 0xFFFF):
            await bench.refuse(pulse(width), Fault.WIDTH_LIMIT, at_most=2)
            await bench.recover()
            await bench.send(lines(mode, 1))


@cocotb.test()
async def limits_loosen_only_while_disarmed(dut: Any) -> None:
    bench = await Bench.start(dut, armed=0)
    tops = {Register.MAX_RAIL + r: RAIL_CEILING[r] for r in Rail}
    tops |= {Register.MAX_WIDTH: 0xFFFF, Register.PULSE_BUDGET: 0xFFFF, Register.WATCHDOG: MAX_WATCHDOG_MS}
    tops |= {Register.MAX_HALF_SELECT: HALF_SELECT_CEILING, Register.MAX_READ: READ_MAX_MS}
    for address, top in tops.items():
        now = bench.checker.limit(address)
        assert now is not None
        assert now == (500 if address == Register.WATCHDOG else 0, top)
        assert not await bench.write(address, top + 1)
        assert not await bench.write(address, 1 << 31)
        assert await bench.write(address, top)
        assert await bench.write(address, 300)
    assert not await bench.write(Register.WATCHDOG, 0)
    await bench.arm()
    for address in tops:
        assert not await bench.write(address, 301)
        assert not await bench.write(address, 0x1_0001)
        assert await bench.write(address, 300)
        assert await bench.write(address, 200)
        assert not await bench.write(address, 201)
    await bench.write(Register.CONTROL, 0)
    for address in tops:
        assert await bench.write(address, 300)
    for address in range(Register.MAX_READ + 1, 256):
        assert not await bench.write(address, 0), "no such register"
    assert await bench.write(Register.BAUD_DIVISOR, 4)


@cocotb.test()
async def lines_with_other_than_one_word_line(dut: Any) -> None:
    bench = await Bench.start(dut)
    for mode in (Mode.SET, Mode.RESET):
        for wl in (0, 3, ALL_ROWS, 1 << ROWS - 1 | 1, ALL_ROWS - 1):
            await bench.refuse(Command(Kind.LINES, mode=mode, wl=wl, bl=1, col=1), Fault.BAD_LINES, at_most=2)
            await bench.recover()
        for row in range(ROWS):
            assert await bench.send(lines(mode, row)) == 0
    for bl in (0, 2, 3, ALL_ROWS):
        await bench.refuse(Command(Kind.LINES, mode=Mode.SET, wl=1, bl=bl, col=1), Fault.BAD_LINES, at_most=2)
        await bench.recover()


@cocotb.test()
async def pulses_and_conversions_in_their_modes(dut: Any) -> None:
    bench = await Bench.start(dut)
    for mode in Mode:
        for cmd, good in ((pulse(1), (Mode.SET, Mode.RESET)), (SENSE, (Mode.READ,))):
            await bench.send(lines(mode, 3))
            if mode in good:
                await bench.send(cmd)
                await bench.idle_for(3)
            else:
                await bench.refuse(cmd, Fault.BAD_MODE, at_most=2)
                await bench.recover()


@cocotb.test()
async def disarmed_takes_only_what_changes_nothing(dut: Any) -> None:
    bench = await Bench.start(dut)
    await bench.write(Register.CONTROL, 0)
    for cmd in (OFF, OFF._replace(wl=ALL_ROWS), *(rail(r, 0) for r in Rail)):
        now = await bench.step(cmd=cmd, ready=False)
        assert (now.seq_ready, now.car_valid, now.fault) == (True, False, Fault.NONE)
    for cmd in (rail(0, 1), lines(Mode.READ), lines(Mode.SET), lines(Mode.RESET), pulse(1), SENSE):
        await bench.refuse(cmd, Fault.NOT_ARMED, at_most=2)
        await bench.write(Register.CONTROL, CLEAR_FAULT)
        await bench.step()
        assert bench.now.fault == Fault.NONE
