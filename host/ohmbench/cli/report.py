"""`ohmbench report`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "report", run, "write results of sweeps as a page or a table", examples=["sweep.sqlite -o sweep.html"]
    )
    parser.add_argument("results", type=Path, help="file of results (.sqlite)")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help=".html, .md, .csv, .json, .npz, .parquet or .h5"
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.sweep import report

    result = report(args.results, args.output)
    output.print(result, f"{result['points']} points; written: {args.output}")
