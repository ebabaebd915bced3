"""The commands and their parsers, as the files of commands add them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from ohmbench.cli.help import Formatter, epilog
from ohmbench.cli.output import Output
from ohmbench.progress import Progress

Run = Callable[[argparse.Namespace, Output, Progress], int | None]
"""Does a command; returns its exit code, None for 0."""


class Commands:
    """The commands of a parser.

    Args:
        metavar: what help calls them.
        group: the command that they belong to; "" for none. Options of every command may stand before or after theirs.
        kinds: names of commands by what they are for, as help shows them; none: all together.
    """

    def __init__(
        self,
        parser: argparse.ArgumentParser,
        metavar: str = "COMMAND",
        group: str = "",
        kinds: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        help_text = f"what to {group}; each has a --help of its own" if group else None
        self._made = parser.add_subparsers(required=True, metavar=metavar, help=help_text)
        if kinds is not None:
            self._made.kinds = kinds  # type: ignore[attr-defined]
            parser._positionals.title = "commands"
        self._is_group = bool(group)

    def add(self, name: str, run: Run, text: str, *, examples: Sequence[str]) -> argparse.ArgumentParser:
        """Add a command; its options are for the caller to add.

        Args:
            text: what it does, for help.
            examples: what can stand behind its name; "" for nothing.
        """
        made = self._made.add_parser(name, help=text, description=text, formatter_class=Formatter)
        made.epilog = epilog(*(f"{made.prog} {example}".rstrip() for example in examples))
        # a default here would overwrite what was said before the name
        _common(made, default=argparse.SUPPRESS if self._is_group else False)
        made.set_defaults(command=run, parser=made, near_array=False)  # what opens a bench says otherwise
        return made

    def add_group(self, name: str, text: str) -> Commands:
        """Add a command that has commands of its own."""
        made = self._made.add_parser(name, help=text, description=text, formatter_class=Formatter)
        made.epilog = epilog(f"{made.prog} --help")
        _common(made, default=False)
        return Commands(made, metavar="WHAT", group=name)


def _common(parser: argparse.ArgumentParser, default: bool | str) -> None:
    """Options of every command."""
    parser.add_argument("--json", action="store_true", default=default, help="print the result as JSON")
    parser.add_argument("--quiet", action="store_true", default=default, help="no progress on stderr")
