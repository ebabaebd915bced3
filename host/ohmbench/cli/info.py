"""`ohmbench info`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    options.port(commands.add("info", run, "identify the bench behind a port", examples=["--port sim"]))


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.info import info_of

    output.show(info_of(setup_of(args, progress), progress))
