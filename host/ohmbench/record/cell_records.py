"""What is known of cells: which were meant, their windows, what they read last and the pulses that they got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from ohmbench.support.array_types import Codes, FloatArray, Mask, Words
from ohmbench.support.notebook import facts, heat_map

_ARRAYS = ("mask", "low", "high", "code", "set_pulses", "reset_pulses")
_PULSES = 0xFF
_SET_BIT, _RESET_BIT = 16, 24


@dataclass(frozen=True, eq=False)
class CellRecords:
    """Cells, and what was done to them. All arrays have one shape, mostly (rows, columns).

    What they hold outside of the mask means nothing.

    Attributes:
        mask: bool, the cells that are meant.
        low, high: lowest and highest accepted ADC code.
        code: ADC code that was read last.
        set_pulses, reset_pulses: pulses that each cell got.
        run_cycles: run time in clocks of the bench that this took; 0 where it was not counted.
    """

    mask: Mask
    low: Codes
    high: Codes
    code: Codes
    set_pulses: Codes
    reset_pulses: Codes
    run_cycles: int = field(default=0, kw_only=True)

    def __repr__(self) -> str:
        cells, good = int(np.count_nonzero(self.mask)), int(np.count_nonzero(self.mask & self.inside))
        pulses = int(self.pulses[self.mask].sum())
        return f"CellRecords({cells} cells, {good} in their window, {pulses} pulses)"

    def _repr_html_(self) -> str:
        """Maps of the codes and of the pulses of one array; facts alone of several."""
        maps = ""
        if self.mask.ndim == 2:
            top = float(max(1, *self.code[self.mask].tolist(), *self.high[self.mask].tolist()))
            pulses = self.pulses
            maps = heat_map(self.code, self.mask, top, "code") + heat_map(
                pulses, self.mask, float(max(1, pulses.max(initial=1))), "pulses"
            )
        return facts(repr(self), {"maps": "code read last, pulses"} if maps else {}, maps)

    @classmethod
    def of_codes(cls, mask: Mask, low: Codes, high: Codes, code: Codes) -> CellRecords:
        """Cells that were read, and got no pulse."""
        none = np.zeros(code.shape, np.int64)
        return CellRecords(mask, low, high, code, none, none)

    @classmethod
    def of_words(cls, words: Words, mask: Mask, low: Codes, high: Codes, run_cycles: int = 0) -> CellRecords:
        """What program.useq says of cells, a word each: code | SET pulses << 16 | RESET pulses << 24."""
        code = words.astype(np.uint16).view(np.int16).astype(np.int64)
        set_pulses, reset_pulses = ((words >> bit & _PULSES).astype(np.int64) for bit in (_SET_BIT, _RESET_BIT))
        return CellRecords(mask, low, high, code, set_pulses, reset_pulses, run_cycles=run_cycles)

    @classmethod
    def of_rows(cls, first: int, words: Words, mask: Mask, low: Codes, high: Codes) -> CellRecords:
        """What program.useq says of some rows (n, columns) from `first` on; of the mask these rows alone are left."""
        whole, arrived = np.zeros(mask.shape, np.uint32), np.zeros_like(mask)
        rows = slice(first, first + len(words))
        whole[rows], arrived[rows] = words, mask[rows]
        return cls.of_words(whole, arrived, low, high)

    @classmethod
    def stacked(cls, arrays: Sequence[CellRecords]) -> CellRecords:
        """Cells of several arrays (rows, columns) as one (arrays, rows, columns)."""
        return CellRecords(
            *(np.stack([getattr(one, name) for one in arrays]) for name in _ARRAYS),
            run_cycles=sum(one.run_cycles for one in arrays),
        )

    @property
    def inside(self) -> Mask:
        """The cells whose last code lies in their window."""
        return self.mask & (self.low <= self.code) & (self.code <= self.high)

    @property
    def pulses(self) -> Codes:
        """Pulses of either polarity."""
        return self.set_pulses + self.reset_pulses

    def usiemens(self, codes_per_siemens: float) -> FloatArray:
        """Conductances that the codes stand for, in uS."""
        return np.asarray(self.code / codes_per_siemens * 1e6, np.float64)

    def at(self, code: Codes) -> Self:
        """The same cells with other codes."""
        return replace(self, code=code)

    def then(self, later: CellRecords) -> Self:
        """The same cells after more was done to some of them: their later codes, and the pulses of both."""
        return replace(
            self,
            code=np.where(later.mask, later.code, self.code),
            set_pulses=self.set_pulses + np.where(later.mask, later.set_pulses, 0),
            reset_pulses=self.reset_pulses + np.where(later.mask, later.reset_pulses, 0),
            run_cycles=self.run_cycles + later.run_cycles,
        )
