"""`ohmbench safe`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    options.port(commands.add("safe", run, "turn all outputs off", examples=["--port /dev/ttyUSB0"]))


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.safe import make_safe

    output.show(make_safe(setup_of(args, progress), progress))
