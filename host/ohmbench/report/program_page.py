"""The page of a programming run, running or ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from ohmbench.report.cell_charts import (
    LEVEL_HEADS,
    Levels,
    arrival_chart,
    error_by_level_chart,
    error_chart,
    levels_rows,
    passes_chart,
    pulse_chart,
    pulses_by_level_chart,
)
from ohmbench.report.charts import IN_WINDOW
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
from ohmbench.report.page import on_rung, page
from ohmbench.report.program import ImageState, ProgramState, program_summary
from ohmbench.report.results import percent
from ohmbench.report.shades import confusion_tables

REFRESH_S = 1
"""How often a browser loads the page of a running run again."""


def program_html(state: ProgramState, image_text: Callable[[int, ImageState], str] | None = None) -> str:
    """The page as text.

    Args:
        image_text: gives an image's cells as `image_of` does; a caller that has written them before may keep them.
    """
    info, numbers = state.info, list(state.images)
    text = image_text or (lambda _number, image: image_of(state, image))
    views = _views(state)
    running = state.is_running and bool(numbers)
    shown = numbers[::-1] if running else numbers  # while the run goes on, what moves comes first
    images = [
        ImageMaps(i, f"Image {number + 1} of {info.images}", _remark(state.images[number]))
        for i, number in enumerate(shown)
    ]
    shape = state.images[numbers[0]].mask.shape if numbers else (0, 0)
    title = f"{'running: ' if state.is_running else ''}programming {info.serial}, {info.origin}"
    return page(
        "report/templates/program.html",
        title=f"ohmbench: {title}",
        heading=_heading(state),
        about=on_rung(f"ohmbench {state.command}", info.rung),
        rung=info.rung,
        rows=program_summary(state),
        key="Cells in their window",
        provenance={"array": info.serial, "rung": info.rung, "recipe": info.recipe, **info.provenance},
        cells=cells_json(shape[0], shape[1], views, [text(n, state.images[n]) for n in shown]),
        refresh_s=REFRESH_S if state.is_running else 0,
        ended=_ended(state),
        progress=_progress(state) if state.is_running else None,
        current=images[0] if running else None,
        images=images[1:] if running else images,
        to_come=_ranges([number + 1 for number in info.numbers if number not in state.images]),
        marks=_marks(state),
        views=views,
        confusions=confusion_tables(state.confusions),
        charts=_charts(state),
        heads=LEVEL_HEADS,
        levels=_levels(state),
        origin_name=info.origin,
    )


def image_of(state: ProgramState, image: ImageState) -> str:
    """An image's cells for the page's script."""
    kinds = np.select(
        [~image.mask, image.skipped, ~image.reached, image.converged],
        [CellState.UNUSED, CellState.SKIPPED, CellState.WAITING, CellState.IN_WINDOW],
        CellState.OUTSIDE,
    )
    read = np.where(image.reached, image.cells.code / state.info.codes_per_usiemens, 0.0)
    fields = {"set": image.cells.set_pulses, "reset": image.cells.reset_pulses}
    return image_json(kinds, {"target": image.target_usiemens, "read": read, **fields})


def _heading(state: ProgramState) -> str:
    reached, serial = state.reached(), state.info.serial
    share = percent(float(np.mean(reached.cells.inside)), 2) if len(reached) else ""
    if state.is_running:
        return f"Programming {serial}: {100 * state.share_done:.0f} % done"
    ended = "" if state.status == "done" else " in part"
    return f"{serial} programmed{ended}" + (f": {share} of the cells in their window" if share else "")


def _ended(state: ProgramState) -> str:
    """Why the run ended early; "" if it did not."""
    if state.is_running or state.status == "done":
        return ""
    return f"The run ended early ({state.status})" + (f": {state.reason}" if state.reason else ".")


@dataclass(frozen=True)
class Progress:
    """How far a running run is; `at_s` is seconds since 1970, `clock` the same for people."""

    percent: float
    what: str
    at_s: float
    clock: str


def _progress(state: ProgramState) -> Progress:
    now = datetime.now(UTC)
    what = "waiting for the first row"
    if state.images:
        number, image = list(state.images.items())[-1]
        rows = image.rows_used
        what = (
            f"image {number + 1} of {state.info.images}, pass {image.pass_number + 1} of {state.info.passes}: "
            f"{np.count_nonzero(image.standing.done_rows & rows)} of {np.count_nonzero(rows)} rows"
        )
    return Progress(100 * state.share_done, what, now.timestamp(), f"{now:%H:%M:%S} UTC")


def _views(state: ProgramState) -> dict[str, View]:
    # the scale of targets that are all known from the start: colours must not move while the run goes on
    targets = [image.target_usiemens[image.mask] for image in state.images.values()]
    window = state.info.window_usiemens
    conductance = conductance_range(np.concatenate([np.zeros(0), *targets]), window)
    return standard_views(conductance, window, pulse_range(state.reached().cells.pulses), state.info.origin)


def _remark(image: ImageState) -> str:
    cells, good = np.count_nonzero(image.reached), np.count_nonzero(image.converged)
    parts = [f"{cells} cells, {good} in their window"]
    skipped, waiting = np.count_nonzero(image.mask & image.skipped), np.count_nonzero(image.programmed) - cells
    if skipped:
        parts.append(f"{skipped} skipped")
    if waiting:
        parts.append(f"{waiting} to come")
    return ", ".join(parts)


def _marks(state: ProgramState) -> list[tuple[str, str]]:
    states = [CellState.OUTSIDE]
    images = state.images.values()
    if any((image.mask & image.skipped).any() for image in images):
        states.append(CellState.SKIPPED)
    if any((image.programmed & ~image.reached).any() for image in images):
        states.append(CellState.WAITING)
    if any((~image.mask).any() for image in images):
        states.append(CellState.UNUSED)
    return marks(states)


def _charts(state: ProgramState) -> list[str]:
    reached, info = state.reached(), state.info
    if not len(reached):
        return []
    cells, inside, error = reached.cells, reached.cells.inside, reached.error_usiemens
    levels = Levels.group(reached.target_usiemens)
    errors = [("error", IN_WINDOW, error)]
    passes = state.pass_totals()
    charts = [
        arrival_chart(cells.pulses, inside),
        pulse_chart(cells.pulses, inside),
        error_chart(error, inside, info.window_usiemens, info.codes_per_usiemens, info.origin),
        error_by_level_chart(levels, errors, reached.accepted_usiemens, info.window_usiemens, info.origin),
        pulses_by_level_chart(levels, cells.set_pulses, cells.reset_pulses),
    ]
    if len(passes) > 1:
        charts.append(passes_chart([p.outside for p in passes], [p.pulsed for p in passes], len(reached)))
    return charts


def _levels(state: ProgramState) -> list[list[str]]:
    reached = state.reached()
    cells, levels = reached.cells, Levels.group(reached.target_usiemens)
    return levels_rows(levels, reached.error_usiemens, cells.inside, cells.set_pulses, cells.reset_pulses)


def _ranges(numbers: list[int]) -> str:
    """Rising numbers as text: 3 to 7, 9."""
    groups: list[list[int]] = []
    for number in sorted(numbers):
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ", ".join(str(g[0]) if len(g) == 1 else f"{g[0]} to {g[-1]}" for g in groups)
