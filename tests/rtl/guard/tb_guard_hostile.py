"""Everything at once and at random: a sequencer, a carrier and a host of which none keeps to any rule for long.

What must hold is in guard_checker.py; here it is only made sure that the streams got everywhere.
"""

from __future__ import annotations

import random
from typing import Any

import cocotb
from tests.rtl.guard.guard_bench import Bench, Obedient
from tests.rtl.guard.guard_checker import ALL_COLUMNS, Command, Inputs, Kind

from ohmbench.tables import COLUMNS, ROWS, Fault, Mode, Rail, Register

CLOCKS = 25_000
FEW_ROWS = (0, 1, ROWS - 2, ROWS - 1)  # few, so that budgets run out


class Sequencer:
    """Mostly programs that make sense; `trouble` is the chance that a command or a handshake does not."""

    def __init__(self, rng: random.Random, bench: Bench, trouble: float) -> None:
        self.rng, self.bench, self.trouble = rng, bench, trouble
        self.cmd: Command | None = None

    def clock(self) -> Command | None:
        rng = self.rng
        if not self.bench.checker.armed and rng.random() < 0.9:
            self.cmd = None  # else faults would keep it from ever being armed again
        elif rng.random() < self.trouble / 4:
            self.cmd = None if rng.random() < 0.5 else self.anything()
        elif self.cmd is None and rng.random() < 0.6:
            self.cmd = self.anything() if rng.random() < self.trouble else self.sensible()
        return self.cmd

    def anything(self) -> Command:
        rng = self.rng
        width = rng.choice((0, 1, 2, 5, self.bench.checker.max_width, rng.getrandbits(16)))
        wl = rng.choice((0, 1 << rng.randrange(ROWS), rng.getrandbits(ROWS)))
        return Command(
            rng.choice(list(Kind)),
            rng.randrange(8),
            rng.randrange(4),
            width,
            wl,
            rng.getrandbits(ROWS),
            rng.getrandbits(COLUMNS),
        )

    def sensible(self) -> Command:
        rng, checker = self.rng, self.bench.checker
        if not checker.armed:
            return rng.choice((Command(Kind.LINES), Command(Kind.RAIL, rail=rng.randrange(8))))
        choice = rng.random()
        if choice < 0.2:
            rail = rng.choice(list(Rail))
            return Command(Kind.RAIL, rail=rail, value=self.code(rail))
        if choice < 0.45 or checker.mode == Mode.OFF:
            mode, row = rng.choice(list(Mode)), rng.choice(FEW_ROWS)
            col = rng.choice((ALL_COLUMNS, 1 << rng.randrange(COLUMNS), rng.getrandbits(COLUMNS)))
            bl = 1 << row if mode == Mode.SET else rng.getrandbits(ROWS)
            return Command(Kind.LINES, mode=mode, wl=1 << row, bl=bl, col=col)
        if checker.mode == Mode.READ:
            return Command(Kind.SENSE)
        return Command(Kind.PULSE, value=rng.randint(1, max(1, checker.max_width)))

    def code(self, rail: Rail) -> int:
        """Within the limit; of the rails that a SET compares, mostly near the other one."""
        rng, checker = self.rng, self.bench.checker
        top, apart = checker.max_rail[rail], checker.max_half_select
        others = {Rail.BL_SET: Rail.SL_INHIBIT, Rail.SL_INHIBIT: Rail.BL_SET}
        if rail not in others or rng.random() < 0.1:
            return rng.randint(0, top)
        code = checker.rails[others[rail]] + rng.choice((-apart - 1, -apart, 0, 0, apart, apart + 1, rng.randrange(9)))
        return min(max(code, 0), top)


class Carrier:
    """An obedient one, or one that never ends a pulse, drives its enables at random, or is a clock late."""

    def __init__(self, rng: random.Random, bench: Bench, obedience: float) -> None:
        self.rng, self.bench, self.obedience = rng, bench, obedience
        self.obedient = Obedient(bench)
        self.mood = "obedient"
        self.late = (False, False)

    def __call__(self, i: Inputs) -> None:
        rng = self.rng
        if rng.random() < 0.02:
            moods = ("endless", "random", "late", "both")
            self.mood = "obedient" if rng.random() < self.obedience else rng.choice(moods)
        self.obedient(i)
        now = (i.set_en, i.reset_en)
        if self.mood == "endless":
            i.set_en |= self.bench.last.set_en
            i.reset_en |= self.bench.last.reset_en
        elif self.mood == "random":
            i.set_en, i.reset_en = rng.random() < 0.5, rng.random() < 0.5
            i.ready = rng.random() < 0.5
        elif self.mood == "late":
            i.set_en, i.reset_en = self.late
        elif self.mood == "both":
            i.set_en = i.reset_en = True
        self.late = now


class Host:
    def __init__(self, rng: random.Random, bench: Bench) -> None:
        self.rng, self.bench = rng, bench

    def limit(self) -> tuple[int, int]:
        rng = self.rng
        limits = [*range(Register.MAX_RAIL, Register.WATCHDOG + 1), Register.MAX_HALF_SELECT, Register.MAX_READ]
        address = rng.choice(limits)
        known = self.bench.checker.limit(address)
        assert known is not None
        now, ceiling = known
        if rng.random() < 0.3:
            return address, rng.choice((now, now + 1, max(now - 1, 0), ceiling, ceiling + 1, 0, 1 << 16, 1 << 31))
        useful = {Register.MAX_WIDTH: 12, Register.PULSE_BUDGET: 9, Register.WATCHDOG: 60, Register.MAX_READ: 12}
        return address, rng.randint(1, useful.get(Register(address), ceiling) if address > 8 else ceiling)

    def clock(self) -> tuple[int, int] | None:
        rng, checker = self.rng, self.bench.checker
        if rng.random() < 0.002:
            return rng.getrandbits(8), rng.getrandbits(32)
        if checker.armed:
            if rng.random() < 0.003:
                return self.limit()
            return (Register.CONTROL, rng.randrange(8)) if rng.random() < 0.0005 else None
        choice = rng.random()
        if choice < 0.15:
            return self.limit()
        if choice < 0.35:
            return Register.CONTROL, rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 7))
        return None


async def attack(dut: Any, trouble: float, obedience: float) -> Bench:
    rng = random.Random(random.getrandbits(64))
    bench = await Bench.start(dut, width=12, budget=6, watchdog=40, half_select=1000, read=12)
    bench.keep_alive = False
    sequencer, host = Sequencer(rng, bench, trouble), Host(rng, bench)
    bench.carrier = Carrier(rng, bench, obedience)
    patience = 0.9
    for clock in range(CLOCKS):
        if clock % 200 == 0:
            patience = rng.choice((0.05, 0.5, 0.95, 1.0))
        now = await bench.step(
            cmd=sequencer.clock(),
            garbage=rng.getrandbits(23 + 2 * ROWS + COLUMNS) if rng.random() < 0.1 else 0,
            ready=rng.random() < patience,
            register=host.clock(),
            overcurrent=rng.random() < trouble / 100,
            good_frame=rng.random() < 0.05,
            abort=rng.random() < trouble / 100,
            reset=rng.random() < trouble / 500,
        )
        if now.seq_ready or (now.fault != Fault.NONE and rng.random() < 0.3):
            sequencer.cmd = None
    return bench


def reached(bench: Bench, least: dict[str, int]) -> None:
    seen = bench.checker.seen
    bench.dut._log.info("seen: %s", dict(sorted(seen.items())))
    for what, count in least.items():
        assert seen[what] >= count, f"{what}: {seen[what]} times, too few to say anything"


@cocotb.test()
async def programs_with_mistakes(dut: Any) -> None:
    bench = await attack(dut, trouble=0.02, obedience=0.9)
    least = {"RAIL": 100, "LINES": 200, "PULSE": 80, "SENSE": 50, "pulse ended": 60}
    reached(
        bench,
        least | {f.name: 1 for f in Fault if f != Fault.NONE} | {"SET at the half-select limit": 1, "READ kept": 1},
    )


@cocotb.test()
async def nothing_makes_sense(dut: Any) -> None:
    bench = await attack(dut, trouble=0.1, obedience=0.3)
    least = {"RAIL": 100, "LINES": 200, "PULSE": 30, "pulse ended": 10}
    reached(
        bench,
        least | {f.name: 1 for f in Fault if f not in (Fault.NONE, Fault.BUDGET, Fault.SILENCE, Fault.HALF_SELECT)},
    )


@cocotb.test()
async def carrier_gone_mad(dut: Any) -> None:
    bench = await attack(dut, trouble=0.01, obedience=0.1)
    reached(bench, {"PULSE": 100, "pulse ended": 30, "pulse ended at the limit": 10, "BUDGET": 1})
