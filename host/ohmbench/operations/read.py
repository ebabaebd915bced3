"""`ohmbench read`: every cell once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.lab.setup import Setup
from ohmbench.operations.result import Noted
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.support.array_types import Codes, FloatArray
from ohmbench.support.colour import shaded
from ohmbench.sweep.export import export

_SIDE = 2  # characters of a row's number
_BLOCKS = (32, 16, 8, 4)  # columns side by side


@dataclass(frozen=True, eq=False)
class ReadResult:
    """One read of every cell: ADC codes (rows, columns), and conductances at the recipe's read voltage."""

    rung: str
    codes: Codes
    usiemens: FloatArray

    def summary(self) -> dict[str, Any]:
        return {"rung": self.rung, "codes": self.codes.tolist(), "usiemens": np.round(self.usiemens, 3).tolist()}

    def save_table(self, path: Path) -> None:
        """Write a row a cell.

        Raises:
            UsageError: no table has the path's suffix, or the file cannot be written.
        """
        rows = [
            {
                "rung": self.rung,
                "row": row,
                "column": column,
                "code": int(self.codes[row, column]),
                "conductance_usiemens": round(float(self.usiemens[row, column]), 4),
            }
            for row, column in np.ndindex(self.codes.shape)
        ]
        export(rows, path)

    def describe(self) -> str:
        texts = [[f"{value:.0f}" for value in row] for row in self.usiemens]
        rows, columns = self.usiemens.shape
        width = max(3, *(len(text) for row in texts for text in row)) + 1
        # a line that the terminal wraps is no table; a file has no width
        room = (get_terminal_size(fallback=(10_000, 24)).columns - _SIDE) // width
        each = next((count for count in _BLOCKS if count <= room), _BLOCKS[-1])
        lines = [f"conductance in uS ({self.rung}), by row and column"]
        for first in range(0, columns, each):
            block = range(first, min(first + each, columns))
            lines.append(f"{'':{_SIDE}}" + "".join(f"{column:{width}}" for column in block))
            lines += [
                f"{row:{_SIDE}}" + "".join(f"{texts[row][column]:>{width}}" for column in block) for row in range(rows)
            ]
        return "\n".join(lines)

    def paint(self, text: str) -> str:
        """Each conductance the darker the higher it is."""
        high = max(1.0, float(np.percentile(self.usiemens, 99)))

        def line(found: re.Match[str]) -> str:
            return found[1] + re.sub(r" +-?\d+", lambda value: shaded(value[0], int(value[0]) / high), found[2])

        head, *lines = text.splitlines()
        # lines of rows; the numbers of the columns begin behind the side
        return "\n".join([head, *(re.sub(rf"^( *\d+(?<=^.{{{_SIDE}}}))((?: +-?\d+)+)$", line, one) for one in lines)])


def read(bench: Bench, recipe: Recipe, progress: Progress) -> ReadResult:
    """Read every cell once.

    Raises:
        FaultError: the guard turned the array off.
    """
    codes = read_array(bench, recipe, progress)
    return ReadResult(bench.info.rung, codes, codes / recipe.codes_per_siemens * 1e6)


def read_cells(setup: Setup, progress: Progress) -> Noted[ReadResult]:
    """Open the bench and read every cell once.

    Raises:
        OhmbenchError: as `Setup.bench` and `read`.
    """
    with setup.bench(progress) as bench:
        return Noted(read(bench, setup.recipe or Recipe(), progress), bench.carrier.note)
