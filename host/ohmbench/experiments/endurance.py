"""Endurance: SET and RESET over and over, with a look at both states at rising counts of cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ohmbench.experiments.base import Experiment, Found, Row, Step, require, setting
from ohmbench.experiments.plots import band_chart, median
from ohmbench.experiments.pulsing import MOST_AT_ONCE, Drive
from ohmbench.support.array_types import Mask

_MOST_CYCLES = 10**9


@dataclass(frozen=True)
class Settings:
    cycles: int = setting(1000, "cycles of SET and RESET in all")
    points: int = setting(4, "looks at the cells per decade of cycles")
    set_v: float = setting(2.0, "bit line, V")
    gate_v: float = setting(2.0, "gate of SET, V")
    reset_v: float = setting(1.8, "source line, V")
    width_us: float = setting(0.2, "width of both pulses, us")
    ratio: float = setting(2.0, "a cell fails when its states differ by less than this factor")


class Endurance(Experiment):
    name = "endurance"
    about = "endurance: cycles of SET and RESET; both states and failed cells over the number of cycles"
    Settings: ClassVar[type[Settings]] = Settings
    meaning: ClassVar[Mapping[str, str]] = {
        "cycles": "cycles of SET and RESET, until the last look",
        "high_usiemens": "after SET, median of the cells at the last look",
        "low_usiemens": "after RESET, median of the cells at the last look",
        "failed": "cells failed; their states are nearer than `ratio`, from some look on to the last",
        "failed_after_cycles": "failed after, in cycles: when each was first seen so",
    }

    def steps(self) -> list[Step]:
        s = self.settings
        require(1 <= s.cycles <= _MOST_CYCLES, f"cycles is 1 to {_MOST_CYCLES}")
        require(1 <= s.points <= 100 and s.ratio > 1, "points is 1 to 100, ratio above 1")
        drive = Drive(set_v=s.set_v, gate_set_v=s.gate_v, reset_v=s.reset_v, set_us=s.width_us, reset_us=s.width_us)
        decades = int(np.ceil(np.log10(s.cycles) * s.points))
        looks = sorted({*(round(10 ** (i / s.points)) for i in range(decades)), s.cycles})
        made, done = [], 0
        for look in looks:
            while done < look:
                count = min(look - done, MOST_AT_ONCE // 2)
                done += count
                made.append(Step("cycles", "cycle", count, drive, {"cycles": done}))
        return made

    def results(self, found: Sequence[Found]) -> Row:
        """Medians of the last look; failed_after_cycles: of each cell that failed, when it was first seen so."""
        failed = self._failed(found)
        ever = failed[-1]
        when = np.array([one.step.values["cycles"] for one in found])[np.argmax(failed, axis=0)]
        return {
            "cycles": int(found[-1].step.values["cycles"]),
            "high_usiemens": median(found[-1].usiemens[0]),
            "low_usiemens": median(found[-1].usiemens[1]),
            "failed": int(np.count_nonzero(ever)),
            "failed_after_cycles": sorted(when[ever].astype(int).tolist()),
        }

    def _failed(self, found: Sequence[Found]) -> Mask:
        """bool (looks, cells): cells that from there on never again have their states apart."""
        bad = [one.usiemens[0] < self.settings.ratio * np.maximum(one.usiemens[1], 0.1) for one in found]
        return np.asarray(np.logical_and.accumulate(bad[::-1], axis=0)[::-1], np.bool_)

    def charts(self, found: Sequence[Found]) -> list[str]:
        states = {
            name: [(one.step.values["cycles"], one.usiemens[i]) for one in found]
            for i, name in enumerate(("after SET", "after RESET"))
        }
        return [
            band_chart(
                "Both states over cycles",
                states,
                "cycles",
                "µS",
                log_x=True,
                log_y=True,
                caption="Median of the cells, and the middle 80 % of them.",
            )
        ]

    def notes(self, is_simulated: bool) -> list[str]:
        model = "The array model has no wear-out: simulated cells spread from cycle to cycle, and never die of it."
        return [model] if is_simulated else []
