"""Scripts for hostile_main.cpp: programs that try to get past the guard, and a host that is no better.

Most are attacks on a few promises in a loop; some are the lock-step tests' legal programs with words changed, some
words at random. The host arms with limits of its own, tightens and loosens them while the program
runs, falls silent, aborts, resets, and trips the over-current comparator.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.random_programs import random_program

from ohmbench.isa import Instruction, encode
from ohmbench.link.codec import Frame
from ohmbench.link.codec import encode_frame as on_wire
from ohmbench.tables import (
    CARRIERS,
    HALF_SELECT_CEILING,
    PROTOCOL_VERSION,
    READ_MAX_MS,
    Control,
    FrameType,
    Mode,
    Op,
    Rail,
    Register,
)

ARM, CLEAR_FAULT, CLEAR_COUNTS = Control.ARM, Control.CLEAR_FAULT, Control.CLEAR_COUNTS
EMPTY = 7  # a mask register that no attack writes
WORDS_A_FRAME = 64
LONGEST_RUN = 6_000  # clocks that a program may take before it is aborted
LONGEST_RUN_ONE_CELL = 20_000  # the same, where a pulse takes a packet
MS_CLOCKS = 460  # of hostile_tb.sv


def script(seed: int, programs: int, kind: str = "reference") -> Iterator[str]:
    """Orders for hostile_main.cpp, one a line; the same for the same seed.

    Args:
        kind: the carrier whose ceilings the host comes up to. One that chooses one cell at a time has few columns in a
            mask, and one row in most reads, so that programs get far.
    """
    for number in range(programs):
        yield from _Session(random.Random(f"{seed}/{number}"), kind).orders()
        yield "p"


class _Session:
    """One program, from hello to its end."""

    def __init__(self, rng: random.Random, kind: str) -> None:
        self.rng, self.seq = rng, 0
        ceiling = CARRIERS[kind].rail_ceiling
        self.one_cell = CARRIERS[kind].parallel_columns == 1
        self.longest_run = LONGEST_RUN_ONE_CELL if self.one_cell else LONGEST_RUN
        self.max_rail = {rail: rng.choice((1000, ceiling[rail], rng.randint(0, ceiling[rail]))) for rail in Rail}
        self.max_width = rng.choice((1, 2, 48, 300, 2000, rng.randint(1, 1000)))
        self.budget = rng.choice((0, 1, 2, 3, 5, 40, 40, 1000))
        self.max_read_ms = rng.choice((*[READ_MAX_MS] * 5, 0, 1, 1, 2))
        self.max_half_select = rng.choice((0, 1, HALF_SELECT_CEILING, rng.randint(0, HALF_SELECT_CEILING)))

    def frame(self, type_: FrameType, arg: int = 0, payload: bytes = b"") -> str:
        seq = self.seq if type_ >= 0x80 else 0
        if type_ >= 0x80:
            self.seq = (self.seq + 1) % 256
        return "b " + on_wire(Frame(type_, seq, arg, payload)).hex()

    def write(self, register: int, value: int) -> str:
        return self.frame(FrameType.REGISTER, register, value.to_bytes(4, "little"))

    def orders(self) -> Iterator[str]:
        rng = self.rng
        if rng.random() < 0.02:
            yield f"r {rng.randint(1, 40)}"
        yield self.frame(FrameType.HELLO, PROTOCOL_VERSION)
        if rng.random() < 0.9:
            yield self.write(Register.CONTROL, CLEAR_FAULT | CLEAR_COUNTS * (rng.random() < 0.8))
        for rail, code in self.max_rail.items():
            yield self.write(Register.MAX_RAIL + rail, code)
        yield self.write(Register.MAX_WIDTH, self.max_width)
        yield self.write(Register.PULSE_BUDGET, self.budget)
        yield self.write(Register.MAX_HALF_SELECT, self.max_half_select)
        yield self.write(Register.MAX_READ, self.max_read_ms)
        longest = 2 if self.one_cell else 1
        yield self.write(Register.WATCHDOG, longest * rng.choice((1, 3, 8, 20, 20, 500, 500)))
        words = self.program()
        for first in range(0, len(words), WORDS_A_FRAME):
            part = words[first : first + WORDS_A_FRAME]
            yield self.frame(FrameType.PROGRAM, first, b"".join(word.to_bytes(4, "little") for word in part))
        if rng.random() < 0.95:
            yield self.write(Register.CONTROL, ARM)
        if rng.random() < 0.7:
            yield "w 420"  # until the chips have had their reset
        arguments = [rng.choice((rng.randrange(40), rng.getrandbits(16))) for _ in range(rng.randrange(17))]
        payload = b"".join(value.to_bytes(2, "little") for value in arguments)
        yield self.frame(FrameType.RUN, 0, payload)
        while rng.random() < 0.55:
            yield f"w {rng.choice((0, rng.randrange(60), rng.randrange(1500), rng.randrange(self.longest_run)))}"
            yield from self.trouble()
        yield f"e {self.longest_run}"
        yield self.frame(rng.choice((FrameType.ABORT, FrameType.ABORT, FrameType.STATUS)))
        yield "w 200"

    def trouble(self) -> Iterator[str]:
        rng = self.rng
        kind = rng.randrange(9)
        if kind in (0, 8):
            yield f"o {rng.choice((1, 2, 3, 500, 1500))}"  # a short one may miss the pulse
        elif kind == 1:
            yield self.frame(FrameType.ABORT)
        elif kind == 2:
            yield f"w {rng.randrange(3000)}"  # silence, for the shorter watchdogs
        elif kind == 3:
            yield f"r {rng.randint(1, 3)}"
        elif kind == 4:
            yield self.write(Register.CONTROL, rng.choice((0, ARM, ARM, CLEAR_FAULT, 3, 5, 7)))
        elif kind == 5:
            for rail in rng.sample(list(Rail), 3):
                value = max(self.max_rail[rail], 1)
                yield self.write(
                    Register.MAX_RAIL + rail,
                    rng.choice((0, 0, value // 2, value - 1, value + 1, 0xFFFF, rng.getrandbits(32))),
                )
        elif kind == 6:
            register, now = rng.choice(
                (
                    (Register.MAX_WIDTH, self.max_width),
                    (Register.PULSE_BUDGET, self.budget),
                    (Register.MAX_HALF_SELECT, self.max_half_select),
                    (Register.MAX_READ, self.max_read_ms),
                )
            )
            yield self.write(register, rng.choice((0, 1, now, now + 1, max(now - 1, 0), 0xFFFF, rng.getrandbits(32))))
        else:
            yield self.frame(FrameType.STATUS)

    def program(self) -> list[int]:
        rng = self.rng
        kind = rng.random()
        if kind < 0.12:
            words = random_program(rng.getrandbits(32), one_cell=self.one_cell)
            return self.damaged(words, rng.choice((0.0, 0.02, 0.2)))
        if kind < 0.2:
            return [self.any_word() for _ in range(rng.randint(4, 120))]
        words = [encode(i) for i in self.set_up()]
        start = len(words)
        for _ in range(rng.randint(1, 6)):
            words += [encode(i) for i in self.attack()]
        words.append(encode(Instruction(Op.JMP, (start,))))
        return self.damaged(words, rng.choice((0.0, 0.0, 0.02)))

    def damaged(self, words: list[int], share: float) -> list[int]:
        return [self.any_word() if self.rng.random() < share else word for word in words]

    def any_word(self) -> int:
        rng = self.rng
        return rng.choice((rng.getrandbits(32), rng.choice(list(Op)) << 26 | rng.getrandbits(26) & 0x3FC_FFFF))

    def set_up(self) -> list[Instruction]:
        """Rails at or near their limits, a row in m1, columns in m2."""
        rng = self.rng
        code = [Instruction(Op.LI, (1, rng.randrange(32))), Instruction(Op.MONE, (1, 1))]
        code += [Instruction(Op.LI, (2, self.columns())), Instruction(Op.MLO, (2, 2)), Instruction(Op.MHI, (2, 2))]
        for rail in rng.sample(list(Rail), rng.randrange(5)):
            code += self.raises(rail, 3)
        return code

    def columns(self) -> int:
        """For both halves of a mask."""
        return 1 << self.rng.randrange(16) if self.one_cell else self.rng.getrandbits(16)

    def rows(self) -> int:
        """A mask register: all rows, the one in m1, or those of the columns' mask."""
        return 1 if self.one_cell and self.rng.random() < 0.9 else self.rng.randrange(3)

    def raises(self, rail: Rail, scalar: int) -> list[Instruction]:
        """A rail to its limit; with the bit line of SET the inhibit rail, as far apart as the limit of that allows."""
        if rail in (Rail.BL_SET, Rail.SL_INHIBIT) and self.rng.random() < 0.9:
            return self.apart(self.near(self.max_half_select), scalar)
        code = self.near(self.max_rail[rail])  # the other one forgotten
        return [Instruction(Op.LI, (scalar, code)), Instruction(Op.RAIL, (rail, scalar))]

    def apart(self, codes: int, scalar: int = 3) -> list[Instruction]:
        """The two rails so far from each other, either way."""
        high = self.near(min(self.max_rail[Rail.BL_SET], self.max_rail[Rail.SL_INHIBIT]))
        first, second = self.rng.sample((Rail.BL_SET, Rail.SL_INHIBIT), 2)
        code = [Instruction(Op.LI, (scalar, high)), Instruction(Op.RAIL, (first, scalar))]
        return [*code, Instruction(Op.LI, (scalar, max(high - codes, 0))), Instruction(Op.RAIL, (second, scalar))]

    def near(self, limit: int) -> int:
        return min(max(limit + self.rng.choice((*[0] * 30, *[-1] * 5, 1)), 0), 0xFFFF)

    def attack(self) -> list[Instruction]:
        """Commands as close to each other as they go; one in eight is one that the guard has to refuse."""
        rng = self.rng
        mode = rng.choice((Mode.SET, Mode.RESET))
        bit_lines = rng.choice((1, EMPTY)) if mode == Mode.RESET else 1  # EMPTY: from its second rail
        lines = Instruction(Op.LINES, (mode, 1, bit_lines, rng.choice((*[0, 2, 2] * 6, 5))))
        other = Instruction(Op.LINES, (rng.choice((Mode.OFF, Mode.READ, Mode.SET, Mode.RESET)), 1, 1, 2))
        width = Instruction(Op.LI, (4, self.near(self.max_width)))
        pulse = Instruction(Op.PULSE, (4,))
        rail = rng.choice(list(Rail))
        raises = self.raises(rail, 5)
        pause = max(self.max_read_ms, 1) * MS_CLOCKS
        columns = 2 if self.one_cell else 0  # of a read
        row = [Instruction(Op.LI, (1, rng.randrange(32))), Instruction(Op.MONE, (1, 1))]
        reads = [  # with pauses
            Instruction(Op.LINES, (Mode.READ, self.rows(), 1, columns)),
            Instruction(Op.LI, (6, rng.choice((pause // 2, pause - 60, pause, pause + 9)))),
            *[Instruction(Op.WAIT, (6,)), Instruction(Op.SENSE, (3,))] * 2,
        ]
        if rng.random() < 0.12:
            wide = Instruction(Op.LI, (4, rng.choice((0, self.max_width + 1, 0xFFFF))))
            every = Instruction(Op.LINES, (rng.choice((Mode.SET, Mode.RESET)), 0, rng.choice((0, 1)), 2))
            if rng.random() < 0.4:  # a SET of the row's other cells
                apart = [*self.apart(self.max_half_select + 1), *row]
                return [*apart, Instruction(Op.LINES, (Mode.SET, 1, 1, rng.choice((0, 2, 5)))), width, pulse]
            code = rng.choice(([lines, wide, pulse], [every, width, pulse], [other, width, pulse]))
            return code if rng.random() < 0.7 else [*code[:2], Instruction(Op.SENSE, (3,))]
        return rng.choice(
            (
                [*row, lines, width, pulse, pulse],  # pulses without a pause
                [*row, lines, width, pulse, *raises],  # a rail that moves during a pulse
                [*row, lines, width, pulse, other],  # lines that move during a pulse
                [*row, lines, width, *raises, pulse, other, lines, pulse],
                [lines, width, pulse, Instruction(Op.LI, (6, rng.randrange(200))), Instruction(Op.WAIT, (6,)), *row],
                [
                    Instruction(Op.LINES, (Mode.READ, self.rows(), self.rows(), columns)),
                    Instruction(Op.SENSE, (3,)),
                ],
                *[reads] * (0 if self.max_read_ms == READ_MAX_MS else 6),
            )
        )
