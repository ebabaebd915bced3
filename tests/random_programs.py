"""Random pulse programs that end, for holding the RTL and the twin together.

Runs of any instruction, forward branches and counted loops. Most array commands are legal, so that a program gets
far; a few are not, so that refusals are compared too. At its end a program sends every register to the host:
that is how the states of two machines are compared.
"""

from __future__ import annotations

import random

from ohmbench.isa import Instruction, encode
from ohmbench.tables import CLOCK_HZ, Mode, Op, Rail

MAX_RAIL_CODE = 4000  # limits under which these programs run
MAX_WIDTH = 48
MAX_HALF_SELECT = 500
MAX_READ_MS = 20
Code = list[Instruction | int]  # a number is a word as it stands

# r15 counts loops, r14 and m1 are scratch of the commands below: random instructions leave them alone
_SCALAR, _MASK, _VECTOR = range(14), range(2, 16), range(16)
_SCALAR_OPS = (Op.LI, Op.ADDI, Op.ADD, Op.SUB, Op.MCNT)
_MASK_OPS = (Op.MONE, Op.MAND, Op.MOR, Op.MXOR, Op.MANDN, Op.MLO, Op.MHI)
_VECTOR_OPS = (Op.VLD, Op.VST, Op.VSET, Op.VADD, Op.VSUB, Op.VAND, Op.VOR, Op.VSHL, Op.VSHR)
_COMPARE_OPS = (Op.VLT, Op.VEQ, Op.VBIT)
_BRANCHES = (Op.JMP, Op.BEQ, Op.BNE, Op.BLT, Op.BGE, Op.BANY, Op.BNONE)


def random_program(seed: int, *, one_cell: bool = False) -> list[int]:
    """Words of a program that ends, the same for the same seed.

    Args:
        one_cell: for a carrier that chooses one cell at a time: most reads are of one row, and of few columns.
    """
    return (_OneCellWriter if one_cell else _Writer)(random.Random(seed)).program()


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def program(self) -> list[int]:
        blocks: list[Code] = [self.block() for _ in range(self.rng.randint(8, 28))]
        starts = [0]
        for block in blocks:
            starts.append(starts[-1] + len(block) + 1)  # each block is followed by one word: a branch or not
        words: list[int] = []
        for i, block in enumerate(blocks):
            words += self.words(block, len(words))
            words.append(encode(self.branch(starts[min(i + self.rng.randint(1, 4), len(blocks))])))
        return words + self.words(self.dump(), len(words))

    def words(self, code: Code, address: int) -> list[int]:
        """Words of a block at an address; the branch back of a loop is written relative to itself."""
        words: list[int] = []
        for i, item in enumerate(code):
            if isinstance(item, Instruction) and item.op is Op.BNE and item.values[2] < 0:
                item = Instruction(Op.BNE, (15, 14, address + i + item.values[2]))
            words.append(item if isinstance(item, int) else encode(item))
        return words

    def branch(self, target: int) -> Instruction:
        if self.rng.random() < 0.7:
            return Instruction(Op.ADDI, (14, 14, 0))
        op = self.rng.choice(_BRANCHES)
        if op is Op.JMP:
            return Instruction(op, (target,))
        if op in (Op.BANY, Op.BNONE):
            return Instruction(op, (self.rng.randrange(16), target))
        return Instruction(op, (self.rng.randrange(16), self.rng.randrange(16), target))

    def block(self) -> Code:
        kind = self.rng.random()
        if kind < 0.4:
            return [self.compute() for _ in range(self.rng.randint(1, 6))]
        if kind < 0.85:
            return self.command()
        if kind < 0.99:
            body = self.command() + self.command()
            back: Code = [Instruction(Op.ADDI, (15, 15, -1)), Instruction(Op.LI, (14, 0))]
            start: Code = [Instruction(Op.LI, (15, self.rng.randint(1, 4)))]
            return [*start, *body, *back, Instruction(Op.BNE, (15, 14, -len(body) - 2))]
        return self.mistake()

    def compute(self) -> Instruction:
        rng = self.rng
        op = rng.choice(rng.choice((_SCALAR_OPS, _MASK_OPS, _VECTOR_OPS, _VECTOR_OPS, _COMPARE_OPS, (Op.VGAT,))))
        any_mask, predicate = rng.randrange(16), rng.choice((0, 0, rng.randrange(16)))
        d, a, b = rng.choice(_VECTOR), rng.choice(_VECTOR), rng.choice(_VECTOR)
        if op in _SCALAR_OPS:
            d, a, b = rng.choice(_SCALAR), rng.choice(_SCALAR), rng.choice(_SCALAR)
            values = {
                Op.LI: (d, rng.choice((rng.randrange(40), rng.randrange(1 << 16)))),
                Op.ADDI: (d, a, rng.randint(-40, 40)),
                Op.MCNT: (d, any_mask),
            }.get(op, (d, a, b))
            return Instruction(op, values)
        if op in _MASK_OPS:
            d = rng.choice(_MASK)
            if op in (Op.MONE, Op.MLO, Op.MHI):
                return Instruction(op, (d, rng.randrange(16)))
            return Instruction(op, (d, any_mask, rng.randrange(16)))
        if op in _COMPARE_OPS:
            d = rng.choice(_MASK)
            return Instruction(op, (d, a, rng.randrange(32) if op is Op.VBIT else b, predicate))
        if op in (Op.VLD, Op.VST):
            return Instruction(op, (d, rng.randrange(16), rng.randrange(256), predicate))
        if op is Op.VSET:
            return Instruction(op, (d, rng.randrange(16), predicate))
        if op in (Op.VSHL, Op.VSHR):
            return Instruction(op, (d, a, rng.randrange(32), predicate))
        if op is Op.VGAT:
            d, a, b = rng.sample(_VECTOR, 3)
        return Instruction(op, (d, a, b, predicate))

    def command(self) -> Code:
        rng = self.rng
        kind = rng.randrange(10)
        if kind == 0:
            rail, code_of_rail = rng.randrange(8), rng.randint(0, MAX_RAIL_CODE)
            if rail in (Rail.BL_SET, Rail.SL_INHIBIT):
                apart = rng.choice((0, 0, rng.randint(0, MAX_HALF_SELECT), MAX_HALF_SELECT))
                return self.apart(code_of_rail, max(code_of_rail - apart, 0))
            return [Instruction(Op.LI, (14, code_of_rail)), Instruction(Op.RAIL, (rail, 14))]
        if kind == 1:
            mode = rng.choice((Mode.OFF, Mode.READ, Mode.READ))
            if mode == Mode.READ:
                return self.read_lines(any_columns=True)
            return [Instruction(Op.LINES, (mode, rng.randrange(16), rng.randrange(16), rng.randrange(16)))]
        if kind in (2, 3):
            return self.read()
        if kind == 4:
            mode, columns = rng.choice((Mode.SET, Mode.RESET)), rng.choice((0, 0, *_MASK))
            code: Code = []
            if columns in _MASK:  # one that has columns
                some = rng.getrandbits(16) | 1 << rng.randrange(2)
                code = [Instruction(Op.LI, (14, some)), Instruction(Op.MLO, (columns, 14))]
            code += [
                Instruction(Op.MONE, (1, rng.randrange(16))),
                Instruction(Op.LINES, (mode, 1, 1 if mode == Mode.SET else rng.randrange(16), columns)),
            ]
            for _ in range(rng.randint(1, 3)):
                code += [Instruction(Op.LI, (14, rng.randint(1, MAX_WIDTH))), Instruction(Op.PULSE, (14,))]
                code += [self.compute() for _ in range(rng.randint(0, 2))]
            return code
        if kind == 5:
            return [Instruction(Op.LI, (14, rng.randint(0, 200))), Instruction(Op.WAIT, (14,))]
        if kind == 6:
            return [rng.choice((Instruction(Op.SYNC, ()), Instruction(Op.VIN, (rng.randrange(16),))))]
        if kind == 8:
            return [Instruction(Op.CODES, (rng.randrange(16),))]
        if kind == 7:
            return [Instruction(Op.VOUT, (rng.randrange(16), rng.randrange(16)))]
        return self.read()

    def apart(self, first: int, second: int) -> Code:
        """Codes for the two rails that the guard compares, either way."""
        rails = self.rng.sample((Rail.BL_SET, Rail.SL_INHIBIT), 2)
        code: Code = []
        for rail, value in zip(rails, (first, second), strict=True):
            code += [Instruction(Op.LI, (14, value)), Instruction(Op.RAIL, (rail, 14))]
        return code

    def read_lines(self, *, any_columns: bool = False) -> Code:
        wl, bl, columns = self.rng.randrange(16), self.rng.randrange(16), self.rng.randrange(16) if any_columns else 0
        return [Instruction(Op.LINES, (Mode.READ, wl, bl, columns))]

    def read(self) -> Code:
        code = self.read_lines()
        code += [self.compute() for _ in range(self.rng.randint(0, 2))]
        for _ in range(self.rng.randint(1, 2)):
            code += self.conversion()
        return code

    def conversion(self) -> Code:
        """Whole, or in halves with anything in between that does not need the array."""
        if self.rng.random() < 0.5:
            return [Instruction(Op.SENSE, (self.rng.randrange(16),))]
        code: Code = [Instruction(Op.CONVERT, ())]
        code += [self.compute() for _ in range(self.rng.randint(0, 3))]
        if self.rng.random() < 0.3:
            code += self.read_lines()
        return code + [Instruction(Op.CODES, (self.rng.randrange(16),)) for _ in range(self.rng.randint(0, 2))]

    def mistake(self) -> Code:
        others: Code = [  # the row's other cells would get it
            *self.apart(MAX_RAIL_CODE, MAX_RAIL_CODE - MAX_HALF_SELECT - 1),
            Instruction(Op.LI, (14, 5)),  # a row of any array
            Instruction(Op.MONE, (1, 14)),
            Instruction(Op.LINES, (Mode.SET, 1, 1, 0)),  # of all columns: what is refused is the rails
            Instruction(Op.LI, (14, 5)),
            Instruction(Op.PULSE, (14,)),
        ]
        return self.rng.choice(
            (
                [0xFC00_0000],  # no instruction
                [Op.LINES << 26 | 4],  # no mode
                [Op.RAIL << 26 | 8],  # no rail
                [Instruction(Op.LINES, (Mode.SET, 0, 0, 0))],  # every word line at once
                [Instruction(Op.MONE, (1, 3)), Instruction(Op.LINES, (Mode.SET, 1, 0, 0))],  # all bit lines
                [
                    Instruction(Op.LINES, (Mode.READ, 0, 0, 0)),
                    Instruction(Op.LI, (14, 5)),
                    Instruction(Op.PULSE, (14,)),
                ],
                [Instruction(Op.LINES, (Mode.OFF, 0, 0, 0)), Instruction(Op.SENSE, (3,))],
                [  # refused while a pulse is on
                    Instruction(Op.MONE, (1, self.rng.randrange(16))),
                    Instruction(Op.LINES, (Mode.RESET, 1, 1, self.rng.choice((0, 1)))),
                    Instruction(Op.LI, (14, MAX_WIDTH)),
                    Instruction(Op.PULSE, (14,)),
                    *[self.compute() for _ in range(self.rng.randint(0, 2))],
                    Instruction(Op.SENSE, (3,)),
                ],
                others,
                others,
                others,
                others,
                [  # left on in READ
                    Instruction(Op.MONE, (1, self.rng.randrange(16))),
                    Instruction(Op.LINES, (Mode.READ, self.rng.choice((0, 1)), self.rng.randrange(16), 0)),
                    Instruction(Op.LI, (14, 0xFFFF)),
                    *[Instruction(Op.WAIT, (14,))] * (MAX_READ_MS * CLOCK_HZ // 1000 // 0xFFFF + 1),
                ],
                [  # no column
                    Instruction(Op.MONE, (1, 3)),
                    Instruction(Op.MXOR, (2, 1, 1)),
                    Instruction(Op.LINES, (Mode.RESET, 1, 1, 2)),
                    Instruction(Op.LI, (14, 5)),
                    Instruction(Op.PULSE, (14,)),
                ],
                [Instruction(Op.LI, (14, MAX_RAIL_CODE + 1)), Instruction(Op.RAIL, (Rail.BL_SET, 14))],
                [
                    Instruction(Op.MONE, (1, 3)),
                    Instruction(Op.LINES, (Mode.RESET, 1, 1, 5)),
                    Instruction(Op.LI, (14, self.rng.choice((0, MAX_WIDTH + 1)))),
                    Instruction(Op.PULSE, (14,)),
                ],
            )
        )

    def dump(self) -> Code:
        """Send v0 and v1, then all vectors, all scalars and all masks folded into one vector each.

        A fold is 3 * sum + register: since 3 is odd, no single difference is lost modulo 2^32.
        """
        send = Instruction(Op.VOUT, (0, 15))
        clear = Instruction(Op.VSUB, (0, 0, 0, 0))
        triple = [Instruction(Op.VADD, (1, 0, 0, 0)), Instruction(Op.VADD, (0, 0, 1, 0))]
        code: Code = [Instruction(Op.LI, (15, 32)), send, Instruction(Op.VOUT, (1, 15)), clear]
        for v in range(2, 16):
            code += [*triple, Instruction(Op.VADD, (0, 0, v, 0))]
        code += [send, clear]
        for r in range(14):
            code += [*triple, Instruction(Op.VSET, (1, r, 0)), Instruction(Op.VADD, (0, 0, 1, 0))]
        code += [send, clear, Instruction(Op.VSUB, (2, 2, 2, 0)), Instruction(Op.LI, (14, 1))]
        code += [Instruction(Op.VSET, (2, 14, 0))]
        for m in range(1, 16):
            code += [*triple, Instruction(Op.VADD, (0, 0, 2, m))]
        return [*code, send, Instruction(Op.HALT, (self.rng.randrange(1 << 16),))]


class _OneCellWriter(_Writer):
    def read_lines(self, *, any_columns: bool = False) -> Code:
        """One row, or none, and a few columns; now and then what no such carrier can do."""
        rng = self.rng
        if rng.random() < 0.02:
            return super().read_lines(any_columns=any_columns)
        code: Code = [Instruction(Op.MONE, (1, rng.randrange(16))), Instruction(Op.MANDN, (2, 0, 0))]
        if rng.random() < 0.1:
            code += [Instruction(Op.MANDN, (1, 0, 0))]
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            code += [Instruction(Op.LI, (14, rng.randrange(32))), Instruction(Op.MONE, (3, 14))]
            code += [Instruction(Op.MOR, (2, 2, 3))]
        return [*code, Instruction(Op.LINES, (Mode.READ, 1, rng.choice((0, 1, 1, rng.randrange(16))), 2))]
