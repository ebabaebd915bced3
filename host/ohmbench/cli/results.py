"""`ohmbench results`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress
from ohmbench.support.files import check_folder


def add(commands: Commands) -> None:
    parser = commands.add(
        "results",
        run,
        "run every method on every net, and write the table and the plots",
        examples=["--net 784-10 --out results"],
    )
    options.mnist(parser)
    parser.add_argument("--out", type=Path, default=Path("docs/results"), help="folder to write (default: %(default)s)")
    parser.add_argument("--finished", action="store_true", help="compute nothing; write what is finished so far")
    parser.add_argument("--seeds", type=options.whole(1, 1000), default=5, help="seeds of each net (default: 5)")
    parser.add_argument(
        "--net", action="append", default=[], metavar="NET[:BITS]", help="only this net; may be given several times"
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.results import run_results
    from ohmbench.report.compression import save_results

    check_folder(args.out)
    result = run_results(progress, seeds=args.seeds, only=args.net, finished=args.finished, folder=args.mnist)
    save_results(result.rows, args.out)
    output.show(result)
