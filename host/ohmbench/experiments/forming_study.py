"""Forming study: at which voltage fresh cells form, how many do, and what they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ohmbench.experiments.base import Experiment, Found, Row, Step, ramp, require, setting
from ohmbench.experiments.plots import cumulative_chart, histogram, median
from ohmbench.experiments.pulsing import Drive
from ohmbench.support.array_types import FloatArray, Mask


@dataclass(frozen=True)
class Settings:
    from_v: float = setting(2.0, "first pulse, bit line, V")
    to_v: float = setting(3.55, "last pulse, V")
    step_v: float = setting(0.05, "step from pulse to pulse, V")
    gate_v: float = setting(1.8, "gate: the compliance of a cell that forms, V")
    width_us: float = setting(1.0, "us")
    formed_usiemens: float = setting(1.7, "least conductance of a formed cell, uS")


class FormingStudy(Experiment):
    name = "forming"
    about = "forming study: a ramp of pulses until each cell forms; voltage, yield, conductance afterwards"
    forms = True
    Settings: ClassVar[type[Settings]] = Settings
    meaning: ClassVar[Mapping[str, str]] = {
        "formed_before": "formed before, cells that the study leaves alone",
        "formed": "cells formed, of the fresh ones",
        "yield": "yield, share of the fresh cells that formed",
        "forming_v": "forming voltage, of the bit line; median of the cells that formed",
        "forming_std_v": "spread of the forming voltage, standard deviation over the cells",
        "formed_usiemens": "conductance after forming, median of the cells that formed",
    }

    def steps(self) -> list[Step]:
        s = self.settings
        require(s.formed_usiemens > 0, "formed_usiemens is above 0")
        # 0.3 V: as far as the cells' I-V curve is known, so that the ADC's noise is 0.3 uS
        drive = Drive(read_v=0.3, gate_set_v=s.gate_v, set_us=s.width_us)
        pulses = [
            Step("pulse", "set", 1, replace(drive, set_v=volts), {"volts": volts})
            for volts in ramp(s.from_v, s.to_v, s.step_v)
        ]
        return [Step("found", "read", 4, drive), *pulses, Step("formed", "read", 4, drive)]

    def cells(self, step: Step, before: Sequence[Found], chosen: Mask) -> Mask:
        """Those that have not formed: a cell gets no more pulses than it needs."""
        pulsed = np.zeros_like(chosen)
        pulsed[chosen] = ~self._formed(before)[-1] if before else True
        return pulsed if step.pulses else chosen

    def _formed(self, found: Sequence[Found]) -> Mask:
        """bool (steps, cells): whether a cell has been seen formed by then."""
        seen = [one.usiemens.mean(axis=0) >= self.settings.formed_usiemens for one in found]
        return np.asarray(np.logical_or.accumulate(seen, axis=0), np.bool_)

    def _volts(self, found: Sequence[Found]) -> FloatArray:
        """Forming voltage of the cells that formed."""
        formed = self._formed(found)
        volts = np.array([one.step.values.get("volts", np.nan) for one in found])
        by_pulse = formed[-1] & ~formed[0]
        return np.asarray(volts[np.argmax(formed, axis=0)][by_pulse], np.float64)

    def results(self, found: Sequence[Found]) -> Row:
        formed, volts = self._formed(found), self._volts(found)
        after = found[-1].usiemens.mean(axis=0)[formed[-1] & ~formed[0]]
        fresh = int(np.count_nonzero(~formed[0]))
        return {
            "formed_before": int(np.count_nonzero(formed[0])),
            "formed": len(volts),
            "yield": len(volts) / fresh if fresh else None,
            "forming_v": median(volts),
            "forming_std_v": float(volts.std()) if volts.size else None,
            "formed_usiemens": median(after),
        }

    def charts(self, found: Sequence[Found]) -> list[str]:
        formed = self._formed(found)
        fresh = ~formed[0]
        share = [
            (one.step.values["volts"], 100 * float(np.mean(row[fresh])) if fresh.any() else 0.0)
            for one, row in zip(found, formed, strict=True)
            if "volts" in one.step.values
        ]
        after = found[-1].usiemens.mean(axis=0)[formed[-1] & fresh]
        return [
            cumulative_chart("Cells formed", share, "V on the bit line", "% of the fresh cells", "V"),
            histogram("Conductance after forming", after, "µS"),
        ]

    def notes(self, is_simulated: bool) -> list[str]:
        return ["A cell that was formed when the study began got no pulse and is in none of the figures."]
