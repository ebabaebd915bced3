"""`ohmbench form`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "form",
        run,
        "form the cells of a fresh array with a ramp of the bit line, and verify them",
        examples=["--serial W3-17 --new-array"],
    )
    options.port(parser)
    options.recipe(parser)
    options.budget(options.record(parser))
    options.required_share(parser, 0.9, "formed cells")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.form import form_array, require_formed

    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    found = form_array(setup, progress)
    output.show(found, work=True)
    require_formed(found.result, args.require)
