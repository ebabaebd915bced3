"""`ohmbench characterise`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    text = "find an array's bad cells and its conductance window; erases it"
    parser = commands.add("characterise", run, text, examples=["--serial W3-17 --out W3-17.json"])
    options.port(parser)
    options.recipe(parser)
    options.budget(options.record(parser))
    parser.add_argument("--out", type=Path, metavar="FILE", help="fault map to write, for --fault-map")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.characterise import characterise_array

    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    if args.out is not None:
        check_writable(args.out, is_text=True)
    found = characterise_array(setup, progress)
    output.save_and_show(found, found.result.faults.save, args.out, work=True)
