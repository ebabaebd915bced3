"""What one board and its carrier were measured to be off by, as the record keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np

from ohmbench.errors import ArrayState, CheckError
from ohmbench.support.array_types import FloatArray
from ohmbench.support.numbers import is_number
from ohmbench.tables import COLUMNS, DEFAULT_CARRIER, Rail

MAX_AGE = timedelta(days=30)
"""A calibration older than this is called stale [guess]: 10 ppm/K parts drift little, connectors and solder do."""

OFFSET_MAX = 50.0
"""Codes; the converter's own is at most 12 LSB (LTC2320-16), the rest is the amplifier's."""

RAIL_OFF_MAX = 0.05
"""What a rail may be off by, relative. Good parts hold 1 % (0.1 % DAC, 0.1 % resistor, an amplifier): beyond five times
that something is broken, and no factor mends it."""

GAIN_OFF_MAX = 0.2
"""What a channel may be off by with the read rail, relative: twice the 6 % at which the self-test objects to a channel,
and the rail's own."""

_OFFSET = 500.0  # codes; as a carrier's file, and the firmware's correction, have it

RESIDUAL_MAX = 0.5
"""Codes; eight times the noise of the point in the middle. A channel that is off more is no line, or far too noisy."""

REFERENCES = "reference resistors"
"""Instrument of a calibration without one: all rails are relative to cal, which may be off, too."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What one board and its carrier are off by.

    Attributes:
        board: serial number of the board.
        gain, offset: (channels,), as of `Carrier`.
        rails: what each rail gives over what it should, relative to cal if there was no instrument.
        residual_codes: largest distance of a mean code from the fitted lines, over all channels.
        instrument: identity of what was measured against.
        kind: of the carrier that was on the board, a key of tables.CARRIERS.
    """

    board: str
    gain: FloatArray
    offset: FloatArray
    rails: Mapping[Rail, float]
    residual_codes: float
    instrument: str
    at: datetime
    kind: str = DEFAULT_CARRIER

    def problems(self) -> Iterator[str]:
        """What of it cannot be: no bench in order is off by so much."""
        off = RAIL_OFF_MAX if self.instrument != REFERENCES else (1 + RAIL_OFF_MAX) / (1 - RAIL_OFF_MAX) - 1
        for rail, factor in self.rails.items():
            if not is_number(factor, 1 - off, 1 + off):
                percent = 100 * (factor - 1)
                yield f"rail {rail.name.lower()} is off by {percent:+.1f} %, at most {100 * off:.1f} % can be"
        if not is_number(self.residual_codes, 0.0, RESIDUAL_MAX):
            yield f"the residual is {self.residual_codes:.2f} codes, at most {RESIDUAL_MAX:g}"
        for name, values, middle, most in (
            ("gain", self.gain, 1.0, GAIN_OFF_MAX),
            ("offset", self.offset, 0.0, _OFFSET),
        ):
            if values.shape != (COLUMNS,):
                yield f"there are {values.size} numbers of {name}, not {COLUMNS}"
            bad = [n for n, value in enumerate(values.ravel()) if not is_number(value, middle - most, middle + most)]
            if bad:
                named = ", ".join(map(str, bad[:8])) + (", ..." if bad[8:] else "")
                yield f"{name} of channels {named} is not within {most:g} of {middle:g}"

    def require_plausible(self) -> None:
        """Raises:
        CheckError: it cannot be what the carrier is off by.
        """
        if problems := list(self.problems()):
            raise CheckError(
                f"This calibration is not plausible, so it was not kept: {'; '.join(problems[:4])}.",
                "`ohmbench selftest` says what is wrong there.",
                array=ArrayState.NOT_PULSED,
            )

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
            "carrier_kind": self.kind,
        }

    @classmethod
    def of_json(cls, board: str, at: datetime, values: Mapping[str, Any]) -> Self:
        """The reverse of `as_json`.

        Raises:
            ValueError, TypeError, LookupError: the values are not a calibration's.
        """
        rails = {Rail[name.upper()]: float(gain) for name, gain in values["rails"].items()}
        gain, offset = (np.array(values[name], np.float64) for name in ("gain", "offset"))
        kind = str(values.get("carrier_kind", DEFAULT_CARRIER))
        return cls(board, gain, offset, rails, float(values["residual_codes"]), str(values["instrument"]), at, kind)

    def summary(self) -> dict[str, Any]:
        return {"board": self.board, "at": self.at.isoformat(), "stale": self.is_stale(), **self.as_json()}

    def describe(self) -> str:
        worst = int(np.argmax(np.abs(self.gain - 1)))
        rails = ", ".join(f"{rail.name.lower()} {100 * (gain - 1):+.2f} %" for rail, gain in self.rails.items())
        rails = rails or "not measured by themselves"
        return "\n".join(
            [
                f"board {self.board}, calibrated against {self.instrument}",
                f"gain {np.std(self.gain) * 100:.2f} % rms, at most {100 * (self.gain[worst] - 1):+.2f} % (channel "
                f"{worst}); offset at most {np.abs(self.offset).max():.1f} codes",
                f"rails: {rails}",
                f"residual {self.residual_codes:.2f} codes",
            ]
        )
