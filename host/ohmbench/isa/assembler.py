"""Assembler of pulse programs; the syntax is in docs/pulse-programs.md."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ohmbench.errors import AssemblyError, UsageError
from ohmbench.isa.encoding import NAMED_KINDS, RANGES, REGISTER_KINDS, SIGNATURES, Instruction, Operand, encode
from ohmbench.isa.program import Program
from ohmbench.isa.text import Cursor, SourceError, Token, expression
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.resources import resource_root
from ohmbench.support.text_files import TextFileError, read_text
from ohmbench.support.words import counted
from ohmbench.tables import PROGRAM_WORDS, Op

_MNEMONICS = {op.name.lower(): op for op in Op}
_DIRECTIVES = [".equ", ".entry", ".arg", ".word"]
_REGISTER = re.compile(r"([rvm])(\d+)")
_REGISTER_NAMES = {"r": "scalar register r0 to r15", "v": "vector register v0 to v15", "m": "mask register m0 to m15"}


def assemble(text: str, name: str = "program") -> Program:
    """Assemble a program.

    Raises:
        AssemblyError: with every mistake found, each with name:line:column, the line and a caret.
    """
    return _Assembler(text, name).program()


def assemble_file(path: Path) -> Program:
    """Assemble a file; as `assemble`.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        text = read_text(path)
    except TextFileError as error:
        raise UsageError(f"{path}: {error}.", "Check the path.") from error
    return assemble(text, str(path))


@cache
def load_firmware(name: str) -> Program:
    """Assemble a program of firmware/ by its name, without `.useq`; once a process.

    Raises:
        UsageError: there is no such program.
    """
    folder = resource_root() / "firmware"
    known = sorted(path.stem for path in folder.glob("*.useq"))
    if name not in known:
        raise UsageError(
            f"There is no program {name!r} in firmware{did_you_mean(name, known)}.", f"There are: {', '.join(known)}."
        )
    return assemble((folder / f"{name}.useq").read_text(encoding="utf-8"), f"firmware/{name}.useq")


class _Assembler:
    """Two passes: labels, constants and the words' places first, then the words."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.source = text.splitlines()
        self.values: dict[str, int] = {}
        self.args: dict[str, int] = {}
        self.entry_names: list[tuple[int, Token]] = []
        self.statements: list[tuple[int, Token, Cursor]] = []
        self.errors: list[tuple[int, SourceError]] = []

    def program(self) -> Program:
        for number, line in enumerate(self.source, 1):
            try:
                self._place(number, Cursor(line))
            except SourceError as error:
                self.errors.append((number, error))
        words = [self._word(*statement) for statement in self.statements]
        entries = self._entries()
        self._check_size(words)
        if self.errors:
            raise AssemblyError(self._report())
        lines = tuple(number for number, _, _ in self.statements)
        return Program(self.name, tuple(words), entries, self.args, tuple(self.source), lines, self.values)

    # --- first pass ---

    def _place(self, number: int, cursor: Cursor) -> None:
        """Take labels and directives; keep what becomes a word for the second pass."""
        while len(cursor.tokens) > cursor.position + 1 and cursor.tokens[cursor.position + 1].text == ":":
            self._define(cursor.name("a label"), len(self.statements))
            cursor.take()
        token = cursor.take()
        if token.kind == "end":
            return
        if token.text in (".equ", ".arg", ".entry"):
            self._directive(number, token, cursor)
            cursor.end()
        else:
            self.statements.append((number, token, cursor))

    def _directive(self, number: int, directive: Token, cursor: Cursor) -> None:
        name = cursor.name(f"a name after `{directive.text}`")
        if directive.text == ".equ":
            self._define(name, 0)  # known even when its expression is wrong: one mistake, one error
            self.values[name.text] = expression(cursor, self._value)
        elif directive.text == ".arg":
            if name.text in self.args:
                raise SourceError(name, f"argument `{name.text}` is there already")
            self.args[name.text] = self._register(cursor, "r")
        elif name.text in (entry.text for _, entry in self.entry_names):
            raise SourceError(name, f"entry `{name.text}` is there already")
        else:
            self.entry_names.append((number, name))

    def _define(self, name: Token, value: int) -> None:
        if name.text in self.values:
            raise SourceError(name, f"`{name.text}` is defined twice")
        if _REGISTER.fullmatch(name.text):
            raise SourceError(name, f"`{name.text}` is a register and cannot be a name")
        self.values[name.text] = value

    # --- second pass ---

    def _word(self, number: int, token: Token, cursor: Cursor) -> int:
        try:
            return self._statement(token, cursor)
        except SourceError as error:
            self.errors.append((number, error))
            return 0

    def _statement(self, token: Token, cursor: Cursor) -> int:
        if token.text == ".word":
            start = cursor.next
            value = expression(cursor, self._value)
            cursor.end()
            return _in_range(start, value, "word", 0, 0xFFFF_FFFF)
        op = _MNEMONICS.get(token.text)
        if op is None:
            known = _DIRECTIVES if token.text.startswith(".") else _MNEMONICS
            what = "directive" if token.text.startswith(".") else "instruction"
            raise SourceError(token, f"unknown {what} `{token.text}`{did_you_mean(token.text, known)}")
        values: list[int] = []
        for operand in SIGNATURES[op]:
            if operand.predicate:
                values.append(self._register(cursor, "m") if cursor.accept("?") else 0)
                continue
            if values:
                cursor.expect(",", f"an operand; `{_usage(op)}`")
            values.append(self._operand(op, operand, cursor))
        if cursor.next.kind != "end":
            raise SourceError(cursor.next, f"nothing expected here; `{_usage(op)}`")
        instruction = Instruction(op, tuple(values))
        if instruction.conflict:
            raise SourceError(token, "the destination of `vgat` must differ from its sources")
        if instruction.target is not None and instruction.target >= len(self.statements):
            raise SourceError(token, f"branch to address {instruction.target}, past the end of the program")
        return encode(instruction)

    def _operand(self, op: Op, operand: Operand, cursor: Cursor) -> int:
        start = cursor.next
        if start.kind == "end":
            raise SourceError(start, f"an operand is missing; `{_usage(op)}`")
        if operand.kind in REGISTER_KINDS:
            return self._register(cursor, operand.kind)
        if operand.kind in NAMED_KINDS and start.kind == "name":
            return _named(cursor, operand.kind)
        return _in_range(start, expression(cursor, self._value), operand.kind, *RANGES[operand.kind])

    def _register(self, cursor: Cursor, kind: str) -> int:
        token = cursor.take()
        match = _REGISTER.fullmatch(token.text)
        if match is None or match[1] != kind or len(match[2]) > 9 or int(match[2]) > RANGES[kind][1]:
            raise SourceError(token, f"expected a {_REGISTER_NAMES[kind]}, found `{token.text or 'end of line'}`")
        return int(match[2])

    def _value(self, token: Token) -> int:
        if token.text not in self.values:
            if _REGISTER.fullmatch(token.text):
                raise SourceError(token, f"`{token.text}` is a register, expected a number")
            raise SourceError(token, f"`{token.text}` is not defined{did_you_mean(token.text, self.values)}")
        return self.values[token.text]

    # --- the whole ---

    def _entries(self) -> dict[str, int]:
        """Declared entries, or `main` at the first word."""
        if not self.entry_names:
            return {"main": 0}
        entries = {}
        for number, token in self.entry_names:
            try:
                entries[token.text] = self._value(token)
                if not 0 <= entries[token.text] < len(self.statements):
                    raise SourceError(token, f"entry `{token.text}` is past the end of the program")
            except SourceError as error:
                self.errors.append((number, error))
        return entries

    def _check_size(self, words: list[int]) -> None:
        """A program that leaves its own words would execute what an earlier one left in the memory."""
        if not self.statements:
            self.errors.append((max(len(self.source), 1), SourceError(Token("end", "", 0), "no instructions")))
            return
        number, token, _ = self.statements[-1]
        if len(words) > PROGRAM_WORDS:
            message = f"{len(words)} words, and the program memory holds {PROGRAM_WORDS}"
            self.errors.append((number, SourceError(token, message)))
        elif token.text not in ("halt", "jmp", ".word"):
            message = "the program runs on past its last word; end it with `halt` or `jmp`"
            self.errors.append((number, SourceError(token, message)))

    def _report(self) -> str:
        out = []
        for number, error in sorted(self.errors, key=lambda e: (e[0], e[1].token.column)):
            line = self.source[number - 1] if self.source else ""
            token = error.token
            # tabs stay, so that the caret stands below its place whatever their width
            indent = re.sub(r"[^\t]", " ", line[: token.column])
            out.append(f"{self.name}:{number}:{token.column + 1}: {error}")
            out += [f"{number:5} | {line}", f"      | {indent}{'^' * max(len(token.text), 1)}"]
        count = len(self.errors)
        out.append(f"{counted(count, 'error')} in {self.name}.")
        return "\n".join(out)


def _named(cursor: Cursor, kind: str) -> int:
    names = {member.name.lower(): int(member) for member in NAMED_KINDS[kind]}
    token = cursor.take()
    if token.text not in names:
        raise SourceError(token, f"no {kind} `{token.text}`{did_you_mean(token.text, names)}; {', '.join(names)}")
    return names[token.text]


def _in_range(token: Token, value: int, what: str, lowest: int, highest: int) -> int:
    if not lowest <= value <= highest:
        raise SourceError(token, f"{value} is outside {lowest} to {highest} ({what})")
    return value


def _usage(op: Op) -> str:
    operands = [operand.kind if len(operand.kind) > 1 else f"{operand.kind}N" for operand in SIGNATURES[op]]
    if SIGNATURES[op] and SIGNATURES[op][-1].predicate:
        operands[-2:] = [f"{operands[-2]} [?mN]"]
    return f"{op.name.lower()} {', '.join(operands)}".strip()
