"""`ohmbench selftest`."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    parser = commands.add(
        "selftest",
        run,
        "check the carrier through its own converters; no pulse without --cell",
        examples=["--report check.html"],
    )
    options.port(parser)
    options.recipe(parser)
    options.budget(options.record(parser))
    parser.add_argument(
        "--cell",
        type=options.cell,
        metavar="ROW,COL",
        help="on a carrier that reaches one cell at a time: also SET and RESET this cell, by the recipe",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="page to write, and the same as JSON beside it")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.selftest import selftest_of
    from ohmbench.report.selftest import write_report

    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    if args.report is not None:
        check_writable(args.report, is_text=True)
    found = selftest_of(setup, progress, cell=args.cell)
    output.save_and_show(found, partial(write_report, found.result), args.report)
    found.result.require_good()
