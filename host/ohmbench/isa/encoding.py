"""Words of the instruction set and their fields, from the table in fpga/tables/isa.toml."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ohmbench.tables import OPERANDS, PROGRAM_WORDS, Mode, Op, Rail

# field: lowest bit, width. imm16 overlaps b, m and imm8; no instruction has both.
_FIELDS = {"d": (22, 4), "a": (18, 4), "b": (12, 4), "m": (8, 4), "imm8": (0, 8), "imm16": (0, 16)}
_OPCODE_BIT = 26

REGISTER_KINDS = "rvm"
NAMED_KINDS: dict[str, type[IntEnum]] = {"rail": Rail, "mode": Mode}
# kind of operand: lowest and highest value
RANGES = {
    **dict.fromkeys(REGISTER_KINDS, (0, 15)),
    **{kind: (0, len(names) - 1) for kind, names in NAMED_KINDS.items()},
    "u8": (0, 0xFF),
    "u16": (0, 0xFFFF),
    "s16": (-0x8000, 0x7FFF),
    "shift": (0, 31),
    "label": (0, PROGRAM_WORDS - 1),
}


@dataclass(frozen=True)
class Operand:
    """Where an operand is in the word, and how it is written. A predicate is optional and defaults to m0."""

    field: str
    kind: str
    predicate: bool = False


def _operand(text: str) -> Operand:
    field, colon, kind = text.partition(":")
    return Operand(field, kind) if colon else Operand("m", "m", predicate=True)


SIGNATURES: dict[Op, tuple[Operand, ...]] = {
    op: tuple(_operand(text) for text in operands) for op, operands in OPERANDS.items()
}


@dataclass(frozen=True)
class Instruction:
    """An instruction and the values of its operands, in the order of SIGNATURES[op]."""

    op: Op
    values: tuple[int, ...]

    @property
    def target(self) -> int | None:
        """Address that it may branch to."""
        kinds = [operand.kind for operand in SIGNATURES[self.op]]
        return self.values[kinds.index("label")] if "label" in kinds else None

    @property
    def ends(self) -> bool:
        """True if the word after it is not executed next in any case."""
        return self.op in (Op.HALT, Op.JMP)

    @property
    def conflict(self) -> bool:
        """True for the combination that the table forbids: `vgat` into one of its sources."""
        return self.op == Op.VGAT and self.values[0] in self.values[1:3]


def encode(instruction: Instruction) -> int:
    """The 32-bit word. Values must be within RANGES: what does not fit would change a neighbour."""
    word = instruction.op << _OPCODE_BIT
    for operand, value in zip(SIGNATURES[instruction.op], instruction.values, strict=True):
        bit, width = _FIELDS[operand.field]
        lowest, highest = RANGES[operand.kind]
        if not lowest <= value <= highest:
            raise ValueError(f"{instruction.op.name.lower()}: {operand.kind} {value} is not {lowest} to {highest}")
        word |= (value & ((1 << width) - 1)) << bit
    return word


def decode(word: int) -> Instruction | None:
    """The instruction of a word, or None where no instruction assembles to it."""
    try:
        op = Op(word >> _OPCODE_BIT)
    except ValueError:
        return None
    values = []
    for operand in SIGNATURES[op]:
        bit, width = _FIELDS[operand.field]
        value = word >> bit & ((1 << width) - 1)
        lowest, highest = RANGES[operand.kind]
        if lowest < 0 and value > highest:
            value -= 1 << width
        if value > highest:
            return None
        values.append(value)
    instruction = Instruction(op, tuple(values))
    return instruction if encode(instruction) == word and not instruction.conflict else None
