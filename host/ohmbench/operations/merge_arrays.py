"""`ohmbench merge-arrays`: two serial numbers of the record that are one array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.lab.record import record_to_read
from ohmbench.record.merge import merge_arrays


@dataclass(frozen=True)
class Merged:
    """What became of the two. most_pulses: of the worst cell, both lives together."""

    serial: str
    gone: str
    run: int
    most_pulses: int

    def summary(self) -> dict[str, Any]:
        return {"serial": self.serial, "gone": self.gone, "run": self.run, "most_pulses": self.most_pulses}

    def describe(self) -> str:
        return (
            f"array {self.serial} has the wear and the runs of {self.gone!a} now: up to {self.most_pulses} pulses a "
            f"cell; recorded as run {self.run}"
        )


def merge(record: Path, keep: str, other: str) -> Merged:
    """Add the wear and the runs of one array to another.

    Raises:
        UsageError, StoreError: as `record_to_read` and `merge_arrays`.
    """
    with record_to_read(record) as store:
        run = merge_arrays(store, keep, other)
        return Merged(keep, other, run, int(store.wear(keep).total.max(initial=0)))
