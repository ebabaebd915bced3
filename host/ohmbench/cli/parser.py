"""The parser of arguments: one that says what was wrong in a line, and what may have been meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ohmbench.cli.help import short_usage
from ohmbench.errors import ArrayState
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.writer import drop_stdout, result

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class Parser(argparse.ArgumentParser):
    """argparse's, with guesses. Its parsers of commands are of the same class."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2: what is wrong, what it means for the array, and the usage in a line."""
        # None: no command was recognised, which may have been one for the array
        array = "" if self.get_default("near_array") is False else f". {ArrayState.UNTOUCHED}"
        self.exit(2, f"{self.prog}: error: {message}{array}\n{short_usage(self)}\n{self.prog} --help says more\n")

    def say(self, text: str) -> None:
        """Print to stdout; ends with 2 if it takes no more, but for a reader that has gone, as `head` does."""
        lost = result(text)
        if lost is not None:
            drop_stdout()
            if not isinstance(lost, BrokenPipeError):
                self.exit(2, f"{self.prog}: cannot write to stdout: {lost.strerror or lost}\n")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """To stdout, or to a file."""
        if file is None:
            self.say(self.format_help().rstrip("\n"))
        else:
            super().print_help(file)

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
