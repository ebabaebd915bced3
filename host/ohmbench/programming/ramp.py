"""A ramp of pulses of one polarity: SET and RESET are two values of this kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np

from ohmbench import tables as t
from ohmbench.bench.base import clocks, dac_code
from ohmbench.support.array_types import FloatArray
from ohmbench.support.numbers import MAX_QUANTITY, is_number

Curve = tuple[tuple[float, float], ...]
"""Points (conductance in uS, volts), conductance rising."""

_WORD = 0xFFFF  # arguments of firmware and limits of the guard
_FROM_START = 0xFFFF  # beyond every DAC code


@dataclass(frozen=True)
class Ramp:
    """Pulses of one polarity, each a step above the one before, while the other voltage of the cell stays.

    Which lines the two voltages are on is the algorithm's: `line` ramps the bit line in SET and holds the gate.

    Attributes:
        start_v, step_v, end_v: of the voltage that ramps; the last step is not beyond the end.
        hold_v: the voltage that stays.
        us: width of a pulse in microseconds.
        curve: the voltage that brings a cell near a conductance; empty: every ramp begins at its start.
        lead_v: how far below the curve a level joins the ramp.
        back: so many steps below its last pulse a cell joins the next ramp; -1: as at first.
    """

    start_v: float
    step_v: float
    end_v: float
    hold_v: float
    us: float
    curve: Curve = ()
    lead_v: float = 0.0
    back: int = -1

    def but(self, **changes: Any) -> Self:
        """The same ramp with other values."""
        return replace(self, **changes)

    @property
    def codes(self) -> tuple[int, int, int]:
        """Start, step and end as DAC codes."""
        return dac_code(self.start_v), dac_code(self.step_v), dac_code(self.end_v)

    @property
    def pulses(self) -> int:
        """Pulses of one ramp, counted as the firmware does."""
        start, step, end = self.codes
        return (end - start) // step + 1

    @property
    def last_code(self) -> int:
        """DAC code of the last step, which need not be the end."""
        start, step, _ = self.codes
        return start + (self.pulses - 1) * step

    @property
    def back_code(self) -> int:
        """DAC codes below its last pulse at which a cell joins the next ramp."""
        return _FROM_START if self.back < 0 else min(self.back * dac_code(self.step_v), _FROM_START)

    def joins_v(self, usiemens: FloatArray) -> FloatArray:
        """Voltages at which cells with these targets join the ramp; 0 where from its start."""
        if not self.curve:
            return np.zeros_like(usiemens)
        conductances, volts = np.array(self.curve).T
        return np.asarray(np.maximum(np.interp(usiemens, conductances, volts) - self.lead_v, 0.0), np.float64)

    def joins_at(self, usiemens: FloatArray) -> list[int]:
        """DAC codes at which cells with these targets join the ramp: no higher than its last step.

        A start past the last step would mean no pulse at all.
        """
        return [min(dac_code(volts), self.last_code) for volts in self.joins_v(usiemens)]

    def problems(self, name: str, rounds: int, most_pulses: int) -> Iterator[str]:
        """What the firmware would not take in so many rounds; numbers are finite and not negative already."""
        numbers = all(is_number(x, -MAX_QUANTITY, MAX_QUANTITY) for point in self.curve for x in point)
        if not numbers or any(a[0] >= b[0] for a, b in pairwise(self.curve)):
            yield f"{name}.curve is not a list of points with rising conductance"
        start, step, end = self.codes
        if start < 1:
            yield f"{name}.start_v is not a voltage of the 16-bit DAC: its code is 0"
        if start > end:
            yield f"{name}.start_v is above {name}.end_v"
        elif step < 1 or end + step > _WORD:
            yield f"{name}.step_v is not a step of the 16-bit DAC"
        elif rounds * self.pulses > most_pulses:
            yield f"{rounds} rounds of {self.pulses} {name} pulses, more than {most_pulses} a cell"
        if not 1 <= clocks(self.us) <= _WORD:
            most = _WORD * 1e6 / t.CLOCK_HZ
            yield f"{name}.us = {self.us} is outside {1e6 / t.CLOCK_HZ:.3f} to {most:.0f} microseconds"
