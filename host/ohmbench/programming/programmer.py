"""Program cells with the firmware of an algorithm, and read arrays back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Self

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import DataError
from ohmbench.isa import load_firmware
from ohmbench.programming.bands import LEAVE, Bands
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import Codes, Inputs, Levels, Mask, Words
from ohmbench.tables import ADC_MAX, COLUMNS, ROWS

_CODE_MASK = 0xFFFF
_SHIFT_ZERO = 512
_SHIFTED = 1 << 15
_SHIFT_BIT = 5
OnRows = Callable[[int, Words], None]
"""Called as records arrive: the first row of a batch and its records (rows, columns). Rows come in the order of the
carrier's lines."""


class Programmer:
    """An armed bench with the firmware loaded, which programs images of the same bands one after the other.

    `Programmer.ready` makes one, its bands in codes that the carrier reads. What it sends for an image is the levels,
    a byte a cell, and no more.
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
        algorithm = recipe.plugin
        bands = bands.as_read(bench.carrier, recipe.read_v)
        with bench.armed(recipe.limits(), recipe.rails_v()):
            bench.write_vectors(algorithm.tables_at, algorithm.tables(bands, recipe))
            bench.load(algorithm.firmware)
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
        algorithm = self._recipe.plugin
        run = self._bench.execute(
            algorithm.firmware,
            {"row": first, "end": end, **algorithm.arguments(self._recipe)},
            entry=algorithm.entry,
            inputs=self._inputs(carrier.on_lines(levels), on_lines)[first:end],
            on_words=_by_rows(first, _of_cells(carrier, self._recipe.read_v, on_rows)),
        )
        return run.run_cycles

    def _inputs(self, levels: Levels, mask: Mask) -> Inputs:
        """What the firmware takes (rows, columns): levels, and what the channels are off by there."""
        inputs = np.where(mask, levels, LEAVE)
        carrier = self._bench.carrier
        if carrier.is_even:
            return inputs.astype(np.uint8)
        shift = np.where(mask, carrier.shift(self._bands.middle()[np.where(mask, levels, 0)]), 0)
        if np.abs(shift).max() >= _SHIFT_ZERO:
            raise DataError(
                f"A channel of {carrier.name} is off by {np.abs(shift).max()} codes, more than the {_SHIFT_ZERO - 1} "
                "that the firmware corrects.",
                "Run the self-test; repair that channel.",
            )
        return np.where(mask, inputs | (shift + _SHIFT_ZERO) << _SHIFT_BIT | _SHIFTED, inputs).astype(np.uint16)


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
        bands = recipe.bands_of_levels(some, max_level)
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
    codes = bench.carrier.true_codes(run.words.view(np.int32).reshape(ROWS, COLUMNS), recipe.read_v)
    return bench.carrier.on_cells(codes)


def _with_true_codes(carrier: Carrier, read_v: float, records: Words) -> Words:
    """Records (n, columns) by channel with their codes as a carrier without errors would have given them."""
    if carrier.is_exact:
        return records
    codes = carrier.true_codes(records.astype(np.uint16).view(np.int16), read_v)
    clipped = np.clip(codes, -ADC_MAX - 1, ADC_MAX)
    return np.asarray(records & np.uint32(~_CODE_MASK & 0xFFFF_FFFF) | (clipped & _CODE_MASK).astype(np.uint32))


def _of_cells(carrier: Carrier, read_v: float, on_rows: OnRows) -> OnRows:
    """Turn batches of the carrier's lines into batches of the array's rows: one by one, if those are not in order."""
    if carrier.is_in_order and carrier.is_exact:
        return on_rows
    row_behind = np.argsort(carrier.rows)

    def collect(first: int, records: Words) -> None:
        moved = _with_true_codes(carrier, read_v, records)[:, carrier.columns]
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
