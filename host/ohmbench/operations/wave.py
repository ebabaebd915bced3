"""`ohmbench wave`: a waveform of one cell being programmed in the simulator, or of a pulse program of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import open_bench
from ohmbench.errors import DataError, UsageError
from ohmbench.lab.setup import Setup
from ohmbench.model.waves import Waves
from ohmbench.operations.pulse_program import PulseProgram
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.progress import Progress
from ohmbench.tables import COLUMNS, ROWS

MAX_LEVEL = 15
"""Highest level of the cell that is programmed, as four bits have them, where the carrier is set up for so many."""


@dataclass(frozen=True)
class Waved:
    """A waveform that was written.

    Attributes:
        waves: where, and of what.
        size_bytes: of the file.
        about: what became of the cell, or how the program ended; by name.
    """

    waves: Waves
    size_bytes: int
    about: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        return {
            "file": str(self.waves.file),
            "save_file": str(self.waves.save_file),
            "size_bytes": self.size_bytes,
            "cell": list(self.waves.cell),
            "pulse": self.waves.pulse,
            **self.about,
        }

    def describe(self) -> str:
        row, column = self.waves.cell
        return (
            f"{self.waves.file}: {self.size_bytes / 1e6:.2f} MB of cell {row},{column} (simulated): {self._ended()}\n"
            f"look at it: gtkwave {self.waves.save_file}"
        )

    def _ended(self) -> str:
        about = self.about
        if "program" in about:
            return "{program} ended with code {code} after {run_cycles} clocks, {words} words".format(**about)
        where = "in its window" if about["in_window"] else "outside of its window"
        said = "level {level}, {set_pulses} SET and {reset_pulses} RESET pulses, {usiemens} uS".format(**about)
        return f"{said}, {where}"


def wave(
    setup: Setup, waves: Waves, progress: Progress, *, level: int | None = None, asked: PulseProgram | None = None
) -> Waved:
    """Program a cell, or run a program, in a simulator that writes a waveform.

    Nothing is recorded, also of an array in a file: its pulses count in the array itself.

    Args:
        waves: its cell is in the array's rows and columns.
        level: of the cell; None: the highest.
        asked: run this in place of programming the cell.

    Raises:
        UsageError: another port than sim, no such cell or level, or the file cannot be written.
        DataError: no waveform came: the cell got no such pulse.
        OhmbenchError: as `open_bench`, `program_image` and `PulseProgram.run`.
    """
    if setup.port != "sim":
        raise UsageError(
            f"Waveforms are of the simulator; {setup.port} has no signals to look at.",
            "Give --port sim, or leave it out.",
        )
    row, column = waves.cell
    if not (0 <= row < ROWS and 0 <= column < COLUMNS):
        raise UsageError(f"There is no cell {row},{column}: rows and columns are 0 to {ROWS - 1} and {COLUMNS - 1}.")
    carrier = setup.carrier()
    at = (int(carrier.rows[row]), int(carrier.columns[column]))
    of = Waves(waves.file, armed=True, cell=at, pulse=waves.pulse)
    with open_bench(
        "sim",
        baud=setup.baud,
        array=setup.array,
        line_faults=setup.line_faults,
        trace=setup.trace,
        carrier=carrier,
        waves=of,
        say=progress.say,
    ) as bench:
        about = (
            _program_cell(bench, row, column, level, setup.recipe or Recipe()) if asked is None else _run(bench, asked)
        )
    given = about.get("set_pulses", 0) + about.get("reset_pulses", 0)
    if asked is None and given < (waves.pulse or 1):
        raise DataError(
            f"The cell got {given} pulses, so that {waves.file} shows "
            + ("none of them." if waves.pulse is None else f"no pulse {waves.pulse}."),
            "Ask for one that it gets, or for another --level.",
        )
    if not waves.file.exists():
        raise DataError(
            f"{waves.file}: the simulator wrote no waveform.",
            "Check that the disk has room and that you may write there.",
        )
    return Waved(waves, waves.file.stat().st_size, about)


def _program_cell(bench: Bench, row: int, column: int, level: int | None, recipe: Recipe) -> dict[str, Any]:
    allowed = bench.carrier.max_levels
    highest = MAX_LEVEL if allowed is None else min(MAX_LEVEL, allowed - 1)
    level = highest if level is None else level
    if level > highest:
        raise UsageError(f"There is no level {level}: {bench.carrier.name} allows 0 to {highest}.", "Lower --level.")
    levels, mask = np.zeros((ROWS, COLUMNS), np.uint8), np.zeros((ROWS, COLUMNS), np.bool_)
    levels[row, column], mask[row, column] = level, True
    cells = program_image(bench, levels, mask, highest, recipe)
    return {
        "level": level,
        "set_pulses": int(cells.set_pulses[row, column]),
        "reset_pulses": int(cells.reset_pulses[row, column]),
        "usiemens": round(float(cells.code[row, column] / recipe.codes_per_siemens * 1e6), 1),
        "in_window": bool(cells.inside[row, column]),
    }


def _run(bench: Bench, asked: PulseProgram) -> dict[str, Any]:
    found = asked.run(bench)
    return {
        "program": asked.program.name,
        "code": found.code,
        "run_cycles": found.run_cycles,
        "words": len(found.words),
    }
