"""How objects show themselves in a notebook: tables and maps of arrays as HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDE = 4  # of a cell, in pixels
_PALE, _DARK, _UNUSED = (195, 218, 238), (11, 44, 87), "#f2f4f6"
_MOST_ROWS = 30


def facts(title: str, values: Mapping[str, Any], more: str = "") -> str:
    """Names and values below a title, and HTML behind them."""
    lines = [
        f"<tr><th style='text-align:left'>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in values.items()
    ]
    return f"<div><b>{escape(title)}</b><table>{''.join(lines)}</table>{more}</div>"


def table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Some columns of the first rows."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = [
        "<tr>" + "".join(f"<td>{escape(_text(row.get(name)))}</td>" for name in names) + "</tr>"
        for row in rows[:_MOST_ROWS]
    ]
    left = f"<p>and {len(rows) - _MOST_ROWS} more</p>" if len(rows) > _MOST_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{left}"


def heat_map(values: NDArray[Any], mask: NDArray[np.bool_], top: float, name: str) -> str:
    """A map of an array (rows, columns), from 0 to `top`; cells outside of the mask are grey."""
    rows, columns = values.shape
    squares = []
    for row, column in np.argwhere(mask).tolist():
        share = min(1.0, max(0.0, float(values[row, column]) / top)) if top else 0.0
        fill = "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_PALE, _DARK, strict=True))
        squares.append(f'<path d="M{column} {row}h1v1h-1z" fill="{fill}"/>')
    size = f'width="{_SIDE * columns}" height="{_SIDE * rows}" viewBox="0 0 {columns} {rows}"'
    return (
        f'<svg {size} role="img" style="margin:2px"><title>{escape(name)}</title>'
        f'<rect width="{columns}" height="{rows}" fill="{_UNUSED}"/>{"".join(squares)}</svg>'
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
