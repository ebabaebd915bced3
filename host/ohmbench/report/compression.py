"""The page of docs/results: tables, plots and plain statements, all made from the rows of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.network.conv_nets import CONV_NETS
from ohmbench.report.charts import DARK, IN_WINDOW, LIGHT, OUTSIDE, SOFT, Axis, Plot, ticks
from ohmbench.support.files import cannot_write, replace_file
from ohmbench.support.writer import json_text

Row = dict[str, Any]

FREE = ("lossless", "lossless-rows", "partial-pairs", "shared-reference")
COLOURS = {
    "all": OUTSIDE,
    "kmeans": IN_WINDOW,
    "spectral": DARK,
    "random": SOFT,
    "rows": LIGHT,
    "gradient-pruning": "#4a9a5e",
    "shared-reference": "#d9a521",
    "lossless-rows": "#8a6d4b",
    "lossless": "#000000",
}
TUNED = ("spectral", "kmeans", "gains", "rows", "gradient-pruning", "magnitude-pruning", "all", "all-spectral")

# net, bits, method, at least so much saved, at most so much lost, what it is
TARGETS = (
    ("784-10", 2, "kmeans", 0.45, 0.2, "784-10 ternary, columns merged only"),
    ("784-10", 2, "all", 0.65, 0.5, "784-10 ternary, all stages"),
    ("784-10", 2, "all", 0.80, 1.5, "784-10 ternary, all stages"),
    ("196-10", 4, "all", 0.55, 0.5, "196-10 4-bit, all stages"),
    ("32-16-10", 4, "all", 0.42, 0.8, "32-16-10 4-bit, all stages"),
    ("lenet", 4, "all", 0.50, 0.3, "lenet 4-bit, all stages"),
)

CONVOLUTIONAL = frozenset(net.name for net in CONV_NETS)
"""Nets that have a page of their own, convolution.md: they take longer, and may be run by themselves."""


def save_results(rows: Sequence[Row], folder: Path) -> None:
    """Write mnist.json and README.md of dense nets, convolution.json and .md of the others, and a plot for each.

    A page of which there are no rows stays as it is.

    Raises:
        UsageError: the folder cannot be written.
    """
    dense = [row for row in rows if row["net"] not in CONVOLUTIONAL]
    others = [row for row in rows if row["net"] in CONVOLUTIONAL]
    try:
        for found, data, text in ((dense, "mnist", "README"), (others, "convolution", "convolution")):
            if found:
                kept = [{k: v for k, v in row.items() if k != "accuracies"} for row in found]
                replace_file(folder / f"{data}.json", (json_text(kept) + "\n").encode())
                replace_file(folder / f"{text}.md", page(found).encode())
        for (net, bits), group in _by_net(rows):
            replace_file(folder / f"{net}-{bits}bit.svg", pareto(net, bits, group).encode())
    except OSError as error:
        raise cannot_write(folder, error) from error


def page(rows: Sequence[Row]) -> str:
    """README.md of dense nets, or convolution.md."""
    convolutional = rows[0]["net"] in CONVOLUTIONAL
    title, about = "# Compression on MNIST", _ABOUT + _ABOUT_DENSE
    if convolutional:
        title, about = "# Compression of convolutional networks on MNIST", _ABOUT + _ABOUT_CONVOLUTIONAL
    parts = [
        title,
        about,
        "## Targets",
        "\n".join(_targets(rows)),
        "## What is no better",
        "\n".join(f"- {line}" for line in statements(rows)),
    ]
    for (net, bits), group in _by_net(rows):
        parts += [
            f"## {net}, {_width(bits)}, {_seeds(group)}",
            f"![{net}, {_width(bits)}]({net}-{bits}bit.svg)",
            "\n".join(_table(group)),
        ]
    return "\n\n".join(parts) + "\n"


_ABOUT = (
    "Made by `make results`, never by hand; [compression](../compression.md) says what methods and figures are. "
    "Means over seeds with the standard deviation, all 10,000 test images, integers in ideal arithmetic. "
    "Cells are counted from the weight images; saved is the share of those that plain pairs take. Points lost are "
    "against the un-merged quantised network, trained as long as the longest method. "
)
_ABOUT_DENSE = (
    "What the array adds: [784-10 through the simulated array](device.md). Convolutional networks: "
    "[convolution](convolution.md)."
)
_ABOUT_CONVOLUTIONAL = (
    "Both have 5,960 weights: convolutions of 5x5 to 8 and 16 channels, then a dense layer. `lenet` has pools of 2x2 "
    "behind its convolutions, `lenet-strided` has strides of 2 and no pools. Passes are those of all places of the "
    "convolutions. [Dense networks](README.md)."
)


def statements(rows: Sequence[Row]) -> Iterator[str]:
    """Where a method is no better than random merging, lossless removal or, for spectral clustering, k-means.

    Two methods at one budget are compared seed by seed; a mean difference below two standard errors is none.
    """
    for (net, bits), group in _by_net(rows):
        if group[0]["seeds"] < 2:
            yield f"{net}, {_width(bits)}: one seed tells no two methods apart."
            continue
        at = {(row["method"], row["budget"]): row for row in group}
        where = f"{net}, {_width(bits)}"
        for method in ("spectral", "all-spectral", "spectral-untuned"):
            other = {"spectral": "kmeans", "all-spectral": "all", "spectral-untuned": "kmeans-untuned"}[method]
            found = [_verdict(row, at[other, b]) for (m, b), row in at.items() if m == method and (other, b) in at]
            if found and max(found) <= 0:
                yield f"{where}: {method} is {'worse' if min(found) < 0 else 'no better'} than {other}."
        for method in TUNED:
            for (name, budget), row in at.items():
                random = at.get(("random", budget))
                if name == method and random is not None and _verdict(row, random) <= 0:
                    word = "worse" if _verdict(row, random) < 0 else "no better"
                    yield f"{where}: {method} at {budget:g} of the cells is {word} than random merging with tuning."
        lossless = at.get(("lossless", None))
        for row in group:
            if lossless and row["method"] not in FREE and row["cells_saved"] <= lossless["cells_saved"]:
                yield f"{where}: {row['method']} at {row['budget']:g} saves no more cells than lossless removal."
        shared = at.get(("shared-reference", None))
        if shared and not any(
            row["cells_saved"] >= shared["cells_saved"] and row["accuracy"] >= shared["accuracy"]
            for row in group
            if row["method"] not in FREE
        ):
            yield (
                f"{where}: the shared reference column saves {100 * shared['cells_saved']:.1f} % with nothing lost, "
                "and no method saves as much and is as accurate; but its cells need twice the levels."
            )


def _verdict(row: Row, other: Row) -> int:
    """1, 0 or -1: better, not told apart, or worse."""
    difference = np.subtract(row["accuracies"], other["accuracies"])
    error = max(float(np.std(difference, ddof=1)) / len(difference) ** 0.5, 1e-9)
    ratio = float(np.mean(difference)) / error
    return 0 if abs(ratio) < 2 else int(np.sign(ratio))


def pareto(net: str, bits: int, rows: Sequence[Row]) -> str:
    """Accuracy against cells saved, as an SVG file."""
    tuned = [row for row in rows if row["method"] in COLOURS]
    top = max(100 * row["accuracy"] for row in rows)
    # the floor shows what a user may want; what lies below is in the table
    low = max(min(100 * row["accuracy"] for row in tuned), top - 4)
    axis = Axis(low - 0.2, top + 0.2, ticks(low, top, 5), "% of the test images recognised")
    plot = Plot(f"{net}, {_width(bits)}", Axis(0, 100, ticks(0, 100, 5), "% of the cells saved"), axis)
    base = 100 * float(np.mean([row["accuracy_base"] for row in rows]))
    plot.line([(0, base), (100, base)], SOFT, dash="4 3")
    plot.text(99, base, "un-merged", anchor="end", up=4)
    for method, colour in COLOURS.items():
        points = sorted((100 * r["cells_saved"], 100 * r["accuracy"], r) for r in tuned if r["method"] == method)
        inside = [(x, y) for x, y, _row in points if y >= low - 0.2]
        if len(inside) > 1:
            plot.line(inside, colour, width=1.5)
        for x, y in inside:
            plot.dot(x, y, colour, tip=f"{method}: {x:.1f} % saved, {y:.2f} % recognised")
    names = {row["method"] for row in tuned}
    return plot.file([(colour, name) for name, colour in COLOURS.items() if name in names])


def _targets(rows: Sequence[Row]) -> Iterator[str]:
    yield "| | target | reached | method, cells kept |"
    yield "|---|---|---|---|"
    for net, bits, method, saved, lost, name in TARGETS:
        found = [
            row
            for row in rows
            if (row["net"], row["bits"], row["method"]) == (net, bits, method) and row["cells_saved"] >= saved
        ]
        if found:
            row = max(found, key=lambda r: r["budget"])  # the first that saves enough, not the one that came out best
            reached = f"{_saved(row)} at {_lost(row)} points" + ("" if row["loss_points"] <= lost else ": missed")
            chosen = f"{method}, {row['budget']:g}"
            yield f"| {name}, {_seeds([row])} | {100 * saved:.0f} % at {lost:g} | {reached} | {chosen} |"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| method | stages | cells kept at most | saved | recognised | points lost | passes |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        budget = "" if row["budget"] is None else f"{row['budget']:g}"
        recognised = f"{100 * row['accuracy']:.2f} ± {100 * row['accuracy_sd']:.2f} %"
        yield (
            f"| {row['method']} | {row['stages']} | {budget} | {_saved(row)} | {recognised} | {_lost(row)} | "
            f"{row['passes']:.0f} |"
        )


def _saved(row: Row) -> str:
    return f"{100 * row['cells_saved']:.1f} ± {100 * row['cells_saved_sd']:.1f} %"


def _lost(row: Row) -> str:
    return f"{row['loss_points']:.2f} ± {row['loss_points_sd']:.2f}"


def _seeds(rows: Sequence[Row]) -> str:
    count = max(int(row["seeds"]) for row in rows)
    return f"{count} seed" + "s" * (count > 1)


def _width(bits: int) -> str:
    return "ternary" if bits == 2 else f"{bits}-bit"


def _by_net(rows: Sequence[Row]) -> Iterator[tuple[tuple[str, int], list[Row]]]:
    for key in dict.fromkeys((row["net"], row["bits"]) for row in rows):
        yield key, [row for row in rows if (row["net"], row["bits"]) == key]
