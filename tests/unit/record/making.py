"""What a run would record."""

from __future__ import annotations

from typing import Any

import numpy as np

from ohmbench.record.journal import last_run
from ohmbench.record.names import RunStatus
from ohmbench.record.records import Cells, CellStatus, RunRecord
from ohmbench.record.store import Store

SHAPE = (3, 4)
IMAGE = "5" * 64

Mask = np.ndarray[Any, Any]


def unfinished(store: Store, serial: str, image_sha256: str) -> RunRecord | None:
    """The run of an image to resume; None if there is none, or it is done."""
    run = last_run(store, serial, image_sha256)
    return None if run is None or run.status == RunStatus.DONE else run


def make_cells(mask: Mask, **values: Any) -> Cells:
    """Records of the masked cells: each value is a number or an array (rows, columns)."""
    names = ("low", "high", "code", "set_pulses", "reset_pulses", "form_pulses", "attempts", "status")
    given = {"status": CellStatus.CONVERGED, "attempts": 1, **values}
    return Cells(mask, **{name: np.broadcast_to(given.get(name, 0), mask.shape).astype(np.int64) for name in names})
