"""`ohmbench merge-arrays`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "merge-arrays",
        run,
        "make two serial numbers of the record one array, with the wear of both",
        examples=["W3-17 W3-71"],
    )
    parser.add_argument("keep", metavar="KEEP", help="the serial number that is kept")
    parser.add_argument(
        "other", metavar="OTHER", help="the serial number that is given up, exactly as the record has it"
    )
    options.lab(parser)


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.settings import record_path
    from ohmbench.operations.merge_arrays import merge

    output.show(merge(record_path(args.lab), args.keep, args.other))
