"""What the command line calls, and any other program can: each returns a result that prints and serialises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmbench import __version__
from ohmbench.bench.base import Bench
from ohmbench.mapping.image import WeightImage
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Codes, Recipe
from ohmbench.progress import Progress
from ohmbench.tables import ROWS

Summary = dict[str, Any]


def load_image(path: Path) -> WeightImage:
    """The weight image in a file.

    Raises:
        ImageError: it is missing or damaged.
    """
    return WeightImage.load(path)


def load_recipe(source: str | None) -> Recipe:
    """The recipe of a name or in a file, or the default one.

    Raises:
        DataError: the file is missing or makes no sense.
    """
    return Recipe() if source is None else Recipe.load(source)


@dataclass(frozen=True, eq=False)
class ReadResult:
    """One read of every cell: ADC codes (rows, columns), and conductances at the recipe's read voltage."""

    rung: str
    codes: Codes
    usiemens: npt.NDArray[np.float64]

    def summary(self) -> Summary:
        return {"rung": self.rung, "codes": self.codes.tolist(), "usiemens": np.round(self.usiemens, 3).tolist()}

    def describe(self) -> str:
        rows = (" ".join(f"{value:4.0f}" for value in row) for row in self.usiemens)
        return f"conductance in uS ({self.rung}), a line a row\n" + "\n".join(rows)


def read(bench: Bench, recipe: Recipe, progress: Progress) -> ReadResult:
    """Read every cell once.

    Raises:
        FaultError: the guard turned the array off.
    """
    codes = read_array(bench, recipe, lambda first, rows: progress("read", first + len(rows), ROWS))
    return ReadResult(bench.info.rung, codes, codes / recipe.codes_per_siemens * 1e6)


def info(bench: Bench) -> Summary:
    """Who is behind the port, and its counters."""
    who, state = bench.info, bench.state()
    return {
        "ohmbench": __version__,
        "rung": who.rung,
        "port": who.port,
        "protocol": who.protocol,
        "build_id": f"{who.build_id:08x}",
        "clock_hz": who.clock_hz,
        "array": f"{who.rows}x{who.columns} {who.array_type}",
        "armed": state.armed,
        "fault": state.fault.name.lower(),
        "run_cycles": state.run_cycles,
        "clock_cycles": state.clock_cycles,
        "pulses": state.pulses,
    }
