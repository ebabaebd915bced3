"""ohm_carrier on the board model: exact times, decoded states, calls to the array model, no violation."""

from __future__ import annotations

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer
from tests.rtl.carrier.timing import ALL_COLUMNS, ALL_ROWS, BEATS, LINES, PULSE, RAIL, SENSE, Command, Timing, recorded

from ohmbench import tables as t
from ohmbench.tables import Mode, Rail

SETTLE_ALL = 1000
LINE_MASKS = (ALL_ROWS, ALL_ROWS, ALL_COLUMNS)  # of a command
PINS = (
    "rst_ni",
    "safe_i",
    "cmd_valid_i",
    "kind_i",
    "rail_i",
    "mode_i",
    "value_i",
    "wl_i",
    "bl_i",
    "col_i",
    "sense_ready_i",
)


class Bench:
    """Drives and looks at the falling edge: what it sees in clock n is what the rising edge n takes."""

    def __init__(self, dut) -> None:
        self.dut, self.clock, self.timing = dut, 0, Timing()
        self.calls: list[list[object]] = []
        self.beats: list[tuple[int, int]] = []
        self.enables: list[tuple[int, int, int]] = []

    async def start(self) -> None:
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk_i, 20, unit="ns").start())
        for name in PINS:
            getattr(dut, name).value = 0
        for _ in range(t.DAC_SETTLE_CYCLES + 5):  # the rails of the test before need their time to 0 V
            await FallingEdge(dut.clk_i)
        dut.rst_ni.value = 1
        await FallingEdge(dut.clk_i)
        self.base = int(dut.now_o.value)
        self.calls_before = len(recorded())
        self.errors_before = int(dut.error_o.value)
        self.clock = 0

    async def step(self) -> None:
        """To the next clock; checks what can be checked in every clock."""
        dut = self.dut
        assert bool(dut.idle_o.value) == self.timing.idle(self.clock), f"idle_o in clock {self.clock}"
        if dut.sense_valid_o.value and dut.sense_ready_i.value:
            self.beats.append((self.clock, int(dut.sense_data_o.value)))
        enables = (self.clock, int(dut.set_en_o.value), int(dut.reset_en_o.value))
        if enables[1:] != (0, 0):
            self.enables.append(enables)
        await FallingEdge(dut.clk_i)
        self.clock += 1

    async def command(self, command: Command, may_wait: int = 5000) -> int:
        """Offer a command until it is taken; returns the clock."""
        dut = self.dut
        for name in ("kind", "rail", "mode", "value", "wl", "bl", "col"):
            getattr(dut, f"{name}_i").value = getattr(command, name)
        dut.cmd_valid_i.value = 1
        offered = self.clock
        expected = Timing.take(copy_of(self.timing), command, offered)
        await Timer(1, "ns")
        while not dut.cmd_ready_o.value:
            assert self.clock < expected, f"{command} not taken in clock {expected}"
            assert self.clock - offered < may_wait
            await self.step()
        assert self.clock == expected, f"{command} taken in clock {self.clock}, not {expected}"
        if command.kind in (PULSE, SENSE):
            call = self.timing.recorded(command, self.clock)
            self.calls.append([*call[:-1], call[-1] + self.base])
        taken = copy_of(self.timing)
        taken.take(command, offered)
        await self.step()  # what is checked in the clock of taking is still as before
        self.timing = taken
        dut.cmd_valid_i.value = 0
        return expected

    async def idle(self, clocks: int) -> None:
        for _ in range(clocks):
            await self.step()

    def check_calls(self) -> None:
        assert recorded()[self.calls_before :] == self.calls
        assert int(self.dut.error_o.value) == self.errors_before


def copy_of(timing: Timing) -> Timing:
    return Timing(**{k: v.copy() if isinstance(v, list) else v for k, v in vars(timing).items()})


def words(value: object, count: int, bits: int) -> list[int]:
    number = int(value)
    return [number >> bits * i & (1 << bits) - 1 for i in range(count)]


def random_lines(rng: random.Random, mode: Mode) -> Command:
    one = 1 << rng.randrange(t.ROWS)
    masks = [rng.choice([0, all_of, one & all_of, rng.getrandbits(32) & all_of]) for all_of in LINE_MASKS]
    if mode in (Mode.SET, Mode.RESET):
        masks[0] = one
    return Command(LINES, mode=mode, wl=masks[0], bl=masks[1], col=masks[2])


def random_command(rng: random.Random, timing: Timing) -> Command:
    kind = rng.choices([RAIL, LINES, PULSE, SENSE], [3, 3, 2, 2])[0]
    mode = timing.lines.mode
    if kind == PULSE and mode in (Mode.SET, Mode.RESET):
        return Command(PULSE, value=rng.choice([1, 2, 3, rng.randrange(1, 100)]))
    if kind == SENSE and mode == Mode.READ:
        return Command(SENSE)
    if kind == RAIL:
        rail = rng.randrange(8)
        code = timing.codes[rail] if rng.random() < 0.3 else rng.getrandbits(16)
        return Command(RAIL, rail=rail, value=code)
    same = timing.lines
    if rng.random() < 0.2:
        return Command(LINES, mode=same.mode, wl=same.wl, bl=same.bl, col=same.col)
    return random_lines(rng, rng.choice(list(Mode)))


@cocotb.test()
async def random_commands_keep_the_formulas(dut) -> None:
    """Every command of a random sequence with random idle is taken in exactly the clock that the formulas give."""
    rng = random.Random(2)
    bench = Bench(dut)
    await bench.start()
    for _ in range(1500):
        command = random_command(rng, bench.timing)
        await bench.command(command)
        await bench.idle(rng.choice([0, 0, 0, 1, 2, 10, rng.randrange(500)]))
        if bench.timing.idle(bench.clock):
            check_chips(bench)
    await bench.idle(SETTLE_ALL)
    check_chips(bench)
    bench.check_calls()


def check_chips(bench: Bench) -> None:
    """What the chips decoded is what was commanded."""
    assert words(bench.dut.code_o.value, 8, 16) == bench.timing.codes
    assert words(bench.dut.closed_o.value, 5, 64) == bench.timing.closed


@cocotb.test()
async def codes_come_in_consecutive_beats(dut) -> None:
    """16 beats from SenseLatencyCycles after the conversion was taken, or later, or again; all bits right."""
    bench = Bench(dut)
    await bench.start()
    await bench.command(Command(LINES, mode=Mode.READ, wl=ALL_ROWS, bl=0x1234_5678 & ALL_ROWS))
    senses_before = sum(call[0] == "sense" for call in recorded())
    for n in range(40):
        bench.beats.clear()
        taken = await bench.command(Command(SENSE))
        await bench.idle(n % 4 * 15)
        count = (senses_before + n) * 2654435761 & 0xFFFF_FFFF
        expected = [(count >> 13 ^ j * 40503) & 0xFFFF if j < t.COLUMNS else 0 for j in range(t.LANES)]
        for _ in range(2):
            first = max(bench.clock, taken + t.SENSE_LATENCY_CYCLES)
            bench.dut.sense_ready_i.value = 1
            await Timer(1, "ns")
            await bench.idle(first + BEATS - bench.clock)
            bench.dut.sense_ready_i.value = 0
            await Timer(1, "ns")
            await bench.idle(1)
            assert [clock for clock, _ in bench.beats] == list(range(first, first + BEATS))
            assert [half for _, word in bench.beats for half in (word & 0xFFFF, word >> 16)] == expected
            bench.beats.clear()
    bench.check_calls()


@cocotb.test()
async def pulse_has_its_width_and_its_path(dut) -> None:
    """The one enable of the mode is high in clocks T+1 .. T+width."""
    bench = Bench(dut)
    await bench.start()
    for mode in (Mode.SET, Mode.RESET):
        await bench.command(Command(LINES, mode=mode, wl=4, bl=4, col=0xF0))
        for width in (1, 2, 47, 1000, 65535):
            bench.enables.clear()
            taken = await bench.command(Command(PULSE, value=width))
            await bench.idle(width + 5)
            expected = (1, 0) if mode == Mode.SET else (0, 1)
            assert bench.enables == [(taken + k, *expected) for k in range(1, width + 1)]
    bench.check_calls()


@cocotb.test()
async def break_before_make(dut) -> None:
    """Between any two patterns no switch closes before those that open have opened."""
    rng = random.Random(3)
    bench = Bench(dut)
    await bench.start()
    for _ in range(300):
        old = bench.timing.closed
        await bench.command(random_lines(rng, rng.choice(list(Mode))))
        new = bench.timing.closed
        made = False
        while bench.clock < bench.timing.lines_free:
            await bench.step()
            now = words(dut.closed_o.value, 5, 64)
            made = made or any(n & ~o for n, o in zip(now, old, strict=True))
            if made:
                assert all(n & o & ~w == 0 for n, o, w in zip(now, old, new, strict=True))
    bench.check_calls()


@cocotb.test()
async def rail_of_its_own_settles_alone(dut) -> None:
    """A rail that the mode does not use does not delay a conversion, a used one does; nothing is idle meanwhile."""
    bench = Bench(dut)
    await bench.start()
    await bench.command(Command(LINES, mode=Mode.READ, wl=1, bl=1))
    await bench.idle(200)
    await bench.command(Command(RAIL, rail=Rail.BL_SET, value=40000))
    taken = await bench.command(Command(SENSE))
    assert taken < bench.timing.rail_settled[Rail.BL_SET]
    await bench.idle(SETTLE_ALL)
    rail = await bench.command(Command(RAIL, rail=Rail.BL_READ, value=2621))
    taken = await bench.command(Command(SENSE))
    assert taken == rail + t.DAC_FRAME_CYCLES + t.DAC_SETTLE_CYCLES
    await bench.idle(SETTLE_ALL)
    bench.check_calls()


@cocotb.test()
async def safe_ends_everything_at_once(dut) -> None:
    """safe_i in any clock of any activity: enables low in that clock, all chips and shadows at 0, then as new."""
    rng = random.Random(4)
    bench = Bench(dut)
    await bench.start()
    for _ in range(150):
        for _ in range(rng.randrange(1, 6)):
            command = random_command(rng, bench.timing)
            await bench.command(command)
        await bench.idle(rng.randrange(0, 60))
        await RisingEdge(dut.clk_i)
        await Timer(1, "ns")
        pulsing = bool(dut.set_en_o.value) or bool(dut.reset_en_o.value)
        dut.safe_i.value = 1
        await Timer(1, "ns")
        assert (dut.set_en_o.value, dut.reset_en_o.value, dut.cmd_ready_o.value) == (0, 0, 0)
        await FallingEdge(dut.clk_i)  # of the clock that safe_i began in
        bench.clock += 1
        await FallingEdge(dut.clk_i)
        bench.clock += 1
        bench.timing = Timing()
        if pulsing:
            # shortened: by as many clocks as were left, and the array hears of it when the enable falls
            shortened = recorded()[-1]
            intended = bench.calls.pop()
            assert shortened[:-2] == intended[:-2]
            assert intended[-1] - shortened[-1] == intended[-2] - shortened[-2] >= 0
            bench.calls.append(shortened)
        for _ in range(rng.randrange(1, 4)):
            await bench.step()
        assert words(dut.code_o.value, 8, 16) == [0] * 8
        assert words(dut.closed_o.value, 5, 64) == [0] * 5
        dut.safe_i.value = 0
        # the rails need their time to 0 V; no program can start so soon after arming
        await bench.idle(t.DAC_SETTLE_CYCLES + 5)
    bench.check_calls()
