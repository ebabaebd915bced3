"""The options of commands that run a pulse program of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ohmbench.cli import options

if TYPE_CHECKING:
    from ohmbench.operations.pulse_program import PulseProgram
    from ohmbench.programming.recipe import Recipe

_WIDTH = options.real(0, 1e4, "time in microseconds", "a time from 0 to 10000 us")


def add(parser: argparse.ArgumentParser, *, is_needed: bool) -> None:
    """Add them; without `is_needed` the program may be left out."""
    parser.add_argument(
        "program", type=Path, metavar="PROGRAM", nargs=None if is_needed else "?", help="pulse program (.useq)"
    )
    group = parser.add_argument_group("program")
    group.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="argument: a whole number, or a number with a unit, such as 0.72V, 0.2us or 70uS; repeatable",
    )
    group.add_argument("--entry", metavar="NAME", help="where to start (default: its first .entry)")
    group.add_argument(
        "--rail",
        action="append",
        default=[],
        metavar="NAME=V[:MAX_V]",
        help="voltage of a rail before the start, and the most that the program may set it to; repeatable",
    )
    group.add_argument("--pulse-us", type=_WIDTH, metavar="US", help="longest pulse that the guard allows")
    group.add_argument(
        "--pulses",
        type=options.whole(0, 0xFFFF),
        metavar="N",
        help="pulses that the guard allows a cell (default: none)",
    )
    group.add_argument("--inputs", type=Path, metavar="FILE", help=".npy of what vin takes: whole numbers (n, 32)")


def asked(args: argparse.Namespace, recipe: Recipe | None) -> PulseProgram:
    """What they name.

    Raises:
        OhmbenchError: as `PulseProgram.asked`.
    """
    from ohmbench.operations.pulse_program import PulseProgram

    return PulseProgram.asked(
        args.program,
        entry=args.entry,
        args=args.arg,
        rails=args.rail,
        pulse_us=args.pulse_us,
        pulses=args.pulses,
        inputs=args.inputs,
        recipe=recipe,
    )
