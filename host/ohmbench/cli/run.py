"""`ohmbench run`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options, pulse_program
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "run",
        run,
        "run a pulse program of your own, recorded; see docs/pulse-programs.md",
        examples=["from-above.useq --serial W3-17 --arg row=3", "from-above.useq --port twin --arg row=3 --steps 50"],
    )
    options.port(parser)
    options.recipe(parser)
    options.budget(options.record(parser))
    pulse_program.add(parser, is_needed=True)
    parser.add_argument(
        "--steps",
        type=options.whole(1, 1_000_000),
        metavar="N",
        default=0,
        help="on the twin: print the first N instructions, each with its line and what it changed",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.run import run_program

    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    found = run_program(setup, pulse_program.asked(args, setup.recipe), progress, steps=args.steps)
    output.show(found, work=True)
