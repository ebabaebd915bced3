"""`ohmbench experiment`."""

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
    text = "run an experiment on cells of an array; see docs/experiments.md and `ohmbench experiments`"
    parser = commands.add(
        "experiment",
        run,
        text,
        examples=["endurance --serial W3-17 --cells 0,0:3,3 --set cycles=1e4", "iv --serial W3-17 --resume"],
    )
    options.port(parser)
    options.budget(options.record(parser))
    parser.add_argument("name", metavar="NAME", help="a name that `ohmbench experiments` lists")
    parser.add_argument(
        "--cells",
        action="append",
        default=[],
        metavar="ROW,COL[:ROW,COL]",
        help="cells, from corner to corner, or all; repeatable; needed by experiments that pulse",
    )
    options.fault_map(parser)
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the experiment; repeatable"
    )
    options.table(parser, "a row a cell and read of each step")
    parser.add_argument("--report", type=Path, metavar="FILE", help="page with its plots (.html)")
    parser.add_argument("--resume", action="store_true", help="resume the last such run on this array")
    parser.add_argument("--dry-run", action="store_true", help="send nothing: estimate pulses and bench time")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.experiment import dry_run, run_experiment
    from ohmbench.operations.experiment_plan import Asked

    setup = setup_of(args, progress, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    asked = Asked(args.name, args.set, args.cells, fault_map_of(args.fault_map), args.resume)
    if args.report is not None:
        check_writable(args.report, is_text=True)
    options.check_table(args.out)
    if args.dry_run:
        output.show(dry_run(setup, asked))
        return
    found = run_experiment(setup, asked, progress)
    files = [(found.result.save_table, args.out), (found.result.save, args.report)]
    output.save_all_and_show(found, files, work=True)
