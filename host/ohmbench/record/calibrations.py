"""Calibrations in a lab's record, by the board's serial number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ohmbench.carrier.calibration import Calibration
from ohmbench.errors import StoreError
from ohmbench.record.store import Store
from ohmbench.support.sqlite_file import SENSELESS, interpreting


def add_calibration(store: Store, calibration: Calibration) -> None:
    """Keep a calibration; the last one of its board counts.

    Raises:
        CheckError: it cannot be what the carrier is off by.
        StoreError: the record cannot be written.
    """
    calibration.require_plausible()
    with store.database.transaction() as sql:
        sql.execute(
            "INSERT INTO calibrations(board, at, data) VALUES (?, ?, ?)",
            (calibration.board, calibration.at.isoformat(), json.dumps(calibration.as_json(), allow_nan=False)),
        )


@interpreting(lambda store: store.database)
def calibrations(store: Store) -> list[Calibration]:
    """Calibrations of all boards as they were kept, the last first.

    Raises:
        StoreError: the record cannot be read.
    """
    return [_of(row) for row in store.database.rows("SELECT board, at, data FROM calibrations ORDER BY id DESC")]


def last_calibration(store: Store, board: str) -> Calibration | None:
    """The one that counts; None if the board has none.

    Raises:
        StoreError: the record cannot be read, or it cannot be what the carrier is off by.
    """
    rows = store.database.rows(
        "SELECT board, at, data FROM calibrations WHERE board = ? ORDER BY id DESC LIMIT 1", board
    )
    if not rows:
        return None
    try:
        found = _of(rows[0])
        problems = list(found.problems())
    except SENSELESS:
        problems = ["its values are damaged"]
    if problems:
        raise StoreError(
            f"The last calibration of board {board} in the record is not plausible: {'; '.join(problems[:4])}.",
            "Calibrate again (`ohmbench calibrate`): the last one counts.",
        )
    return found


def _of(row: Sequence[Any]) -> Calibration:
    board, at, data = row
    return Calibration.of_json(board, datetime.fromisoformat(at), json.loads(data))
