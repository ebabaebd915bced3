"""Tokens of a line of a pulse program, and expressions in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(?:(?P<name>\.?[A-Za-z_]\w*)|(?P<number>\d\w*)|(?P<mark><<|[-+*(),:?])|(?P<bad>\S))", re.ASCII)
_MOST_TOKENS = 64  # far above any sensible line, and keeps nested parentheses off Python's recursion limit


@dataclass(frozen=True)
class Token:
    """A piece of a line; `column` counts from 0. The end of a line is an empty token of kind `end`."""

    kind: str
    text: str
    column: int


class SourceError(Exception):
    """A mistake at a token; the assembler collects them."""

    def __init__(self, token: Token, message: str) -> None:
        super().__init__(message)
        self.token = token


class Cursor:
    """Reads one line from left to right."""

    def __init__(self, line: str) -> None:
        self.tokens = tokens(line)
        self.position = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def accept(self, text: str) -> bool:
        """Step over a mark if it comes next."""
        if self.next.text == text:
            self.take()
            return True
        return False

    def expect(self, text: str, after: str) -> None:
        if not self.accept(text):
            raise SourceError(self.next, f"expected `{text}` after {after}")

    def name(self, what: str) -> Token:
        if self.next.kind != "name" or self.next.text.startswith("."):
            raise SourceError(self.next, f"expected {what}")
        return self.take()

    def end(self) -> None:
        if self.next.kind != "end":
            raise SourceError(self.next, f"nothing expected after this, found `{self.next.text}`")


def tokens(line: str) -> list[Token]:
    """The tokens of a line without its comment, then an `end`."""
    code = line.partition(";")[0].rstrip()
    found: list[Token] = []
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "end"
        token = Token(kind, match[kind], match.start(kind))
        if kind == "bad":
            raise SourceError(token, f"`{token.text}` has no meaning here")
        if len(found) == _MOST_TOKENS:
            raise SourceError(token, f"more than {_MOST_TOKENS} names, numbers and signs in one line")
        found.append(token)
    return [*found, Token("end", "", len(code))]


# weakest first
_OPERATORS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"<<": lambda a, b: a << b},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b},
)
_LIMIT = 1 << 32


def expression(cursor: Cursor, value_of: Callable[[Token], int], level: int = 0) -> int:
    """Value of an expression: numbers, names, `+ - * <<`, unary minus and parentheses, as strong as in C."""
    if level == len(_OPERATORS):
        return _operand(cursor, value_of)
    value = expression(cursor, value_of, level + 1)
    while cursor.next.text in _OPERATORS[level]:
        operator = cursor.take()
        right = expression(cursor, value_of, level + 1)
        if operator.text == "<<" and not 0 <= right < 32:
            raise SourceError(operator, f"a shift by {right} is outside 0 to 31")
        value = _OPERATORS[level][operator.text](value, right)
        if abs(value) >= _LIMIT:
            raise SourceError(operator, "the result does not fit in 32 bits")
    return value


def _operand(cursor: Cursor, value_of: Callable[[Token], int]) -> int:
    token = cursor.take()
    if token.text == "-":
        return -_operand(cursor, value_of)
    if token.text == "(":
        value = expression(cursor, value_of)
        cursor.expect(")", "the expression")
        return value
    if token.kind == "number":
        try:
            return int(token.text, 0)
        except ValueError:
            raise SourceError(token, f"`{token.text}` is not a number; write 12, 0x0c or 0b1100") from None
    if token.kind == "name" and not token.text.startswith("."):
        return value_of(token)
    raise SourceError(token, "expected a number, a name or an expression")
