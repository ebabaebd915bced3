"""What an operation returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Result(Protocol):
    """What can be printed: as numbers for JSON, or as text. With a method `paint` it has colours on a terminal."""

    def summary(self) -> Any: ...
    def describe(self) -> str: ...


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, eq=False)
class Noted(Generic[R]):
    """A result from a bench, with what is known of the calibration that it rests on.

    Attributes:
        calibration: None where there is nothing to calibrate, or nothing was measured.
    """

    result: R
    calibration: str | None = None

    def summary(self) -> Any:
        """The result's, and the calibration beside it if it has names."""
        values = self.result.summary()
        if self.calibration is None or not isinstance(values, Mapping):
            return values
        return {**values, "calibration": self.calibration}

    def paint(self, text: str) -> str:
        """The text with the result's colours, if it has any."""
        paint = getattr(self.result, "paint", None)
        return text if paint is None else str(paint(text))

    def describe(self) -> str:
        text = self.result.describe()
        return text if self.calibration is None else f"{text}\ncalibration: {self.calibration}"


def yes_or_no(value: object) -> str:
    """A value as text for people, who say yes where Python says True."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
