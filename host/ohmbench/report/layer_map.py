"""An array as one picture: each cell's target, and the outlines of the layers that share the array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ohmbench.report.charts import csv_text
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.support.html import element, render

HUES = ("#1f5f99", "#c2571a", "#2f7d4f", "#7a4fa3", "#a8862b", "#0f7c8a")
"""Told apart by colour-blind readers beside the outlines; layers after the sixth begin again."""
_CELL = 14
_EDGE = 2.5


def layer_map(target_usiemens: FloatArray, layers: IntArray, names: Sequence[str]) -> Markup:
    """A figure of an array (rows, columns): the darker a cell, the higher its target; the colour is its layer's.

    Args:
        layers: of each cell, -1 for none.
    """
    rows, columns = layers.shape
    used = layers >= 0
    low, high = (float(f(target_usiemens[used])) for f in (np.min, np.max)) if used.any() else (0.0, 1.0)
    cells: list[Markup] = []
    lines = [["row", "column", "layer", "target_usiemens"]]
    for row, column in np.argwhere(used):
        depth = 0.12 + 0.88 * (float(target_usiemens[row, column]) - low) / max(high - low, 1e-9)
        hue = HUES[int(layers[row, column]) % len(HUES)]
        tip = f"{names[int(layers[row, column])]}, row {row}, column {column}: {target_usiemens[row, column]:.0f} µS"
        lines.append([str(row), str(column), names[int(layers[row, column])], f"{target_usiemens[row, column]:.1f}"])
        place = {"x": column * _CELL, "y": row * _CELL, "width": _CELL, "height": _CELL}
        cells.append(element("rect", element("title", tip), **place, fill=hue, fill_opacity=f"{depth:.2f}"))
    key = [
        (HUES[number % len(HUES)], f"{name}: {np.count_nonzero(layers == number)} cells")
        for number, name in enumerate(names)
    ]
    return render(
        "report/templates/layer_map.html",
        csv=csv_text(lines),
        width=columns * _CELL,
        height=rows * _CELL,
        cells=cells,
        outlines=_outlines(layers),
        edge=_EDGE,
        key=key,
    )


def _outlines(layers: IntArray) -> str:
    """Lines between cells of different layers."""
    padded = np.pad(layers, 1, constant_values=-1)
    across = np.argwhere(padded[:-1, 1:-1] != padded[1:, 1:-1])
    down = np.argwhere(padded[1:-1, :-1] != padded[1:-1, 1:])
    lines = [f"M{column * _CELL} {row * _CELL}h{_CELL}" for row, column in across]
    return "".join(lines + [f"M{column * _CELL} {row * _CELL}v{_CELL}" for row, column in down])
