"""The parser of arguments: one that says what was wrong in a line, and what may have been meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from ohmbench.cli.help import short_usage
from ohmbench.support.guesses import did_you_mean


class Parser(argparse.ArgumentParser):
    """argparse's, with guesses. Its parsers of commands are of the same class."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2, a sentence and the usage in a line."""
        self.exit(2, f"{self.prog}: error: {message}\n{short_usage(self)}\n{self.prog} --help says more\n")

    def parse_all(self, argv: Sequence[str] | None = None) -> argparse.Namespace:
        """The arguments; ends with a usage error if one is not known."""
        args, unknown = self.parse_known_args(argv)
        if unknown:
            parser = getattr(args, "parser", self)
            said = [one + parser._meant(one) for one in unknown]
            parser.error(f"unrecognized arguments: {' '.join(said)}")
        return args

    def _meant(self, argument: str) -> str:
        name, _, _ = argument.partition("=")
        return did_you_mean(name, self._option_string_actions) if name.startswith("-") else ""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices: Iterable[Any] | None = action.choices
        if choices is not None and value not in choices:
            names = [str(one) for one in choices]
            is_command = isinstance(action, argparse._SubParsersAction)
            what = "there is no command" if is_command else "invalid choice:"
            meant = did_you_mean(str(value), names)
            there = "" if meant and is_command else f"; there are {', '.join(names)}"
            raise argparse.ArgumentError(None if is_command else action, f"{what} {str(value)[:40]!r}{meant}{there}")
