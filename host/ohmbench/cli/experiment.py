"""The command of experiments."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.array import AddCommand
from ohmbench.cli.output import bench_of, fault_map_of, print_result, save_and_show, show, socket_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def _experiment(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab import socket as sockets
    from ohmbench.operations import experiment as operation

    settings = operation.parse_settings(args.set)
    asked = bool(settings or args.cells or args.fault_map)
    socket = socket_of(args)
    if not args.resume:
        chosen = operation.parse_cells(args.cells, fault_map_of(args), socket.serial)
        planned = operation.plan(args.name, settings, chosen)
    if args.report is not None:
        check_writable(args.report)
    opened = sockets.record_if_there if args.dry_run else sockets.record_of
    with opened(socket, args.lab, args.wear_budget) as ledgered:
        if args.resume:
            planned = operation.plan_resumed(args.name, ledgered, asked, socket.serial)
        if args.dry_run:
            show(args, operation.estimate(planned, ledgered))
            return
        if planned.is_done and ledgered is not None:
            result = operation.already_done(planned, ledgered)
        else:
            with bench_of(args, progress) as bench:
                result = operation.experiment(bench, planned, progress, ledgered)
    save_and_show(args, result, result.save, args.report)


def _experiments(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations.experiment import catalogue, describe_catalogue

    found = catalogue()
    print_result(args, found, describe_catalogue(found))


def add_commands(command: AddCommand) -> None:
    """Add experiment and experiments."""
    experiment = command(
        "experiment",
        _experiment,
        "run an experiment on cells of an array; see docs/experiments.md and `ohmbench experiments`",
        options.port(),
        options.record(),
        options.budget(),
    )
    experiment.add_argument("name", metavar="NAME", help="a name that `ohmbench experiments` lists")
    experiment.add_argument(
        "--cells",
        action="append",
        default=[],
        metavar="ROW,COL[:ROW,COL]",
        help="cells, from corner to corner; repeatable (default: all)",
    )
    experiment.add_argument(
        "--fault-map", type=Path, metavar="FILE", help="stuck and unformed cells in it are left out"
    )
    experiment.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the experiment; repeatable"
    )
    experiment.add_argument("--report", type=Path, metavar="FILE", help="page with its plots (.html)")
    experiment.add_argument("--resume", action="store_true", help="go on with the last such run on this array")
    experiment.add_argument("--dry-run", action="store_true", help="send nothing: estimate pulses and bench time")
    command("experiments", _experiments, "list the experiments that are installed, with their settings")
