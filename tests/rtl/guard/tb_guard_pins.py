"""The last gate: enables as a carrier that has gone wrong would drive them, and the comparator."""

from __future__ import annotations

from typing import Any

import cocotb
from tests.rtl.guard.guard_bench import SENSE, Bench, lines, pulse, rail
from tests.rtl.guard.guard_checker import SYNCHRONISER_CLOCKS, Command, Inputs

from ohmbench.tables import Control, Fault, Mode, Register


def idle_carrier(i: Inputs) -> None:
    """The test drives the carrier's side itself."""


async def granted(bench: Bench, mode: Mode, width: int = 4) -> None:
    """The carrier has just taken a pulse."""
    await bench.send(lines(mode, 1))
    await bench.send(pulse(width))
    bench.pins.clear()


def highs(bench: Bench) -> tuple[int, int]:
    return sum(s for s, _ in bench.pins), sum(r for _, r in bench.pins)


@cocotb.test()
async def nothing_without_a_pulse(dut: Any) -> None:
    bench = await Bench.start(dut)
    bench.carrier = idle_carrier
    for mode in Mode:
        await bench.send(lines(mode, 1))
        for set_en, reset_en in ((True, False), (False, True), (True, True)):
            await bench.step(set_en=set_en, reset_en=reset_en)
            await bench.step()
    assert highs(bench) == (0, 0)


@cocotb.test()
async def only_the_enable_of_the_mode(dut: Any) -> None:
    bench = await Bench.start(dut, budget=100)
    bench.carrier = idle_carrier
    for mode, asked, expected in (
        (Mode.SET, (True, False), (4, 0)),
        (Mode.SET, (False, True), (0, 0)),
        (Mode.RESET, (False, True), (0, 4)),
        (Mode.RESET, (True, False), (0, 0)),
        (Mode.SET, (True, True), (0, 0)),
        (Mode.RESET, (True, True), (0, 0)),
    ):
        await granted(bench, mode)
        for _ in range(4):
            await bench.step(set_en=asked[0], reset_en=asked[1])
        await bench.idle_for(3)
        assert highs(bench) == expected


@cocotb.test()
async def a_pulse_that_does_not_end_is_ended(dut: Any) -> None:
    bench = await Bench.start(dut, width=11, budget=100)
    bench.carrier = idle_carrier
    for mode in (Mode.SET, Mode.RESET):
        await granted(bench, mode, width=2)
        for _ in range(60):
            await bench.step(set_en=mode == Mode.SET, reset_en=mode == Mode.RESET)
        assert sum(highs(bench)) == 11
        assert bench.checker.seen["pulse ended at the limit"]


@cocotb.test()
async def a_limit_tightened_during_a_pulse_ends_it(dut: Any) -> None:
    bench = await Bench.start(dut, width=50, budget=100)
    bench.carrier = idle_carrier
    for at, limit, expected in ((5, 20, 20), (5, 3, 6), (5, 6, 6), (0, 0, 1)):
        await granted(bench, Mode.SET, width=50)
        for n in range(60):
            await bench.step(set_en=True, register=(Register.MAX_WIDTH, limit) if n == at else None)
        assert highs(bench) == (expected, 0)
        await bench.write(Register.CONTROL, 0)
        await bench.write(Register.MAX_WIDTH, 50)
        await bench.arm()


@cocotb.test()
async def one_grant_is_one_pulse(dut: Any) -> None:
    bench = await Bench.start(dut, budget=100)
    bench.carrier = idle_carrier
    await granted(bench, Mode.SET)
    for n in range(40):
        await bench.step(set_en=n not in (3, 9, 10))
    assert highs(bench) == (3, 0)
    await granted(bench, Mode.SET)
    await bench.step()
    for _ in range(10):
        await bench.step(set_en=True)  # a clock too late
    assert highs(bench) == (0, 0)


@cocotb.test()
async def no_command_passes_during_a_pulse(dut: Any) -> None:
    bench = await Bench.start(dut, budget=100, half_select=5)
    bench.carrier = idle_carrier
    for cmd in (rail(0, 5), lines(Mode.SET, 2), pulse(1)):
        await granted(bench, Mode.SET, width=20)
        for _ in range(20):
            now = await bench.step(cmd=cmd, set_en=True)
            assert now.set_en
            assert not now.car_valid
        await bench.send(cmd)
        await bench.idle_for(80)


@cocotb.test()
async def a_bad_command_during_a_pulse_ends_it(dut: Any) -> None:
    bench = await Bench.start(dut)
    bench.carrier = idle_carrier
    bad: dict[Command, Fault] = {
        rail(0, 0xFFFF): Fault.RAIL_LIMIT,
        lines(Mode.SET)._replace(wl=5): Fault.BAD_LINES,
        pulse(0): Fault.WIDTH_LIMIT,
        SENSE: Fault.BAD_MODE,
    }
    for row, (cmd, fault) in enumerate(bad.items()):
        await bench.send(lines(Mode.SET, row))
        await bench.send(pulse(20))
        assert (await bench.step(set_en=True)).set_en
        assert not (await bench.step(set_en=True, cmd=cmd)).set_en
        assert not (await bench.step(set_en=True)).set_en
        assert bench.now.fault == fault
        await bench.recover()


@cocotb.test()
async def overcurrent_ends_the_pulse(dut: Any) -> None:
    bench = await Bench.start(dut, budget=100)
    bench.carrier = idle_carrier
    for mode in (Mode.SET, Mode.RESET):
        for length in (1, 2, 30):
            await granted(bench, mode, width=20)
            for n in range(20):
                on = {"set_en": mode == Mode.SET, "reset_en": mode == Mode.RESET}
                await bench.step(overcurrent=4 <= n < 4 + length, **on)
            assert sum(highs(bench)) == 4 + SYNCHRONISER_CLOCKS
            assert bench.now.fault == Fault.OVERCURRENT
            assert not bench.now.safe_n
            await bench.idle_for(SYNCHRONISER_CLOCKS + 1)
            await bench.recover()


@cocotb.test()
async def overcurrent_counts_whenever_armed(dut: Any) -> None:
    bench = await Bench.start(dut)
    await bench.step(overcurrent=True)
    await bench.idle_for(3)
    assert bench.now.fault == Fault.OVERCURRENT
    await bench.write(Register.CONTROL, Control.CLEAR_FAULT)
    bench.idle.overcurrent = True
    await bench.idle_for(5)
    assert bench.now.fault == Fault.NONE  # nothing is on that could be harmed
    await bench.write(Register.CONTROL, Control.ARM)
    await bench.idle_for(2)
    assert bench.now.fault == Fault.OVERCURRENT
    assert not bench.now.armed
