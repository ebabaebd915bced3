"""What stands between a command's bench and its array: the carrier's file, and the last calibration of the board."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from ohmbench.bench import Bench
from ohmbench.calibration import REFERENCES, Calibration, MeasureVolts, calibrate
from ohmbench.carrier import Carrier
from ohmbench.operations.sockets import Socket, record_path
from ohmbench.ports import board_serial
from ohmbench.progress import Progress
from ohmbench.record.calibrations import add_calibration, calibrations
from ohmbench.record.store import Store
from ohmbench.settings import Settings

MISSING = "none: the reference carrier's nominal gains"
"""Said on the results of a bench that was never calibrated."""


def board_of(socket: Socket) -> str:
    """Serial number of the board; a simulated one is known by what its carrier is off by."""
    if not socket.is_simulated:
        return board_serial(socket.port)
    simulated = socket.simulated
    if simulated is None or simulated.carrier is None:
        return socket.port
    return f"simulated-{hashlib.sha256(repr(simulated.carrier.values).encode()).hexdigest()[:8]}"


def carrier_of(socket: Socket, file: Path | None, lab: Path | None) -> Carrier:
    """The carrier of a command, calibrated if the record knows how.

    Its note says nothing of a simulated carrier without errors, which has nothing to calibrate.

    Raises:
        DataError: the carrier's file makes no sense.
        StoreError: the record cannot be read.
    """
    file = Settings.load().carrier if file is None and not socket.is_simulated else file
    carrier = Carrier() if file is None else Carrier.load(file)
    last = last_calibration(board_of(socket), lab)
    if last is not None:
        return carrier.calibrated(last)
    ideal = socket.is_simulated and (socket.simulated is None or socket.simulated.carrier is None)
    return replace(carrier, note=None if ideal else MISSING)


def last_calibration(board: str, lab: Path | None) -> Calibration | None:
    """Raises:
    StoreError: the record cannot be read.
    """
    if not record_path(lab).exists():
        return None
    with Store.open(record_path(lab)) as store:
        return next(iter(calibrations(store, board)), None)


def calibrate_board(
    bench: Bench,
    board: str,
    lab: Path | None,
    progress: Progress,
    *,
    measure_cal_v: MeasureVolts | None = None,
    instrument: str = REFERENCES,
) -> Calibration:
    """Calibrate and keep the result in the record.

    Raises:
        CheckError: a channel does not follow its reference resistor.
        StoreError: the record cannot be written.
        FaultError: the guard turned the array off.
    """
    with Store.open(record_path(lab)) as store:
        found = calibrate(bench, board, progress, measure_cal_v=measure_cal_v, instrument=instrument)
        add_calibration(store, found)
    return found
