"""Read noise: the same cells read over and over with nothing in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ohmbench.experiments.base import Experiment, Found, Row, Step, require, setting
from ohmbench.experiments.plots import histogram, median, scatter
from ohmbench.experiments.pulsing import Drive
from ohmbench.support.array_types import FloatArray
from ohmbench.tables import ADC_LSB_V, TIA_OHM

_BLOCK = 50


@dataclass(frozen=True)
class Settings:
    reads: int = setting(500, "reads of each cell")
    read_v: float = setting(0.2, "bit line, V")


class ReadNoise(Experiment):
    name = "read-noise"
    about = "read noise: cells read over and over; noise over conductance, and how far it is telegraph noise or drift"
    Settings: ClassVar[type[Settings]] = Settings
    meaning: ClassVar[Mapping[str, str]] = {
        "reads": "reads, of each cell",
        "noise_usiemens": "noise, rms; median of the cells, with the converter's own",
        "noise_relative": "noise over conductance, median of the cells",
        "noise_worst_usiemens": "noise of the noisiest cell, rms",
        "correlation": "correlation of a read with the next; median of the cells, 0 for white noise",
        "code_usiemens": "one code of the converter, at this read voltage",
    }

    def steps(self) -> list[Step]:
        s = self.settings
        require(2 <= s.reads <= 1_000_000, "reads is 2 to 1000000")
        require(0 < s.read_v <= 0.35, "read_v is up to 0.35 V, the carrier's ceiling of the read rail")
        drive = Drive(read_v=s.read_v)
        return [
            Step("read", "read", min(_BLOCK, s.reads - first), drive, {"first": first})
            for first in range(0, s.reads, _BLOCK)
        ]

    def _figures(self, found: Sequence[Found]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Of each cell: mean and noise in uS, and the correlation of a read with the next one."""
        reads = np.concatenate([one.usiemens for one in found])
        around = reads - reads.mean(axis=0)
        variance = np.maximum((around**2).mean(axis=0), 1e-12)
        return reads.mean(axis=0), np.sqrt(variance), (around[1:] * around[:-1]).mean(axis=0) / variance

    def results(self, found: Sequence[Found]) -> Row:
        """Medians over the cells; the ADC's own part is not taken off. code_usiemens: one ADC code."""
        mean, noise, correlation = self._figures(found)
        return {
            "reads": sum(len(one.codes) for one in found),
            "noise_usiemens": median(noise),
            "noise_relative": median(noise / np.maximum(np.abs(mean), 1e-9)),
            "noise_worst_usiemens": float(noise.max()),
            "correlation": median(correlation),
            "code_usiemens": ADC_LSB_V / TIA_OHM / self.settings.read_v * 1e6,
        }

    def charts(self, found: Sequence[Found]) -> list[str]:
        mean, noise, correlation = self._figures(found)
        return [
            scatter("Noise over conductance", mean, noise, "µS", "µS rms", "A dot a cell, with the ADC's noise."),
            histogram("Correlation of a read with the next", correlation, "correlation, from -1 to 1"),
        ]

    def notes(self, is_simulated: bool) -> list[str]:
        model = "The array model's noise is white: it has no telegraph noise, and its correlation is that of chance."
        return [
            "A cell is read every few microseconds while its row is on, rows one after the other: slower changes show "
            "between the blocks of 50 reads.",
            *([model] if is_simulated else []),
        ]
