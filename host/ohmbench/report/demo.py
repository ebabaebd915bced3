"""Writes what a demo run found as one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from markupsafe import Markup

from ohmbench.report.cell_charts import error_chart, pulse_chart
from ohmbench.report.heat_maps import (
    CellState,
    ImageMaps,
    View,
    cells_json,
    conductance_range,
    image_json,
    marks,
    pulse_range,
    standard_views,
)
from ohmbench.report.layer_map import layer_map
from ohmbench.report.page import on_rung, page
from ohmbench.report.results import DemoResult, percent, summary
from ohmbench.report.shades import confusion_shades
from ohmbench.report.wrong_digits import WrongPictures, wrong_pictures
from ohmbench.support.files import write_result


def render_report(result: DemoResult, path: str | Path) -> None:
    """Write the report; an old file is replaced only when the new one is complete.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    write_result(Path(path), report_html(result).encode())


def report_html(result: DemoResult) -> str:
    """The page as text."""
    views, (_count, rows, columns) = _views(result), result.cells.mask.shape
    shown = f"{result.network} on {result.dataset}"
    return page(
        "report/templates/demo.html",
        title=f"ohmbench: {shown}, {result.origin}",
        heading=f"{shown}: {percent(result.accuracy_trimmed)} through the array",
        about=on_rung("ohmbench demo", result.rung),
        rung=result.rung,
        rows=summary(result),
        key="The same, trimmed",
        provenance={"rung": result.rung, "window": f"±{result.window_usiemens:g} µS", **result.provenance},
        cells=cells_json(rows, columns, views, _images_json(result)),
        origin_name=result.origin,
        layers=_layers(result),
        marks=marks([CellState.OUTSIDE, CellState.UNUSED]),
        views=views,
        images=_images(result),
        charts=[_error_chart(result), _pulse_chart(result)],
        confusion=confusion_shades(result.confusion()),
        wrong=_wrong(result),
    )


def _layers(result: DemoResult) -> list[Markup]:
    if result.layers is None:
        return []
    names = [f"layer {number + 1}" for number in range(1 + int(result.layers.max(initial=-1)))]
    return [layer_map(target, of, names) for target, of in zip(result.target_usiemens, result.layers, strict=True)]


def _wrong(result: DemoResult) -> WrongPictures | None:
    if result.pictures is None:
        return None
    return wrong_pictures(result.pictures, result.labels, result.predictions_trimmed)


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


def _images(result: DemoResult) -> list[ImageMaps]:
    found = []
    for image, (mask, converged) in enumerate(zip(result.cells.mask, result.cells.inside, strict=True)):
        remark = f"{np.count_nonzero(mask)} cells, {np.count_nonzero(converged)} in their window"
        found.append(ImageMaps(image, f"Image {image + 1} of {len(result.cells.mask)}", remark))
    return found


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
