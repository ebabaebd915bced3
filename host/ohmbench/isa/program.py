"""An assembled pulse program, and its listing."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ohmbench.errors import UsageError
from ohmbench.support.guesses import did_you_mean
from ohmbench.tables import PROGRAM_WORDS

SCALARS = 16


@dataclass(frozen=True)
class Program:
    """Words for the program memory, and what the host needs to start them by name.

    `entries`: name to address. `args`: name to scalar register. `source`: the lines of the text.
    `lines`: for each word the number of its line, from 1. `constants`: labels and `.equ` lines, so that the host takes
    the layout of tables from the program that reads them.
    """

    name: str
    words: tuple[int, ...]
    entries: Mapping[str, int] = field(default_factory=dict)
    args: Mapping[str, int] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    constants: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> int:
        """CRC-32 of the words, least significant byte first, as they go over the link."""
        return zlib.crc32(b"".join(word.to_bytes(4, "little") for word in self.words))

    def entry(self, name: str) -> int:
        """Address of an entry.

        Raises:
            UsageError: the program has no such entry.
        """
        if name not in self.entries:
            raise UsageError(
                f"program {self.name} has no entry {name!r}{did_you_mean(name, self.entries)}.",
                f"Its entries: {', '.join(self.entries)}.",
            )
        return self.entries[name]

    def registers(self, values: Mapping[str, int]) -> list[int]:
        """The 16 scalars that a run starts with; those that no argument names are 0.

        Raises:
            UsageError: no such argument, two for one register, or a value outside 0 to 65535.
        """
        scalars = [0] * SCALARS
        taken: dict[int, str] = {}
        for name, value in values.items():
            if name not in self.args:
                raise UsageError(
                    f"program {self.name} has no argument {name!r}{did_you_mean(name, self.args)}.",
                    f"Its arguments: {', '.join(self.args) or 'none'}.",
                )
            register = self.args[name]
            if register in taken:
                raise UsageError(
                    f"program {self.name}: arguments {taken[register]} and {name} are both register r{register}.",
                    "Give the one that belongs to the entry.",
                )
            if not 0 <= value <= 0xFFFF:
                raise UsageError(
                    f"program {self.name}: argument {name} is {value}, outside 0 to 65535.", "Give another."
                )
            taken[register] = name
            scalars[register] = value
        return scalars

    def where(self, address: int) -> str:
        """`name:line: text` of a word, for messages about a place in the program."""
        if not 0 <= address < len(self.lines):
            return f"{self.name}: address {address}, outside the program"
        line = self.lines[address]
        return f"{self.name}:{line}: {self.source[line - 1].strip()}"


def listing(program: Program) -> str:
    """Address and word beside the source: what a change of the program changes in the memory."""
    entries = ", ".join(f"{name} {address:03x}" for name, address in program.entries.items())
    size = f"{len(program.words)} of {PROGRAM_WORDS} words, crc32 {program.digest:08x}"
    out = [f"; {size}; entries: {entries}"]
    addresses: dict[int, list[int]] = {}
    for address, line in enumerate(program.lines):
        addresses.setdefault(line, []).append(address)
    for number, text in enumerate(program.source, 1):
        words = [f"{address:03x} {program.words[address]:08x}" for address in addresses.get(number, [])]
        out.append(f"{words[0] if words else '':14}{text}".rstrip())
    return "\n".join(out) + "\n"
