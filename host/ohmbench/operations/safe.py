"""`ohmbench safe`: all outputs off, whatever else is damaged."""

from __future__ import annotations

from typing import Any

from ohmbench.errors import ArrayState, BenchError, PortError
from ohmbench.lab.holders import end_holders
from ohmbench.lab.setup import Setup
from ohmbench.lab.supply import turn_off
from ohmbench.link.transport import IN_USE
from ohmbench.progress import Progress


class Safe:
    """All outputs are off."""

    def summary(self) -> dict[str, Any]:
        return {"safe": True}

    def describe(self) -> str:
        return "all outputs are off"


def make_safe(setup: Setup, progress: Progress) -> Safe:
    """Turn all outputs of the bench off, and those of its supply, also if the bench does not answer.

    A program that has the bench is asked to end first, as Ctrl-C does: it goes safe itself, and keeps what it did.

    Raises:
        PortError: it does not let go; the message says who it is.
        OhmbenchError: as `Setup.bare_bench` and `turn_off`.
    """
    try:
        try:
            _turn_bench_off(setup, progress)
        except PortError as error:
            if error.reason != IN_USE:
                raise
            end_holders(setup.port, progress.say)
            _turn_bench_off(setup, progress)
    except BenchError as error:
        if "://" in setup.port:
            error.array = error.array or ArrayState.OTHERS
            error.add_note(
                f"If another machine has {setup.port}: press Ctrl-C there, which keeps what was done, or turn the "
                "carrier's supply off."
            )
        raise
    finally:  # if the bench does not answer, too
        supply = setup.supply()
        if supply is not None:
            turn_off(supply)
    return Safe()


def _turn_bench_off(setup: Setup, progress: Progress) -> None:
    with setup.bare_bench(progress) as bench:
        bench.safe()
