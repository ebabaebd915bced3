"""`ohmbench doctor`."""

from __future__ import annotations

import argparse

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    commands.add("doctor", run, "check what this machine lacks, and say how to get it", examples=[""])


def run(args: argparse.Namespace, output: Output, progress: Progress) -> int:
    from ohmbench.operations.doctor import diagnose

    diagnosis = diagnose()
    output.show(diagnosis)
    return int(diagnosis.is_broken)
