"""What the levels of a run mean to the firmware that programs them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ohmbench.carrier.carrier import Carrier
from ohmbench.support.array_types import Codes, FloatArray
from ohmbench.tables import ADC_MAX, LANES

LEAVE = LANES - 1
"""Level of a cell to leave alone: its window holds every code."""


@dataclass(frozen=True, eq=False)
class Bands:
    """Windows of levels, and where they join the ramps; all int64 (levels,), at most LEAVE of them.

    Attributes:
        low, high: lowest and highest code at which a cell is programmed to.
        margin: codes by which a cell may be further out and is still left alone.
        set_start, reset_start: DAC codes at which the level joins the ramps; no higher than a ramp's last step.
        reads_each: whether the carrier reads cell by cell, so that each is read after its own pulses only.
    """

    low: Codes
    high: Codes
    margin: int
    set_start: Codes
    reset_start: Codes
    reads_each: bool = False

    def as_read(self, carrier: Carrier, read_v: float) -> Bands:
        """The same cells' bands in codes that a kind of carrier reads at so many volts."""
        if carrier.is_direct:
            return self
        # ends beyond every code stay there; margins shrink as the codes do, most at the highest closed end
        low, high = (np.asarray(ends, np.float64) for ends in (self.low, self.high))
        closed = np.where(np.abs(high) >= ADC_MAX, np.where(np.abs(low) >= ADC_MAX, 0.0, low), high).max(initial=0.0)
        slope = (carrier.read_codes(np.array([closed + 1.0, closed]), read_v) * (1, -1)).sum()
        return replace(
            self,
            low=np.where(np.abs(low) >= ADC_MAX, low, np.ceil(carrier.read_codes(low, read_v))).astype(np.int64),
            high=np.where(np.abs(high) >= ADC_MAX, high, np.floor(carrier.read_codes(high, read_v))).astype(np.int64),
            margin=int(self.margin * slope),
            reads_each=carrier.reads_each,
        )

    def middle(self) -> FloatArray:
        """Codes (levels,) where a level's cells are judged: the middle of the band, or its end if it has only one."""
        low_open, high_open = self.low <= 0, self.high >= ADC_MAX
        return np.asarray(np.where(high_open, self.low, np.where(low_open, self.high, (self.low + self.high) / 2)))
