"""An array as one picture: each cell's target, and the outlines of the layers that share the array."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ohmbench.report.charts import csv_text
from ohmbench.support.array_types import FloatArray, IntArray

HUES = ("#1f5f99", "#c2571a", "#2f7d4f", "#7a4fa3", "#a8862b", "#0f7c8a")
"""Told apart by colour-blind readers beside the outlines; layers after the sixth begin again."""
_CELL = 14
_EDGE = 2.5


def layer_map(target_usiemens: FloatArray, layers: IntArray, names: Sequence[str]) -> str:
    """HTML of an array (rows, columns): the darker a cell, the higher its target; the colour is its layer's.

    Args:
        layers: of each cell, -1 for none.
    """
    rows, columns = layers.shape
    used = layers >= 0
    low, high = (float(f(target_usiemens[used])) for f in (np.min, np.max)) if used.any() else (0.0, 1.0)
    cells: list[str] = []
    lines = [["row", "column", "layer", "target_usiemens"]]
    for row, column in np.argwhere(used):
        depth = 0.12 + 0.88 * (float(target_usiemens[row, column]) - low) / max(high - low, 1e-9)
        hue = HUES[int(layers[row, column]) % len(HUES)]
        tip = f"{names[int(layers[row, column])]}, row {row}, column {column}: {target_usiemens[row, column]:.0f} µS"
        lines.append([str(row), str(column), names[int(layers[row, column])], f"{target_usiemens[row, column]:.1f}"])
        cells.append(
            f'<rect x="{column * _CELL}" y="{row * _CELL}" width="{_CELL}" height="{_CELL}" fill="{hue}" '
            f'fill-opacity="{depth:.2f}"><title>{escape(tip)}</title></rect>'
        )
    key = "".join(
        f'<span><i style="background:{HUES[number % len(HUES)]}"></i>{escape(name)}: '
        f"{np.count_nonzero(layers == number)} cells</span>"
        for number, name in enumerate(names)
    )
    size = f"0 0 {columns * _CELL} {rows * _CELL}"
    return f"""<figure class="layers" data-csv="{escape(csv_text(lines))}"><h3>Layers on the array</h3>
<svg viewBox="{size}" role="img" aria-label="the array, a layer a colour">
<rect width="{columns * _CELL}" height="{rows * _CELL}" fill="#fff" stroke="#dde3e9"/>
{"".join(cells)}
<path d="{_outlines(layers)}" fill="none" stroke="#1d2733" stroke-width="{_EDGE}"/>
</svg><div class="key">{key}</div></figure>"""


def _outlines(layers: IntArray) -> str:
    """Lines between cells of different layers."""
    padded = np.pad(layers, 1, constant_values=-1)
    across = np.argwhere(padded[:-1, 1:-1] != padded[1:, 1:-1])
    down = np.argwhere(padded[1:-1, :-1] != padded[1:-1, 1:])
    lines = [f"M{column * _CELL} {row * _CELL}h{_CELL}" for row, column in across]
    return "".join(lines + [f"M{column * _CELL} {row * _CELL}v{_CELL}" for row, column in down])
