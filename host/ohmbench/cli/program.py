"""`ohmbench program`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import fault_map_of, setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    text = "program a weight image into the array: the cells outside of their window, with verify"
    parser = commands.add("program", run, text)
    options.port(parser)
    options.recipe(parser)
    options.record(parser)
    options.budget(parser)
    options.image(parser)
    parser.add_argument(
        "--only", type=options.whole(0), metavar="N", help="program the N-th array of the image only, from 0"
    )
    parser.add_argument(
        "--passes", type=options.whole(1), metavar="K", help="program what drifted again, K passes in all"
    )
    parser.add_argument("--rest", type=options.seconds, metavar="S", help="seconds of rest between two passes")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was killed or interrupted")
    parser.add_argument(
        "--dry-run", action="store_true", help="send no pulse: check everything, and estimate pulses, time and wear"
    )
    options.required_share(parser, 0.9, "converged cells")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.program_file import dry_run, program_file

    setup = setup_of(
        args,
        progress,
        recipe=args.recipe,
        passes=args.passes,
        rest_s=args.rest,
        serial=args.serial,
        lab=args.lab,
        budget=args.wear_budget,
    )
    fault_map = fault_map_of(args.fault_map)
    if args.dry_run:
        output.show(dry_run(setup, args.image, progress, only=args.only, fault_map=fault_map, resume=args.resume))
        return
    found = program_file(
        setup, args.image, progress, only=args.only, fault_map=fault_map, resume=args.resume, report=args.report
    )
    output.show(found, work=True)
    found.result.require(args.require)
