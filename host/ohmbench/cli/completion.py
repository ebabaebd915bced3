"""`ohmbench completion`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add("completion", run, "print a script that completes commands and options in a shell")
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"], help='bash: eval "$(ohmbench completion bash)"')


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    import shtab

    from ohmbench.cli.command_line import make_parser  # here: that imports this file

    parser = make_parser()
    for action in _actions(parser):
        if action.type is Path:
            action.complete = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE  # type: ignore[attr-defined]
    script = shtab.complete(parser, args.shell)
    output.print({"shell": args.shell, "script": script}, script)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """All of a parser and of its commands'."""
    found = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name in action.choices:
                found += _actions(action.choices[name])
    return found
