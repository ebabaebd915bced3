"""What the commands of the command line share: opening what the options name, and printing a result."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ohmbench.bench.base import Bench
from ohmbench.errors import UsageError
from ohmbench.progress import Progress

if TYPE_CHECKING:
    from ohmbench.faults.fault_map import FaultMap
    from ohmbench.lab.socket import Socket
    from ohmbench.programming.recipe import Recipe


class Result(Protocol):
    """What a command returns."""

    def summary(self) -> dict[str, Any]: ...
    def describe(self) -> str: ...


@contextmanager
def bench_of(args: argparse.Namespace, progress: Progress, *, bare: bool = False) -> Iterator[Bench]:
    """The bench behind --port, with its supply on and the array that the other options name.

    Args:
        bare: as it is: without the supply, and without the carrier's file and its calibration, which may be damaged.
    """
    from ohmbench.bench.opening import open_bench
    from ohmbench.carrier.carrier import Carrier
    from ohmbench.lab.carrier import carrier_of
    from ohmbench.lab.supply import powered, supply_file_of
    from ohmbench.model.line_faults import LineFaults

    socket = socket_of(args)
    faults = None if args.line_faults is None else LineFaults.parse(args.line_faults)
    carrier = Carrier() if bare else carrier_of(socket, args.carrier, getattr(args, "lab", None))
    args.calibration = carrier.note
    with (
        powered(None if bare else supply_file_of(socket, args.supply), progress),
        open_bench(
            args.port,
            baud=args.baud,
            array=socket.simulated,
            line_faults=faults,
            trace=args.trace,
            carrier=carrier,
            say=progress.say,
        ) as bench,
    ):
        yield bench


def socket_of(args: argparse.Namespace) -> Socket:
    """The array that the options name."""
    from ohmbench.lab import socket as sockets

    if not args.port:
        raise UsageError(
            "No port given, so nothing was sent to an array. Give --port sim, --port twin or a serial port, or set "
            "OHMBENCH_PORT."
        )
    return sockets.socket_of(
        args.port,
        device=args.device,
        seed=args.seed,
        file=args.array,
        faults=args.faults,
        serial=args.serial,
        carrier_faults=args.carrier_faults,
    )


def recipe_of(args: argparse.Namespace) -> Recipe | None:
    """The recipe that the options ask for; None if they leave it open."""
    from ohmbench.operations.read import load_recipe

    changes = {"passes": args.passes, "rest_s": args.rest} if "passes" in args else {}
    given = {name: value for name, value in changes.items() if value is not None}
    return load_recipe(args.recipe).but(**given) if args.recipe or given else None


def fault_map_of(args: argparse.Namespace) -> FaultMap | None:
    from ohmbench.faults.fault_map import FaultMap

    return None if args.fault_map is None else FaultMap.load(args.fault_map)


def show(args: argparse.Namespace, result: Result) -> None:
    """Print a result as text or as JSON."""
    print_result(args, result.summary(), result.describe())


def save_and_show(args: argparse.Namespace, result: Result, save: Callable[[Path], None], path: Path | None) -> None:
    """Write the file of a result, if there is a path for it, and print it: if one fails, the other is done still."""
    try:
        if path is not None:
            save(path)
    finally:
        show(args, result)


def print_result(args: argparse.Namespace, summary: object, text: str) -> None:
    """Print JSON or text, and on what calibration the result rests.

    Raises:
        UsageError: stdout takes no more.
    """
    calibration = getattr(args, "calibration", None)
    if calibration is not None and isinstance(summary, dict):
        summary = {**summary, "calibration": calibration}
        text = f"{text}\ncalibration: {calibration}"
    try:
        # flushed here: at the end of Python it would be too late to say that it failed
        print(json.dumps(summary, indent=1) if args.json else text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_stdout()
        raise UsageError(f"Cannot write the result: {error.strerror}. The array is off. Free space there.") from error


def drop_stdout() -> None:
    """Let Python end without a second attempt to write what is left in its buffer."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
