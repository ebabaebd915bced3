"""`ohmbench read`: every cell once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.lab.setup import Setup
from ohmbench.operations.result import Noted
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.support.array_types import Codes, FloatArray
from ohmbench.sweep.export import export


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
        rows = (" ".join(f"{value:4.0f}" for value in row) for row in self.usiemens)
        return f"conductance in uS ({self.rung}), a line a row\n" + "\n".join(rows)


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
