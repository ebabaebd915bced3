"""`ohmbench export`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.record_filter import add_filter, filter_of
from ohmbench.progress import Progress
from ohmbench.record.records import TABLES


def add(commands: Commands) -> None:
    text = "write the record for other programs: HDF5 with all of it, or a table"
    parser = commands.add("export", run, text)
    add_filter(parser)
    parser.add_argument("file", type=Path, help=".h5, .csv or .parquet")
    parser.add_argument("--table", choices=TABLES, default="runs", help="of a .csv or .parquet (default: %(default)s)")
    parser.add_argument(
        "--last", type=options.whole(1), metavar="N", help="the last N runs only; in --table events, events"
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.record import record_to_read
    from ohmbench.lab.settings import record_path
    from ohmbench.operations.export import export

    asked = filter_of(args)
    with record_to_read(record_path(args.lab)) as store:
        result = export(store, args.file, asked, args.table)
    output.show(result)
