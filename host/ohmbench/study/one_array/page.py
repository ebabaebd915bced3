"""docs/results/one-array.json and .md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ohmbench.study.one_array.evaluate import AS_IT_IS
from ohmbench.support.files import replace_file
from ohmbench.support.writer import json_text


def write_results(found: dict[str, Any], folder: Path) -> None:
    """Write both files.

    Args:
        found: as `results.summary` gives it.
    """
    replace_file(folder / "one-array.json", (json_text(found) + "\n").encode())
    replace_file(folder / "one-array.md", markdown(found).encode())


def markdown(found: dict[str, Any]) -> str:
    """The page as text."""
    points = [
        ("mean of the trimmed accuracies", _percent(found["mean"])),
        ("worst of them", _percent(found["worst"])),
        ("standard deviation", f"{100 * found['sd']:.2f} points"),
        ("exact integers, mean", _percent(found["accuracy_ideal"])),
        ("raw, mean", _percent(found["accuracy_raw"])),
        ("cells, arrays, loads", f"{found['cells']}, {found['images']}, {found['loads']}"),
        ("products and bench time an image", f"{found['products']}, {1e3 * found['bench_time_an_image_s']:.1f} ms"),
        ("pulses a cell", f"{found['pulses_per_cell']:.1f}"),
        ("lost cells corrected, mean", f"{found['lost_cells']:.1f} of {found['cells']}"),
    ]
    for name, title in (("rested_1e5_s", "after 1e5 s, trimmed again"), ("stuck_2_percent", "2 % stuck, with its map")):
        if name in found:
            case = found[name]
            points.append(
                (f"{title}: trimmed, loss", f"{_percent(case['accuracy_trimmed'])}, {case['loss_points']:+.2f} points")
            )
    lines = [
        "# One array: the results",
        "",
        f"Written by `make one-array`. Simulated: the array model with its default device, faults included, on the "
        f"twin. {len(found['seeds'])} trainings on {len(found['arrays'])} arrays each, {found['test_images']:,} test "
        f"images, recipe `{found['recipe']}`. What it means: [one array](../one-array.md).",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in points),
        "",
        "| training | array | case | exact integers | raw | trimmed | lost cells |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row['network_seed']} | {row['array_seed']} | {row['case'] if row['case'] != AS_IT_IS else ''} | "
            f"{_percent(row['accuracy_ideal'])} | {_percent(row['accuracy_raw'])} | "
            f"{_percent(row['accuracy_trimmed'])} | {row['lost_cells']} |"
            for row in found["rows"]
        ),
        "",
    ]
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
