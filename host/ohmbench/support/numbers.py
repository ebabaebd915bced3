"""Whether a value from outside is a number that arithmetic, SQLite and the system's calls can take."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import numpy as np

MAX_WHOLE = 2**63 - 1
"""What SQLite, and most of the system, holds of a whole number."""
MAX_QUANTITY = 1e9
"""Beyond any quantity of a bench in its unit (volts, seconds, uS), and far below what codes and clocks overflow at."""


def is_number(value: object, low: float = -sys.float_info.max, high: float = sys.float_info.max) -> bool:
    """Whether a value is a finite number, low to high. A truth value is none.

    It is compared as it is: a whole number may be too large for a float, which math.isfinite would make of it.
    """
    if isinstance(value, bool) or not (isinstance(value, int | float) or _is_of_numpy(value)):
        return False
    return bool(low <= value <= high and -sys.float_info.max <= value <= sys.float_info.max)


def _is_of_numpy(value: object) -> TypeGuard[np.integer[Any] | np.floating[Any]]:
    import numpy as np  # here: --help would wait for it

    return isinstance(value, np.integer | np.floating)
