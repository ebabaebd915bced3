"""What stands between a command's bench and its array: the carrier's file, and the last calibration of the board."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

from ohmbench.bench.base import Bench, Limits
from ohmbench.bench.opening import SIMULATED, SimulatedArray
from ohmbench.carrier.calibration import Calibration
from ohmbench.carrier.carrier import Carrier
from ohmbench.checks.calibrate import calibrate
from ohmbench.checks.calibrate_resistor import calibrate_resistor
from ohmbench.checks.reads import require_references
from ohmbench.errors import ArrayState, InstrumentError, UsageError
from ohmbench.instruments.meters import Meter, open_meter
from ohmbench.lab.ports import board_serial
from ohmbench.progress import Progress
from ohmbench.record.calibrations import add_calibration, last_calibration
from ohmbench.record.store import Store
from ohmbench.tables import DEFAULT_CARRIER, Rail

METER_SILENCE_MS = 10_000
"""Of the guard's watchdog while a meter takes its time; rail cal, 0.35 V at most, is the only one on then."""

MISSING = "none: the carrier's nominal gains"
"""Said on the results of a bench that was never calibrated."""


def serial_of_board(port: str, array: SimulatedArray | None) -> str:
    """Serial number of the board; a simulated one is known by its kind of carrier and by what that is off by."""
    if port not in SIMULATED:
        return board_serial(port)
    kind = "" if array is None or array.kind == DEFAULT_CARRIER else f"-{array.kind}"
    if array is None or array.carrier is None:
        return port + kind
    values = tuple(value for value in array.carrier.values if value[0] != "socket")  # the board is the same
    return f"simulated{kind}-{hashlib.sha256(repr(values).encode()).hexdigest()[:8]}"


def calibrated(carrier: Carrier, board: str, store: Store | None, *, is_ideal: bool) -> Carrier:
    """A carrier, calibrated if the record knows how.

    Args:
        store: the record; None if there is none.
        is_ideal: a simulated one without errors, which has nothing to calibrate, and whose note says nothing of it.

    Raises:
        StoreError: the record cannot be read, or its calibration makes no sense.
    """
    last = None if store is None else last_calibration(store, board)
    if last is not None:
        return carrier.calibrated(last)
    return replace(carrier, note=None if is_ideal else MISSING)


def calibrate_board(
    bench: Bench,
    board: str,
    store: Store,
    progress: Progress,
    meter: str | None = None,
    resistor_ohm: float | None = None,
) -> Calibration:
    """Calibrate and keep the result in the record.

    Args:
        meter: VISA address of a meter on rail cal; None: against the reference resistors alone.
        resistor_ohm: of the resistor in place of the cells, where a carrier has no reference resistors.

    Raises:
        CheckError: a channel does not follow its reference resistor, or what came out cannot be.
        StoreError: the record cannot be written.
        FaultError: the guard turned the array off.
        UsageError: PyVISA or PyMeasure is not installed; or the kind of carrier is calibrated in another way.
        InstrumentError: the meter does not answer, or does not see rail cal.
    """
    if resistor_ohm is not None:
        _require_resistor_way(bench, meter)
        found = calibrate_resistor(bench, board, resistor_ohm, progress)
    elif meter is None:
        found = calibrate(bench, board, progress)
    else:
        require_references(bench)  # before the meter is looked for
        with open_meter(meter) as opened:
            measure = partial(_measure_cal_v, bench, opened)
            found = calibrate(bench, board, progress, measure_cal_v=measure, instrument=opened.identity)
    add_calibration(store, found)
    return found


def _require_resistor_way(bench: Bench, meter: str | None) -> None:
    if bench.info.carrier.has_references:
        raise UsageError(
            f"The {bench.info.carrier_kind} carrier is calibrated against its own reference resistors.",
            "Leave --resistor out.",
            array=ArrayState.NOT_TOUCHED,
        )
    if meter is not None:
        raise UsageError(
            "On this carrier the read supply is on only while a cell is read, which is too short for a meter.",
            "Leave --meter out. The result depends on the resistor's value: measure that.",
            array=ArrayState.NOT_TOUCHED,
        )


def _measure_cal_v(bench: Bench, meter: Meter, volts: float) -> float:
    rails = {Rail.CAL: volts}
    with bench.armed(Limits(rails, 0.0, 0, silence_ms=METER_SILENCE_MS), rails):
        measured = meter.read_v()
    if abs(measured - volts) > 0.1 * volts + 0.005:
        raise InstrumentError(
            f"{meter.identity} reads {measured:.4f} V where rail cal should have {volts:g} V.",
            "Is it connected to test point CAL and ground?",
            array=ArrayState.NOT_PULSED,
        )
    return measured
