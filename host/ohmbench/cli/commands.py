"""The commands and their parsers, as the files of commands add them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ohmbench.cli.output import Output
from ohmbench.progress import Progress

EPILOG = """exit codes: 0 done, 2 usage, 3 port, 4 protocol, 5 link, 6 weight image, 7 pulse program, 8 simulator
build, 9 guard fault, 10 not converged, 11 data, 12 chip model, 13 wear budget, 14 record of runs or results of
sweeps, 15 bitstream, 16 --assert, 17 self-test, 18 instrument; 130 after Ctrl-C (SIGTERM 143,
SIGHUP 129). Results go to stdout, progress to stderr."""

Run = Callable[[argparse.Namespace, Output, Progress], int | None]
"""Does a command; returns its exit code, None for 0."""


class Commands:
    """The commands of a parser.

    Args:
        metavar: what help calls them.
        group: the command that they belong to; "" for none. Options of every command may stand before or after theirs.
    """

    def __init__(self, parser: argparse.ArgumentParser, metavar: str = "COMMAND", group: str = "") -> None:
        help_text = f"what to {group}; each has a --help of its own" if group else None
        self._made = parser.add_subparsers(required=True, metavar=metavar, help=help_text)
        self._is_group = bool(group)

    def add(self, name: str, run: Run, text: str) -> argparse.ArgumentParser:
        """Add a command; its options are for the caller to add.

        Args:
            text: what it does, for help.
        """
        made = self._made.add_parser(name, help=text, description=text, epilog=EPILOG)
        # a default here would overwrite what was said before the name
        _common(made, default=argparse.SUPPRESS if self._is_group else False)
        made.set_defaults(command=run, parser=made)
        return made

    def add_group(self, name: str, text: str) -> Commands:
        """Add a command that has commands of its own."""
        made = self._made.add_parser(name, help=text, description=text, epilog=EPILOG)
        _common(made, default=False)
        return Commands(made, metavar="WHAT", group=name)


def _common(parser: argparse.ArgumentParser, default: bool | str) -> None:
    """Options of every command."""
    parser.add_argument("--json", action="store_true", default=default, help="print the result as JSON")
    parser.add_argument("--quiet", action="store_true", default=default, help="no progress on stderr")
