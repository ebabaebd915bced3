"""`ohmbench carrier`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    parser = commands.add(
        "carrier",
        run,
        "say what a carrier's file changes, or write a template of one",
        examples=["carrier-7.toml", "--template > carrier-7.toml"],
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("file", type=Path, nargs="?", help="file of a carrier, as for --carrier (.toml)")
    which.add_argument("--template", action="store_true", help="print a template with all keys and their meaning")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="with --template: write it, to a new file")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.carrier.template import template
    from ohmbench.errors import UsageError
    from ohmbench.operations.carrier_file import look, write_template

    if args.out is not None and not args.template:
        raise UsageError("-o is for --template only.", "Give both, or the file alone.")
    if args.out is not None:
        output.show(write_template(args.out))
    elif args.template:
        output.print({"template": template()}, template().rstrip())
    else:
        output.show(look(args.file))
