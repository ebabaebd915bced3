"""`ohmbench supply`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "supply", run, "read a power supply's outputs; nothing is turned on or off", examples=["bench.toml"]
    )
    options.near_array(parser)
    parser.add_argument("file", type=Path, help="TOML file of the supply: docs/instruments.md")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.supply import read_supply

    output.show(read_supply(args.file))
