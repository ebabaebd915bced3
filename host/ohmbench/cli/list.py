"""`ohmbench list`."""

from __future__ import annotations

import argparse

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add("list", run, "list serial ports and the benches behind them", examples=[""])
    parser.add_argument(
        "--all", action="store_true", help="also open ports with a USB bridge that bench boards do not have"
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.ports import list_ports_found
    from ohmbench.lab.settings import Settings

    progress.say("looking at every port")
    output.show(list_ports_found(Settings.load(), probe_all=args.all))
