"""What `--assert` says: a column, a comparison and a number, and nothing else."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ohmbench.errors import ExpectationError, UsageError
from ohmbench.sweep.compute import STAGES

COLUMNS = (
    *STAGES,
    "cells",
    "cells_saved",
    "images",
    "passes",
    "converged_fraction",
    "pulses_per_cell",
    "program_s",
    "infer_s",
)
"""Results that an expectation can be of."""

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"\s*([a-z_]+)\s*(>=|<=|>|<)\s*([0-9.eE+-]+)\s*")


@dataclass(frozen=True)
class Expectation:
    """Of every point."""

    column: str
    comparison: str
    number: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """An expectation such as `accuracy >= 0.91`.

        Raises:
            UsageError: it is no such text, or of no result.
        """
        match = _FORM.fullmatch(text)
        try:
            if match is not None and match[1] in COLUMNS:
                return cls(match[1], match[2], float(match[3]))
        except ValueError:
            pass
        raise UsageError(
            f"--assert {text!r} is not a result, one of {' '.join(_OPERATORS)}, and a number.",
            f"Results: {', '.join(COLUMNS)}.",
        )

    def holds(self, row: dict[str, Any]) -> bool:
        """Whether a row of results meets it; one without the result does not."""
        value = row[self.column]
        return value is not None and _OPERATORS[self.comparison](value, self.number)

    def __str__(self) -> str:
        return f"{self.column} {self.comparison} {self.number:g}"


def require(expectations: Sequence[Expectation], rows: Sequence[dict[str, Any]]) -> None:
    """Check every row.

    Raises:
        ExpectationError: one does not hold; the message names the points.
    """
    lines = []
    for expected in expectations:
        failing = [row for row in rows if not expected.holds(row)]
        shown = ", ".join(f"{row['point']} has {row[expected.column]}" for row in failing[:5])
        more = f" and {len(failing) - 5} more" if len(failing) > 5 else ""
        if failing:
            lines.append(f"{expected} does not hold for {len(failing)} of {len(rows)} points: {shown}{more}")
    if lines:
        raise ExpectationError(f"{'; '.join(lines)}. All results are kept.", "Look at them with `ohmbench report`.")
