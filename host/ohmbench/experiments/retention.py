"""Retention: cells are put high or low and left alone; how they move with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ohmbench.experiments.base import Experiment, Found, Row, Step, require, setting
from ohmbench.experiments.plots import band_chart, by_name
from ohmbench.experiments.pulsing import Drive
from ohmbench.support.array_types import FloatArray, Mask
from ohmbench.tables import COLUMNS, ROWS

_HIGH = np.indices((ROWS, COLUMNS)).sum(axis=0) % 2 == 1


@dataclass(frozen=True)
class Settings:
    until_s: float = setting(1000.0, "last look, s after programming")
    points: int = setting(2, "looks per decade of time, from 1 s on")
    reads: int = setting(8, "reads averaged in each look")
    set_v: float = setting(2.0, "bit line, V")
    gate_v: float = setting(2.0, "gate of SET, V")
    reset_v: float = setting(1.8, "source line, V")
    width_us: float = setting(0.2, "width of both pulses, us")


class Retention(Experiment):
    name = "retention"
    about = "retention: a checkerboard of high and low cells, left alone; drift and spread over time"
    Settings: ClassVar[type[Settings]] = Settings
    meaning: ClassVar[Mapping[str, str]] = {
        "time_s": "time of the last look, since programming",
        "high_drift_usiemens": "change of the high state, mean of the cells at the last look",
        "high_spread_usiemens": "spread of that change, standard deviation over the cells",
        "low_drift_usiemens": "change of the low state, mean of the cells at the last look",
        "low_spread_usiemens": "spread of the low state's change, standard deviation over the cells",
    }

    def steps(self) -> list[Step]:
        s = self.settings
        require(s.until_s >= 1, "until_s is 1 s or more")
        require(1 <= s.points <= 100 and 1 <= s.reads <= 1000, "points is 1 to 100, reads 1 to 1000")
        drive = Drive(set_v=s.set_v, gate_set_v=s.gate_v, reset_v=s.reset_v, set_us=s.width_us, reset_us=s.width_us)
        times = [10 ** (i / s.points) for i in range(int(np.floor(np.log10(s.until_s) * s.points + 1e-9)) + 1)]
        looks = [
            Step("look", "read", s.reads, drive, {"time_s": time}, time - before)
            for before, time in zip([0.0, *times], times, strict=False)
        ]
        return [
            Step("all low", "cycle", 1, drive),
            Step("half high", "set", 1, drive),
            Step("programmed", "read", s.reads, drive),
            *looks,
        ]

    def cells(self, step: Step, before: Sequence[Found], chosen: Mask) -> Mask:
        return chosen & _HIGH if step.name == "half high" else chosen

    def _drift(self, found: Sequence[Found]) -> dict[str, list[tuple[float, FloatArray]]]:
        """Of both states: time in s and change in uS of each cell since it was programmed."""
        start = by_name(found, "programmed")
        if not start:
            return {}
        high = by_name(found, "half high")[0].pulsed
        since, t0 = start[0].usiemens.mean(axis=0), start[0].elapsed_s
        looks = [(one.elapsed_s - t0, one.usiemens.mean(axis=0) - since) for one in by_name(found, "look")]
        both = {"high": high, "low": ~high}
        return {name: [(t, moved[some]) for t, moved in looks] for name, some in both.items() if some.any()}

    def results(self, found: Sequence[Found]) -> Row:
        """Mean and standard deviation of the change at the last look, by state."""
        row: Row = {}
        for name, looks in self._drift(found).items():
            if looks:
                time, moved = looks[-1]
                row["time_s"] = time
                row |= {f"{name}_drift_usiemens": float(moved.mean()), f"{name}_spread_usiemens": float(moved.std())}
        return row

    def charts(self, found: Sequence[Found]) -> list[str]:
        drift = self._drift(found)
        caption = "Median of the cells, and the middle 80 % of them; reads averaged."
        return [
            band_chart("Change since programming", drift, "s", "µS", log_x=True, caption=caption),
        ]

    def notes(self, is_simulated: bool) -> list[str]:
        return [
            "Times are of the bench: a simulated rest passes at once."
            if is_simulated
            else "Times are of the clock on the wall, from the programming on; a run that was stopped and resumed has "
            "its looks at the times when they were taken."
        ]
