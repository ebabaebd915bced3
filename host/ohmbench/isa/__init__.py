"""Pulse programs: text to words and back."""

from __future__ import annotations

from ohmbench.isa.assembler import assemble, assemble_file, load_firmware
from ohmbench.isa.disassembler import disassemble, disassemble_word
from ohmbench.isa.encoding import Instruction, decode, encode
from ohmbench.isa.program import Program, listing

__all__ = [
    "Instruction",
    "Program",
    "assemble",
    "assemble_file",
    "decode",
    "disassemble",
    "disassemble_word",
    "encode",
    "listing",
    "load_firmware",
]
