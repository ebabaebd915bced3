"""Writes what a demo run found as one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from ohmbench.report.cell_charts import error_chart, pulse_chart
from ohmbench.report.confusion import confusion_table
from ohmbench.report.heat_maps import (
    CellState,
    View,
    cells_json,
    conductance_range,
    image_json,
    legend,
    maps,
    marks,
    pulse_range,
    standard_views,
)
from ohmbench.report.layer_map import layer_map
from ohmbench.report.page import RUNGS, origin_note, page, provenance_table, summary_table
from ohmbench.report.results import DemoResult, percent, summary
from ohmbench.report.wrong_digits import wrong_pictures
from ohmbench.support.files import write_result


def render_report(result: DemoResult, path: str | Path) -> None:
    """Write the report; an old file is replaced only when the new one is complete.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    write_result(Path(path), report_html(result).encode())


def report_html(result: DemoResult) -> str:
    """The page as text."""
    views, (_images, rows, columns) = _views(result), result.cells.mask.shape
    heading = f"{result.network} on {result.dataset}: {percent(result.accuracy_trimmed)} through the array"
    body = f"""<h1>{escape(heading)}</h1>
<p class="soft">ohmbench demo on {escape(RUNGS.get(result.rung, result.rung))}</p>
{origin_note(result.is_simulated)}
{summary_table(summary(result), "The same, trimmed")}
{_layers(result)}
<h2>Cells</h2>
<p>Target and read-back as conductance, their difference, and the pulses that each cell took. Rows are word lines.
Point at a cell for its values.</p>
{_heat_maps(result, views)}
<h2>Distributions</h2>
<div class="charts">
{_error_chart(result)}
{_pulse_chart(result)}
</div>
<h2>Confusion matrix</h2>
<p>Test images by their label (row) and by what the array's network said (column), {result.origin} and trimmed.</p>
{confusion_table(result.confusion())}
{_wrong(result)}
<h2>Where this came from</h2>
{provenance_table({"rung": result.rung, "window": f"±{result.window_usiemens:g} µS", **result.provenance})}"""
    title = f"ohmbench: {result.network} on {result.dataset}, {result.origin}"
    return page(title, body, cells_json(rows, columns, views, _images_json(result)))


def _layers(result: DemoResult) -> str:
    if result.layers is None:
        return ""
    names = [f"layer {number + 1}" for number in range(1 + int(result.layers.max(initial=-1)))]
    maps = [layer_map(target, of, names) for target, of in zip(result.target_usiemens, result.layers, strict=True)]
    return (
        "<h2>The network on the array</h2>\n<p>The darker a cell, the higher its target. A colour and an outline are a "
        "layer's.</p>\n" + "\n".join(maps)
    )


def _wrong(result: DemoResult) -> str:
    if result.pictures is None:
        return ""
    wrong = wrong_pictures(result.pictures, result.labels, result.predictions_trimmed)
    return f"<h2>Wrong, {result.origin} and trimmed</h2>\n{wrong}"


def _views(result: DemoResult) -> dict[str, View]:
    window = result.window_usiemens
    conductance = conductance_range(result.target_usiemens[result.cells.mask], window)
    return standard_views(conductance, window, pulse_range(result.cells.pulses[result.cells.mask]), result.origin)


def _images_json(result: DemoResult) -> list[str]:
    state = np.select(
        [result.cells.inside, result.cells.mask], [CellState.IN_WINDOW, CellState.OUTSIDE], CellState.UNUSED
    )
    return [
        image_json(
            state[i],
            {
                "target": result.target_usiemens[i],
                "read": result.read_usiemens[i],
                "set": result.cells.set_pulses[i],
                "reset": result.cells.reset_pulses[i],
            },
        )
        for i in range(len(state))
    ]


def _heat_maps(result: DemoResult, views: dict[str, View]) -> str:
    parts = [marks([CellState.OUTSIDE, CellState.UNUSED]), legend(views)]
    for image, (mask, converged) in enumerate(zip(result.cells.mask, result.cells.inside, strict=True)):
        remark = f"{np.count_nonzero(mask)} cells, {np.count_nonzero(converged)} in their window"
        parts.append(maps(views, image, f"Image {image + 1} of {len(result.cells.mask)}", remark))
    return "\n".join(parts)


def _error_chart(result: DemoResult) -> str:
    mask = result.cells.mask
    return error_chart(
        result.error_usiemens[mask],
        result.cells.inside[mask],
        result.window_usiemens,
        result.codes_per_usiemens,
        result.origin,
    )


def _pulse_chart(result: DemoResult) -> str:
    return pulse_chart(result.cells.pulses[result.cells.mask], result.cells.inside[result.cells.mask])
