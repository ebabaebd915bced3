"""`ohmbench export`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.record_filter import add_filter, filter_of
from ohmbench.progress import Progress
from ohmbench.record.names import TABLES


def add(commands: Commands) -> None:
    text = "write the record for other programs: HDF5 with all of it, or a table"
    parser = commands.add("export", run, text, examples=["lab.h5", "cells.csv --table cells --run 17"])
    add_filter(parser)
    parser.add_argument(
        "file", type=Path, help=".h5, .csv, .json, .npz or .parquet; with --conductances .npz, or .csv with --like"
    )
    group = parser.add_argument_group("conductances")
    group.add_argument(
        "--conductances",
        type=Path,
        metavar="IMAGE",
        help="last conductances of --serial for this weight image, and the weights that they stand for",
    )
    group.add_argument(
        "--names",
        metavar="A,B,...",
        help="names of its layers in a torch module; the weights get the shapes and units of its state_dict",
    )
    group.add_argument(
        "--like",
        type=Path,
        metavar="FILE",
        help="CSV that aihwkit's fusion_export wrote; the output has its form and the array's weights, for "
        "fusion_import",
    )
    parser.add_argument(
        "--table", choices=TABLES, default="runs", help="which table to write; .h5 has all (default: %(default)s)"
    )
    parser.add_argument(
        "--last", type=options.whole(1), metavar="N", help="only the last N runs; with --table events, events"
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.record import record_to_read
    from ohmbench.lab.settings import record_path
    from ohmbench.operations.export import export

    if args.conductances is not None or args.names is not None or args.like is not None:
        _conductances(args, output)
        return
    asked = filter_of(args)
    with record_to_read(record_path(args.lab)) as store:
        result = export(store, args.file, asked, args.table)
    output.show(result)


def _conductances(args: argparse.Namespace, output: Output) -> None:
    from ohmbench.errors import UsageError
    from ohmbench.operations.conductances import export_conductances

    if args.conductances is None or args.serial is None:
        raise UsageError("Conductances are those of an image on an array.", "Give --conductances IMAGE and --serial.")
    if args.names is not None and args.like is not None:
        raise UsageError("--names is for a state_dict, and --like for aihwkit.", "Give one of them.")
    names = None if args.names is None else args.names.split(",")
    output.show(export_conductances(args.lab, args.serial, args.conductances, args.file, names, args.like))
