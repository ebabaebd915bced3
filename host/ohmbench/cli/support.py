"""The version, shell completion, and the report of a defect."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ohmbench.cli.array import AddCommand
from ohmbench.cli.options import lab
from ohmbench.cli.output import print_result, show
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


class Version(argparse.Action):
    """Prints versions and build id, which take a moment to find, when they are asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="say versions and the build id, and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ohmbench.operations.versions import describe

        print(describe())
        parser.exit()


def _bug_report(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations.bug_report import bug_report

    check_writable(args.output)
    show(args, bug_report(args.output, args.lab, traces=args.trace, logs=args.log))


def add_commands(command: AddCommand, parser: argparse.ArgumentParser) -> None:
    """Add completion, of all that the parser has by then and later, and bug-report."""

    def complete(args: argparse.Namespace, progress: Progress) -> None:
        import shtab

        for action in _actions(parser):
            if action.type is Path:
                action.complete = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE  # type: ignore[attr-defined]
        script = shtab.complete(parser, args.shell)
        print_result(args, {"shell": args.shell, "script": script}, script)

    completion = command("completion", complete, "print a script that completes commands and options in a shell")
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"], help='bash: eval "$(ohmbench completion bash)"')

    report = command(
        "bug-report", _bug_report, "bundle versions, the record's end, traces and logs, nothing private", lab()
    )
    report.add_argument("-o", "--output", type=Path, required=True, help="file to write (.zip)")
    report.add_argument(
        "--trace", type=Path, action="append", default=[], metavar="FILE", help="of --trace; repeatable"
    )
    report.add_argument("--log", type=Path, action="append", default=[], metavar="FILE", help="stderr; repeatable")


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """All of a parser and of its commands'."""
    found = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name in action.choices:
                found += _actions(action.choices[name])
    return found
