"""`ohmbench asm`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add("asm", run, "assemble a pulse program and list it", examples=["pulse.useq"])
    parser.add_argument("file", type=Path, help="pulse program (.useq)")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.isa import assemble_file, listing

    program = assemble_file(args.file)
    summary = {"words": list(program.words), "entries": dict(program.entries), "args": dict(program.args)}
    output.print(summary, listing(program).rstrip())
