"""The results of sweeps as a table in Markdown: means over seeds, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ohmbench.report.sweep_charts import VARIANT, spread
from ohmbench.support.files import write_result
from ohmbench.sweep.compute import STAGES
from ohmbench.sweep.varying import SEEDS, Row, by_setting, said, text, varying

_ABOUT = (
    "Made by `ohmbench report`. Means over the seeds of networks and arrays, with the standard deviation. Accuracies "
    "are shares of the test images that are recognised at each stage, from floating point to the codes of the bench. "
    "Points lost are those of the quantised, un-merged network less those through the array; by the array "
    "alone is trimmed, and less than the merged network in exact integers. The rungs `twin` and "
    "`sim` are simulated; only a board is measured. "
)


def save_table(rows: Sequence[Row], path: Path) -> None:
    """Write the table; an old file is replaced only when the new one is complete.

    Args:
        rows: at least one, as `ResultStore.rows` gives them.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    write_result(path, sweep_table(rows).encode(), "All results are kept.")


def sweep_table(rows: Sequence[Row]) -> str:
    """A line for each setting, with the mean and the standard deviation over the seeds of network and array.

    Under a heading that says what the columns are.
    """
    settings = [name for name in varying(rows) if name not in SEEDS]
    head = [
        *settings,
        "points",
        "cells saved",
        *STAGES.values(),
        "points lost",
        "points lost, trimmed",
        "by the array alone",
    ]
    lines = [head, ["---"] * len(head)]
    for group in by_setting(rows):
        lost = [100 * (row["accuracy_quantised"] - row["accuracy"]) for row in group]
        kept = [
            100 * (r["accuracy_quantised"] - r["accuracy_trimmed"]) for r in group if r["accuracy_trimmed"] is not None
        ]
        alone = [
            100 * (r["accuracy_merged"] - r["accuracy_trimmed"]) for r in group if r["accuracy_trimmed"] is not None
        ]
        lines.append(
            [
                *(text(group[0].get(name)) for name in settings),
                str(len(group)),
                _spread([100 * row["cells_saved"] for row in group], 1, " %"),
                *(_spread([100 * r[name] for r in group if r[name] is not None], 2, " %") for name in STAGES),
                _spread(lost, 2),
                _spread(kept, 2),
                _spread(alone, 2),
            ]
        )
    table = "".join(f"| {' | '.join(cell.replace('|', '') for cell in line)} |\n" for line in lines)
    rungs = ", ".join(sorted({str(row["rung"]) for row in rows}))
    same = said(rows[0], [name for name in (*VARIANT, "trim") if name not in settings])
    in_all = f"The same in all points: {same}. " if same else ""
    return f"# {len(rows)} points\n\n{_ABOUT}{in_all}Computed on: {rungs}.\n\n{table}"


def _spread(values: Sequence[float], digits: int, unit: str = "") -> str:
    if not values:
        return ""
    return f"{np.mean(values):.{digits}f} ± {spread(values):.{digits}f}{unit}"
