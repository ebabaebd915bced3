"""`ohmbench replay`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    text = "send a trace to the simulator again, and say where its answers differ (then exit 1)"
    parser = commands.add("replay", run, text, examples=["session.trace"])
    options.port(parser, "sim")
    parser.add_argument("file", type=Path, help="trace that --trace wrote")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> int:
    from ohmbench.operations.replay import replay_file

    outcome = replay_file(setup_of(args, progress), args.file, progress)
    output.show(outcome)
    return 1 if outcome.difference else 0
