"""Calibrate a carrier that reaches one cell at a time, by a resistor in place of the cell, behind the shunt.

One channel reads all cells, so one line, code = gain * ideal code + offset, is that of all. The gain holds what shunt,
amplifier, converter and the read supply are off by together: what cells are read with. Nothing else is known after it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.carrier.calibration import GAIN_OFF_MAX, Calibration
from ohmbench.checks.reads import mean_codes, shunt_code
from ohmbench.checks.selftest import WL_READ_V
from ohmbench.errors import ArrayState, CheckError, UsageError
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray
from ohmbench.support.numbers import is_number
from ohmbench.tables import COLUMNS, ROWS, Rail

READS = {0.0: 8192, 0.15: 1024, 0.3: 8192}
"""Conversions that are averaged, by volts on the resistor: low enough for a cell, if one is there after all. 1.84 LSB
of noise become 0.02; of the 550 codes that 10 kohm give, 0.01 %."""

OHM = (1e3, 1e5)
"""Resistors that can be told from the shunt, and give codes enough."""

_PLACES = ((0, 0), (ROWS - 1, COLUMNS - 1), (ROWS // 2, COLUMNS // 3))
_PLACE_READS = 256
_ALIKE = 1.5  # codes that places may differ by: ten times the noise of their means, and rounding


def calibrate_resistor(bench: Bench, board: str, ohm: float, progress: Progress) -> Calibration:
    """Measure what the bench's channel is off by. No cell is pulsed.

    Args:
        ohm: of the resistor, which every address reads.

    Raises:
        CheckError: places read differently, or nothing that the resistor could give: it is not there, or something is
            broken.
        FaultError: the guard turned the array off.
        UsageError: the resistor is too small or too large.
    """
    if not is_number(ohm, *OHM):
        raise UsageError(
            f"A resistor of {ohm:g} ohm is outside the range that can be used here.",
            f"Take one of {OHM[0]:g} to {OHM[1]:g} ohm; a cell has about 10 kohm.",
            array=ArrayState.NOT_TOUCHED,
        )
    steps = 1 + len(READS)
    progress("calibrate", 0, steps)
    _require_a_resistor(bench)
    ideal, read = [], []
    for done, (volts, times) in enumerate(READS.items(), 1):
        progress("calibrate", done, steps)
        ideal.append(shunt_code(bench, volts, ohm))
        read.append(_code(bench, volts, times, *_PLACES[0]))
    x, y = np.array(ideal), np.array(read)
    gain = float((y[-1] - y[0]) / (x[-1] - x[0]))  # the ends decide the line, the middle shows whether it is one
    offset = float(y[0])
    if not abs(gain - 1) <= GAIN_OFF_MAX:
        raise CheckError(
            f"The channel reads {100 * (gain - 1):+.0f} % off what {ohm:g} ohm behind the shunt should give.",
            "Is that the resistor's value, and is it in the chip's place? `ohmbench selftest` says more.",
            array=ArrayState.NOT_PULSED,
        )
    residual = float(np.abs(y - (gain * x + offset)).max())
    every = np.ones(COLUMNS)
    at = datetime.now(UTC).replace(microsecond=0)
    kind, instrument = bench.info.carrier_kind, f"a resistor of {ohm:g} ohm"
    found = Calibration(board, gain * every, offset * every, {}, residual, instrument, at, kind)
    found.require_plausible()
    return found


def _require_a_resistor(bench: Bench) -> None:
    codes = [_code(bench, max(READS), _PLACE_READS, *place) for place in _PLACES]
    if np.ptp(codes) > _ALIKE:
        said = ", ".join(f"{code:.0f} at {row},{column}" for code, (row, column) in zip(codes, _PLACES, strict=True))
        raise CheckError(
            f"Places read differently, {said}: there are cells, and no resistor.",
            "Take the chip out, and put a resistor in its place.",
            array=ArrayState.NOT_PULSED,
        )


def _code(bench: Bench, volts: float, times: int, row: int, column: int) -> float:
    rails = {Rail.BL_READ: volts, Rail.WL_READ: WL_READ_V}
    codes: FloatArray = mean_codes(bench, rails, times, wl=1 << row, bl=1 << row, col=1 << column)
    return float(codes[column])
