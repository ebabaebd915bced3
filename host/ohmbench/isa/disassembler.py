"""Words of a pulse program back to text that assembles to the same words."""

from __future__ import annotations

from collections.abc import Sequence

from ohmbench.isa.encoding import NAMED_KINDS, REGISTER_KINDS, SIGNATURES, Instruction, Operand, decode


def disassemble(words: Sequence[int]) -> str:
    """Text with a label at every branch target.

    A word that no instruction assembles to becomes `.word`, and so does an instruction that leaves the program.
    """
    instructions = [decode(word) for word in words]
    last = len(words) - 1
    for address, instruction in enumerate(instructions):
        leaves = instruction and ((instruction.target or 0) > last or (address == last and not instruction.ends))
        if leaves:
            instructions[address] = None
    targets = [instruction.target for instruction in instructions if instruction]
    labels = {target: f"L{target}" for target in targets if target is not None}
    out = []
    for address, (word, instruction) in enumerate(zip(words, instructions, strict=True)):
        label = f"{labels[address]}:" if address in labels else ""
        text = _text(instruction, labels) if instruction else _data(word)
        out.append(f"{label:8}{text}".rstrip())
    return "\n".join(out) + "\n"


def disassemble_word(word: int) -> str:
    """One word, with a branch target as a number."""
    instruction = decode(word)
    return _text(instruction, {}) if instruction else _data(word)


def _data(word: int) -> str:
    return f".word   0x{word:08x}"


def _text(instruction: Instruction, labels: dict[int, str]) -> str:
    operands = []
    predicate = ""
    for operand, value in zip(SIGNATURES[instruction.op], instruction.values, strict=True):
        if operand.predicate:
            predicate = f" ?m{value}" if value else ""
        else:
            operands.append(labels.get(value, str(value)) if operand.kind == "label" else _operand(operand, value))
    return f"{instruction.op.name.lower():8}{', '.join(operands)}{predicate}".rstrip()


def _operand(operand: Operand, value: int) -> str:
    if operand.kind in REGISTER_KINDS:
        return f"{operand.kind}{value}"
    if operand.kind in NAMED_KINDS:
        return NAMED_KINDS[operand.kind](value).name.lower()
    return str(value)
