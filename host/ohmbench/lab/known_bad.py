"""The bad cells of the array in the socket, as the record knows them."""

from __future__ import annotations

import numpy as np

from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.window import characterised
from ohmbench.progress import Progress
from ohmbench.support.array_types import Mask

LEFT_OUT = "left_out"
"""Key in what a characterisation found: stuck and unformed cells, as `FaultMap.left_out` has them."""

_FORMING = ("form", "experiment forming")


def cells_left_out(
    shape: tuple[int, int],
    fault_map: FaultMap | None,
    ledgered: Ledgered | None,
    progress: Progress | None,
    *,
    known: bool = True,
    serial: str | None = None,
) -> Mask:
    """Mask (rows, columns) of the cells that are not to be pulsed.

    Args:
        shape: rows and columns of the array.
        fault_map: says which; None: the array's last characterisation does, unless it was formed since.
        known: False pulses those as well.
        serial: of the array in the socket, where it has one but no record.

    Raises:
        DataError: the map is of another array.
        StoreError: the record cannot be read.
    """
    if fault_map is not None:
        return fault_map.left_out(shape, serial if ledgered is None else ledgered.serial)
    left_out = np.zeros(shape, np.bool_)
    if not known or ledgered is None or not ledgered.is_known:
        return left_out
    for run in ledgered.store.runs(ledgered.serial):
        if run.kind in _FORMING:
            break
        found = characterised(ledgered, run)
        if found is not None:
            for row, column in found.get(LEFT_OUT, []):
                left_out[row, column] = True
            break
    if left_out.any() and progress is not None:
        progress.say(
            f"{np.count_nonzero(left_out)} cells are left out: run {run.id} found them stuck or unformed "
            "(--no-fault-map pulses them)"
        )
    return left_out
