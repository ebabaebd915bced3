"""`ohmbench sweep`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "sweep",
        run,
        "compute the points of a sweep that are not computed yet; see docs/sweep.md",
        examples=["digits.toml", "--params"],
    )
    options.near_array(parser)
    parser.add_argument("config", type=Path, nargs="?", help="what to vary (.toml)")
    parser.add_argument(
        "--params", action="store_true", help="only list the array model's parameters, with units and sources"
    )
    parser.add_argument("--results", type=Path, metavar="FILE", help="file of results (default: CONFIG with .sqlite)")
    parser.add_argument("--port", default="twin", help="twin, sim, or with --only a board (default: %(default)s)")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="POINT",
        help="only this point, by the start of its key; repeatable",
    )
    parser.add_argument("--list", action="store_true", help="only list the points with their keys")
    parser.add_argument("--jobs", type=options.whole(1, 4096), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--dask", metavar="ADDRESS", help="compute on a Dask scheduler, such as tcp://host:8786")
    options.mnist(parser)
    parser.add_argument(
        "--assert",
        dest="expect",
        action="append",
        default=[],
        metavar="EXPECTATION",
        help="what must hold for every point, such as 'accuracy >= 0.91'; else exit with 16; repeatable",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.errors import UsageError
    from ohmbench.operations import sweep
    from ohmbench.sweep.expectation import Expectation

    if args.params:
        output.print(sweep.parameters(), sweep.parameters_text())
        return
    if args.config is None:
        raise UsageError("No sweep was given.", "Give its file (.toml), or --params for what it may vary.")
    expectations = [Expectation.parse(text) for text in args.expect]
    config, points = sweep.plan(args.config, args.only, args.mnist)
    if args.list:
        output.print([point.settings() | {"point": point.key} for point in points], sweep.listing(points))
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
    output.show(result)
    result.check(expectations)
