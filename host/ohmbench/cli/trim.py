"""`ohmbench trim`."""

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
    parser = commands.add(
        "trim",
        run,
        "measure the errors of an array that holds an image, and write the corrections to a file",
        examples=["mnist.ohmw --serial W3-17 -o W3-17.ohmt"],
    )
    options.port(parser)
    options.recipe(parser)
    options.budget(options.record(parser))
    parser.add_argument("image", type=Path, help="weight image (.ohmw); programmed if the array does not hold it")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="trimming to write (.ohmt)")
    parser.add_argument(
        "--inputs",
        type=options.whole(1),
        metavar="N",
        help="training inputs (default: 2000, or all if there are fewer)",
    )
    options.data(parser, "what the image was made for")
    parser.add_argument("--after", type=options.seconds, default=0.0, metavar="S", help="rest for S seconds first")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.trim import trim_file

    check_writable(args.out)
    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    output.show(
        trim_file(
            setup,
            args.image,
            args.out,
            progress,
            count=args.inputs,
            data=args.data,
            folder=args.mnist,
            after_s=args.after,
        ),
        work=True,
    )
