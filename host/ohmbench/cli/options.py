"""Options that commands of the command line share, and the types of their values."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path

SEED_MAX = 2**64 - 1


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """The type of an option that takes whole numbers in a range."""

    def parse(text: str) -> int:
        value = int(text)
        if value < low or (high is not None and value > high):
            limits = f"{low} or more" if high is None else f"{low} to {high}"
            raise argparse.ArgumentTypeError(f"{value} is not {limits}; nothing was sent to the array")
        return value

    parse.__name__ = "whole number"  # argparse names it in its message for what is no number at all
    return parse


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{value} is not a share from 0 to 1; nothing was sent to the array")
    return value


def seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{value} is not a time from 0 s on; nothing was sent to the array")
    return value


share.__name__, seconds.__name__ = "share from 0 to 1", "time in seconds"  # in argparse's message, as above


def common() -> argparse.ArgumentParser:
    """Options of every command."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    return parser


def port(default: str | None = None) -> argparse.ArgumentParser:
    """Options of a command that opens a bench; a default goes before OHMBENCH_PORT.

    A new parser each time: commands share the options of a common parent, and with them what `set_defaults` changes.
    """
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("bench")
    group.add_argument(
        "--port",
        default=default or os.environ.get("OHMBENCH_PORT"),
        help="sim, twin, or a serial port or URL of a board (default: "
        f"{default or 'OHMBENCH_PORT, the settings, or the only bench there is'})",
    )
    group.add_argument(
        "--baud", type=whole(1), default=12_000_000, help="rate to raise the link to (default: %(default)s)"
    )
    group.add_argument(
        "--device", metavar="PRESET", help="array model of sim and twin: a, c, ideal or a TOML file (default: a)"
    )
    group.add_argument("--seed", type=whole(0, SEED_MAX), help="seed of the array model of sim and twin (default: 1)")
    group.add_argument(
        "--array", type=Path, metavar="FILE", help="file that keeps the array of sim and twin, made if absent"
    )
    group.add_argument("--faults", type=Path, metavar="FILE", help="fault map of cells to spoil in that array")
    group.add_argument(
        "--trace", type=Path, metavar="FILE", help="write every byte of the link to FILE, for reports of defects"
    )
    group.add_argument(
        "--line-faults", metavar="KIND=VALUE,...", help="damage the line of sim: see docs/link.md (flip=1e-4, ...)"
    )
    group.add_argument(
        "--supply", type=Path, metavar="FILE", help="TOML file of the power supply to have on meanwhile, and then off"
    )
    group.add_argument(
        "--carrier", type=Path, metavar="FILE", help="TOML file of this carrier's wiring, errors and limits"
    )
    group.add_argument(
        "--carrier-faults",
        metavar="KIND=VALUE,...",
        help="what the carrier of sim and twin is off by: see docs/carriers.md (open=5, gain-spread=0.02, ...)",
    )
    parser.set_defaults(serial=None)
    return parser


def recipe() -> argparse.ArgumentParser:
    """Options that say how an array is driven and read."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--recipe", metavar="NAME|FILE", help="recipe that comes with ohmbench, or TOML file of levels, window, ramps"
    )
    return parser


def lab() -> argparse.ArgumentParser:
    """The option of a command that reads or writes the record."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument_group("record").add_argument(
        "--lab", type=Path, metavar="DIR", help="folder of the record (default: as docs/runs.md says)"
    )
    return parser


def record() -> argparse.ArgumentParser:
    """Options of a command that records what it does to an array."""
    parser = lab()
    parser.add_argument(
        "--serial", help="serial number of the array in the socket (default: the name of --array's file)"
    )
    return parser


def budget() -> argparse.ArgumentParser:
    """Options of a command that wears an array."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--wear-budget",
        type=whole(1),
        metavar="N",
        help="pulses a cell for life; kept with the array (default: 1000000 for a new array, a guess)",
    )
    return parser
