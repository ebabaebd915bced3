"""`ohmbench bug-report`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    parser = commands.add(
        "bug-report",
        run,
        "bundle versions, the record's end, traces and logs, nothing private",
        examples=["-o report.zip --trace session.trace"],
    )
    options.lab(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write (.zip)")
    parser.add_argument(
        "--trace", type=Path, action="append", default=[], metavar="FILE", help="of --trace; repeatable"
    )
    parser.add_argument("--log", type=Path, action="append", default=[], metavar="FILE", help="stderr; repeatable")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.bug_report import bug_report

    check_writable(args.output)
    output.show(bug_report(args.output, args.lab, traces=args.trace, logs=args.log))
