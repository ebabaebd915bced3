"""What a run would record."""

from __future__ import annotations

from typing import Any

import numpy as np

from ohmbench.record.records import Cells, CellStatus

SHAPE = (3, 4)
IMAGE = "5" * 64

Mask = np.ndarray[Any, Any]


def make_cells(mask: Mask, **values: Any) -> Cells:
    """Records of the masked cells: each value is a number or an array (rows, columns)."""
    names = ("low", "high", "code", "set_pulses", "reset_pulses", "form_pulses", "attempts", "status")
    given = {"status": CellStatus.CONVERGED, "attempts": 1, **values}
    return Cells(mask, **{name: np.broadcast_to(given.get(name, 0), mask.shape).astype(np.int64) for name in names})
