"""Waveforms as tests look at them: an FST file, read by Surfer's own reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pywellen

Change = tuple[int, Any]
"""Picoseconds, and the value from then on."""


@dataclass(frozen=True)
class Waveform:
    """The changes of every signal, by its name below the whole bench: `u_probe.cell_v`."""

    signals: dict[str, list[Change]]

    def __getitem__(self, name: str) -> list[Change]:
        return self.signals[name]

    @property
    def begin_ps(self) -> int:
        return min(changes[0][0] for changes in self.signals.values() if changes)

    @property
    def end_ps(self) -> int:
        return max(changes[-1][0] for changes in self.signals.values() if changes)

    def at(self, name: str, time_ps: int) -> Any:
        """The value of a signal at a time."""
        return [value for time, value in self[name] if time <= time_ps][-1]

    def high(self, name: str) -> list[tuple[int, int]]:
        """Begin and end of each time, in ps, for which a signal of one bit is 1."""
        return [(begin, end) for (begin, value), (end, _) in pairwise(self[name]) if value == 1]


def read_fst(path: Path, names: Iterable[str] | None = None) -> Waveform:
    """The signals of a file, all if no names are given."""
    wave = pywellen.Waveform(str(path))
    assert str(wave.timescale) == "1ps"
    found = {var.full_name.rpartition("ohm_sim_top.")[2]: var for var in wave.all_vars()}
    return Waveform({name: list(found[name].tv) for name in (found if names is None else names)})
