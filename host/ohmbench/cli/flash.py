"""`ohmbench flash`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "flash", run, "load a bitstream into a board (needs openFPGALoader)", examples=["--board ulx3s"]
    )
    parser.add_argument("file", type=Path, nargs="?", help="bitstream (default: the one that `make bitstream` made)")
    parser.add_argument("--board", default="ulx3s", help="a folder of fpga/boards (default: %(default)s)")
    parser.add_argument(
        "--carrier-kind",
        metavar="KIND",
        default="reference",
        help="the carrier on the board: reference, or x1-scan as in docs/x1.md (default: %(default)s)",
    )
    parser.add_argument(
        "--permanent",
        action="store_true",
        help="also write the board's flash, so that the FPGA starts with this bitstream",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.flash import flash

    kind = args.carrier_kind.replace("-", "_")
    output.show(flash(args.board, args.file, progress, kind=kind, permanent=args.permanent))
