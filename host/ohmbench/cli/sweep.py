"""The commands of sweeps and of their results."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli.array import AddCommand
from ohmbench.cli.options import whole
from ohmbench.cli.output import print_result, show
from ohmbench.progress import Progress


def _sweep(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations import sweep
    from ohmbench.sweep.expectation import Expectation

    expectations = [Expectation.parse(text) for text in args.expect]
    config, points = sweep.plan(args.config, args.only)
    if args.list:
        print_result(args, [point.settings() | {"point": point.key} for point in points], sweep.listing(points))
        return
    result = sweep.sweep(
        config,
        points,
        args.results or args.config.with_suffix(".sqlite"),
        progress,
        port=args.port,
        only=bool(args.only),
        jobs=args.jobs,
        scheduler=args.dask,
        folder=args.mnist,
    )
    show(args, result)
    result.check(expectations)


def _report(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations.sweep import report

    result = report(args.results, args.output)
    print_result(args, result, f"{result['points']} points; written: {args.output}")


def add_commands(command: AddCommand) -> None:
    """Add sweep and report."""
    sweep = command("sweep", _sweep, "compute the points of a file; goes on where it was, see docs/sweep.md")
    sweep.add_argument("config", type=Path, help="what to vary (.toml)")
    sweep.add_argument("--results", type=Path, metavar="FILE", help="file of results (default: CONFIG with .sqlite)")
    sweep.add_argument("--port", default="twin", help="twin, sim, or with --only a board (default: %(default)s)")
    sweep.add_argument("--only", action="append", default=[], metavar="POINT", help="this point; repeatable")
    sweep.add_argument("--list", action="store_true", help="list the points with their keys and compute nothing")
    sweep.add_argument("--jobs", type=whole(1), metavar="N", help="processes (default: one a core)")
    sweep.add_argument("--dask", metavar="ADDRESS", help="compute on a Dask scheduler, such as tcp://host:8786")
    sweep.add_argument("--mnist", type=Path, metavar="DIR", help="folder of MNIST's files (default: OHMBENCH_MNIST)")
    sweep.add_argument(
        "--assert",
        dest="expect",
        action="append",
        default=[],
        metavar="EXPECTATION",
        help="such as 'accuracy >= 0.91', of every point; else exit 16; repeatable",
    )

    report = command("report", _report, "write results of sweeps as a page or a table")
    report.add_argument("results", type=Path, help="file of results (.sqlite)")
    report.add_argument("-o", "--output", type=Path, required=True, help=".html, .csv, .parquet or .h5")
