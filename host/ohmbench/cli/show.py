"""`ohmbench show`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "show",
        run,
        "show a run of the record: what it did, how it ended, its page, its cells",
        examples=["17", "17 --report run.html -o cells.csv"],
    )
    options.lab(parser)
    parser.add_argument("number", type=options.whole(1), metavar="RUN", help="its number, as `ohmbench log` prints it")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page of the run")
    options.table(parser, "a row a cell and pass, or a cell and read of an experiment")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.record import record_to_read
    from ohmbench.lab.settings import record_path
    from ohmbench.operations.show import save_page, save_table, show

    options.check_table(args.out)
    with record_to_read(record_path(args.lab)) as store:
        shown = show(store, args.number)
        if args.report is not None:
            save_page(store, shown, args.report)
        if args.out is not None:
            save_table(store, shown, args.out)
    output.show(shown)
