"""`ohmbench demo`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_folder
from ohmbench.support.writer import result


def add(commands: Commands) -> None:
    parser = commands.add(
        "demo",
        run,
        "train, map, program and infer the digits; writes a report",
        examples=["--port twin", "--serial W3-17 --out report"],
    )
    options.port(parser)
    options.budget(options.record(parser))
    parser.add_argument(
        "--out", type=Path, default=Path("build/demo"), help="folder for results (default: %(default)s)"
    )
    parser.add_argument("--network-seed", type=options.whole(0), default=0, help="seed of the training")
    group = parser.add_argument_group("98 % of MNIST in one array")
    group.add_argument(
        "--one-array", action="store_true", help="a convolutional network that comes with ohmbench, on MNIST"
    )
    group.add_argument("--images", type=options.whole(1), default=1000, help="test images (default: %(default)s)")
    group.add_argument("--mnist", type=Path, metavar="DIR", help="folder of MNIST's files (default: OHMBENCH_MNIST)")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    started = time.monotonic()  # before the simulator is built: that is waited for too
    from ohmbench.operations.demo import run_demo
    from ohmbench.operations.one_array import run_one_array

    check_folder(args.out)
    # not what OHMBENCH_PORT names: a demo pulses no array that nobody named
    args.port = args.port or ("twin" if args.one_array else "sim")
    setup = setup_of(args, progress, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    if args.one_array:
        found = run_one_array(setup, progress, count=args.images, folder=args.mnist, started=started)
    else:
        found = run_demo(setup, progress, seed=args.network_seed, started=started)
    output.save_and_show(found, found.result.save, args.out, work=True)
    if not output.as_json:
        result(f"\nreport: {args.out / 'report.html'}")
