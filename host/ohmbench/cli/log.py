"""`ohmbench log`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.record_filter import add_filter, filter_of
from ohmbench.progress import Progress
from ohmbench.record.names import LOGGED


def add(commands: Commands) -> None:
    parser = commands.add(
        "log",
        run,
        "list what the record holds: runs, arrays and their wear, events, calibrations",
        examples=["--last 20", "arrays", "events --run 17"],
    )
    add_filter(parser)
    parser.add_argument("what", nargs="?", default="runs", choices=LOGGED, help="what to list (default: %(default)s)")
    parser.add_argument(
        "--last", type=options.whole(1), metavar="N", help="only the last N runs, events or calibrations"
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.record import record_to_read
    from ohmbench.lab.settings import record_path
    from ohmbench.operations.log import log

    asked = filter_of(args)
    with record_to_read(record_path(args.lab)) as store:
        result = log(store, args.what, asked)
    output.show(result)
