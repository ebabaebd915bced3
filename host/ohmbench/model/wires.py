"""Currents of an array with wire resistance: the array model's exact solve, without noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ohmbench.model._array import ffi, lib
from ohmbench.support.array_types import FloatArray, Mask
from ohmbench.tables import COLUMNS, ROWS

_ffi: Any = ffi
_lib: Any = lib
_PARTS = ("wire_bl_ohm", "wire_sl_ohm", "driver_ohm", "sense_ohm")


def transfer(siemens: FloatArray, rows_on: Mask, params: Mapping[str, float]) -> FloatArray:
    """Currents (32, 32) in amperes that 1 V on bit line i drives into column j, every other bit line at 0 V.

    Args:
        siemens: conductances of the cells (32, 32).
        rows_on: word lines (32,) that are on.
        params: of the array model; the four resistances count.

    Raises:
        ValueError: conductances of another shape.
    """
    if np.shape(siemens) != (ROWS, COLUMNS):
        raise ValueError(f"conductances have shape {np.shape(siemens)}; the array has ({ROWS}, {COLUMNS})")
    wires = _ffi.new("ohm_wires_t *", [params[name] for name in _PARTS])
    currents = np.empty((ROWS, COLUMNS))
    on = sum(1 << int(row) for row in np.flatnonzero(rows_on))
    cells = np.ascontiguousarray(siemens, np.float64)
    _lib.ohm_wires_transfer(wires, _ffi.from_buffer("double[]", cells), on, _ffi.from_buffer("double[]", currents))
    return currents
