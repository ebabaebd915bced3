"""What an experiment is: a plan of steps, and what becomes of their samples. `loop` does the rest.

A plug-in is a class that derives from `Experiment`, named in the entry points `ohmbench.experiments`. It states its
plan; running it, the record, resuming and reports are the same for all.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ohmbench.bench.base import Limits
from ohmbench.errors import UsageError
from ohmbench.experiments.pulsing import Drive, Entry, limits_of, pulses_of, require_drivable
from ohmbench.support.array_types import Codes, FloatArray, Mask
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.numbers import MAX_QUANTITY, is_number

Row = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A rest, then one run of train.useq.

    Attributes:
        name: what of the experiment it is; steps of one name make one line of a plot.
        count: reads, pulses or cycles.
        values: what it is about, such as a voltage; kept with its sample.
        rest_s: with all outputs off, before it.
    """

    name: str
    entry: Entry
    count: int
    drive: Drive
    values: Mapping[str, float] = field(default_factory=dict)
    rest_s: float = 0.0

    @property
    def pulses(self) -> int:
        """The most that it gives a cell."""
        return pulses_of(self.entry, self.count)

    @property
    def limits(self) -> Limits:
        """What the guard is to allow in it."""
        return limits_of(self.entry, self.count, self.drive)


@dataclass(frozen=True, eq=False)
class Found:
    """What a step found.

    Attributes:
        codes: ADC codes int64 (reads, cells): the chosen cells, row by row.
        pulsed: bool (cells,), those that got its pulses.
        elapsed_s: since the first step: bench time rested in simulation, by the clock on the wall with a board.
    """

    step: Step
    codes: Codes
    pulsed: Mask
    elapsed_s: float

    @property
    def usiemens(self) -> FloatArray:
        """Conductances (reads, cells)."""
        return self.step.drive.usiemens(self.codes)


class Experiment(ABC):
    """An experiment with its settings.

    Attributes:
        name, about: how the command line calls it, and what it does in a line.
        forms: whether its SET pulses count as forming in the record.
        settings: a dataclass of numbers; each field may have metadata `about`.
        meaning: what each of the results is, for the page: a name, and behind a comma or semicolon what to know of it.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    forms: ClassVar[bool] = False
    meaning: ClassVar[Mapping[str, str]] = {}
    Settings: ClassVar[type[Any]]

    def __init__(self, settings: Any = None) -> None:
        self.settings = self.Settings() if settings is None else settings
        self.aborted = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Experiment:
        """An experiment with some settings, the others as they are by default.

        Raises:
            UsageError: no such setting, or not a number that makes sense.
        """
        known = {f.name: f for f in dataclasses.fields(cls.Settings)}
        for name in values:
            if name not in known:
                meant = did_you_mean(name, known)
                raise UsageError(f"{cls.name} has no setting {name}{meant}.", f"There are: {', '.join(known)}.")
        given = {name: _number(name, value, type(known[name].default)) for name, value in values.items()}
        made = cls(cls.Settings(**given))
        for step in made.steps():
            require_drivable(step.drive, step.entry)
        return made

    @abstractmethod
    def steps(self) -> Sequence[Step]:
        """All steps in their order; the same each time, so that a run which was killed can go on.

        Raises:
            UsageError: the settings make no sense.
        """

    def cells(self, step: Step, before: Sequence[Found], chosen: Mask) -> Mask:
        """Those of the chosen cells (rows, columns) that a step pulses; by default all of them."""
        del step, before
        return chosen

    @abstractmethod
    def results(self, found: Sequence[Found]) -> Row:
        """What came out, for JSON and for the page's summary; found may be part of the steps.

        A value is a number, None or a list of numbers; names end in their units.
        """

    @abstractmethod
    def charts(self, found: Sequence[Found]) -> list[str]:
        """The standard plots, as figures of `report.charts`."""

    def notes(self, is_simulated: bool) -> list[str]:
        """What a reader must know of the results: what this carrier or this model cannot show."""
        del is_simulated
        return []

    def abort(self) -> None:
        """End `loop.run` after the step that it is in, from another thread or from its progress; the array is off."""
        self.aborted = True


def setting(default: Any, about: str) -> Any:
    """A field of an experiment's settings."""
    return field(default=default, metadata={"about": about})


def require(holds: bool, what: str) -> None:
    """Raises:
    UsageError: it does not hold.
    """
    if not holds:
        raise UsageError(f"These settings cannot be used: {what}.", "Correct them.")


def ramp(start: float, end: float, step: float) -> list[float]:
    """Voltages from start to end, the end included if the steps meet it.

    Raises:
        UsageError: no step, or more than 1000 of them.
    """
    require(step > 0 and end >= start >= 0, f"a ramp from {start:g} to {end:g} V by {step:g} V")
    steps = np.floor((end - start) / step + 1e-9)  # infinite where the step is tiny
    require(steps < 1000, f"a ramp of {steps + 1:g} steps; 1000 are the most")
    count = int(steps) + 1
    return [round(start + i * step, 9) for i in range(count)]


def _number(name: str, value: Any, kind: type[Any]) -> Any:
    try:
        number = float(value)
        if is_number(number, -MAX_QUANTITY, MAX_QUANTITY) and (kind is float or number == int(number)):
            return kind(number)
    except (TypeError, ValueError, OverflowError):
        pass
    what = "a whole number" if kind is int else "a number"
    raise UsageError(f"{name}={value}: this setting is {what}.")
