"""Program an image into the array and read arrays back: the host's side of program.useq and read.useq."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ohmbench._tables import COLUMNS, MEMORY_VECTORS, ROWS
from ohmbench.bench import Bench, Limits, Words, clocks, dac_code
from ohmbench.isa import load_firmware
from ohmbench.recipe import Codes, Recipe

TARGETS = MEMORY_VECTORS - ROWS
"""Memory vector of row 0's windows; below it the wiring tables of mvm.useq have room."""

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


@dataclass(frozen=True, eq=False)
class CellRecords:
    """What programming an image did to each cell; all arrays (rows, columns).

    Attributes:
        mask: bool, the cells that were to be programmed; the rest were left alone.
        low, high: lowest and highest accepted ADC code.
        code: ADC code that was read last, at verification.
        set_pulses, reset_pulses: pulses that each cell got.
        run_cycles: run time in clocks of the bench.
    """

    mask: npt.NDArray[np.bool_]
    low: Codes
    high: Codes
    code: Codes
    set_pulses: Codes
    reset_pulses: Codes
    run_cycles: int

    @property
    def converged(self) -> npt.NDArray[np.bool_]:
        """The cells whose last code lies in their window."""
        return self.mask & (self.low <= self.code) & (self.code <= self.high)

    @property
    def pulses(self) -> Codes:
        """Pulses of either polarity."""
        return self.set_pulses + self.reset_pulses


def program_image(
    bench: Bench,
    levels: npt.NDArray[np.uint8],
    mask: npt.NDArray[np.bool_],
    max_level: int,
    recipe: Recipe,
    progress: Progress | None = None,
) -> CellRecords:
    """Program the masked cells to their levels, a row at a time, with verify next to the array.

    Args:
        levels: (rows, columns), 0..max_level.
        mask: (rows, columns); rows without a cell are skipped.

    Raises:
        FaultError: the guard turned the array off.
    """
    low, high = recipe.windows(levels, max_level)
    windows = np.where(mask, low | high << 16, 0).astype(np.uint32)
    used = np.flatnonzero(mask.any(axis=1))
    first, end = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 0)
    firmware = load_firmware("program")
    args = {
        "row": first,
        "end": end,
        "target": TARGETS,
        "rounds": recipe.rounds,
        "reset_start": dac_code(recipe.reset_start_v),
        "reset_step": dac_code(recipe.reset_step_v),
        "reset_end": dac_code(recipe.reset_end_v),
        "reset_width": clocks(recipe.reset_us),
        "set_start": dac_code(recipe.wl_set_start_v),
        "set_step": dac_code(recipe.wl_set_step_v),
        "set_end": dac_code(recipe.wl_set_end_v),
        "set_width": clocks(recipe.set_us),
    }
    bench.write_vectors(TARGETS, windows)
    with bench.armed(recipe.limits(), recipe.rails_v()):
        run = bench.execute(firmware, args, on_words=_row_counter(end - first, progress))
    record = np.zeros((ROWS, COLUMNS), np.int64)
    record[first:end] = run.words.reshape(-1, COLUMNS)
    return CellRecords(mask, low, high, record & 0xFFFF, record >> 16 & 0xFF, record >> 24 & 0xFF, run.run_cycles)


def read_array(bench: Bench, recipe: Recipe, progress: Progress | None = None) -> Codes:
    """ADC codes (rows, columns) of every cell, one read each.

    Raises:
        FaultError: the guard turned the array off.
    """
    rails = recipe.read_rails_v()
    with bench.armed(Limits(rails, 0.0, 0), rails):
        run = bench.execute(load_firmware("read"), {"row": 0, "end": ROWS}, on_words=_row_counter(ROWS, progress))
    return run.words.view(np.int32).astype(np.int64).reshape(ROWS, COLUMNS)


def _row_counter(rows: int, progress: Progress | None) -> Callable[[Words], None] | None:
    """Turn batches of result words into progress in rows."""
    if progress is None:
        return None
    words = 0

    def count(batch: Words) -> None:
        nonlocal words
        words += len(batch)
        progress(words // COLUMNS, rows)

    return count
