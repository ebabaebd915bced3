"""What tells the points of a sweep apart: settings with more than one value, and points that differ in seeds alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ohmbench.support.provenance import provenance
from ohmbench.sweep.compute import STAGES

Row = Mapping[str, Any]

SEEDS = ("network_seed", "array_seed")
"""Settings that stand for another network or array of the same kind: results are means over them."""

ORIGIN = (*provenance(), "build_id", "cpu_s")
"""Columns of a result that say what computed it."""

_RESULTS = (
    *("cells", "cells_as_pairs", "cells_saved", "images", "passes", "converged_fraction", "pulses_per_cell"),
    *("program_s", "infer_s", "trim_s"),
)


def varying(rows: Sequence[Row]) -> list[str]:
    """Settings with more than one value; rows may have results and provenance too."""
    fixed = {"point", *STAGES, *_RESULTS, *ORIGIN}
    names = [name for name in dict.fromkeys(n for row in rows for n in row) if name not in fixed]
    return [name for name in names if len({text(row.get(name)) for row in rows}) > 1]


def by_setting(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows in groups that differ in nothing but seeds, in the order of the rows."""
    names = [name for name in varying(rows) if name not in SEEDS]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(text(row.get(name)) for name in names), []).append(row)
    return list(groups.values())


def said(row: Row, names: Sequence[str]) -> str:
    """Settings with their values, as in "method all, budget 0.5"; one without a value is left out."""
    return ", ".join(f"{name} {text(row[name])}" for name in names if row.get(name) not in (None, ""))


def text(value: Any) -> str:
    """A setting or a result as a table shows it."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
