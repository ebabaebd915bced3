"""The command line: the parser of all commands, and what becomes of their errors. No logic of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

from ohmbench.bench.left import array_left_as
from ohmbench.cli.commands import Commands
from ohmbench.cli.help import Formatter, epilog
from ohmbench.cli.options import refuse_odd_names, refuse_outputs_that_are_inputs
from ohmbench.cli.output import Output
from ohmbench.cli.parser import Parser
from ohmbench.cli.version import Version
from ohmbench.errors import ArrayState, OhmbenchError
from ohmbench.progress import Progress
from ohmbench.support.writer import message, result

KINDS = {
    "operate an array": (
        *("list", "info", "safe", "selftest", "calibrate", "form", "characterise"),
        *("program", "verify", "read", "infer", "trim", "experiment", "experiments", "run", "demo"),
    ),
    "compute networks": ("train", "import", "compress", "map", "sweep", "report", "results"),
    "inspect what was done": ("log", "show", "plot", "watch", "export", "merge-arrays"),
    "build and repair": (
        *("doctor", "flash", "carrier", "supply", "asm", "wave", "replay", "measure", "bug-report", "completion"),
    ),
}
"""Names by what they are for, as help has them. Each has a file of its own here: its `add` makes the parser, its `run`
is the call."""

COMMANDS = tuple(name for names in KINDS.values() for name in names)


def run_command(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    given = sys.argv[1:] if argv is None else argv
    parser = make_parser(given[:1])
    if not given:
        result(parser.format_help())
        return 0
    args = parser.parse_all(given)
    refuse_odd_names(args)
    try:
        refuse_outputs_that_are_inputs(args)
        with Progress(quiet=args.quiet) as progress:
            return int(args.command(args, Output(args.json, progress.end), progress) or 0)
    except OhmbenchError as error:
        message(error.told(array_left_as() or ArrayState.UNTOUCHED) if args.near_array else str(error))
        for line in getattr(error, "__notes__", ()):
            message(line)
        return error.exit_code


def module_of(name: str) -> str:
    """The file of a command; what Python keeps for itself gets an underscore."""
    return f"{name}_" if iskeyword(name) else name.replace("-", "_")


def make_parser(wanted: Sequence[str] = ()) -> Parser:
    """The parser of all commands; of the wanted ones alone, which is made sooner, if they are known."""
    parser = Parser(prog="ohmbench", description="Bench for a 32x32 ReRAM crossbar.", formatter_class=Formatter)
    parser.epilog = epilog("ohmbench demo --port twin", "ohmbench COMMAND --help")
    parser.add_argument("--version", action=Version)
    commands = Commands(parser, kinds=KINDS)
    for name in wanted if wanted and set(wanted) <= set(COMMANDS) else COMMANDS:
        import_module(f"ohmbench.cli.{module_of(name)}").add(commands)
    return parser
