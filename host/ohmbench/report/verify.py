"""The page of a verification: what the cells of an array hold, and what they still hold after a rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ohmbench.record.cell_records import CellRecords
from ohmbench.report.cell_charts import Levels, error_by_level_chart, error_chart, errors_chart
from ohmbench.report.charts import Axis, Plot, count_ticks, ticks
from ohmbench.report.heat_maps import (
    ERROR_SPAN_WINDOWS,
    CellState,
    ImageMaps,
    View,
    cells_json,
    conductance_range,
    image_json,
    marks,
)
from ohmbench.report.page import on_rung, page
from ohmbench.report.results import SummaryRow, percent, seconds
from ohmbench.support.array_types import FloatArray, Mask
from ohmbench.support.files import write_result

_FIRST, _LAST = "#8fb8dc", "#0b3c73"

_COHORT = {True: "of the cells that were in their window at the first read", False: "of all cells compared"}


@dataclass(frozen=True, eq=False)
class Reading:
    """One read of the cells (rows, columns), and the bench time since the array was programmed."""

    after_s: float
    cells: CellRecords

    @property
    def name(self) -> str:
        return f"after {seconds(self.after_s)}" if self.after_s > 0 else "at first"


@dataclass(frozen=True, eq=False)
class VerifyReport:
    """One array, read once or again after rests; arrays (rows, columns).

    Attributes:
        rung: board, sim or twin. Only a board's codes are measurements.
        number, images: of the image that the array holds, and how many the weight image has.
        target_usiemens: what the cells were to become.
        skipped: bool, cells left out as bad.
        readings: of the cells compared, at least one, the earliest first.
        window_usiemens, codes_per_usiemens, provenance: as in ProgramInfo.
    """

    rung: str
    serial: str
    recipe: str
    number: int
    images: int
    target_usiemens: FloatArray
    skipped: Mask
    readings: Sequence[Reading]
    window_usiemens: float
    codes_per_usiemens: float
    provenance: Mapping[str, object] = field(default_factory=dict)

    @property
    def compared(self) -> Mask:
        return self.mask & ~self.skipped

    @property
    def mask(self) -> Mask:
        """The cells that were read to be compared."""
        return self.readings[0].cells.mask

    @property
    def origin(self) -> str:
        """How to call the array's values: simulated or measured."""
        return "measured" if self.rung == "board" else "simulated"

    @property
    def rested(self) -> bool:
        """Whether there is a first read to compare with."""
        return len(self.readings) > 1

    @property
    def cohort(self) -> Mask:
        """Of the compared cells (cells,), those that statistics are of: after a rest those that had converged.

        A stuck cell is a hundred times further out than one that drifts, and would hide what the rest did.
        """
        first = self.inside(self.readings[0])
        return first if self.rested else np.ones_like(first)

    def errors(self, reading: Reading) -> FloatArray:
        """Read-back minus target (cells,) in uS."""
        errors = reading.cells.code / self.codes_per_usiemens - self.target_usiemens
        return np.asarray(errors[self.compared], np.float64)

    def inside(self, reading: Reading) -> Mask:
        """Whether each compared cell (cells,) was in its window."""
        return reading.cells.inside[self.compared]


def render_verify(report: VerifyReport, path: str | Path) -> None:
    """Write the page; an old file is replaced only when the new one is complete.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    write_result(Path(path), verify_html(report).encode())


def verify_html(report: VerifyReport) -> str:
    """The page as text."""
    views = _views(report)
    first, last = report.readings[0], report.readings[-1]
    share = _share(report, last)
    when = f" {last.name}" if last.after_s > 0 else ""
    good, cells = np.count_nonzero(report.inside(last)), np.count_nonzero(report.compared)
    states = [CellState.OUTSIDE]
    states += [CellState.SKIPPED] if report.skipped.any() else []
    states += [CellState.UNUSED] if not (report.mask | report.skipped).all() else []
    what = (
        f"What was read {first.name} and {last.name}, the change between, and the error of the last read"
        if report.rested
        else "Target, what was read, and the difference"
    )
    rows, columns = report.mask.shape
    return page(
        "report/templates/verify.html",
        title=f"ohmbench: verify {report.serial}{when}, {report.origin}",
        heading=f"{report.serial}{when}: {share} of the cells in their window",
        about=on_rung("ohmbench verify", report.rung),
        rung=report.rung,
        rows=_summary(report),
        key="Cells in their window",
        provenance={"array": report.serial, "rung": report.rung, "recipe": report.recipe, **report.provenance},
        cells=cells_json(rows, columns, views, [_image(report)]),
        what=what,
        marks=marks(states),
        views=views,
        image=ImageMaps(0, f"Image {report.number + 1} of {report.images}", f"{cells} cells, {good} in their window"),
        charts=_charts(report) if cells else [],
        cohort=_COHORT[report.rested],
        origin_name=report.origin,
        reads=[reading.name for reading in _shown(report)],
        levels=_levels(report) if cells else [],
    )


def _share(report: VerifyReport, reading: Reading, digits: int = 2) -> str:
    inside = report.inside(reading)
    return percent(float(np.mean(inside)) if inside.size else math.nan, digits)


def _views(report: VerifyReport) -> dict[str, View]:
    window = report.window_usiemens
    span = ERROR_SPAN_WINDOWS * window
    ends = conductance_range(report.target_usiemens[report.mask], window)
    first, last = report.readings[0], report.readings[-1]
    if not report.rested:
        return {
            "target": View("Target", "conductance", *ends, ("target",), known=True),
            "last": View(f"Read-back, {report.origin}", "conductance", *ends, ("last",)),
            "error": View("Error", "error", -span, span, ("last",), ("target",)),
        }
    return {
        "first": View(f"Read {first.name}", "conductance", *ends, ("first",)),
        "last": View(f"Read {last.name}", "conductance", *ends, ("last",)),
        "change": View("Change", "error", -span, span, ("last",), ("first",)),
        "error": View(f"Error {last.name}", "error", -span, span, ("last",), ("target",)),
    }


def _image(report: VerifyReport) -> str:
    last, first = report.readings[-1], report.readings[0]
    kinds = np.select(
        [report.skipped, ~report.mask, last.cells.inside],
        [CellState.SKIPPED, CellState.UNUSED, CellState.IN_WINDOW],
        CellState.OUTSIDE,
    )
    per_usiemens = report.codes_per_usiemens
    fields = {"target": report.target_usiemens, "last": last.cells.code / per_usiemens}
    return image_json(kinds, fields | ({"first": first.cells.code / per_usiemens} if report.rested else {}))


def _summary(report: VerifyReport) -> list[SummaryRow]:
    first, last = report.readings[0], report.readings[-1]
    cells = int(np.count_nonzero(report.compared))
    rows = [
        SummaryRow(
            f"Cells in their window, {report.origin}",
            _share(report, last),
            f"{np.count_nonzero(report.inside(last))} of {cells}" + (f", {last.name}" if report.rested else ""),
        ),
        SummaryRow("Array", report.serial, f"holds image {report.number + 1} of {report.images}"),
        SummaryRow("Recipe", report.recipe, f"window of ±{report.window_usiemens:g} µS around each target"),
        SummaryRow("Skipped", str(np.count_nonzero(report.skipped)), "bad in the fault map: not compared"),
    ]
    for reading in report.readings if report.cohort.any() else ():
        errors = report.errors(reading)[report.cohort]
        note = f"standard deviation {_COHORT[report.rested]}; mean {errors.mean():+.2f} µS"
        when = f" {reading.name}" if report.rested else ""
        if report.rested:
            note += f"; {_share(report, reading)} of all in the window"
        rows.append(SummaryRow(f"Error{when}, {report.origin}", f"{errors.std():.2f} µS", note))
    if report.rested and report.cohort.any():
        left = np.count_nonzero(report.inside(first) & ~report.inside(last))
        back = np.count_nonzero(~report.inside(first) & report.inside(last))
        change = (report.errors(last) - report.errors(first))[report.cohort]
        rows += [
            SummaryRow("Left their window", str(left), f"since the first read; {back} came in"),
            SummaryRow(
                f"Change of a cell, {report.origin}",
                f"{change.std():.2f} µS",
                f"standard deviation; mean {change.mean():+.2f} µS; read noise is part of it",
            ),
        ]
    return rows


def _charts(report: VerifyReport) -> list[str]:
    first, last = report.readings[0], report.readings[-1]
    window, per_usiemens, origin = report.window_usiemens, report.codes_per_usiemens, report.origin
    target = report.target_usiemens[report.compared]
    levels = Levels.group(target)
    low, high = ((ends / per_usiemens)[report.compared] - target for ends in (last.cells.low, last.cells.high))
    accepted = (low, high)
    both = [(first.name, _FIRST, report.errors(first)), (last.name, _LAST, report.errors(last))]
    if not report.rested:
        charts = [
            error_chart(report.errors(last), report.inside(last), window, per_usiemens, origin),
            error_by_level_chart(levels, both[1:], accepted, window, origin),
        ]
    else:
        charts = [
            errors_chart(both, window, per_usiemens, origin),
            error_by_level_chart(levels, both, accepted, window, origin),
        ]
    if len(report.readings) > 2 and report.cohort.any():
        charts.append(_time_chart(report))
    return charts


def _time_chart(report: VerifyReport) -> str:
    """Standard deviation of the error against the time of each read."""
    points = [(r.after_s, float(report.errors(r)[report.cohort].std())) for r in report.readings]
    latest, most = points[-1][0], 1.15 * max(sigma for _t, sigma in points)
    x = Axis(0.0, max(latest, 1.0), count_ticks(latest, (1,)), "seconds after programming", math.log1p)
    before, after = points[0][1], points[-1][1]
    title = f"Spread over time: {before:.2f} µS {report.readings[0].name}, {after:.2f} µS {report.readings[-1].name}"
    plot = Plot(title, x, Axis(0.0, max(most, 1e-9), ticks(0.0, most, 4), "standard deviation, µS"))
    plot.line(points, _LAST, width=2.0)
    for reading, (after_s, sigma) in zip(report.readings, points, strict=True):
        tip = f"{reading.name}: {sigma:.2f} µS, {_share(report, reading)} in the window"
        plot.dot(after_s, sigma, _LAST, radius=4.0, tip=tip)
    return plot.figure(f"Of the error {_COHORT[True]}; bench time, logarithmic; {report.origin}.")


def _shown(report: VerifyReport) -> list[Reading]:
    """Those that the table of levels has."""
    return [report.readings[0], report.readings[-1]] if report.rested else [report.readings[-1]]


@dataclass(frozen=True)
class LevelRow:
    """A level: its target in uS, its cells, and of each read shown the share inside, the mean and the spread."""

    target: str
    cells: int
    reads: Sequence[tuple[str, str, str]]


def _levels(report: VerifyReport) -> list[LevelRow]:
    levels, cohort, rows = Levels.group(report.target_usiemens[report.compared]), report.cohort, []
    for level, target in enumerate(levels.target_usiemens.tolist()):
        cells = levels.of == level
        reads = []
        for reading in _shown(report):
            errors = report.errors(reading)[cells & cohort]
            share = percent(float(np.mean(report.inside(reading)[cells])), 2)
            spread = (f"{errors.mean():+.2f}", f"{errors.std():.2f}") if errors.size else ("none", "none")
            reads.append((share, *spread))
        rows.append(LevelRow(f"{target:.1f}", int(np.count_nonzero(cells)), reads))
    return rows
