"""Drives ohm_guard a clock at a time, with the checker of its promises looking on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from tests.rtl.guard.guard_checker import ALL_COLUMNS, Checker, Command, Inputs, Kind, Outputs

from ohmbench.tables import RAIL_CEILING, Control, Fault, Mode, Register

TICKS_PER_MS = 8  # the parameter with which test_guard.py builds
ARM, CLEAR_FAULT, CLEAR_COUNTS = Control.ARM, Control.CLEAR_FAULT, Control.CLEAR_COUNTS


def rail(number: int, code: int) -> Command:
    return Command(Kind.RAIL, rail=number, value=code)


def lines(mode: int, row: int = 0, col: int = ALL_COLUMNS) -> Command:
    """One word and bit line, as SET and RESET want it."""
    return Command(Kind.LINES, mode=mode, wl=1 << row, bl=1 << row, col=col)


def pulse(width: int) -> Command:
    return Command(Kind.PULSE, value=width)


SENSE = Command(Kind.SENSE)
OFF = Command(Kind.LINES, mode=Mode.OFF)


class Bench:
    """`carrier` plays the carrier's part: it may change the inputs of each clock before they are driven."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.checker = Checker(TICKS_PER_MS)
        self.idle = Inputs(ready=True)
        self.keep_alive = True  # a good frame comes whenever the watchdog is half way
        self.carrier: Callable[[Inputs], None] = Obedient(self)
        self.last = Inputs()
        self.pins: list[tuple[bool, bool]] = []  # (set_en_o, reset_en_o) of each clock

    @classmethod
    async def start(cls, dut: Any, **limits: int) -> Bench:
        """Out of reset and armed, every rail's limit at its ceiling unless `limits` has armed=0."""
        bench = cls(dut)
        bench._drive(Inputs(reset=True), force=True)
        Clock(dut.clk_i, 20, unit="ns").start()
        await RisingEdge(dut.clk_i)
        for _ in range(3):
            await bench.step(reset=True)
        if limits.pop("armed", 1):
            await bench.set_up(**limits)
        return bench

    async def set_up(
        self, width: int = 20, budget: int = 5, watchdog: int = 500, half_select: int = 0, read: int = 1000
    ) -> None:
        for number, ceiling in RAIL_CEILING.items():
            await self.write(Register.MAX_RAIL + number, ceiling)
        await self.write(Register.MAX_WIDTH, width)
        await self.write(Register.PULSE_BUDGET, budget)
        await self.write(Register.WATCHDOG, watchdog)
        await self.write(Register.MAX_HALF_SELECT, half_select)
        await self.write(Register.MAX_READ, read)
        await self.arm()

    async def arm(self) -> None:
        await self.write(Register.CONTROL, ARM)
        for _ in range(8):
            await self.step()
        assert self.now.armed
        assert self.now.safe_n

    def _drive(self, i: Inputs, force: bool = False) -> None:
        dut, last = self.dut, self.last
        word = i.cmd.word if i.cmd is not None else i.garbage
        old = last.cmd.word if last.cmd is not None else last.garbage
        if force or word != old:
            dut.seq_cmd_i.value = word
        for name, now, before in (
            ("rst_ni", not i.reset, not last.reset),
            ("seq_cmd_valid_i", i.cmd is not None, last.cmd is not None),
            ("car_cmd_ready_i", i.ready, last.ready),
            ("set_en_i", i.set_en, last.set_en),
            ("reset_en_i", i.reset_en, last.reset_en),
            ("overcurrent_ni", not i.overcurrent, not last.overcurrent),
            ("reg_valid_i", i.register is not None, last.register is not None),
            ("good_frame_i", i.good_frame, last.good_frame),
            ("abort_i", i.abort, last.abort),
        ):
            if force or now != before:
                getattr(dut, name).value = int(now)
        if force or i.register != last.register:
            dut.reg_addr_i.value, dut.reg_data_i.value = i.register or (0, 0)
        self.last = replace(i)

    async def step(self, **inputs: Any) -> Outputs:
        """One clock with `inputs` on top of `idle`; what the guard drives in it."""
        i = replace(self.idle, **inputs)
        if self.keep_alive:
            half = self.checker.watchdog_ms * TICKS_PER_MS // 2
            i.good_frame |= self.checker.clock - self.checker.heard >= half
        self.carrier(i)
        self._drive(i)
        await FallingEdge(self.dut.clk_i)
        dut = self.dut
        self.now = Outputs(
            seq_ready=bool(int(dut.seq_cmd_ready_o.value)),
            car_valid=bool(int(dut.car_cmd_valid_o.value)),
            car_cmd=int(dut.car_cmd_o.value),
            set_en=bool(int(dut.set_en_o.value)),
            reset_en=bool(int(dut.reset_en_o.value)),
            safe_n=bool(int(dut.safe_no.value)),
            refused=bool(int(dut.reg_refused_o.value)),
            armed=bool(int(dut.armed_o.value)),
            fault=Fault(int(dut.fault_o.value)),
            read_bias=bool(int(dut.read_bias_o.value)),
        )
        self.checker.step(i, self.now)
        self.pins.append((self.now.set_en, self.now.reset_en))
        await RisingEdge(dut.clk_i)
        return self.now

    async def idle_for(self, clocks: int) -> None:
        for _ in range(clocks):
            await self.step()

    async def write(self, address: int, value: int) -> bool:
        """Whether the guard took it."""
        return not (await self.step(register=(address, value))).refused

    async def send(self, cmd: Command, at_most: int = 200) -> int:
        """Show a command until the sequencer sees it taken. The clocks that it waited."""
        for waited in range(at_most):
            if (await self.step(cmd=cmd)).seq_ready:
                return waited
        raise AssertionError(f"{cmd} was never taken")

    async def refuse(self, cmd: Command, fault: Fault, at_most: int = 200) -> None:
        """Show a command that must end in a fault, and not reach the carrier."""
        for _ in range(at_most):
            now = await self.step(cmd=cmd)
            assert not now.car_valid
            if now.fault != Fault.NONE:
                break
        assert now.fault == fault, f"{cmd}: {now.fault!r}"
        assert not now.armed
        assert not now.safe_n

    async def recover(self) -> None:
        """From a latched fault to armed."""
        assert await self.write(Register.CONTROL, CLEAR_FAULT)
        await self.arm()

    async def fire(self, width: int) -> int:
        """One pulse, to its end; the clocks that the enable was high."""
        await self.send(pulse(width))
        self.pins.clear()
        await self.idle_for(max(width, self.checker.max_width) + 4)
        return sum(a or b for a, b in self.pins)


class Obedient:
    """Enable high in the `width` clocks after a pulse was taken, as ohm_carrier promises; ready as the test says."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.left = 0
        self.seen = 0

    def __call__(self, i: Inputs) -> None:
        checker, before = self.bench.checker, self.bench.last
        fired = checker.seen["PULSE"]
        if fired != self.seen and before.cmd is not None:
            self.left = before.cmd.value
        self.seen = fired
        if self.left:
            i.set_en = checker.mode == Mode.SET
            i.reset_en = checker.mode == Mode.RESET
            i.ready = False
            self.left -= 1
        if i.reset:
            self.left = 0
