"""A waveform of the simulator: which part of the bench, and when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ohmbench.tables import COLUMNS


@dataclass(frozen=True)
class Waves:
    """A waveform to write, as FST. A save file for GTKWave is written beside it when the simulator ends.

    Attributes:
        file: where.
        armed: only while the bench is armed, and only what `sim/waves.h` lists. False: all of it, all the time.
        cell: row and column whose lines, conductance and current are in it; of the carrier's lines.
        pulse: only from the end of the cell's pulse before the pulse-th to the one after it; None: all. Needs `armed`.
    """

    file: Path
    armed: bool = False
    cell: tuple[int, int] = (0, 0)
    pulse: int | None = None

    @property
    def words(self) -> list[str]:
        """What the simulator is told of it besides the file."""
        words = [f"+cell={self.cell[0] * COLUMNS + self.cell[1]}"]
        words += ["+armed"] if self.armed else []
        return words if self.pulse is None else [*words, f"+pulse={self.pulse}"]

    @property
    def save_file(self) -> Path:
        """Opens the waveform in GTKWave and Surfer with the signals that matter."""
        return self.file.with_suffix(".gtkw")
