"""`ohmbench program`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import fault_map_of, setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable

if TYPE_CHECKING:
    from ohmbench.lab.setup import Setup


def add(commands: Commands) -> None:
    text = "program a weight image into the array; only cells outside of their window are pulsed"
    parser = commands.add(
        "program",
        run,
        text,
        examples=[
            "digits.ohmw --serial W3-17 --only 0 --dry-run",
            "digits.ohmw --serial W3-17 --only 0 --report page.html",
            "digits.ohmw --serial W3-17 --resume",
        ],
    )
    options.port(parser)
    options.no_fault_map(parser)
    options.recipe(parser)
    options.budget(options.record(parser))
    options.image(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", type=options.whole(0), metavar="N", help="program only image N of the file, from 0")
    which.add_argument(
        "--all", action="store_true", help="program all images of the file, each over the one before; needed on a board"
    )
    parser.add_argument(
        "--passes",
        type=options.whole(1),
        metavar="K",
        help="make K passes in all; later ones pulse the cells that drifted",
    )
    parser.add_argument("--rest", type=options.seconds, metavar="S", help="seconds of rest between two passes")
    parser.add_argument("--resume", action="store_true", help="resume a run that was killed or interrupted")
    parser.add_argument(
        "--dry-run", action="store_true", help="send no pulse: check everything, and estimate pulses, time and wear"
    )
    group = parser.add_argument_group("in the loop")
    group.add_argument(
        "--in-the-loop",
        type=options.whole(1),
        metavar="N",
        help="layer by layer: pass N training inputs through programmed layers, and train the next ones on them",
    )
    group.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="weight image to write after the fit (.ohmw); needed with --in-the-loop",
    )
    options.data(group, "what the image was made for")
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
    asked: dict[str, Any] = {
        "only": args.only,
        "every": args.all,
        "fault_map": fault_map_of(args.fault_map),
        "known_bad": not args.no_fault_map,
        "resume": args.resume,
    }
    if args.in_the_loop is not None or args.out is not None:
        _in_the_loop(args, setup, output, progress)
        return
    if args.report is not None:
        check_writable(args.report)
    if args.dry_run:
        output.show(dry_run(setup, args.image, progress, **asked))
        return
    found = program_file(setup, args.image, progress, report=args.report, **asked)
    output.show(found, work=True)
    found.result.require(args.require)


def _in_the_loop(args: argparse.Namespace, setup: Setup, output: Output, progress: Progress) -> None:
    from ohmbench.errors import UsageError
    from ohmbench.operations.in_the_loop import program_in_the_loop

    if args.in_the_loop is None or args.out is None:
        raise UsageError("--in-the-loop N and -o FILE go together: it writes another weight image.", "Give both.")
    alone = {"--only": args.only, "--resume": args.resume, "--dry-run": args.dry_run, "--fault-map": args.fault_map}
    alone |= {"--passes": args.passes, "--rest": args.rest, "--report": args.report}
    alone |= {"--all": args.all, "--no-fault-map": args.no_fault_map}
    if others := [name for name, value in alone.items() if value]:
        raise UsageError(f"{others[0]} has no meaning with --in-the-loop.", "Leave it out.")
    check_writable(args.out)
    found = program_in_the_loop(
        setup, args.image, args.out, progress, count=args.in_the_loop, data=args.data, folder=args.mnist
    )
    output.show(found, work=True)
    found.result.require(args.require)
