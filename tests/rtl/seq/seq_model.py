"""What a program makes the sequencer do, from the table of instructions; knows no states of the RTL."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from ohmbench.tables import COLUMNS, PROGRAM_WORDS, ROWS, SCALAR_CYCLES, Mode, Op, Rail

ALL = 0xFFFF_FFFF
LINES = 2 * ROWS + COLUMNS  # bits of the masks of a command
KINDS = {Op.RAIL: 0, Op.LINES: 1, Op.PULSE: 2, Op.SENSE: 3, Op.CONVERT: 3}  # kind_e
COMMANDS = tuple(KINDS)
STREAMS = (Op.VIN, Op.VOUT)
COMPARES = (Op.VLT, Op.VEQ, Op.VBIT)
VECTORS = (*(op for op in Op if Op.VLD <= op <= Op.VGAT), Op.CODES)
BRANCHES = tuple(op for op in Op if Op.JMP <= op <= Op.BNONE)
SCALARS = (Op.LI, Op.ADDI, Op.ADD, Op.SUB, Op.MCNT)
MASKS = (Op.MONE, Op.MAND, Op.MOR, Op.MXOR, Op.MANDN, Op.MLO, Op.MHI)
WAIT_REGISTER = 15  # random programs keep it small

Event = tuple[int, ...]  # a command (its word as the only number), or what the vector unit is started with


def encode(op: int, d: int = 0, a: int = 0, imm: int = 0, b: int = 0, m: int = 0) -> int:
    return op << 26 | d << 22 | a << 18 | b << 12 | m << 8 | imm


@dataclass
class Model:
    program: list[int]
    scalars: list[int]
    answers: list[tuple[int, int]]  # clocks and mask of the vector unit, in the order of its operations
    masks: list[int] = field(default_factory=lambda: [ALL] + [0] * 15)
    cycles: int = 0  # without waits for the carrier
    events: list[Event] = field(default_factory=list)

    def run(self, pc: int) -> int:
        """Run to `halt`; its address."""
        answers = iter(self.answers)
        while (word := self.program[pc]) >> 26 != Op.HALT:
            self.cycles += SCALAR_CYCLES
            target = self._execute(Op(word >> 26), word, answers)
            pc = (pc + 1 if target is None else target) % PROGRAM_WORDS
        self.cycles += SCALAR_CYCLES
        return pc

    def _execute(self, op: Op, word: int, answers: object) -> int | None:
        d, a, b, imm = word >> 22 & 15, word >> 18 & 15, word >> 12 & 15, word & 0xFFFF
        rd, ra, rb, ma, mb = self.scalars[d], self.scalars[a], self.scalars[b], self.masks[a], self.masks[b]
        if op in BRANCHES:
            taken = {
                Op.JMP: True,
                Op.BEQ: rd == ra,
                Op.BNE: rd != ra,
                Op.BLT: rd < ra,
                Op.BGE: rd >= ra,
                Op.BANY: ma != 0,
                Op.BNONE: ma == 0,
            }[op]
            return imm if taken else None
        if op in SCALARS:
            value = {Op.LI: imm, Op.ADDI: ra + imm, Op.ADD: ra + rb, Op.SUB: ra - rb, Op.MCNT: ma.bit_count()}[op]
            self.scalars[d] = value & 0xFFFF
        elif op in MASKS:
            self._set_mask(
                d,
                {
                    Op.MONE: 1 << ra % 32,
                    Op.MAND: ma & mb,
                    Op.MOR: ma | mb,
                    Op.MXOR: ma ^ mb,
                    Op.MANDN: ma & ~mb,
                    Op.MLO: self.masks[d] & 0xFFFF_0000 | ra,
                    Op.MHI: self.masks[d] & 0xFFFF | ra << 16,
                }[op],
            )
        elif op == Op.WAIT:
            self.cycles += ra
        if op in COMMANDS:
            self.events.append((self._command(op, word, ra),))
        if op in VECTORS or op in STREAMS or op == Op.SENSE:
            clocks, mask = next(answers)  # type: ignore[call-overload]
            self.events.append((op, d, a, b, imm & 0xFF, ra, self.masks[imm >> 8 & 15]))
            self.cycles += 0 if op in STREAMS else clocks
            if op in COMPARES:
                self._set_mask(d, mask)
        return None

    def _set_mask(self, d: int, value: int) -> None:
        if d:
            self.masks[d] = value & ALL

    def _command(self, op: Op, word: int, ra: int) -> int:
        """ohm_carrier_pkg::cmd_t as bits."""
        head = (KINDS[op] << 3 | (word & 7 if op == Op.RAIL else 0)) << 2 | (word & 3 if op == Op.LINES else 0)
        head = head << 16 | (ra if op in (Op.RAIL, Op.PULSE) else 0)
        masks = [word >> shift & 15 for shift in (22, 18, 12)]
        for mask, lines in zip(masks, (ROWS, ROWS, COLUMNS), strict=True):
            head = head << lines | (self.masks[mask] & (1 << lines) - 1 if op == Op.LINES else 0)
        return head


def random_program(rng: random.Random, length: int) -> list[int]:
    """All instructions, branches forwards only; masks set first, and every register shown at the end."""
    words = []
    for m in range(1, 16):
        words += [encode(Op.MLO, m, rng.randrange(15)), encode(Op.MHI, m, rng.randrange(15))]
    end = len(words) + length
    kinds = [SCALARS, MASKS, BRANCHES, VECTORS, STREAMS, COMMANDS, (Op.WAIT, Op.LI, Op.SYNC)]
    for at in range(len(words), end):
        op = rng.choice(rng.choices(kinds, [4, 4, 4, 2, 1, 2, 1])[0])
        d, a, b, m = (rng.randrange(15) for _ in range(4))
        if op in BRANCHES:
            a = d if rng.random() < 0.2 else a
            words.append(encode(op, d, a, imm=min(end, at + rng.randrange(1, 5))))
        elif op == Op.WAIT:
            words.append(encode(op, a=WAIT_REGISTER))
        elif op == Op.LI and rng.random() < 0.5:
            words.append(encode(op, WAIT_REGISTER, imm=rng.choice([0, 1, 2, 30])))
        elif op in (Op.LI, Op.ADDI):
            words.append(encode(op, d, a, imm=rng.choice([0, 1, 2, 0x7FFF, 0x8000, 0xFFFF, rng.getrandbits(16)])))
        else:
            imm = rng.randrange({Op.RAIL: len(Rail), Op.LINES: len(Mode)}.get(op, 256))
            words.append(encode(op, d, a, imm=imm, b=b, m=m))
    words += [encode(Op.RAIL, a=r, imm=r % 8) for r in range(16)]
    words += [encode(Op.LINES, m, m + 1, b=m + 2, imm=1) for m in range(1, 14, 3)]
    return [*words, encode(Op.HALT, imm=rng.getrandbits(16))]
