"""ohm_cells against what its header says: which commands are passed, in which clocks, and what codes become."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from tests.rtl.guard.guard_checker import ALL_COLUMNS, Command, Kind
from tests.rtl.pins import Pins

from ohmbench.tables import COLUMNS, LANES, Mode

SENSE = Command(Kind.SENSE)
OFF = Command(Kind.LINES, mode=Mode.OFF)
LATEST = 9  # clocks of a conversion
MOST_CLOCKS = 2000


def columns_of(mask: int) -> list[int]:
    return [1 << j for j in range(COLUMNS) if mask >> j & 1]


class Model:
    """The commands that are passed, and the codes that stand at the end. A code is a count of conversions."""

    def __init__(self) -> None:
        self.lines = Command(Kind.LINES)
        self.at = 0  # column that was passed last
        self.codes = [0] * LANES
        self.conversions = 0

    def passed(self, command: Command) -> Iterator[Command]:
        if command.kind == Kind.LINES:
            self.lines, self.at = command, (columns_of(command.col) or [0])[0]
            yield command._replace(col=self.at)
        elif command.kind == Kind.RAIL:
            yield command
        else:
            if command.kind == Kind.SENSE:
                self.codes = [0] * LANES
            for column in columns_of(self.lines.col) or [0]:
                if column != self.at:
                    self.at = column
                    yield self.lines._replace(col=column)
                if command.kind == Kind.SENSE:
                    self.conversions += 1
                    if column:
                        self.codes[column.bit_length() - 1] = self.conversions
                yield command


class Bench:
    """Plays the sequencer, and the guard with a carrier behind it."""

    def __init__(self, dut: Any, seed: int) -> None:
        self.dut, self.pins, self.rng = dut, Pins(dut), random.Random(seed)
        self.model = Model()
        self.readiness = 1.0
        self.conversions = 0
        self._left = 0  # clocks of the conversion that is under way

    async def start(self) -> None:
        Clock(self.dut.clk_i, 20, unit="ns").start()
        for name in ("rst_ni", "safe_i", "seq_valid_i", "cmd_ready_i", "code_valid_i", "codes_ready_i"):
            setattr(self.pins, name, 0)
        await RisingEdge(self.dut.clk_i)
        await self.rest(2)
        self.pins.rst_ni = 1
        await self.rest(1)

    async def clock(self) -> int | None:
        """To the middle of a clock: the word that is passed and taken in it, if one is."""
        pins = self.pins
        pins.code_valid_i = int(self._left == 1)
        pins.code_i = self.conversions
        pins.cmd_ready_i = ready = int(not self._left and self.rng.random() < self.readiness)
        self._left -= self._left > 0
        await FallingEdge(self.dut.clk_i)
        taken = pins.cmd_o if ready and pins.cmd_valid_o else None
        if taken == SENSE.word:
            self.conversions += 1
            self._left = self.rng.randrange(2, LATEST)
        return taken

    async def end_of_clock(self) -> None:
        await RisingEdge(self.dut.clk_i)

    async def give(self, command: Command) -> None:
        """Show a command until it is taken, and see that what is passed is what the model says, without a gap."""
        pins, expected = self.pins, [one.word for one in self.model.passed(command)]
        pins.seq_cmd_i = command.word
        pins.seq_valid_i = 1
        got: list[Any] = []
        for number in range(MOST_CLOCKS):
            taken = await self.clock()
            assert pins.cmd_valid_o == (number > 0), "it is passed from the clock after it was shown, without a gap"
            got += [] if taken is None else [taken]
            done = pins.seq_ready_o
            assert done == (len(got) == len(expected) and taken is not None)
            await self.end_of_clock()
            if done:
                break
        assert got == expected
        pins.seq_valid_i = 0
        await self.rest(self.rng.randrange(1, 4))

    async def rest(self, clocks: int) -> None:
        for _ in range(clocks):
            assert await self.clock() is None
            await self.end_of_clock()

    async def codes(self) -> list[int]:
        """All lanes, once they can be had."""
        pins, got = self.pins, []
        pins.codes_ready_i = 1
        while len(got) < LANES:
            waits = self._left > 0
            assert await self.clock() is None
            assert pins.codes_valid_o == (not waits)
            if pins.codes_valid_o:
                got += [pins.codes_o & 0xFFFF, pins.codes_o >> 16]
            await self.end_of_clock()
        pins.codes_ready_i = 0
        await self.rest(1)
        return got

    def lines(self, mask: int) -> Command:
        row = 1 << self.rng.randrange(32)
        return Command(Kind.LINES, mode=self.rng.choice(list(Mode)), wl=row, bl=row, col=mask)

    def mask(self) -> int:
        few = [1 << self.rng.randrange(COLUMNS) for _ in range(3)]
        return self.rng.choice([0, few[0], sum(set(few)), self.rng.getrandbits(COLUMNS), ALL_COLUMNS, 1 << COLUMNS - 1])


@cocotb.test()
async def each_column_of_a_mask_is_a_command(dut: Any) -> None:
    """Rails, lines, pulses and conversions in any order, with a carrier that takes its time."""
    bench = Bench(dut, 1)
    await bench.start()
    for _ in range(150):
        bench.readiness = bench.rng.choice([1.0, 0.5, 0.1])
        command = bench.rng.choice(
            [
                bench.lines(bench.mask()),
                Command(Kind.PULSE, value=bench.rng.randrange(1, 100)),
                SENSE,
                Command(Kind.RAIL, rail=bench.rng.randrange(8), value=bench.rng.getrandbits(16)),
            ]
        )
        await bench.give(command)
        if command.kind == Kind.SENSE or bench.rng.random() < 0.2:
            assert await bench.codes() == bench.model.codes


@cocotb.test()
async def a_command_that_is_withdrawn_begins_again(dut: Any) -> None:
    """Nothing is passed any more in the clock in which it is, and the next goes through all columns of the mask."""
    bench = Bench(dut, 2)
    await bench.start()
    mask = 0b1011_0010
    for kept in range(1, 8):
        await bench.give(bench.lines(mask))
        bench.pins.seq_cmd_i = Command(Kind.PULSE, value=3).word
        bench.pins.seq_valid_i = 1
        taken = []
        for _ in range(kept):
            taken.append(await bench.clock())
            await bench.end_of_clock()
        bench.pins.seq_valid_i = 0
        await bench.rest(2)
        steps = [word for word in taken if word not in (None, Command(Kind.PULSE, value=3).word)]
        bench.model.at = columns_of(mask)[len(steps)]  # one is passed for each column but the first
        await bench.give(Command(Kind.PULSE, value=3))


@cocotb.test()
async def safe_leaves_no_lines_and_no_codes(dut: Any) -> None:
    bench = Bench(dut, 3)
    await bench.start()
    await bench.give(bench.lines(ALL_COLUMNS))
    await bench.give(SENSE)
    assert await bench.codes() == bench.model.codes != [0] * LANES
    bench.pins.safe_i = 1
    await bench.rest(2)
    bench.pins.safe_i = 0
    bench.model.lines, bench.model.at, bench.model.codes = Command(Kind.LINES), 0, [0] * LANES
    assert await bench.codes() == [0] * LANES
    await bench.give(Command(Kind.PULSE, value=3))
    await bench.give(SENSE)
    assert await bench.codes() == [0] * LANES


@cocotb.test()
async def what_is_asked_for_while_all_is_off_goes_to_the_guard(dut: Any) -> None:
    """It answers for itself then, and no lines are remembered."""
    bench = Bench(dut, 4)
    await bench.start()
    bench.pins.safe_i = 1
    await bench.give(OFF._replace(col=ALL_COLUMNS))
    bench.model.lines, bench.model.at = Command(Kind.LINES), 0
    await bench.give(Command(Kind.RAIL, rail=2))
    bench.pins.safe_i = 0
    await bench.give(Command(Kind.PULSE, value=3))
