"""`ohmbench flash`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.carrier.kinds import key_of, written
from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress
from ohmbench.tables import DEFAULT_CARRIER


def add(commands: Commands) -> None:
    parser = commands.add(
        "flash", run, "load a bitstream into a board (needs openFPGALoader)", examples=["--board ulx3s"]
    )
    options.near_array(parser)
    parser.add_argument("file", type=Path, nargs="?", help="bitstream (default: the one that `make bitstream` made)")
    parser.add_argument("--board", default="ulx3s", help="a folder of fpga/boards (default: %(default)s)")
    parser.add_argument(
        "--carrier-kind",
        type=key_of,
        metavar="KIND",
        default=written(DEFAULT_CARRIER),
        help="the carrier on the board: reference, or x1-scan as in docs/x1.md (default: %(default)s)",
    )
    parser.add_argument(
        "--permanent",
        action="store_true",
        help="also write the board's flash, so that the FPGA starts with this bitstream",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.flash import flash

    output.show(flash(args.board, args.file, progress, kind=args.carrier_kind, permanent=args.permanent))
