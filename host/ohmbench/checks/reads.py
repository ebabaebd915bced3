"""Reads of the carrier itself, through firmware/selftest.useq: offsets, reference resistors, rail monitors, lines.

Nothing here can pulse a cell: the guard is armed with no width and no pulses.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ohmbench import tables as t
from ohmbench.bench.base import Bench, Limits, dac_code, volts_of
from ohmbench.carrier.kinds import written
from ohmbench.errors import ArrayState, UsageError
from ohmbench.isa import load_firmware
from ohmbench.support.array_types import Codes, FloatArray, Words
from ohmbench.tables import COLUMNS, MONITOR_COLUMN, MONITOR_OHM, Rail

SENSE_OHM = 9.5
"""Typical on-resistance of the ADG1414 switch between a source line and its amplifier (ohm_params.def, sense_ohm)."""

MONITOR_CHANNEL = {rail: MONITOR_COLUMN[rail] for rail in Rail}
"""Channel whose amplifier the monitor resistor of a rail goes to (carrier.toml)."""

ALL = 0xFFFF_FFFF


def require_references(bench: Bench) -> None:
    """Raises:
    UsageError: the bench's kind of carrier has nothing to be checked or calibrated against.
    """
    if not bench.info.carrier.has_references:
        raise UsageError(
            f"The {written(bench.info.carrier_kind)} carrier has neither reference resistors nor monitors of "
            "its rails, so its channel cannot be calibrated by itself.",
            "Put a resistor in the chip's place, and give --resistor OHM.",
            array=ArrayState.NOT_TOUCHED,
        )


def held_v(volts: float) -> float:
    """What a rail of an ideal DAC holds that is asked for so many volts."""
    return volts_of(dac_code(volts))


def reference_codes(bench: Bench, volts: float) -> FloatArray:
    """Codes (channels,) that the reference resistors should give with so many volts on rail cal.

    I = V / (R + R_switch) through the transimpedance amplifier.
    """
    by_column = volts / (bench.carrier.reference_ohm + SENSE_OHM) * t.TIA_OHM / t.ADC_LSB_V
    by_channel = np.empty(COLUMNS)
    by_channel[bench.carrier.columns] = by_column
    return by_channel


def monitor_codes(volts: float) -> float:
    """Codes that a rail with so many volts on it should give through its monitor resistor."""
    return volts / MONITOR_OHM * t.TIA_OHM / t.ADC_LSB_V


def shunt_code(bench: Bench, volts: float, ohm: float = 0.0) -> float:
    """The code that a resistor behind the shunt should give: I = V / (R + shunt), through the shunt's amplifier."""
    table = bench.info.carrier
    return held_v(volts) / (ohm + table.series_ohm) * table.volts_per_amp / t.ADC_LSB_V


def monitored_code(bench: Bench, rail: Rail, volts: float, times: int) -> float:
    """Mean of so many codes of the channel that sees a rail through its monitor resistor, with nothing corrected.

    Raises:
        FaultError: the guard turned the array off.
    """
    return float(mean_codes(bench, {rail: volts}, times, col=1 << rail)[MONITOR_CHANNEL[rail]])


def mean_codes(
    bench: Bench, rails_v: Mapping[Rail, float], times: int, *, wl: int = 0, bl: int = 0, col: int = ALL
) -> FloatArray:
    """Mean of so many conversions of every channel, by channel, with nothing corrected.

    Raises:
        FaultError: the guard turned the array off.
    """
    return np.asarray(_run(bench, "sum", rails_v, times, wl, bl, col)[0] / times)


def raw_codes(bench: Bench, rails_v: Mapping[Rail, float], times: int) -> Codes:
    """Codes (times, channels) of so many conversions with no word line and no bit line on.

    Raises:
        FaultError: the guard turned the array off.
    """
    return _run(bench, "codes", rails_v, times, 0, 0, ALL)


def echo(bench: Bench, vector: Words) -> Words:
    """A vector (32,) to the FPGA's memory and back.

    Raises:
        FaultError, LinkError: it did not come back.
    """
    firmware = load_firmware("selftest")
    bench.write_vectors(firmware.constants["ECHO"], vector[np.newaxis])
    return np.asarray(bench.execute(firmware, {}, entry="echo").words)


def _run(bench: Bench, entry: str, rails_v: Mapping[Rail, float], times: int, wl: int, bl: int, col: int) -> Codes:
    masks = {"wl": wl, "bl": bl, "col": col}
    args = {f"{name}_{part}": mask >> shift & 0xFFFF for name, mask in masks.items() for part, shift in _HALVES}
    with bench.armed(Limits(rails_v, 0.0, 0), rails_v):
        run = bench.execute(load_firmware("selftest"), {**args, "times": times}, entry=entry)
    return run.words.view(np.int32).astype(np.int64).reshape(-1, COLUMNS)


_HALVES = (("lo", 0), ("hi", 16))
