"""What one board and its carrier were measured to be off by, as the record keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np

from ohmbench.support.array_types import FloatArray
from ohmbench.tables import Rail

MAX_AGE = timedelta(days=30)
"""A calibration older than this is called stale [guess]: 10 ppm/K parts drift little, connectors and solder do."""

OFFSET_MAX = 50.0
"""Codes; the converter's own is at most 12 LSB (LTC2320-16), the rest is the amplifier's."""

RAIL_OFF_MAX = 0.05
"""What a rail may be off by, relative. Good parts hold 1 % (0.1 % DAC, 0.1 % resistor, an amplifier): beyond five times
that something is broken, and no factor mends it."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What one board and its carrier are off by.

    Attributes:
        board: serial number of the board.
        gain, offset: (channels,), as of `Carrier`.
        rails: what each rail gives over what it should, relative to cal if there was no instrument.
        residual_codes: largest distance of a mean code from the fitted lines, over all channels.
        instrument: identity of what was measured against.
    """

    board: str
    gain: FloatArray
    offset: FloatArray
    rails: Mapping[Rail, float]
    residual_codes: float
    instrument: str
    at: datetime

    def is_stale(self, now: datetime | None = None) -> bool:
        return (now or datetime.now(UTC)) - self.at > MAX_AGE

    def note(self, now: datetime | None = None) -> str:
        """A few words for every result that rests on it."""
        age = "STALE, " if self.is_stale(now) else ""
        return f"{age}of {self.at:%Y-%m-%d} against {self.instrument}, residual {self.residual_codes:.2f} codes"

    def as_json(self) -> dict[str, Any]:
        """What the record keeps besides board and time."""
        return {
            "gain": self.gain.tolist(),
            "offset": self.offset.tolist(),
            "rails": {rail.name.lower(): gain for rail, gain in self.rails.items()},
            "residual_codes": self.residual_codes,
            "instrument": self.instrument,
        }

    @classmethod
    def of_json(cls, board: str, at: datetime, values: Mapping[str, Any]) -> Self:
        """The reverse of `as_json`."""
        rails = {Rail[name.upper()]: float(gain) for name, gain in values["rails"].items()}
        gain, offset = (np.array(values[name], np.float64) for name in ("gain", "offset"))
        return cls(board, gain, offset, rails, float(values["residual_codes"]), str(values["instrument"]), at)

    def summary(self) -> dict[str, Any]:
        return {"board": self.board, "at": self.at.isoformat(), "stale": self.is_stale(), **self.as_json()}

    def describe(self) -> str:
        worst = int(np.argmax(np.abs(self.gain - 1)))
        rails = ", ".join(f"{rail.name.lower()} {100 * (gain - 1):+.2f} %" for rail, gain in self.rails.items())
        return "\n".join(
            [
                f"board {self.board}, calibrated against {self.instrument}",
                f"gain {np.std(self.gain) * 100:.2f} % rms, at most {100 * (self.gain[worst] - 1):+.2f} % (channel "
                f"{worst}); offset at most {np.abs(self.offset).max():.1f} codes",
                f"rails: {rails}",
                f"residual {self.residual_codes:.2f} codes",
            ]
        )
