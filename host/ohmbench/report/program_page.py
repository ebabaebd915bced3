"""The page of a programming run, running or ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

import numpy as np

from ohmbench.report.cell_charts import (
    Levels,
    arrival_chart,
    error_by_level_chart,
    error_chart,
    levels_table,
    passes_chart,
    pulse_chart,
    pulses_by_level_chart,
)
from ohmbench.report.charts import IN_WINDOW
from ohmbench.report.confusion import confusions
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
from ohmbench.report.page import RUNGS, origin_note, page, provenance_table, summary_table
from ohmbench.report.program import ImageState, ProgramState, program_summary
from ohmbench.report.results import percent

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
    sections = {
        number: maps(views, i, f"Image {number + 1} of {info.images}", _remark(state.images[number]))
        for i, number in enumerate(shown)
    }
    current = sections.pop(shown[0]) if running else ""
    body = "\n".join(
        [
            f"<h1>{escape(_heading(state))}</h1>",
            f'<p class="soft">ohmbench {escape(state.command)} on {escape(RUNGS.get(info.rung, info.rung))}</p>',
            _status(state),
            origin_note(info.is_simulated),
            f"<h2>Now in the array</h2>\n{_marks(state)}{legend(views)}\n{current}" if current else "",
            summary_table(program_summary(state), "Cells in their window"),
            confusions(state.confusions),
            _charts(state),
            _cells(state, views, list(sections.values()), current),
            "<h2>Where this came from</h2>",
            provenance_table({"array": info.serial, "rung": info.rung, "recipe": info.recipe, **info.provenance}),
        ]
    )
    shape = state.images[numbers[0]].mask.shape if numbers else (0, 0)
    cells = cells_json(shape[0], shape[1], views, [text(n, state.images[n]) for n in shown])
    title = f"{'running: ' if state.is_running else ''}programming {info.serial}, {info.origin}"
    return page(f"ohmbench: {title}", body, cells, refresh_s=REFRESH_S if state.is_running else 0)


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


def _status(state: ProgramState) -> str:
    if not state.is_running:
        if state.status == "done":
            return ""
        reason = f": {state.reason}" if state.reason else "."
        return f'<p class="notice">The run ended early ({escape(state.status)}){escape(reason)}</p>'
    now = datetime.now(UTC)
    done = 100 * state.share_done
    what = "waiting for the first row"
    if state.images:
        number, image = list(state.images.items())[-1]
        rows = image.rows_used
        what = (
            f"image {number + 1} of {state.info.images}, pass {image.pass_number + 1} of {state.info.passes}: "
            f"{np.count_nonzero(image.standing.done_rows & rows)} of {np.count_nonzero(rows)} rows"
        )
    return (
        f'<div class="bar" role="progressbar" aria-label="share of the run" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{done:.0f}"><div style="width:{done:.1f}%"></div></div>\n'
        f'<p id="live" data-at="{now.timestamp():.0f}"><b>Running</b>, {escape(what)}. '
        f'<span class="soft">State of {now:%H:%M:%S} UTC; the page renews itself.</span></p>'
    )


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


def _marks(state: ProgramState) -> str:
    states = [CellState.OUTSIDE]
    images = state.images.values()
    if any((image.mask & image.skipped).any() for image in images):
        states.append(CellState.SKIPPED)
    if any((image.programmed & ~image.reached).any() for image in images):
        states.append(CellState.WAITING)
    if any((~image.mask).any() for image in images):
        states.append(CellState.UNUSED)
    return marks(states)


def _charts(state: ProgramState) -> str:
    reached, info = state.reached(), state.info
    if not len(reached):
        return ""
    cells, inside, error = reached.cells, reached.cells.inside, reached.error_usiemens
    levels = Levels.group(reached.target_usiemens)
    errors = [("error", IN_WINDOW, error)]
    window = reached.accepted_usiemens
    passes = state.pass_totals()
    parts = [
        arrival_chart(cells.pulses, inside),
        pulse_chart(cells.pulses, inside),
        error_chart(error, inside, info.window_usiemens, info.codes_per_usiemens, info.origin),
        error_by_level_chart(levels, errors, window, info.window_usiemens, info.origin),
        pulses_by_level_chart(levels, cells.set_pulses, cells.reset_pulses),
    ]
    if len(passes) > 1:
        parts.append(passes_chart([p.outside for p in passes], [p.pulsed for p in passes], len(reached)))
    table = levels_table(levels, error, inside, cells.set_pulses, cells.reset_pulses)
    return (
        "<h2>Convergence and errors</h2>\n"
        f'<div class="charts">{"".join(parts)}</div>\n<h2>Levels</h2>\n'
        f"<p>The same as numbers; SET and RESET are mean pulses a cell, errors are {info.origin}.</p>\n{table}"
    )


def _cells(state: ProgramState, views: dict[str, View], sections: list[str], current: str) -> str:
    waiting = [number + 1 for number in state.info.numbers if number not in state.images]
    to_come = f"<p>To come: image{'s' if len(waiting) > 1 else ''} {_ranges(waiting)}.</p>" if waiting else ""
    if not sections:
        return to_come
    about = (
        "<p>Target and read-back as conductance, their difference, and the pulses that each cell took over all passes. "
        "Rows are word lines. Point at a cell for its values.</p>"
    )
    heading = "Images programmed before" if current else "Cells"
    return "\n".join([f"<h2>{heading}</h2>", about, to_come, _marks(state), legend(views), *sections])


def _ranges(numbers: list[int]) -> str:
    """Rising numbers as text: 3 to 7, 9."""
    groups: list[list[int]] = []
    for number in sorted(numbers):
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ", ".join(str(g[0]) if len(g) == 1 else f"{g[0]} to {g[-1]}" for g in groups)
