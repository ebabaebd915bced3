"""How an array is driven: the conductances of the levels, the window, the voltages and the algorithm."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from ohmbench import tables as t
from ohmbench.bench.base import Limits, clocks, codes_per_siemens, dac_code
from ohmbench.errors import DataError
from ohmbench.support.array_types import Codes, FloatArray, Integers
from ohmbench.tables import ADC_MAX, Rail

Curve = tuple[tuple[float, float], ...]
"""Points (conductance in uS, volts), conductance rising."""

RECIPES = Path(__file__).resolve().parent / "recipes"
"""The recipes that come with ohmbench, one TOML file each."""

_WORD = 0xFFFF  # arguments of firmware and limits of the guard
MOST_PULSES = 0xFF
"""Pulses of a polarity that a cell may get in one run: a record counts them in eight bits."""

# Medians of staircases of 200 ns pulses from 165 uS, 1T1R HfO2, open data of 10.1109/TED.2021.3097975:
# RESET by the source line at V_WL 3.5 V, SET by the bit line at V_WL 3.0 V
_RESET_CURVE = ((20.0, 1.6), (25.0, 1.4), (37.0, 1.2), (49.0, 1.1), (69.0, 1.0), (105.0, 0.9), (154.0, 0.8))
_SET_CURVE = ((178.0, 0.8), (201.0, 1.0), (222.0, 1.2), (239.0, 1.5))


@dataclass(frozen=True)
class Recipe:
    """Levels, window, voltages and algorithm; the defaults suit device preset A (HfO2 1T1R, 3 to 260 uS).

    Conductances in uS at read_v; ramps as start, step and end in volts; pulses in microseconds.

    Attributes:
        g_min_usiemens, g_max_usiemens: conductances of level 0 and of the highest level, the others evenly between.
        window_usiemens: half width of the band in which a cell is accepted.
        inner_usiemens: half width of the band until which a cell is programmed that was not accepted (hysteresis).
        ramp: what SET ramps: the `gate` (set_v on the bit line), or the bit `line` (gate at set_v).
        set_curve, reset_curve: the voltage that brings a cell near a conductance; empty: ramps begin at their start.
        set_lead_v, reset_lead_v: how far below the curve a level joins the ramp.
        set_back, reset_back: so many steps below its last pulse a cell joins the next ramp; -1: as at first.
        rounds: at most so many RESET and SET ramps.
        last_pulse: polarity of a cell's last pulse (relaxation differs between them), or any.
        confirm, confirm_need: reads of a cell that has arrived, and how many of these must be in its window.
        passes, rest_s: the whole is repeated so many times in all after a rest, for the cells that have drifted.
        single_cell: program one cell after the other, for comparison.
    """

    g_min_usiemens: float = 30.0
    g_max_usiemens: float = 195.0
    window_usiemens: float = 10.0
    inner_usiemens: float = 9.5
    read_v: float = 0.2
    wl_read_v: float = 3.0
    ramp: Literal["gate", "line"] = "line"
    set_v: float = 3.0
    set_start_v: float = 0.73
    set_step_v: float = 0.12
    set_end_v: float = 2.0
    set_us: float = 0.2
    set_curve: Curve = _SET_CURVE
    set_lead_v: float = 0.1
    set_back: int = 1
    wl_reset_v: float = 3.5
    reset_start_v: float = 0.75
    reset_step_v: float = 0.08
    reset_end_v: float = 1.9
    reset_us: float = 0.2
    reset_curve: Curve = _RESET_CURVE
    reset_lead_v: float = 0.25
    reset_back: int = 4
    rounds: int = 15
    last_pulse: Literal["any", "set", "reset"] = "any"
    confirm: int = 0
    confirm_need: int = 0
    passes: int = 1
    rest_s: float = 1.0
    single_cell: bool = False

    def __post_init__(self) -> None:
        bad = list(self._problems())
        if bad:
            raise DataError(f"The recipe makes no sense: {'; '.join(bad)}. Nothing was sent to the array. Correct it.")

    def _problems(self) -> Iterator[str]:
        """What is no number, or what the guard, the firmware's 16 bits or the ADC would not take."""
        may_be_zero = {"set_lead_v", "reset_lead_v", "set_back", "reset_back", "confirm", "confirm_need", "rest_s"}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                low_enough = value >= (-1 if f.name.endswith("_back") else 0) if f.name in may_be_zero else value > 0
                if not (math.isfinite(value) and low_enough):
                    yield f"{f.name} = {value}"
                    return
        for name, curve in (("set_curve", self.set_curve), ("reset_curve", self.reset_curve)):
            if any(a[0] >= b[0] for a, b in pairwise(curve)) or not all(
                math.isfinite(x) for point in curve for x in point
            ):
                yield f"{name} is not a list of points with rising conductance"
        for name, rails in self._rails().items():
            for rail in rails:
                if dac_code(getattr(self, name)) > t.RAIL_CEILING[rail]:
                    yield f"{name} is above {t.RAIL_MAX_V[rail]} V, the carrier's ceiling of rail {rail.name.lower()}"
        for name in ("set", "reset"):
            start, step, end = (dac_code(volts) for volts in self.ramp_v(name))
            if start > end:
                yield f"{name}_start_v is above {name}_end_v"
            elif step < 1 or end + step > _WORD:
                yield f"{name}_step_v is no step of the 16-bit DAC"
            elif self.rounds * self._steps(name) > MOST_PULSES:
                yield f"{self.rounds} rounds of {self._steps(name)} {name} pulses, more than {MOST_PULSES} a cell"
        for name, us in (("set_us", self.set_us), ("reset_us", self.reset_us)):
            if not 1 <= clocks(us) <= _WORD:
                yield f"{name} = {us} is outside {1e6 / t.CLOCK_HZ:.3f} to {_WORD * 1e6 / t.CLOCK_HZ:.0f} microseconds"
        if self.g_max_usiemens <= self.g_min_usiemens:
            yield "g_max_usiemens is not above g_min_usiemens"
        if (self.g_max_usiemens + self.window_usiemens) * 1e-6 * self.codes_per_siemens > ADC_MAX:
            yield f"g_max_usiemens and its window are outside the range of the ADC at read_v = {self.read_v}"
        if 2 * self.inner_usiemens * 1e-6 * self.codes_per_siemens < 1:
            yield "inner_usiemens makes a window narrower than a code of the ADC"
        if self.inner_usiemens > self.window_usiemens:
            yield "inner_usiemens is above window_usiemens"
        if self.confirm_need > self.confirm:
            yield "confirm_need is above confirm"
        if self.confirm > MOST_PULSES:
            yield f"confirm is above {MOST_PULSES} reads"

    @classmethod
    def load(cls, source: str | Path) -> Self:
        """A recipe that comes with ohmbench, by its name, or a TOML file whose keys are the attributes.

        Those not given keep their defaults.

        Raises:
            DataError: the file is missing or damaged, or has a key or a value that makes no sense.
        """
        path = Path(source)
        if path.suffix != ".toml" and (RECIPES / f"{source}.toml").is_file():
            path = RECIPES / f"{source}.toml"
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            names = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
            raise DataError(
                f"Cannot read the recipe {path}: {reason}. Nothing was sent to the array. Give a TOML file or one of "
                f"the names: {names}."
            ) from error
        defaults = {f.name: f.default for f in fields(cls)}
        bad = [key for key, value in values.items() if key not in defaults or not _fits(key, value, defaults[key])]
        if bad:
            raise DataError(
                f"{path}: no key of a recipe, or its value is of the wrong kind: {', '.join(bad)}. Nothing was sent to "
                f"the array. The keys are: {', '.join(defaults)}."
            )
        # a window given alone is the inner one too
        if "window_usiemens" in values:
            values.setdefault("inner_usiemens", values["window_usiemens"])
        try:
            given: dict[str, Any] = {k: tuple(map(tuple, v)) if isinstance(v, list) else v for k, v in values.items()}
            return cls(**given)
        except OverflowError as error:
            raise DataError(f"{path}: a number is too large. Nothing was sent to the array. Correct it.") from error

    def but(self, **changes: Any) -> Self:
        """The same recipe with other values."""
        return replace(self, **changes)

    def _steps(self, name: str) -> int:
        """Pulses of one ramp, counted as the firmware does."""
        start, step, end = (dac_code(volts) for volts in self.ramp_v(name))
        return (end - start) // step + 1

    def last_code(self, name: str) -> int:
        """DAC code of the last step of the ramp `set` or `reset`, which need not be its end."""
        start, step, _ = (dac_code(volts) for volts in self.ramp_v(name))
        return start + (self._steps(name) - 1) * step

    def ramp_v(self, name: str) -> tuple[float, float, float]:
        """Start, step and end in volts of the ramp `set` or `reset`."""
        if name == "set":
            return self.set_start_v, self.set_step_v, self.set_end_v
        return self.reset_start_v, self.reset_step_v, self.reset_end_v

    def joins_v(self, name: str, usiemens: FloatArray) -> FloatArray:
        """Voltages at which cells with these targets join the ramp `set` or `reset`; 0 where from its start."""
        curve, lead = (self.set_curve, self.set_lead_v) if name == "set" else (self.reset_curve, self.reset_lead_v)
        if not curve:
            return np.zeros_like(usiemens)
        conductances, volts = np.array(curve).T
        return np.asarray(np.maximum(np.interp(usiemens, conductances, volts) - lead, 0.0), np.float64)

    @property
    def codes_per_siemens(self) -> float:
        """ADC codes of one siemens at read_v."""
        return codes_per_siemens(self.read_v)

    def codes_per_level(self, max_level: int) -> float:
        """ADC codes of one level step, for one cell with its bit line at read_v."""
        return (self.g_max_usiemens - self.g_min_usiemens) * 1e-6 / max_level * self.codes_per_siemens

    def floor_levels(self, max_level: int) -> float:
        """Conductance of level 0 in level steps."""
        return self.g_min_usiemens * max_level / (self.g_max_usiemens - self.g_min_usiemens)

    def targets_usiemens(self, levels: Integers, max_level: int) -> FloatArray:
        """Conductances that cells with these levels are to have, of the shape of levels."""
        step = (self.g_max_usiemens - self.g_min_usiemens) / max_level
        return np.asarray(self.g_min_usiemens + levels.astype(np.float64) * step, np.float64)

    def windows(self, levels: Integers, max_level: int) -> tuple[Codes, Codes]:
        """Lowest and highest accepted ADC code of cells with these levels, both of the shape of levels."""
        target = self.targets_usiemens(levels, max_level)
        return self.codes_between(target - self.window_usiemens, target + self.window_usiemens)

    def codes_between(self, low: FloatArray, high: FloatArray) -> tuple[Codes, Codes]:
        """Lowest and highest ADC code of conductances in uS; no lower than 0 and no higher than the ADC goes."""
        codes = 1e-6 * self.codes_per_siemens
        lowest, highest = np.ceil(low * codes), np.floor(high * codes)
        return np.clip(lowest, 0, ADC_MAX).astype(np.int64), np.clip(highest, 0, ADC_MAX).astype(np.int64)

    def _rails(self) -> dict[str, tuple[Rail, ...]]:
        """The rails that each voltage is for."""
        gate, line = (Rail.WL_SET,), (Rail.BL_SET, Rail.SL_INHIBIT)
        return {
            "set_v": line if self.ramp == "gate" else gate,
            "set_end_v": gate if self.ramp == "gate" else line,
            "reset_end_v": (Rail.SL_RESET,),
            "wl_reset_v": (Rail.WL_RESET,),
            "read_v": (Rail.BL_READ,),
            "wl_read_v": (Rail.WL_READ,),
        }

    def _volts(self, *names: str) -> dict[Rail, float]:
        return {rail: getattr(self, name) for name in names for rail in self._rails()[name]}

    def rails_v(self) -> dict[Rail, float]:
        """The rails before a run; the ramps start from there."""
        return self._volts("set_v", "wl_reset_v", "read_v", "wl_read_v")

    def read_rails_v(self) -> dict[Rail, float]:
        """The rails that reading and inference need: with these alone no cell can be pulsed."""
        return self._volts("read_v", "wl_read_v")

    def limits(self) -> Limits:
        """The tightest limits under which this recipe runs: the guard holds it to what it says."""
        pulses = self.rounds * (self._steps("set") + self._steps("reset"))
        return Limits(self._volts(*self._rails()), max(self.set_us, self.reset_us), pulses)


def _fits(key: str, value: object, default: object) -> bool:
    """Whether a value from a file is of the kind of an attribute's default."""
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, tuple):
        return isinstance(value, list) and all(
            isinstance(p, list) and len(p) == 2 and all(_is_number(x) for x in p) for p in value
        )
    if isinstance(default, str):
        choices = {"ramp": ("gate", "line"), "last_pulse": ("any", "set", "reset")}
        return value in choices[key]
    return _is_number(value) and (isinstance(value, int) or isinstance(default, float))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
