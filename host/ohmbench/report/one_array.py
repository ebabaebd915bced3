"""The study of one array as files: docs/results/one-array.* and, accuracy over cells, docs/results/cells.*."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.report.charts import IN_WINDOW, LIGHT, OUTSIDE, SOFT, Axis, Figure, Plot, ticks
from ohmbench.report.results import percent
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


def write_curve(found: dict[str, Any], folder: Path) -> None:
    """Write table, plot and numbers of accuracy over cells.

    Args:
        found: as `study.one_array.curve.summary` gives it.
    """
    replace_file(folder / "cells.json", (json_text(found) + "\n").encode())
    replace_file(folder / "cells.md", curve_markdown(found).encode())
    replace_file(folder / "cells.svg", curve_plot(found).svg.encode())


@dataclass(frozen=True)
class Published:
    """A result of others.

    Attributes:
        parameters: of the network, or cells of the array.
        device: whether real devices held the weights, or software alone.
    """

    parameters: int
    accuracy: float
    device: bool
    source: str


PUBLISHED = (
    Published(1024, 0.883, True, "Ma et al. 2025, one 32x32 array, 42 % of the units saved"),
    Published(8192, 0.9171, True, "Li et al. 2018, 128x64 array, 8x8 inputs, trained in situ"),
    Published(575, 0.98, False, "hexhowells.com, Neural golfing, 2025"),
    Published(697, 0.9903, False, "JoshWarn, Parameter-Efficient-MNIST; the best of some 700 runs on the test set"),
    Published(1936, 0.991, False, "ruslangrimov, mnist-minimal-model"),
    Published(3077, 0.9736, False, "aknakshay, MNIST-Challenge"),
    Published(4967, 0.9842, False, "aknakshay, MNIST-Challenge"),
    Published(8640, 0.992, False, "aknakshay, MNIST-Challenge"),
)
"""As their sources state them. Those in software have float weights; an array would need a cell or two for each."""


def curve_plot(found: dict[str, Any]) -> Figure:
    """Accuracy over cells, in powers of two."""
    points = found["points"]
    percents = [100 * point[name] for point in points for name in ("accuracy_ideal", "worst")]
    low = min([*percents, *(100 * other.accuracy for other in PUBLISHED)]) - 1
    sizes = [point["most_cells"] for point in points]
    x = Axis(sizes[0] / 1.3, sizes[-1] * 1.3, [(size, f"{size:,}") for size in sizes], "cells", math.log2)
    few, many = (
        f"{percent(point['accuracy_trimmed'], 1)} with {point['cells']:,} cells" for point in (points[0], points[-1])
    )
    plot = Plot(f"MNIST: {few}, {many}", x, Axis(low, 100.0, ticks(low, 100.0, 5), "% recognised"))
    for name, colour in (("accuracy_ideal", SOFT), ("accuracy_trimmed", IN_WINDOW)):
        plot.line([(point["cells"], 100 * point[name]) for point in points], colour, width=1.5)
        for point in points:
            plot.dot(point["cells"], 100 * point[name], colour, tip=f"{point['cells']} cells: {_percent(point[name])}")
    for point in points:
        middle, deviation = 100 * point["accuracy_trimmed"], 100 * point["sd"]
        plot.line([(point["cells"], middle - deviation), (point["cells"], middle + deviation)], IN_WINDOW)
    for other in PUBLISHED:
        colour = OUTSIDE if other.device else LIGHT
        plot.dot(other.parameters, 100 * other.accuracy, colour, tip=f"{other.source}: {_percent(other.accuracy)}")
    names = ("exact integers", "through the simulated array, trimmed", "published, real devices", "published, software")
    return plot.figure("", list(zip((SOFT, IN_WINDOW, OUTSIDE, LIGHT), names, strict=True)))


def curve_markdown(found: dict[str, Any]) -> str:
    """The page as text."""
    points, rows = found["points"], found["rows"]
    lines = [
        "# Accuracy over cells",
        "",
        f"Written by `make one-array`. Simulated: the array model with its default device, faults included, on the "
        f"twin; recipe `{found['recipe']}`, {rows[0]['test_images']:,} test images of MNIST. One training of each "
        f"network, on {points[0]['arrays']} arrays each; ± is one standard deviation over the arrays. A network of "
        f"more than 1,024 cells needs more than one load. How they are made: [one array](../one-array.md).",
        "",
        "![Accuracy over cells](cells.svg)",
        "",
        "| cells at most | cells used | loads of an array | products an image | bench time an image | exact integers | "
        "trimmed | worst array |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {point['most_cells']:,} | {point['cells']:,} | {point['images']} | {point['products']} | "
            f"{1e3 * point['bench_time_an_image_s']:.1f} ms | {_percent(point['accuracy_ideal'])} | "
            f"{100 * point['accuracy_trimmed']:.2f} ± {100 * point['sd']:.2f} % | {_percent(point['worst'])} |"
            for point in points
        ),
        "",
        "## Published results",
        "",
        "Those in software have weights of floating point and no device behind them.",
        "",
        "| cells or parameters | recognised | |",
        "|---|---|---|",
        *(
            f"| {other.parameters:,} | {_percent(other.accuracy)} | {other.source}"
            f"{'; real devices' if other.device else '; software'} |"
            for other in PUBLISHED
        ),
        "",
    ]
    return "\n".join(lines)


def _percent(share: float) -> str:
    return percent(share, 2)
