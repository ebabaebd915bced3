"""The command line: the parser of all commands, and what becomes of their errors. No logic of its own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

from ohmbench.bench.left import array_left_as
from ohmbench.cli.commands import EPILOG, Commands
from ohmbench.cli.options import refuse_odd_names, refuse_outputs_that_are_inputs
from ohmbench.cli.output import Output
from ohmbench.cli.parser import Parser
from ohmbench.cli.version import Version
from ohmbench.errors import ArrayState, OhmbenchError
from ohmbench.progress import Progress
from ohmbench.support.writer import message

COMMANDS = (
    *("demo", "import", "map", "train", "compress", "results", "sweep", "report"),
    *("program", "verify", "form", "characterise", "experiment", "experiments"),
    *("log", "show", "plot", "export", "merge-arrays", "watch", "completion", "bug-report"),
    *("list", "doctor", "selftest", "calibrate", "carrier", "supply"),
    *("read", "run", "wave", "infer", "trim", "info", "safe", "flash", "asm", "replay", "measure"),
)
"""Names, as help has them. Each has a file of its own here: its `add` makes the parser, its `run` is the call."""


def run_command(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = make_parser()
    args = parser.parse_all(argv)
    refuse_odd_names(parser, args)
    try:
        refuse_outputs_that_are_inputs(args)
        with Progress(quiet=args.quiet) as progress:
            return int(args.command(args, Output(args.json), progress) or 0)
    except OhmbenchError as error:
        message(error.told(array_left_as() or ArrayState.UNTOUCHED) if hasattr(args, "port") else str(error))
        for line in getattr(error, "__notes__", ()):
            message(line)
        return error.exit_code


def module_of(name: str) -> str:
    """The file of a command; what Python keeps for itself gets an underscore."""
    return f"{name}_" if iskeyword(name) else name.replace("-", "_")


def make_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(prog="ohmbench", description="Bench for a 32x32 ReRAM crossbar.", epilog=EPILOG)
    parser.add_argument("--version", action=Version)
    commands = Commands(parser)
    for name in COMMANDS:
        import_module(f"ohmbench.cli.{module_of(name)}").add(commands)
    return parser
