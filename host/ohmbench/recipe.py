"""How an array is driven: the conductances of the levels, the window, the voltages and the ramps."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ohmbench import _tables as t
from ohmbench._tables import Rail
from ohmbench.bench import Limits, clocks, dac_code
from ohmbench.errors import DataError

Codes = npt.NDArray[np.int64]

_WORD = 0xFFFF  # arguments of firmware and limits of the guard
_ADC_MAX = 0x7FFF
_MOST_PULSES = 0xFF


@dataclass(frozen=True)
class Recipe:
    """Levels, window, voltages and ramps; the defaults suit device preset A (HfO2 1T1R, 3 to 260 uS).

    Conductances in uS at read_v; ramps as start, step and end in volts; pulses in microseconds.
    """

    g_min_usiemens: float = 30.0
    g_max_usiemens: float = 205.0
    window_usiemens: float = 8.0
    read_v: float = 0.2
    wl_read_v: float = 3.0
    set_v: float = 2.0
    wl_set_start_v: float = 1.4
    wl_set_step_v: float = 0.1
    wl_set_end_v: float = 3.2
    set_us: float = 0.2
    wl_reset_v: float = 3.5
    reset_start_v: float = 0.7
    reset_step_v: float = 0.08
    reset_end_v: float = 2.0
    reset_us: float = 0.2
    rounds: int = 12

    def __post_init__(self) -> None:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        bad = [f"{k} = {v}" for k, v in values.items() if not math.isfinite(v) or v <= 0] or list(self._problems())
        if bad:
            raise DataError(f"The recipe makes no sense: {'; '.join(bad)}. Nothing was sent to the array. Correct it.")

    def _problems(self) -> Iterator[str]:
        """What the guard, the firmware's 16 bits or the ADC would not take."""
        for rail, volts in self._highest_v().items():
            if dac_code(volts) > t.RAIL_CEILING[rail]:
                yield f"{volts} V is above {t.RAIL_MAX_V[rail]} V, the carrier's ceiling of rail {rail.name.lower()}"
        for name, rail in (("wl_set", Rail.WL_SET), ("reset", Rail.SL_RESET)):
            start, step, end = (dac_code(volts) for volts in self.ramp_v(rail))
            if start > end:
                yield f"{name}_start_v is above {name}_end_v"
            elif step < 1 or end + step > _WORD:
                yield f"{name}_step_v is no step of the 16-bit DAC"
            # a record counts a cell's pulses of each polarity in eight bits
            elif self.rounds * self._steps(rail) > _MOST_PULSES:
                yield f"{self.rounds} rounds of {self._steps(rail)} {name} pulses, more than {_MOST_PULSES} a cell"
        for name, us in (("set_us", self.set_us), ("reset_us", self.reset_us)):
            if not 1 <= clocks(us) <= _WORD:
                yield f"{name} = {us} is outside {1e6 / t.CLOCK_HZ:.3f} to {_WORD * 1e6 / t.CLOCK_HZ:.0f} microseconds"
        if self.g_max_usiemens <= self.g_min_usiemens:
            yield "g_max_usiemens is not above g_min_usiemens"
        if (self.g_max_usiemens + self.window_usiemens) * 1e-6 * self.codes_per_siemens > _ADC_MAX:
            yield f"g_max_usiemens and its window are outside the range of the ADC at read_v = {self.read_v}"
        if 2 * self.window_usiemens * 1e-6 * self.codes_per_siemens < 1:
            yield "window_usiemens is narrower than a code of the ADC"

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a TOML file whose keys are the attributes; those not given keep their defaults.

        Raises:
            DataError: the file is missing or damaged, or has a key or a value that makes no sense.
        """
        try:
            values = tomllib.loads(Path(path).read_text())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise DataError(
                f"Cannot read the recipe {path}: {reason}. Nothing was sent to the array. Give a TOML file."
            ) from error
        known = {f.name: f.type for f in fields(cls)}
        bad = [
            k
            for k, v in values.items()
            if k not in known or isinstance(v, bool) or not isinstance(v, int if known[k] == "int" else int | float)
        ]
        if bad:
            keys = ", ".join(known)
            raise DataError(
                f"{path}: no key of a recipe, or its value is no number of the right kind: {', '.join(bad)}. Nothing "
                f"was sent to the array. The keys are: {keys}."
            )
        try:
            return cls(**values)
        except OverflowError as error:
            raise DataError(f"{path}: a number is too large. Nothing was sent to the array. Correct it.") from error

    def _steps(self, rail: Rail) -> int:
        """Pulses of one ramp, counted as the firmware does."""
        start, step, end = (dac_code(volts) for volts in self.ramp_v(rail))
        return (end - start) // step + 1

    def ramp_v(self, rail: Rail) -> tuple[float, float, float]:
        """Start, step and end of a ramped rail in volts."""
        if rail is Rail.WL_SET:
            return self.wl_set_start_v, self.wl_set_step_v, self.wl_set_end_v
        return self.reset_start_v, self.reset_step_v, self.reset_end_v

    @property
    def codes_per_siemens(self) -> float:
        """ADC codes of one siemens: I = G V through the transimpedance amplifier."""
        return self.read_v * t.TIA_OHM / t.ADC_LSB_V

    def codes_per_level(self, max_level: int) -> float:
        """ADC codes of one level step, for one cell with its bit line at read_v."""
        return (self.g_max_usiemens - self.g_min_usiemens) * 1e-6 / max_level * self.codes_per_siemens

    def targets_usiemens(self, levels: npt.NDArray[np.uint8], max_level: int) -> npt.NDArray[np.float64]:
        """Conductances that cells with these levels are to have, of the shape of levels."""
        step = (self.g_max_usiemens - self.g_min_usiemens) / max_level
        return np.asarray(self.g_min_usiemens + levels.astype(np.float64) * step, np.float64)

    def windows(self, levels: npt.NDArray[np.uint8], max_level: int) -> tuple[Codes, Codes]:
        """Lowest and highest accepted ADC code of cells with these levels, both of the shape of levels."""
        target = self.targets_usiemens(levels, max_level)
        low = np.ceil((target - self.window_usiemens) * 1e-6 * self.codes_per_siemens)
        high = np.floor((target + self.window_usiemens) * 1e-6 * self.codes_per_siemens)
        return np.maximum(low, 0).astype(np.int64), high.astype(np.int64)

    def rails_v(self) -> dict[Rail, float]:
        """The rails before a run; the ramps start from there."""
        return {
            Rail.BL_SET: self.set_v,
            Rail.SL_INHIBIT: self.set_v,
            Rail.WL_RESET: self.wl_reset_v,
            **self.read_rails_v(),
        }

    def read_rails_v(self) -> dict[Rail, float]:
        """The rails that reading and inference need: with these alone no cell can be pulsed."""
        return {Rail.BL_READ: self.read_v, Rail.WL_READ: self.wl_read_v}

    def _highest_v(self) -> dict[Rail, float]:
        return {**self.rails_v(), Rail.WL_SET: self.wl_set_end_v, Rail.SL_RESET: self.reset_end_v}

    def limits(self) -> Limits:
        """The tightest limits under which this recipe runs: the guard holds it to what it says."""
        pulses = self.rounds * (self._steps(Rail.WL_SET) + self._steps(Rail.SL_RESET))
        return Limits(self._highest_v(), max(self.set_us, self.reset_us), pulses)
