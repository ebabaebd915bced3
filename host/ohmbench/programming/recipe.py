"""How an array is driven: the conductances of the levels, the window, the voltages and the algorithm."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from ohmbench import tables as t
from ohmbench.bench.base import Limits, codes_per_siemens, dac_code
from ohmbench.errors import DataError
from ohmbench.programming.algorithms import registry
from ohmbench.programming.algorithms.base import Algorithm
from ohmbench.programming.bands import Bands
from ohmbench.programming.ramp import Ramp
from ohmbench.programming.recipe_file import by_key, is_value_for, misfit, read_recipe, renamed_keys, renewed
from ohmbench.support.array_types import Codes, FloatArray, Integers
from ohmbench.support.numbers import MAX_QUANTITY, is_number
from ohmbench.tables import ADC_MAX, Rail

DEFAULT_RECIPE = "coarse-fine"
"""Name of `Recipe()`."""
MOST_PULSES = 0xFF
"""Pulses of a polarity that a cell may get in one run: a record counts them in eight bits."""

# Medians of staircases of 200 ns pulses from 165 uS, 1T1R HfO2, open data of 10.1109/TED.2021.3097975:
# RESET by the source line at V_WL 3.5 V, SET by the bit line at V_WL 3.0 V
_RESET_CURVE = ((20.0, 1.6), (25.0, 1.4), (37.0, 1.2), (49.0, 1.1), (69.0, 1.0), (105.0, 0.9), (154.0, 0.8))
_SET_CURVE = ((178.0, 0.8), (201.0, 1.0), (222.0, 1.2), (239.0, 1.5))
_SET = Ramp(0.73, 0.12, 2.0, hold_v=3.0, us=0.2, curve=_SET_CURVE, lead_v=0.1, back=1)
_RESET = Ramp(0.75, 0.08, 1.9, hold_v=3.5, us=0.2, curve=_RESET_CURVE, lead_v=0.25, back=4)

_MAY_BE_ZERO = {"lead_v", "back", "confirm", "confirm_need", "rest_s"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """Levels, window, voltages and algorithm; the defaults suit device preset A (HfO2 1T1R, 3 to 260 uS).

    Conductances in uS at read_v, voltages in volts, widths in microseconds.

    Attributes:
        g_min_usiemens, g_max_usiemens: conductances of level 0 and of the highest level, the others evenly between.
        window_usiemens: half width of the band in which a cell is accepted.
        inner_usiemens: half width of the band until which a cell is programmed that was not accepted (hysteresis).
        algorithm: its name in `programming.algorithms.registry`.
        set, reset: the pulses of either polarity.
        rounds: at most so many RESET and SET ramps.
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
    algorithm: str = "line"
    set: Ramp = field(default=_SET)
    reset: Ramp = field(default=_RESET)
    rounds: int = 15
    confirm: int = 0
    confirm_need: int = 0
    passes: int = 1
    rest_s: float = 1.0
    single_cell: bool = False

    def __post_init__(self) -> None:
        bad = list(self._problems())
        if bad:
            raise DataError(f"The recipe cannot be used: {'; '.join(bad)}.", "Correct it.")

    def _problems(self) -> Iterator[str]:
        """What is not a number, or what the guard, the firmware's 16 bits or the ADC would not take."""
        for name, value in _numbers(self):
            key = name.rpartition(".")[2]
            low_enough = value >= (-1 if key == "back" else 0) if key in _MAY_BE_ZERO else value > 0
            if not (low_enough and is_number(value, high=MAX_QUANTITY)):
                yield f"{name} is too large" if isinstance(value, int) and value > MAX_QUANTITY else f"{name} = {value}"
                return
        try:
            algorithm = self.plugin
        except DataError as error:
            yield f"algorithm: {str(error).removesuffix('.')}"
            return
        beyond = False
        for name, volts, rails in self._voltages(algorithm):
            if dac_code(volts) < 1:
                yield f"{name} = {volts} is not a voltage of the 16-bit DAC: its code is 0"
            above = [rail for rail in rails if dac_code(volts) > t.RAIL_CEILING[rail]]
            if above:
                beyond = True
                ceiling, names = min(t.RAIL_MAX_V[rail] for rail in above), [rail.name.lower() for rail in above]
                what = f"rail{'s' if len(names) > 1 else ''} {' and '.join(names)}"
                yield f"{name} is above {ceiling} V, the carrier's ceiling of {what}"
        if beyond:
            return  # how many steps lead there is no news
        yield from self.set.problems("set", self.rounds, MOST_PULSES)
        yield from self.reset.problems("reset", self.rounds, MOST_PULSES)
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

        SET and RESET are tables `[set]` and `[reset]`. Those not given keep their defaults. A file of the older format,
        which had them all in one table, is taken too, and a warning is logged that says how to write it.

        Raises:
            DataError: the file is missing or damaged, or has a key or a value that makes no sense.
        """
        path, values = read_recipe(source)
        try:
            recipe = cls.of(values)
        except _BadKeys as error:
            raise DataError(
                f"{path}: {error}.",
                f"The keys are: {', '.join(_keys())}.",
            ) from error
        except OverflowError as error:
            raise DataError(f"{path}: a number is too large.", "Correct it.") from error
        if old := renamed_keys(values):
            log.warning("%s is in the format of older versions, and is read as: %s", path, "; ".join(old))
        return recipe

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """A recipe of the values of a file or of a recorded run, in the present format or in the older one.

        Raises:
            DataError: a key or a value makes no sense.
        """
        given = renewed(values)
        bad = {n: v for n, v in given.items() if isinstance(v, Mapping) != isinstance(getattr(cls(), n, None), Ramp)}
        bad |= {name: value for name, value in by_key(given) if not is_value_for(_defaults().get(name), value)}
        if bad:
            raise _BadKeys("; ".join(misfit(name, value, _defaults()) for name, value in bad.items()))
        # a window given alone is the inner one too
        if "window_usiemens" in given:
            given.setdefault("inner_usiemens", given["window_usiemens"])
        made: dict[str, Any] = {}
        for name, value in given.items():
            if isinstance(value, Mapping):
                of_ramp = {k: tuple(map(tuple, v)) if isinstance(v, list | tuple) else v for k, v in value.items()}
                made[name] = getattr(cls(), name).but(**of_ramp)
            else:
                made[name] = value
        return cls(**made)

    def but(self, **changes: Any) -> Self:
        """The same recipe with other values."""
        return replace(self, **changes)

    @property
    def plugin(self) -> Algorithm:
        """The algorithm.

        Raises:
            DataError: it is not installed.
        """
        return registry.load(self.algorithm)

    def bands(self, low_usiemens: FloatArray, high_usiemens: FloatArray) -> Bands:
        """Bands of accepted conductances (levels,) in uS, programmed and joined to the ramps as the recipe says."""
        shrink = self.window_usiemens - self.inner_usiemens
        low, high = self.codes_between(low_usiemens + shrink, high_usiemens - shrink)
        middle = (low_usiemens + high_usiemens) / 2
        set_start, reset_start = (np.array(ramp.joins_at(middle), np.int64) for ramp in (self.set, self.reset))
        return Bands(low, high, round(shrink * 1e-6 * self.codes_per_siemens), set_start, reset_start)

    def bands_of_levels(self, levels: Integers, max_level: int) -> Bands:
        """Bands of the recipe's levels (levels,)."""
        target = self.targets_usiemens(levels, max_level)
        return self.bands(target - self.window_usiemens, target + self.window_usiemens)

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

    def _voltages(self, algorithm: Algorithm) -> list[tuple[str, float, tuple[Rail, ...]]]:
        """Each voltage, and the rails that it is for."""
        return [
            ("set.hold_v", self.set.hold_v, algorithm.set_rails.held),
            ("set.end_v", self.set.end_v, algorithm.set_rails.ramped),
            ("reset.end_v", self.reset.end_v, algorithm.reset_rails.ramped),
            ("reset.hold_v", self.reset.hold_v, algorithm.reset_rails.held),
            ("read_v", self.read_v, (Rail.BL_READ,)),
            ("wl_read_v", self.wl_read_v, (Rail.WL_READ,)),
        ]

    def _rails(self, *names: str) -> dict[Rail, float]:
        highest: dict[Rail, float] = {}  # a rail may have its part in both ramps
        for name, volts, rails in self._voltages(self.plugin):
            if not names or name in names:
                highest |= {rail: max(volts, highest.get(rail, 0.0)) for rail in rails}
        return highest

    def rails_v(self) -> dict[Rail, float]:
        """The rails before a run; the ramps start from there."""
        return self._rails("set.hold_v", "reset.hold_v", "read_v", "wl_read_v")

    def read_rails_v(self) -> dict[Rail, float]:
        """The rails that reading and inference need: with these alone no cell can be pulsed."""
        return self._rails("read_v", "wl_read_v")

    def limits(self) -> Limits:
        """The tightest limits under which this recipe runs: the guard holds it to what it says."""
        pulses = self.rounds * (self.set.pulses + self.reset.pulses)
        return Limits(self._rails(), max(self.set.us, self.reset.us), pulses)


class _BadKeys(DataError):
    """No keys of a recipe, or values of the wrong kind."""


def _defaults() -> dict[str, Any]:
    """The default of every key of a file."""
    defaults = {f.name: f.default for f in fields(Recipe)}
    for name in ("set", "reset"):
        ramp = defaults.pop(name)
        defaults |= {f"{name}.{f.name}": getattr(ramp, f.name) for f in fields(Ramp)}
    return defaults


def _keys() -> list[str]:
    return list(_defaults())


def _numbers(recipe: Recipe) -> Iterator[tuple[str, float]]:
    """The names and values of all numbers of a recipe."""
    for f in fields(recipe):
        value = getattr(recipe, f.name)
        found = (
            [(f"{f.name}.{g.name}", getattr(value, g.name)) for g in fields(value)] if isinstance(value, Ramp) else []
        )
        for name, number in found or [(f.name, value)]:
            if isinstance(number, int | float) and not isinstance(number, bool):
                yield name, number
