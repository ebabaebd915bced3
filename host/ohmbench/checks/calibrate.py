"""Calibrate a carrier's channels and rails: against its reference resistors, and an instrument on rail cal if any.

Each channel is fitted by a line: code = gain * ideal code + offset, over several voltages of rail cal, whose currents
through known resistors are the ideal codes. What cells are read with is rail bl_read, so its ratio to cal, from their
monitor resistors, is part of each channel's gain. Without an instrument everything is relative to rail cal: an error
of that rail cancels in conductances, since bl_read is measured against it, but shows in the gains of the other rails.
An instrument that measures cal alone makes all of them absolute.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.carrier.calibration import REFERENCES, Calibration
from ohmbench.checks.reads import (
    MONITOR_CHANNEL,
    held_v,
    mean_codes,
    monitor_codes,
    monitored_code,
    reference_codes,
    require_references,
)
from ohmbench.errors import ArrayState, CheckError
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray, Integers
from ohmbench.tables import COLUMNS, RAIL_MAX_V, Rail

READS = {0.0: 60_000, 0.17: 1024, 0.34: 60_000}
"""Conversions that are averaged, by volts of rail cal: the ends decide the line, the middle shows whether it is one.
The converter's 1.84 LSB of noise, which also takes care of the rounding to codes, becomes 0.0075; between the ends of
the smallest reference's 32 codes that makes 0.03 % in its channel's gain, three times that in the worst of 32."""

RAIL_READS = 1024
"""Likewise for a rail: 0.06 codes, of 65 or more."""

READ_RAIL_READS = 16_384
"""For bl_read, which is part of every channel's gain: 0.02 %."""

MeasureVolts = Callable[[float], float]
"""Has rail cal, asked for so many volts, measured by an instrument; returns what that says, in volts."""


def calibrate(
    bench: Bench,
    board: str,
    progress: Progress,
    *,
    measure_cal_v: MeasureVolts | None = None,
    instrument: str = REFERENCES,
) -> Calibration:
    """Measure what the bench's channels and rails are off by. No cell is pulsed.

    Args:
        measure_cal_v: for the true voltage of rail cal; None: what it is asked for is taken for true.
        instrument: identity of what measures it.

    Raises:
        CheckError: a channel does not follow its reference resistor, or what came out cannot be: the self-test says
            why.
        FaultError: the guard turned the array off.
        UsageError: as `require_references`.
    """
    require_references(bench)
    cal_v, codes = [], []
    for done, (volts, reads) in enumerate(READS.items()):
        progress("calibrate", done, len(READS) + len(Rail))
        cal_v.append(held_v(volts) if measure_cal_v is None else measure_cal_v(volts))
        codes.append(mean_codes(bench, {Rail.CAL: volts}, reads))
    ideal, read = np.array([reference_codes(bench, volts) for volts in cal_v]), np.array(codes)
    gain, offset = _lines(ideal, read, np.array(list(READS.values())))
    residual = float(np.abs(read - (gain * ideal + offset)).max())
    _require_good(gain)
    rails = _rails(bench, gain, offset, cal_v[-1] / held_v(max(READS)), progress)
    at = datetime.now(UTC).replace(microsecond=0)
    found = Calibration(board, gain * rails[Rail.BL_READ], offset, rails, residual, instrument, at)
    found.require_plausible()
    return found


def _lines(x: FloatArray, y: FloatArray, reads: Integers) -> tuple[FloatArray, FloatArray]:
    """Slope and offset (channels,) of the lines through points (n, channels) that are means of so many reads (n,)."""
    weight = (reads / reads.sum())[:, np.newaxis]
    x_mean, y_mean = (weight * x).sum(axis=0), (weight * y).sum(axis=0)
    gain = (weight * (x - x_mean) * (y - y_mean)).sum(axis=0) / (weight * (x - x_mean) ** 2).sum(axis=0)
    return gain, y_mean - gain * x_mean


def monitor_volts(bench: Bench) -> dict[Rail, float]:
    """Voltages at which the rails are looked at: half of what each may be driven to, all of it below 0.5 V."""
    limits = bench.carrier.limits_v
    return {rail: round(limits[rail] * (0.95 if RAIL_MAX_V[rail] < 0.5 else 0.5), 3) for rail in Rail}


def _rails(
    bench: Bench, gain: FloatArray, offset: FloatArray, cal_gain: float, progress: Progress
) -> dict[Rail, float]:
    """What each rail gives, over what it should, if cal gives cal_gain, which the channels' gains rest on."""
    rails = {}
    for rail, volts in monitor_volts(bench).items():
        progress("calibrate", len(READS) + rail, len(READS) + len(Rail))
        channel = MONITOR_CHANNEL[rail]
        reads = READ_RAIL_READS if rail == Rail.BL_READ else RAIL_READS
        code = monitored_code(bench, rail, volts, reads)
        if rail == Rail.CAL:  # its reference resistor is at the same amplifier
            code -= gain[channel] * reference_codes(bench, held_v(volts) * cal_gain)[channel]
        rails[rail] = float((code - offset[channel]) / gain[channel] / monitor_codes(held_v(volts)))
    return rails


def _require_good(gain: FloatArray) -> None:
    bad = np.flatnonzero(~(np.abs(gain - 1) <= 0.5))
    if bad.size:
        raise CheckError(
            f"Channels {', '.join(map(str, bad[:8]))} of {COLUMNS} do not follow their reference resistors.",
            "`ohmbench selftest` says what is wrong there.",
            array=ArrayState.NOT_PULSED,
        )
