"""Measure a bench that reaches one cell at a time: what a read takes, and images of two and of eight levels."""

from __future__ import annotations

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.isa import load_firmware
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.progress import Progress
from ohmbench.tables import COLUMNS, ROWS

LEVELS = {"binary": 2, "levels_8": 8}
"""Levels of each image, by the name of its figures."""


def cells_speed(bench: Bench, progress: Progress) -> dict[str, float]:
    """Time of a read, and of images of random levels, by the FPGA's run time, which simulator and twin agree on.

    The images have every cell of the array, with levels drawn evenly, and are programmed one after the other by the
    default recipe, into the array as it is found. Waiting for the link does not count.

    Returns:
        cell_read_cycles, cell_read_us: a cell more in a row that is read: its packet, its bias and its conversion.
        Of each image: time_s, converged_fraction, pulses_mean (of either polarity, a cell).

    Raises:
        DataError, FaultError: as `program_image`.
    """
    recipe = Recipe()
    cycles = cell_read_cycles(bench, recipe)
    found: dict[str, float] = {"cell_read_cycles": cycles, "cell_read_us": 1e6 * cycles / bench.info.clock_hz}
    rng = np.random.default_rng(1)
    for name, count in LEVELS.items():
        levels = rng.integers(0, count, (ROWS, COLUMNS)).astype(np.uint8)
        progress.say(f"{levels.size} cells of {count} levels")
        records = program_image(bench, levels, np.ones(levels.shape, np.bool_), count - 1, recipe)
        found |= {
            f"{name}_time_s": records.run_cycles / bench.info.clock_hz,
            f"{name}_converged_fraction": float(np.mean(records.inside)),
            f"{name}_pulses_mean": float(np.mean(records.pulses)),
        }
    return found


def cell_read_cycles(bench: Bench, recipe: Recipe) -> int:
    """Clocks that a cell more takes in a read of a row: the difference of a read of two cells and of one.

    Raises:
        FaultError: the guard turned the array off.
    """
    rails_v = recipe.read_rails_v()
    one, two = 0b1, 0b11
    with bench.armed(Limits(rails_v, 0.0, 0), rails_v):
        taken = [
            bench.execute(
                load_firmware("selftest"), {"wl_lo": 1, "bl_lo": 1, "col_lo": columns, "times": 1}, entry="sum"
            ).run_cycles
            for columns in (one, two)
        ]
    return taken[1] - taken[0]
