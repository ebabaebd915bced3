"""Calibrations in a lab's record, by the board's serial number."""

from __future__ import annotations

import json
from datetime import datetime

from ohmbench.carrier.calibration import Calibration
from ohmbench.record.store import Store
from ohmbench.support.sqlite_file import interpreting


def add_calibration(store: Store, calibration: Calibration) -> None:
    """Keep a calibration; the last one of its board counts.

    Raises:
        StoreError: the record cannot be written.
    """
    with store.database.transaction() as sql:
        sql.execute(
            "INSERT INTO calibrations(board, at, data) VALUES (?, ?, ?)",
            (calibration.board, calibration.at.isoformat(), json.dumps(calibration.as_json(), allow_nan=False)),
        )


@interpreting(lambda store: store.database)
def calibrations(store: Store, board: str | None = None) -> list[Calibration]:
    """Calibrations of a board, or of all, the last first.

    Raises:
        StoreError: the record cannot be read.
    """
    rows = store.database.rows(
        "SELECT board, at, data FROM calibrations WHERE ?1 IS NULL OR board = ?1 ORDER BY id DESC", board
    )
    return [Calibration.of_json(name, datetime.fromisoformat(at), json.loads(data)) for name, at, data in rows]
