"""Program an image into the array and read arrays back: the host's side of program.useq and read.useq."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from ohmbench.bench.base import Bench, Limits, clocks, dac_code
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import DataError
from ohmbench.isa import load_firmware
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import Codes, FloatArray, Inputs, Levels, Mask, Words
from ohmbench.tables import ADC_MAX, COLUMNS, LANES, ROWS

_CODE_MASK = 0xFFFF
_FAR = 0x10000  # beyond every ADC code
_FROM_START = 0xFFFF  # beyond every DAC code
_SHIFT_ZERO = 512
_SHIFTED = 1 << 15
_SHIFT_BIT = 5
LEAVE = LANES - 1
"""Level of a cell to leave alone: its window holds every code."""

OnRows = Callable[[int, Words], None]
"""Called as records arrive: the first row of a batch and its records (rows, columns). Rows come in the order of the
carrier's lines."""


@dataclass(frozen=True, eq=False)
class Bands:
    """What the levels of one run mean; all int64 (levels,), at most LEAVE of them.

    Attributes:
        low, high: lowest and highest code at which a cell is programmed to.
        margin: codes by which a cell may be further out and is still left alone.
        set_start, reset_start: DAC codes at which the level joins the ramps; no higher than a ramp's last step.
    """

    low: Codes
    high: Codes
    margin: int
    set_start: Codes
    reset_start: Codes

    @classmethod
    def of(cls, recipe: Recipe, low_usiemens: FloatArray, high_usiemens: FloatArray) -> Self:
        """Bands of accepted conductances (levels,) in uS, programmed and joined to the ramps as a recipe says."""
        shrink = recipe.window_usiemens - recipe.inner_usiemens
        low, high = recipe.codes_between(low_usiemens + shrink, high_usiemens - shrink)
        middle = (low_usiemens + high_usiemens) / 2
        # a start past the ramp's last step would mean no pulse at all
        set_start, reset_start = (
            np.array([min(dac_code(v), recipe.last_code(name)) for v in recipe.joins_v(name, middle)], np.int64)
            for name in ("set", "reset")
        )
        return cls(low, high, round(shrink * 1e-6 * recipe.codes_per_siemens), set_start, reset_start)

    @classmethod
    def of_levels(cls, recipe: Recipe, levels: Levels, max_level: int) -> Self:
        """Bands of a recipe's levels (levels,)."""
        target = recipe.targets_usiemens(levels, max_level)
        return cls.of(recipe, target - recipe.window_usiemens, target + recipe.window_usiemens)

    def middle(self) -> FloatArray:
        """Codes (levels,) where a level's cells are judged: the middle of the band, or its end if it has only one."""
        low_open, high_open = self.low <= 0, self.high >= ADC_MAX
        return np.asarray(np.where(high_open, self.low, np.where(low_open, self.high, (self.low + self.high) / 2)))

    def tables(self, recipe: Recipe) -> Words:
        """The memory vectors that program.useq reads from TABLES on."""
        constants = load_firmware("program").constants
        # where a cell's last pulse is to be a SET, RESET goes on through the window, and the other way round
        set_until = self.high + 1 if recipe.last_pulse == "reset" else self.low
        reset_until = self.low - 1 if recipe.last_pulse == "set" else self.high
        columns: dict[str, tuple[Codes | int, int]] = {
            "LOW": (self.low, -_FAR),
            "HIGH": (self.high, _FAR),
            "SET_UNTIL": (set_until, -_FAR),
            "RESET_UNTIL": (reset_until, _FAR),
            "SET_START": (self.set_start, 0),
            "RESET_START": (self.reset_start, 0),
            "SET_BACK": (_back(recipe.set_back, recipe.set_step_v), 0),
            "RESET_BACK": (_back(recipe.reset_back, recipe.reset_step_v), 0),
            "MARGIN": (self.margin, 0),
            "NEED": (recipe.confirm_need - 1, 0),
        }
        tables = np.zeros((len(columns), LANES), np.int32)
        for name, (values, leave) in columns.items():
            if isinstance(values, int):
                tables[constants[name]] = values
            else:
                tables[constants[name]] = leave
                tables[constants[name], : len(values)] = values
        return tables.view(np.uint32)


def _back(steps: int, step_v: float) -> int:
    """DAC codes below its last pulse at which a column joins the next ramp."""
    return _FROM_START if steps < 0 else min(steps * dac_code(step_v), _FROM_START)


class Programmer:
    """An armed bench with the firmware loaded, which programs images of the same bands one after the other.

    `Programmer.ready` makes one. What it sends for an image is the levels, a byte a cell, and no more.
    """

    def __init__(self, bench: Bench, recipe: Recipe, bands: Bands) -> None:
        self._bench = bench
        self._recipe = recipe
        self._bands = bands

    @classmethod
    @contextmanager
    def ready(cls, bench: Bench, recipe: Recipe, bands: Bands) -> Iterator[Self]:
        """Arm a bench within the recipe's limits; the array is off afterwards, whatever happens.

        Raises:
            FaultError: the guard turned the array off.
        """
        firmware = load_firmware("program")
        with bench.armed(recipe.limits(), recipe.rails_v()):
            bench.write_vectors(firmware.constants["TABLES"], bands.tables(recipe))
            bench.load(firmware)
            yield cls(bench, recipe, bands)

    def program(self, levels: Levels, mask: Mask, on_rows: OnRows) -> int:
        """Program the masked cells.

        Args:
            levels: (rows, columns), numbers of the bands.
            mask: (rows, columns); rows without a cell are skipped.
            on_rows: takes the records of all other rows as they arrive.

        Returns:
            Run time in clocks.

        Raises:
            FaultError: the guard turned the array off.
        """
        carrier = self._bench.carrier
        on_lines = carrier.on_lines(mask & ~carrier.bad)
        used = np.flatnonzero(on_lines.any(axis=1))
        if not used.size:
            return 0
        first, end = int(used[0]), int(used[-1]) + 1
        run = self._bench.execute(
            load_firmware("program"),
            {"row": first, "end": end, **self.arguments()},
            entry=self._recipe.ramp + ("" if self._recipe.last_pulse == "any" else f"_last_{self._recipe.last_pulse}"),
            inputs=self._inputs(carrier.on_lines(levels), on_lines)[first:end],
            on_words=_by_rows(first, _of_cells(carrier, on_rows)),
        )
        return run.run_cycles

    def _inputs(self, levels: Levels, mask: Mask) -> Inputs:
        """What the firmware takes (rows, columns): levels, and what the channels are off by there."""
        inputs = np.where(mask, levels, LEAVE)
        carrier = self._bench.carrier
        if carrier.is_exact:
            return inputs.astype(np.uint8)
        shift = np.where(mask, carrier.shift(self._bands.middle()[np.where(mask, levels, 0)]), 0)
        if np.abs(shift).max() >= _SHIFT_ZERO:
            raise DataError(
                f"A channel of {carrier.name} is off by {np.abs(shift).max()} codes, more than the {_SHIFT_ZERO - 1} "
                "that the firmware corrects. Nothing was sent to the array. Run the self-test; repair that channel."
            )
        return np.where(mask, inputs | (shift + _SHIFT_ZERO) << _SHIFT_BIT | _SHIFTED, inputs).astype(np.uint16)

    def arguments(self) -> dict[str, int]:
        """Arguments of program.useq but for the rows."""
        recipe = self._recipe
        ramps = {
            f"{name}_{part}": dac_code(volts)
            for name in ("set", "reset")
            for part, volts in zip(("start", "step", "end"), recipe.ramp_v(name), strict=True)
        }
        return ramps | {
            "rounds": recipe.rounds,
            "set_width": clocks(recipe.set_us),
            "reset_width": clocks(recipe.reset_us),
            "confirm": recipe.confirm,
        }


class Collector:
    """Keeps the records of an array's rows as they arrive.

    Attributes:
        words: uint32 (rows, columns), zero in rows of which none came.
    """

    def __init__(self) -> None:
        self.words = np.zeros((ROWS, COLUMNS), np.uint32)

    def __call__(self, first: int, words: Words) -> None:
        """Take the records of some rows: an OnRows."""
        self.words[first : first + len(words)] = words


def program_cells(
    bench: Bench,
    levels: Levels,
    mask: Mask,
    max_level: int,
    recipe: Recipe,
    on_rows: Callable[[Mask, int, Words], None],
) -> int:
    """Program the masked cells once, in as many runs of the firmware as their levels take.

    Cells that are in their window already get no pulse.

    Args:
        levels: (rows, columns), 0..max_level.
        on_rows: as OnRows, but with the cells of the run before that: other cells of a batch have no record.

    Returns:
        Run time in clocks.

    Raises:
        FaultError: the guard turned the array off.
    """
    cycles = 0
    present = np.unique(levels[mask])
    for start in range(0, len(present), LEAVE):
        some = present[start : start + LEAVE]
        bands = Bands.of_levels(recipe, some, max_level)
        chosen = mask & np.isin(levels, some)
        with Programmer.ready(bench, recipe, bands) as programmer:
            for part in _parts(chosen, recipe.single_cell):
                cycles += programmer.program(np.searchsorted(some, levels), part, partial(on_rows, part))
    return cycles


def _parts(mask: Mask, single_cell: bool) -> Iterator[Mask]:
    """The mask at once, or its cells one after the other."""
    if not single_cell:
        yield mask
        return
    for row, column in np.argwhere(mask):
        one = np.zeros_like(mask)
        one[row, column] = True
        yield one


def read_array(bench: Bench, recipe: Recipe, report: OnProgress | None = None, name: str = "read") -> Codes:
    """ADC codes (rows, columns) of every cell, one read each.

    Args:
        report: told under this name of the rows as they are read.

    Raises:
        FaultError: the guard turned the array off.
    """
    rails = recipe.read_rails_v()
    done = 0

    def count(words: Words) -> None:
        nonlocal done
        done += len(words)
        if report is not None:
            report(name, done // COLUMNS, ROWS)

    with bench.armed(Limits(rails, 0.0, 0), rails):
        run = bench.execute(load_firmware("read"), {"row": 0, "end": ROWS}, on_words=count)
    codes = bench.carrier.true_codes(run.words.view(np.int32).reshape(ROWS, COLUMNS))
    return bench.carrier.on_cells(codes)


def _with_true_codes(carrier: Carrier, records: Words) -> Words:
    """Records (n, columns) by channel with their codes as a carrier without errors would have given them."""
    if carrier.is_exact:
        return records
    codes = carrier.true_codes(records.astype(np.uint16).view(np.int16))
    clipped = np.clip(codes, -ADC_MAX - 1, ADC_MAX)
    return np.asarray(records & np.uint32(~_CODE_MASK & 0xFFFF_FFFF) | (clipped & _CODE_MASK).astype(np.uint32))


def _of_cells(carrier: Carrier, on_rows: OnRows) -> OnRows:
    """Turn batches of the carrier's lines into batches of the array's rows: one by one, if those are not in order."""
    if carrier.is_in_order and carrier.is_exact:
        return on_rows
    row_behind = np.argsort(carrier.rows)

    def collect(first: int, records: Words) -> None:
        moved = _with_true_codes(carrier, records)[:, carrier.columns]
        if carrier.is_in_order:
            on_rows(first, moved)
            return
        for line, record in enumerate(moved, first):
            on_rows(int(row_behind[line]), record[np.newaxis])

    return collect


def _by_rows(first: int, on_rows: OnRows) -> Callable[[Words], None]:
    """Turn batches of result words into batches of whole rows."""
    rest = np.zeros(0, np.uint32)

    def collect(batch: Words) -> None:
        nonlocal first, rest
        words = np.concatenate([rest, batch])
        rows = len(words) // COLUMNS
        rest = words[rows * COLUMNS :]
        if rows:
            on_rows(first, words[: rows * COLUMNS].reshape(rows, COLUMNS))
            first += rows

    return collect
