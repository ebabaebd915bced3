"""Exact currents of an array whose wires have resistance: the solver of the array model (sim/array/ohm_wires.c).

The network is linear in the applied voltages, so one matrix stands for every input: currents = volts @ transfer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmbench._array import ffi, lib
from ohmbench._tables import COLUMNS, ROWS

_ffi: Any = ffi
_lib: Any = lib

ALL_ROWS = (1 << ROWS) - 1


@dataclass(frozen=True)
class Wires:
    """Resistances in ohm, each 0 or more.

    Attributes:
        bl_ohm, sl_ohm: a segment of a bit line and of a source line, from one cell to the next. The first segment of
            a bit line is ahead of column 0, the last one of a source line behind row 31.
        driver_ohm, sense_ohm: between a source of voltage and its bit line, and between a source line and its virtual
            ground.
    """

    bl_ohm: float
    sl_ohm: float
    driver_ohm: float = 0.0
    sense_ohm: float = 0.0


def transfer(siemens: ArrayLike, wires: Wires, on: int = ALL_ROWS) -> NDArray[np.float64]:
    """Current (32, 32) into the amplifier of column j for 1 V on bit line i, the other bit lines at 0 V.

    Args:
        siemens: conductances of the cells (32, 32).
        on: mask of the rows whose cells are on; the others have none.

    Raises:
        ValueError: conductances of another shape.
    """
    cells = np.ascontiguousarray(siemens, np.float64)
    if cells.shape != (ROWS, COLUMNS):
        raise ValueError(f"conductances have shape {cells.shape}; the array has ({ROWS}, {COLUMNS})")
    result = np.empty((ROWS, COLUMNS))
    resistances = _ffi.new("ohm_wires_t *", (wires.bl_ohm, wires.sl_ohm, wires.driver_ohm, wires.sense_ohm))
    _lib.ohm_wires_transfer(resistances, _ffi.from_buffer("double[]", cells), on, _ffi.from_buffer("double[]", result))
    return result
