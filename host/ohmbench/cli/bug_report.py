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
        "pack versions, the last runs and events, traces and logs into a zip to send; names are taken out",
        examples=["-o report.zip --trace session.trace"],
    )
    options.lab(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write (.zip)")
    parser.add_argument(
        "--trace",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what --trace of a command wrote; repeatable",
    )
    parser.add_argument(
        "--log",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what a command wrote to stderr; repeatable",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.bug_report import bug_report

    check_writable(args.output)
    output.show(bug_report(args.output, args.lab, traces=args.trace, logs=args.log))
