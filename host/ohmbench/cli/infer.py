"""`ohmbench infer`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add("infer", run, "program a weight image and run its test set through it")
    options.port(parser)
    options.recipe(parser)
    options.record(parser)
    options.budget(parser)
    parser.add_argument("image", type=Path, help="weight image (.ohmw)")
    parser.add_argument("--images", type=options.whole(1), help="only the first so many test images")
    parser.add_argument("--data", choices=["digits", "mnist"], help="data set (default: what the image was made for)")
    options.mnist(parser)
    parser.add_argument(
        "--twin", action="store_true", help="with --port sim: the same on the twin, and whether all codes are equal"
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.infer import infer_file

    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    found = infer_file(
        setup, args.image, progress, data=args.data, folder=args.mnist, count=args.images, twin=args.twin
    )
    output.show(found, work=True)
