"""`ohmbench read`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add("read", run, "read every cell once", examples=["-o cells.csv", "--port twin --device ideal"])
    options.port(parser)
    options.recipe(parser)
    options.table(parser, "a row a cell")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.read import read_cells

    options.check_table(args.out)
    found = read_cells(setup_of(args, progress, recipe=args.recipe), progress)
    output.save_and_show(found, found.result.save_table, args.out)
