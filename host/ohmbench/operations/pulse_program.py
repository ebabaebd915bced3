"""A pulse program of one's own, as a command names it: its arguments, and what the guard allows it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ohmbench.bench.base import Bench, Execution, Limits, clocks, dac_code
from ohmbench.errors import DataError, UsageError
from ohmbench.isa import Program, assemble_file
from ohmbench.programming.recipe import Recipe
from ohmbench.support.array_types import Inputs
from ohmbench.support.guesses import did_you_mean
from ohmbench.tables import LANES, Op, Rail

_NUMBER = re.compile(r"([+-]?(?:0x[0-9a-fA-F]+|0b[01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*([A-Za-zµ]*)")
_VOLTS = {"V": 1.0, "mV": 1e-3}
_MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_UNITS = (*_VOLTS, *_MICROSECONDS, "uS")


@dataclass(frozen=True, eq=False)
class PulseProgram:
    """A program with all that it is started with.

    Attributes:
        entry: a name of its `.entry` lines; the first one if None.
        args: by the names of its `.arg` lines, as the registers have them.
        rails_v: what the rails are at before it starts; limits: what the guard allows it.
        inputs: what `vin` takes, unsigned (n, lanes).
    """

    program: Program
    entry: str | None
    args: Mapping[str, int]
    rails_v: Mapping[Rail, float]
    limits: Limits
    inputs: Inputs | None = None

    @classmethod
    def asked(
        cls,
        path: Path,
        *,
        entry: str | None = None,
        args: Sequence[str] = (),
        rails: Sequence[str] = (),
        pulse_us: float | None = None,
        pulses: int | None = None,
        inputs: Path | None = None,
        recipe: Recipe | None = None,
    ) -> Self:
        """What a command says.

        Args:
            args: NAME=VALUE each; a whole number, or one with a unit: volts are DAC codes, times are clocks, and uS are
                codes of the converters at the recipe's read voltage.
            rails: NAME=V or NAME=V:MAX_V each, in volts; those of reading are the recipe's. MAX_V is how far the
                program may move it.
            pulse_us, pulses: longest pulse, and pulses a cell, that the guard allows; none without both.
            inputs: .npy of unsigned (n, lanes).

        Raises:
            AssemblyError: the program has mistakes.
            UsageError: a file cannot be read, no such entry, argument or rail, or a value that is none.
            DataError: inputs of another shape or kind.
        """
        program = assemble_file(path)
        recipe = recipe or Recipe()
        if (pulse_us is None) != (pulses is None):
            raise UsageError(
                "--pulse-us and --pulses go together: the guard is told the longest pulse and their number.",
                "Give both, or none for a program that gives no pulse.",
            )
        start, most = recipe.read_rails_v(), recipe.read_rails_v()
        for rail, volts, ceiling in map(_rail, rails):
            start[rail], most[rail] = volts, ceiling
        values = dict(_argument(text, recipe) for text in args)
        program.entry(entry or next(iter(program.entries), ""))
        program.registers(values)
        _require_all(program, values)
        taken = None if inputs is None else _inputs(inputs)
        if taken is None and _takes_inputs(program):
            raise UsageError(
                f"{program.name} takes inputs (vin), and none are given: it would wait for them for ever.",
                f"Give --inputs FILE.npy with whole numbers (n, {LANES}).",
            )
        return cls(program, entry, values, start, Limits(most, pulse_us or 0.0, pulses or 0), taken)

    def run(self, bench: Bench) -> Execution:
        """Arm the bench, run it, and turn all off.

        Raises:
            OhmbenchError: as `Bench.armed` and `Bench.execute`.
        """
        with bench.armed(self.limits, self.rails_v):
            return self.execute(bench)

    def execute(self, bench: Bench) -> Execution:
        """Run it on a bench that is armed for it.

        Raises:
            OhmbenchError: as `Bench.execute`.
        """
        return bench.execute(self.program, self.args, entry=self.entry, inputs=self.inputs)

    def summary(self) -> dict[str, Any]:
        """What the record keeps of it."""
        return {
            "file": self.program.name,
            "program_crc32": f"{self.program.digest:08x}",
            "entry": self.entry or next(iter(self.program.entries)),
            "args": dict(self.args),
            "rails_v": {rail.name.lower(): volts for rail, volts in self.rails_v.items()},
            "limits": {
                "rails_v": {rail.name.lower(): volts for rail, volts in self.limits.rails_v.items()},
                "pulse_us": self.limits.pulse_us,
                "pulses": self.limits.pulses,
            },
        }


def _require_all(program: Program, values: Mapping[str, int]) -> None:
    """A program of several entries may leave some of its arguments to others."""
    given = {program.args[name] for name in values}
    missing = [name for name, register in program.args.items() if register not in given]
    if missing and len(program.entries) < 2:
        raise UsageError(
            f"{program.name} has arguments without a value: {', '.join(missing)}.",
            f"Give {' '.join(f'--arg {name}=...' for name in missing)}; 0 if that is meant.",
        )


def _takes_inputs(program: Program) -> bool:
    return any(word >> 26 == Op.VIN for word in program.words)


def _named(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise UsageError(f"{option} {text} is incomplete.", f"Give {option} {form}.")
    return name, value


def _argument(text: str, recipe: Recipe) -> tuple[str, int]:
    name, value = _named(text, "--arg", "NAME=VALUE")
    found = _NUMBER.fullmatch(value)
    unit = found.group(2).replace("µ", "u") if found else ""
    if found is None or (unit and unit not in _UNITS):
        raise UsageError(
            f"--arg {name}: {value!r} is not a number{did_you_mean(unit, _UNITS) if unit else ''}.",
            f"Give a whole number, or one with a unit: {', '.join(_UNITS)}.",
        )
    digits = found.group(1)
    if not unit:
        try:
            return name, int(digits, 0)
        except ValueError:
            raise UsageError(
                f"--arg {name}: {digits} is not a whole number, and registers hold only those.",
                f"Give a whole number, or a unit: {', '.join(_UNITS)}.",
            ) from None
    try:
        number = float(digits)
    except ValueError:
        number = float(int(digits, 0))
    return name, _codes(number, unit, recipe)


def _codes(number: float, unit: str, recipe: Recipe) -> int:
    number = max(-1e9, min(1e9, number))  # an infinity is refused as what does not fit a register
    if unit in _VOLTS:
        return dac_code(number * _VOLTS[unit])
    if unit in _MICROSECONDS:
        return clocks(number * _MICROSECONDS[unit])
    return round(number * 1e-6 * recipe.codes_per_siemens)


def _rail(text: str) -> tuple[Rail, float, float]:
    name, value = _named(text, "--rail", "NAME=V or NAME=V:MAX_V")
    names = {rail.name.lower(): rail for rail in Rail}
    if name.lower() not in names:
        raise UsageError(
            f"There is no rail {name}{did_you_mean(name, names)}.",
            f"The rails: {', '.join(names)}.",
        )
    parts = value.split(":")
    try:
        volts = [float(part.strip().removesuffix("V")) for part in parts]
    except ValueError:
        volts = []
    if not 1 <= len(volts) <= 2 or not all(math.isfinite(v) and v >= 0 for v in volts) or volts[-1] < volts[0]:
        raise UsageError(
            f"--rail {name}: {value!r} is not a voltage.",
            "Give volts, as bl_set=2.0, or with the most that the program may move it to, as sl_reset=0.7:1.5.",
        )
    return names[name.lower()], volts[0], volts[-1]


def _inputs(path: Path) -> Inputs:
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Give a .npy.") from error
    if (
        not isinstance(values, np.ndarray)
        or values.ndim != 2
        or values.shape[1] != LANES
        or not np.issubdtype(values.dtype, np.integer)
        or (values.size and (values.min() < 0 or values.max() > 0xFFFF))
    ):
        raise DataError(f"{path}: inputs are whole numbers from 0 to 65535, (n, {LANES}).")
    return values.astype(np.uint16)
