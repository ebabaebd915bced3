"""`ohmbench infer`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import fault_map_of, setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    parser = commands.add(
        "infer",
        run,
        "program a weight image and run its test set through it",
        examples=["digits.ohmw --serial W3-17", "mnist.ohmw --port twin --images 1000 --trim 200"],
    )
    options.port(parser)
    options.fault_map(parser)
    options.no_fault_map(parser)
    options.recipe(parser)
    options.budget(options.record(parser))
    parser.add_argument("image", type=Path, help="weight image (.ohmw)")
    parser.add_argument("--images", type=options.whole(1), help="only the first N test images")
    options.data(parser, "what the image was made for")
    parser.add_argument(
        "--twin", action="store_true", help="with --port sim: do the same on the twin and compare all codes"
    )
    group = parser.add_argument_group("trimming")
    made = group.add_mutually_exclusive_group()
    made.add_argument(
        "--trim",
        type=options.whole(1),
        metavar="N",
        help="measure the array's errors on N training inputs and correct them; the raw result is shown too",
    )
    made.add_argument(
        "--trimming",
        metavar="FILE|record",
        help="correct the result with an earlier trimming: a file, or `record` for the last one recorded",
    )
    group.add_argument(
        "--no-program", action="store_true", help="use the array as it is; the record must say that it holds the image"
    )
    group.add_argument(
        "--after", type=options.seconds, default=0.0, metavar="S", help="rest for S seconds before the inputs"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="page with the confusion matrix and the trimming")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.infer import infer_file
    from ohmbench.operations.trim import TrimRequest

    if args.report is not None:
        check_writable(args.report, is_text=True)
    trim = None if args.trim is None and args.trimming is None else TrimRequest(args.trim, args.trimming)
    setup = setup_of(args, progress, recipe=args.recipe, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    found = infer_file(
        setup,
        args.image,
        progress,
        data=args.data,
        folder=args.mnist,
        count=args.images,
        twin=args.twin,
        trim=trim,
        program=not args.no_program,
        after_s=args.after,
        fault_map=fault_map_of(args.fault_map),
        known_bad=not args.no_fault_map,
    )
    output.save_and_show(found, found.result.render, args.report, work=True)
