"""Pulse train: potentiation by SET pulses and depression by RESET pulses, read after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ohmbench.experiments.base import Experiment, Found, Row, Step, require, setting
from ohmbench.experiments.plots import band_chart, by_name
from ohmbench.experiments.pulsing import Drive, Entry
from ohmbench.support.array_types import FloatArray

_BLOCK = 10  # equal pulses to a step


@dataclass(frozen=True)
class Settings:
    pulses: int = setting(40, "pulses of each polarity in a train")
    trains: int = setting(2, "trains of potentiation and depression, one after the other")
    set_v: float = setting(0.75, "first SET pulse, bit line, V")
    set_step_v: float = setting(0.02, "step from SET pulse to SET pulse, V; 0: equal pulses")
    gate_v: float = setting(3.0, "gate of SET, V")
    reset_v: float = setting(0.75, "first RESET pulse, source line, V")
    reset_step_v: float = setting(0.02, "step from RESET pulse to RESET pulse, V; 0: equal pulses")
    width_us: float = setting(0.2, "width of all pulses, us")


class PulseTrain(Experiment):
    name = "pulse-train"
    about = "pulse train: potentiation and depression, read after each pulse; steps, range and linearity"
    Settings: ClassVar[type[Settings]] = Settings
    meaning: ClassVar[Mapping[str, str]] = {
        "potentiation_end_usiemens": "end of potentiation, mean of the cells over all whole trains",
        "potentiation_nonlinearity": "nonlinearity of potentiation; largest distance from a straight line, 0: linear",
        "potentiation_spread_usiemens": "spread of potentiation, standard deviation from train to train",
        "depression_end_usiemens": "end of depression, mean of the cells over all whole trains",
        "depression_nonlinearity": "nonlinearity of depression; largest distance from a straight line, 0: linear",
        "depression_spread_usiemens": "spread of depression, standard deviation from train to train",
    }

    def steps(self) -> list[Step]:
        s = self.settings
        require(1 <= s.pulses <= 10_000 and 1 <= s.trains <= 1000, "pulses is 1 to 10000, trains 1 to 1000")
        require(s.set_step_v >= 0 and s.reset_step_v >= 0, "steps are 0 or more")
        drive = Drive(set_v=s.set_v, gate_set_v=s.gate_v, reset_v=s.reset_v, set_us=s.width_us, reset_us=s.width_us)
        made = [Step("found", "read", 4, drive)]
        for train in range(s.trains):
            made += self._train("potentiation", "set", drive, s.set_step_v, train)
            made += self._train("depression", "reset", drive, s.reset_step_v, train)
        return made

    def _train(self, name: str, entry: Entry, drive: Drive, step_v: float, train: int) -> list[Step]:
        volts = drive.set_v if entry == "set" else drive.reset_v
        block = 1 if step_v else _BLOCK
        made = []
        for first in range(0, self.settings.pulses, block):
            at = round(volts + first * step_v, 9)
            driven = replace(drive, set_v=at) if entry == "set" else replace(drive, reset_v=at)
            count = min(block, self.settings.pulses - first)
            made.append(Step(name, entry, count, driven, {"volts": at, "first": first, "train": train}))
        return made

    def _trains(self, found: Sequence[Found], name: str) -> FloatArray:
        """Conductances (whole trains, pulses, cells)."""
        some = by_name(found, name)
        if not some:
            return np.zeros((0, self.settings.pulses, 0))
        reads = np.concatenate([one.usiemens for one in some])
        whole = len(reads) // self.settings.pulses
        return reads[: whole * self.settings.pulses].reshape(whole, self.settings.pulses, reads.shape[1])

    def results(self, found: Sequence[Found]) -> Row:
        """Of the cells' mean over all whole trains: where a train ends, and its nonlinearity, the largest distance
        from the straight line between its first and its last read over their difference (0: linear)."""
        row: Row = {}
        for name in ("potentiation", "depression"):
            trains = self._trains(found, name)
            if trains.size:
                mean = trains.mean(axis=(0, 2))
                span = mean[-1] - mean[0]
                away = np.abs(mean - np.linspace(mean[0], mean[-1], len(mean))).max()
                row[f"{name}_end_usiemens"] = float(mean[-1])
                row[f"{name}_nonlinearity"] = float(away / abs(span)) if abs(span) > 1 else None
                row[f"{name}_spread_usiemens"] = float(trains.std(axis=0).mean()) if len(trains) > 1 else None
        return row

    def charts(self, found: Sequence[Found]) -> list[str]:
        lines: dict[str, list[tuple[float, FloatArray]]] = {"potentiation": [], "depression": []}
        number = 0
        for one in found:
            if one.step.name in lines:
                lines[one.step.name] += [(number + i + 1.0, row) for i, row in enumerate(one.usiemens)]
                number += len(one.usiemens)
        caption = "Median of the cells, and the middle 80 % of them."
        return [band_chart("Conductance from pulse to pulse", lines, "pulses", "µS", caption=caption)]

    def notes(self, is_simulated: bool) -> list[str]:
        model = (
            "In the array model equal RESET pulses saturate at once, its rate is a guess: the shape of depression by "
            "equal pulses says nothing about a device."
        )
        return [model] if is_simulated else []
