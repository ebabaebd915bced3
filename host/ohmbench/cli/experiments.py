"""`ohmbench experiments`."""

from __future__ import annotations

import argparse

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    commands.add("experiments", run, "list the experiments that are installed, with their settings", examples=[""])


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.experiments import catalogue

    output.show(catalogue())
