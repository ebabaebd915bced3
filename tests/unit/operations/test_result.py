"""A result says what calibration it rests on, for a terminal and for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ohmbench.operations.result import Noted


@dataclass(frozen=True)
class Found:
    values: Any

    def summary(self) -> Any:
        return self.values

    def describe(self) -> str:
        return "found"


def test_the_calibration_comes_last() -> None:
    noted = Noted(Found({"codes": [1]}), "of 2026-11-28")
    assert list(noted.summary().items()) == [("codes", [1]), ("calibration", "of 2026-11-28")]
    assert noted.describe() == "found\ncalibration: of 2026-11-28"


def test_nothing_is_said_where_there_is_nothing_to_calibrate() -> None:
    noted = Noted(Found({"codes": [1]}))
    assert noted.summary() == {"codes": [1]}
    assert noted.describe() == "found"


def test_a_list_has_no_place_for_it() -> None:
    assert Noted(Found([1]), "of 2026-11-28").summary() == [1]
