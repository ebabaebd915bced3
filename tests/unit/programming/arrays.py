"""Simulated arrays to program, and what was done to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ohmbench.bench.twin import TwinBench
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.programming.bands import Bands
from ohmbench.programming.programmer import Collector, Programmer
from ohmbench.programming.recipe import Recipe
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Codes, Levels, Mask
from ohmbench.tables import COLUMNS, ROWS, Mode

SHAPE = (ROWS, COLUMNS)
ALL_CELLS = np.ones(SHAPE, np.bool_)

READ_IDEALLY = {
    "read_nonlinearity_v": 0.0,
    "read_noise_relative": 0.0,
    "read_noise_usiemens": 0.0,
    "relax_scale": 0.0,
    "wire_bl_ohm": 0.0,
    "wire_sl_ohm": 0.0,
    "driver_ohm": 0.0,
    "sense_ohm": 0.0,
    "adc_noise_lsb": 0.0,
    "stuck_low_fraction": 0.0,
    "stuck_high_fraction": 0.0,
}
"""Cells that switch as those of a preset do, with their spread, but are read as they are and stay so."""


class LoggedArray(ArrayModel):
    """An array that remembers its cells' last pulses.

    Attributes:
        last: mode of each cell's last pulse, (rows, columns); 0: none.
        left_at: conductance right after it in siemens, (rows, columns); NaN without one.
    """

    def __init__(self, params: Mapping[str, float] | str, seed: int) -> None:
        super().__init__(params, seed)
        self.last = np.zeros(SHAPE, np.int64)
        self.left_at = np.full(SHAPE, np.nan)

    def pulse(self, mode: Mode | int, wl: int, col: int, *rest: int) -> None:
        super().pulse(mode, wl, col, *rest)  # type: ignore[call-arg]  # line, inhibit, gate, width, clock
        cells = np.ix_(*([bool(lines >> i & 1) for i in range(32)] for lines in (wl, col)))
        self.last[cells] = int(mode)
        self.left_at[cells] = self.conductance()[cells]


def read_ideally(preset: str = "a", **changes: float) -> dict[str, float]:
    """Parameters of a preset without what troubles a read."""
    return load_params(preset) | READ_IDEALLY | changes


def drawn_levels(seed: int, count: int = 8) -> npt.NDArray[np.uint8]:
    """Levels 0..count - 1 for every cell, drawn evenly."""
    return np.random.default_rng(seed).integers(0, count, SHAPE).astype(np.uint8)


def usiemens_of(recipe: Recipe, codes: Codes) -> npt.NDArray[np.float64]:
    """Conductances in uS that codes stand for."""
    return np.asarray(codes / recipe.codes_per_siemens * 1e6, np.float64)


def program_bands(
    bench: TwinBench, recipe: Recipe, bands: Bands, levels: Levels, mask: Mask, passes: int
) -> CellRecords:
    """Program and take up again what was given up; the pulses of all passes together.

    A record counts a polarity's pulses in eight bits, so a long ramp leaves few rounds for a pass.
    """
    programmed, left = (
        CellRecords.of_codes(mask, bands.low[levels], bands.high[levels], np.zeros(SHAPE, np.int64)),
        mask,
    )
    for _ in range(passes):
        with Programmer.ready(bench, recipe, bands) as programmer:
            collector = Collector()
            cycles = programmer.program(levels, left, collector)
        programmed = programmed.then(
            CellRecords.of_words(collector.words, left, programmed.low, programmed.high, cycles)
        )
        left = mask & ~programmed.inside
        if not left.any():
            break
    return programmed
