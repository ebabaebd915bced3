"""Names of the arrays that the whole package passes around; the docstring of each use says the shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
"""Training computes with these."""

IntArray = NDArray[np.int64]
NetworkInputs = NDArray[Any]
"""What a network takes: integers (n, inputs), or single precision (n, ...) for one from elsewhere."""

Integers = NDArray[np.integer]
"""Integers of any width, as callers have them: inputs, labels, row values."""

Index = NDArray[np.intp]
"""Places in another array."""

Mask = NDArray[np.bool_]
"""Cells, rows or columns that are meant."""

Codes = NDArray[np.int64]
"""ADC codes, windows of them, and counts of pulses."""

Levels = NDArray[np.integer]
"""Levels of cells, 0 to an image's highest."""

Words = NDArray[np.uint32]
"""32-bit words of the FPGA: its memory, and what programs send by `vout`."""

Inputs = NDArray[np.uint8] | NDArray[np.uint16]
"""What programs take by `vin`."""
