"""Heat maps of arrays: what the page's script draws, and what the template says around it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.support.array_types import FloatArray, Integers
from ohmbench.support.html import script_data
from ohmbench.support.writer import json_text

ERROR_SPAN_WINDOWS = 2.5
"""Half width of the error scale in windows; a stuck cell would otherwise bleach all others."""


class CellState(IntEnum):
    """What a map shows of a cell, beside its value."""

    UNUSED = 0
    OUTSIDE = 1
    IN_WINDOW = 2
    SKIPPED = 3
    WAITING = 4


@dataclass(frozen=True)
class View:
    """One map of an image: the sum of some fields less that of others.

    Attributes:
        name: its heading.
        ramp: conductance, error or pulses.
        low, high: ends of the scale, the same for all images so that they compare.
        plus, minus: fields of `image_json`.
        known: whether it is known before the cell is programmed.
    """

    name: str
    ramp: str
    low: float
    high: float
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    known: bool = False

    def ends(self) -> list[str]:
        """Texts under the legend's colours."""
        low, high = f"{self.low:.0f}", f"{self.high:.0f}"
        if self.ramp == "error":
            return [f"below {low} µS", "0", f"above +{high} µS"]
        return [low, f"{high} or more"] if self.ramp == "pulses" else [f"{low} µS", f"{high} µS"]


def conductance_range(target_usiemens: FloatArray, window_usiemens: float) -> tuple[float, float]:
    """Ends of a scale that holds the targets and their windows."""
    if not target_usiemens.size:
        return 0.0, 1.0
    return max(0.0, float(target_usiemens.min()) - window_usiemens), float(target_usiemens.max()) + window_usiemens


def pulse_range(pulses: Integers) -> tuple[float, float]:
    """Ends of a scale of pulses."""
    # A cell that never converges takes ten times the pulses of the others: the last hundredth is clipped too.
    return 0.0, max(1.0, float(np.percentile(pulses, 99))) if pulses.size else 1.0


def standard_views(
    conductance: tuple[float, float], window_usiemens: float, pulses: tuple[float, float], origin: str
) -> dict[str, View]:
    """Target, read-back, error and pulses."""
    span = ERROR_SPAN_WINDOWS * window_usiemens
    return {
        "target": View("Target", "conductance", *conductance, ("target",), known=True),
        "read": View(f"Read-back, {origin}", "conductance", *conductance, ("read",)),
        "error": View("Error", "error", -span, span, ("read",), ("target",)),
        "pulses": View("Pulses", "pulses", *pulses, ("set", "reset")),
    }


def image_json(state: Integers, fields: Mapping[str, NDArray[Any]]) -> str:
    """An image as the script takes it: flat lists; values of unused cells are left out as 0.

    Args:
        state: of CellState, (rows, columns).
        fields: what the views add up, (rows, columns) each.
    """
    used = state != CellState.UNUSED

    def flat(values: NDArray[Any]) -> list[float]:
        kept = np.round(np.where(used, values, 0).ravel(), 2)
        return [int(v) if v == int(v) else float(v) for v in kept.tolist()]

    lists = {"state": state.astype(int).ravel().tolist(), **{name: flat(values) for name, values in fields.items()}}
    return json_text(lists, None, separators=(",", ":"))


def cells_json(rows: int, columns: int, views: Mapping[str, View], images: Iterable[str]) -> str:
    """All that the script draws, for the page's data element; names may be any text."""
    about = {
        key: {
            "name": v.name,
            "ramp": v.ramp,
            "low": v.low,
            "high": v.high,
            "plus": v.plus,
            "minus": v.minus,
            "known": v.known,
        }
        for key, v in views.items()
    }
    head = json_text({"rows": rows, "columns": columns, "views": about}, None, separators=(",", ":"))
    return script_data(head[:-1] + ',"images":[' + ",".join(images) + "]}")


@dataclass(frozen=True)
class ImageMaps:
    """The heading over the maps of one image; `index` is its place in the data."""

    index: int
    heading: str
    remark: str


def marks(states: Collection[CellState]) -> list[tuple[str, str]]:
    """What the marks in the maps mean, for the states that occur: class of the style, and text."""
    texts = {
        CellState.OUTSIDE: ("frame", "outside of its window"),
        CellState.SKIPPED: ("cross", "skipped: bad in the fault map"),
        CellState.WAITING: ("wait", "not programmed yet"),
        CellState.UNUSED: ("unused", "not used"),
    }
    return [texts[state] for state in texts if state in states]
