"""I-V sweep: switching by pulses of rising voltage in both directions, and the I-V curve at low bias between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ohmbench.experiments.base import Experiment, Found, Row, Step, ramp, require, setting
from ohmbench.experiments.plots import band_chart, by_name, median
from ohmbench.experiments.pulsing import Drive, microamperes
from ohmbench.support.array_types import FloatArray

_BIAS_V = 0.35  # the carrier's ceiling of the read rail


@dataclass(frozen=True)
class Settings:
    from_v: float = setting(0.4, "first pulse of both branches, V")
    set_to_v: float = setting(1.8, "last SET pulse, bit line, V")
    reset_to_v: float = setting(1.8, "last RESET pulse, source line, V")
    step_v: float = setting(0.05, "step from pulse to pulse, V")
    gate_v: float = setting(2.0, "gate of SET pulses: the compliance, V")
    width_us: float = setting(0.2, "width of all pulses, us")
    bias_v: float = setting(0.3, "end of the curves at low bias, V")
    points: int = setting(6, "points of a curve at low bias")
    reads: int = setting(16, "reads averaged in each of these points")


class IVSweep(Experiment):
    name = "iv"
    about = "I-V sweep: pulses of rising voltage in both directions, and the I-V curve at low bias between them"
    Settings: ClassVar[type[Settings]] = Settings
    meaning: ClassVar[Mapping[str, str]] = {
        "set_v": "SET switches at, of the bit line; median of the cells, where half of a cell's change is done",
        "reset_v": "RESET switches at, of the source line; median of the cells, as for SET",
        "after_set_usiemens": "after SET, median of the cells",
        "after_reset_usiemens": "after RESET, median of the cells",
        "nonlinearity": "nonlinearity after SET; conductance at the end of the low bias over that at its beginning",
    }

    def steps(self) -> list[Step]:
        s = self.settings
        require(0 < s.bias_v <= _BIAS_V, f"bias_v is 0 to {_BIAS_V} V, the carrier's ceiling of the read rail")
        require(1 <= s.points <= 100 and 1 <= s.reads <= 1000, "points is 1 to 100, reads 1 to 1000")
        drive = Drive(gate_set_v=s.gate_v, set_us=s.width_us, reset_us=s.width_us)
        made = self._curve("found", drive)
        made += [
            Step("SET", "set", 1, replace(drive, set_v=volts), {"volts": volts})
            for volts in ramp(s.from_v, s.set_to_v, s.step_v)
        ]
        made += self._curve("after SET", drive)
        made += [
            Step("RESET", "reset", 1, replace(drive, reset_v=volts), {"volts": -volts})
            for volts in ramp(s.from_v, s.reset_to_v, s.step_v)
        ]
        return made + self._curve("after RESET", drive)

    def _curve(self, name: str, drive: Drive) -> list[Step]:
        volts = [self.settings.bias_v * (i + 1) / self.settings.points for i in range(self.settings.points)]
        return [Step(name, "read", self.settings.reads, replace(drive, read_v=v), {"volts": v}) for v in volts]

    def results(self, found: Sequence[Found]) -> Row:
        """set_v, reset_v: medians over the cells of the first pulse past the middle of a cell's own change, in its
        logarithm. nonlinearity: conductance at the end of the low bias over that at its beginning, after SET."""
        low = [np.mean(one.usiemens, axis=0) for one in by_name(found, "after SET")]
        return {
            "set_v": median(_switching_v(by_name(found, "SET"))),
            "reset_v": median(_switching_v(by_name(found, "RESET"))),
            "after_set_usiemens": median(_last(found, "SET")),
            "after_reset_usiemens": median(_last(found, "RESET")),
            "nonlinearity": median(low[-1] / np.maximum(low[0], 1e-9)) if len(low) > 1 else None,
        }

    def charts(self, found: Sequence[Found]) -> list[str]:
        names = ("SET", "RESET")
        loop = {
            name: [(one.step.values["volts"], microamperes(one.codes[-1])) for one in by_name(found, name)]
            for name in names
        }
        curves = {
            name: [(one.step.values["volts"], microamperes(one.codes.mean(axis=0))) for one in by_name(found, name)]
            for name in ("found", "after SET", "after RESET")
        }
        return [
            band_chart(
                "Current read after each pulse",
                loop,
                "V of the pulse; RESET negative",
                "µA at 0.2 V",
                caption="Median of the cells, and the middle 80 % of them. Read after the pulse, not during it.",
            ),
            band_chart("I-V curve at low bias", curves, "V", "µA", caption="Mean of the reads of a point."),
        ]

    def notes(self, is_simulated: bool) -> list[str]:
        return [
            "The carrier has no converter on a line that is being pulsed, and its read rail ends at 0.35 V: between "
            "that and the pulses' voltages there is no current to see, and none flows backwards through a read.",
            "One ADC code is 0.052 µA and a read's noise 1.8 codes: with 16 reads a point is known to about 0.02 µA, "
            "so a cell below some 0.3 µS, as before forming, cannot be told from no current.",
        ]


def _last(found: Sequence[Found], name: str) -> FloatArray:
    some = by_name(found, name)
    return some[-1].usiemens[-1] if some else np.zeros(0)


def _switching_v(branch: Sequence[Found]) -> FloatArray:
    """Voltage of each cell's switching (cells that switched,); switching is a change by half or more."""
    if len(branch) < 2:
        return np.zeros(0)
    logs = np.log(np.maximum([one.usiemens[-1] for one in branch], 0.1))
    change = np.abs(logs - logs[0]) >= np.abs(logs[-1] - logs[0]) / 2
    volts = np.abs([one.step.values["volts"] for one in branch])
    moved = np.abs(logs[-1] - logs[0]) > np.log(1.5)
    return np.asarray(volts[np.argmax(change, axis=0)][moved], np.float64)
