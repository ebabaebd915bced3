"""`ohmbench calibrate`: what the carrier's channels and rails are off by, kept in the record."""

from __future__ import annotations

from ohmbench.carrier.calibration import Calibration
from ohmbench.lab.carrier import calibrate_board
from ohmbench.lab.setup import Setup
from ohmbench.progress import Progress
from ohmbench.record.store import Store


def calibrate(
    setup: Setup,
    progress: Progress,
    *,
    board: str | None = None,
    meter: str | None = None,
    resistor_ohm: float | None = None,
) -> Calibration:
    """Open the bench, calibrate its carrier and keep the result; no cell is pulsed.

    Args:
        board: serial number of the board; None: its USB bridge's.
        meter: VISA address of a meter on rail cal; None: against the reference resistors alone.
        resistor_ohm: of the resistor in place of the cells, where a carrier has no reference resistors.

    Raises:
        OhmbenchError: as `Setup.bench` and `calibrate_board`.
    """
    with Store.open(setup.record_path) as store, setup.bench(progress, store, is_calibrated=False) as bench:
        return calibrate_board(bench, board or setup.board, store, progress, meter, resistor_ohm)
