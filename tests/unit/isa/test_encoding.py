"""Words and their fields."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.isa import Instruction, assemble, decode, disassemble, disassemble_word, encode
from ohmbench.isa.encoding import RANGES, SIGNATURES
from ohmbench.tables import Op


@st.composite
def instructions(draw: st.DrawFn, ops: Sequence[Op] = tuple(Op)) -> Instruction:
    op = draw(st.sampled_from(ops))
    values = tuple(draw(st.integers(*RANGES[operand.kind])) for operand in SIGNATURES[op])
    return Instruction(op, values)


@pytest.mark.parametrize("op", Op)
@given(data=st.data())
def test_every_instruction_round_trips(op: Op, data: st.DataObject) -> None:
    instruction = data.draw(instructions([op]).filter(lambda i: not i.conflict))
    word = encode(instruction)
    assert word >> 26 == op
    assert decode(word) == instruction
    text = disassemble_word(word) + "\n" + "halt 0\n" * max(instruction.target or 0, 1)  # a branch stays inside
    assert assemble(text).words[0] == word


@given(st.integers(0, 0xFFFF_FFFF))
def test_a_word_decodes_to_what_encodes_to_it_or_not_at_all(word: int) -> None:
    instruction = decode(word)
    assert instruction is None or encode(instruction) == word


@given(st.lists(st.one_of(st.integers(0, 0xFFFF_FFFF), instructions().map(encode)), min_size=1, max_size=60))
def test_any_words_disassemble_to_text_that_gives_them_back(words: list[int]) -> None:
    assert list(assemble(disassemble(words)).words) == words


def test_known_words() -> None:
    # op[31:26] d[25:22] a[21:18] b[15:12] m[11:8] imm8[7:0], worked out by hand
    assert encode(Instruction(Op.HALT, (0,))) == 0
    assert encode(Instruction(Op.LI, (15, 0xFFFF))) == 0x01 << 26 | 15 << 22 | 0xFFFF
    assert encode(Instruction(Op.ADDI, (1, 2, -1))) == 0x02 << 26 | 1 << 22 | 2 << 18 | 0xFFFF
    assert encode(Instruction(Op.VLT, (3, 4, 5, 6))) == 0x29 << 26 | 3 << 22 | 4 << 18 | 5 << 12 | 6 << 8
    assert encode(Instruction(Op.LINES, (2, 1, 7, 9))) == 0x39 << 26 | 1 << 22 | 7 << 18 | 9 << 12 | 2


@pytest.mark.parametrize("op", Op)
def test_values_outside_their_field_are_refused(op: Op) -> None:
    good = [RANGES[operand.kind][0] for operand in SIGNATURES[op]]
    for position, operand in enumerate(SIGNATURES[op]):
        lowest, highest = RANGES[operand.kind]
        for bad in (lowest - 1, highest + 1):
            with pytest.raises(ValueError, match=f"is not {lowest} to {highest}"):
                encode(Instruction(op, (*good[:position], bad, *good[position + 1 :])))


@pytest.mark.parametrize(
    "word",
    [
        0x3F << 26,  # no such opcode
        0x3C << 26 | 1,  # sync has no operands
        0x01 << 26 | 1 << 16,  # the bits between a and imm16 are 0
        0x27 << 26 | 32,  # shift by 32
        0x38 << 26 | 8,  # rail 8
        0x39 << 26 | 4,  # mode 4
        0x05 << 26 | 1024,  # branch past the memory
        0x2C << 26,  # vgat v0, v0, v0
    ],
)
def test_words_that_are_no_instruction(word: int) -> None:
    assert decode(word) is None
    assert disassemble_word(word) == f".word   0x{word:08x}"
