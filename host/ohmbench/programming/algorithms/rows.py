"""The six algorithms of program.useq: SET by the bit line or by the gate, with any last pulse or one of a polarity."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from ohmbench.bench.base import clocks, dac_code
from ohmbench.isa import Program, load_firmware
from ohmbench.programming.algorithms.base import Algorithm, Rails, Settings
from ohmbench.programming.bands import Bands
from ohmbench.support.array_types import Codes, Words
from ohmbench.tables import LANES, Rail

_FAR = 0x10000  # beyond every ADC code


class RowByRow(Algorithm):
    """Incremental step pulses with verify, a whole row at a time: program.useq.

    Attributes:
        last_pulse: polarity of the last pulse of each cell that gets any.
    """

    last_pulse: ClassVar[Literal["any", "set", "reset"]] = "any"
    reset_rails = Rails(ramped=(Rail.SL_RESET, Rail.SL_INHIBIT), held=(Rail.WL_RESET,))

    @property
    def firmware(self) -> Program:
        return load_firmware("program")

    @property
    def tables_at(self) -> int:
        return self.firmware.constants["TABLES"]

    def tables(self, bands: Bands, settings: Settings) -> Words:
        constants = self.firmware.constants
        # where a cell's last pulse is to be a SET, RESET goes on through the window, and the other way round
        set_until = bands.high + 1 if self.last_pulse == "reset" else bands.low
        reset_until = bands.low - 1 if self.last_pulse == "set" else bands.high
        columns: dict[str, tuple[Codes | int, int]] = {
            "LOW": (bands.low, -_FAR),
            "HIGH": (bands.high, _FAR),
            "SET_UNTIL": (set_until, -_FAR),
            "RESET_UNTIL": (reset_until, _FAR),
            "SET_START": (bands.set_start, 0),
            "RESET_START": (bands.reset_start, 0),
            "SET_BACK": (settings.set.back_code, 0),
            "RESET_BACK": (settings.reset.back_code, 0),
            "MARGIN": (bands.margin, 0),
            "CONFIRM": (settings.confirm << 16, settings.confirm << 16),
            "NEED": ((settings.confirm << 16) + settings.confirm_need - 1, 0),
            "EACH": (int(bands.reads_each), 0),
        }
        tables = np.zeros((len(columns), LANES), np.int32)
        for name, (values, leave) in columns.items():
            if isinstance(values, int):
                tables[constants[name]] = values
            else:
                tables[constants[name]] = leave
                tables[constants[name], : len(values)] = values
        return tables.view(np.uint32)

    def arguments(self, settings: Settings) -> dict[str, int]:
        values: dict[str, int] = {"rounds": settings.rounds, "hold": dac_code(settings.set.hold_v)}
        for name, ramp in (("set", settings.set), ("reset", settings.reset)):
            start, step, end = ramp.codes
            values |= {f"{name}_start": start, f"{name}_step": step, f"{name}_end": end}
            values[f"{name}_width"] = clocks(ramp.us)
        return values


class Line(RowByRow):
    name = "line"
    about = "SET ramps the bit line, the gate is held"
    entry = "line"
    set_rails = Rails(ramped=(Rail.BL_SET, Rail.SL_INHIBIT), held=(Rail.WL_SET,))


class LineLastSet(Line):
    name = "line-last-set"
    about = "as line; the last pulse of a cell is a SET"
    entry = "line_last_set"
    last_pulse = "set"


class LineLastReset(Line):
    name = "line-last-reset"
    about = "as line; the last pulse of a cell is a RESET"
    entry = "line_last_reset"
    last_pulse = "reset"


class Gate(RowByRow):
    name = "gate"
    about = "SET ramps the gate, which limits its current; the bit line is held"
    entry = "gate"
    set_rails = Rails(ramped=(Rail.WL_SET,), held=(Rail.BL_SET, Rail.SL_INHIBIT))


class GateLastSet(Gate):
    name = "gate-last-set"
    about = "as gate; the last pulse of a cell is a SET"
    entry = "gate_last_set"
    last_pulse = "set"


class GateLastReset(Gate):
    name = "gate-last-reset"
    about = "as gate; the last pulse of a cell is a RESET"
    entry = "gate_last_reset"
    last_pulse = "reset"
