"""`ohmbench plot`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress

_KINDS = """yield, error or convergence of a run that programmed an image; iv, endurance or retention of a run of that
experiment; confusion of a run of infer or of a sweep; accuracy or loss of a sweep; wear of an array"""


def add(commands: Commands) -> None:
    parser = commands.add(
        "plot",
        run,
        "draw a chart of a run, of a sweep or of an array as SVG, with its numbers as CSV",
        examples=["yield 17 -o yield.svg"],
    )
    options.lab(parser)
    parser.add_argument("kind", metavar="KIND", help=_KINDS)
    parser.add_argument(
        "source", metavar="SOURCE", help="number of a run, results of a sweep (.sqlite), or serial number of an array"
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help=".svg to write; the numbers go to a .csv of the same name",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.plot import plot

    output.show(plot(args.kind, args.source, args.out, args.lab))
