"""`ohmbench safe`: all outputs off, whatever else is damaged."""

from __future__ import annotations

from typing import Any

from ohmbench.lab.setup import Setup
from ohmbench.lab.supply import turn_off
from ohmbench.progress import Progress


class Safe:
    """All outputs are off."""

    def summary(self) -> dict[str, Any]:
        return {"safe": True}

    def describe(self) -> str:
        return "all outputs are off"


def make_safe(setup: Setup, progress: Progress) -> Safe:
    """Turn all outputs of the bench off, and those of its supply, also if the bench does not answer.

    Raises:
        OhmbenchError: as `Setup.bare_bench` and `turn_off`.
    """
    try:
        with setup.bare_bench(progress) as bench:
            bench.safe()
    finally:  # if the bench does not answer, too
        supply = setup.supply()
        if supply is not None:
            turn_off(supply)
    return Safe()
