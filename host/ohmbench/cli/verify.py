"""`ohmbench verify`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import fault_map_of, setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    parser = commands.add(
        "verify",
        run,
        "read every cell, and compare it with its target in the image",
        examples=["digits.ohmw --serial W3-17 --after 3600"],
    )
    options.port(parser)
    options.recipe(parser)
    options.record(parser)
    options.image(parser)
    parser.add_argument(
        "--only",
        type=options.whole(0),
        metavar="N",
        help="array of the image that is in the socket (default: the last run's)",
    )
    parser.add_argument("--after", type=options.seconds, default=0.0, metavar="S", help="rest for S seconds first")
    options.required_share(parser, 0.0, "cells in their window")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.verify import verify_file

    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab)
    fault_map = fault_map_of(args.fault_map)
    if args.report is not None:
        check_writable(args.report, is_text=True)
    found = verify_file(setup, args.image, progress, only=args.only, fault_map=fault_map, after_s=args.after)
    output.save_and_show(found, found.result.render, args.report)
    found.result.require(args.require)
