"""The results of sweeps as a table in Markdown: means over seeds, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ohmbench.report.sweep import SEEDS, varying_settings
from ohmbench.report.sweep_charts import VARIANT, Row, text
from ohmbench.support.files import write_result
from ohmbench.sweep.compute import STAGES

_ABOUT = (
    "Made by `ohmbench report`. Means over the seeds of networks and arrays, with the standard deviation. Accuracies "
    "are shares of the test images that are recognised at each stage, from floating point to the codes of the bench. "
    "Points lost are those of the quantised, un-merged network less those through the array; by the array "
    "alone is trimmed, and less than the merged network in exact integers. The rungs `twin` and "
    "`sim` are simulated; only a board is measured."
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
    settings = [n for n in dict.fromkeys((*VARIANT, *varying_settings(rows))) if n not in (*SEEDS, "rung")]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((str(row["rung"]), *(text(row.get(name)) for name in settings)), []).append(row)
    head = [
        "rung",
        *settings,
        "points",
        "cells saved",
        *STAGES.values(),
        "points lost",
        "points lost, trimmed",
        "by the array alone",
    ]
    lines = [head, ["---"] * len(head)]
    for (rung, *values), group in groups.items():
        lost = [100 * (row["accuracy_quantised"] - row["accuracy"]) for row in group]
        kept = [
            100 * (r["accuracy_quantised"] - r["accuracy_trimmed"]) for r in group if r["accuracy_trimmed"] is not None
        ]
        alone = [
            100 * (r["accuracy_merged"] - r["accuracy_trimmed"]) for r in group if r["accuracy_trimmed"] is not None
        ]
        lines.append(
            [
                rung,
                *values,
                str(len(group)),
                _spread([100 * row["cells_saved"] for row in group], 1, " %"),
                *(_spread([100 * r[name] for r in group if r[name] is not None], 2, " %") for name in STAGES),
                _spread(lost, 2),
                _spread(kept, 2),
                _spread(alone, 2),
            ]
        )
    table = "".join(f"| {' | '.join(cell.replace('|', '') for cell in line)} |\n" for line in lines)
    return f"# {len(rows)} points\n\n{_ABOUT}\n\n{table}"


def _spread(values: Sequence[float], digits: int, unit: str = "") -> str:
    if not values:
        return ""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return f"{np.mean(values):.{digits}f} ± {deviation:.{digits}f}{unit}"
