"""What a programming run has done so far, as its report shows it: while it goes on, and when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.programming.run import Standing
from ohmbench.record.cell_records import CellRecords
from ohmbench.report.page import RUNGS
from ohmbench.report.results import SummaryRow, percent, seconds
from ohmbench.support.array_types import Codes, FloatArray, IntArray, Mask
from ohmbench.support.words import counted


@dataclass(frozen=True)
class ProgramInfo:
    """What is known of a run before its first pulse.

    Attributes:
        rung: board, sim or twin. Only a board's codes are measurements.
        serial: of the array.
        recipe: its name.
        window_usiemens: half width of the accepted band.
        codes_per_usiemens: ADC codes of one microsiemens at the read voltage.
        numbers: images that the run programs, in this order.
        images: that the weight image has.
        passes: that each image is to get.
        provenance: seed, device preset, versions, command, port, ...
    """

    rung: str
    serial: str
    recipe: str
    window_usiemens: float
    codes_per_usiemens: float
    numbers: tuple[int, ...]
    images: int
    passes: int = 1
    provenance: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_simulated(self) -> bool:
        return self.rung != "board"

    @property
    def origin(self) -> str:
        """How to call the array's values: simulated or measured."""
        return "simulated" if self.is_simulated else "measured"


@dataclass(frozen=True, eq=False)
class ImageState:
    """An image on its way into the array; arrays (rows, columns).

    Attributes:
        target_usiemens: what the cells are to become.
        skipped: cells of the image that the fault map keeps from being pulsed.
        standing: how its run stands; codes of rows that are not done mean nothing in the first pass.
    """

    target_usiemens: FloatArray
    skipped: Mask
    standing: Standing

    @property
    def cells(self) -> CellRecords:
        """All that is known of the cells to program; pulses are over all passes."""
        return self.standing.cells

    @property
    def pass_number(self) -> int:
        """From 0."""
        return self.standing.pass_number

    @property
    def mask(self) -> Mask:
        """The cells that the image uses."""
        return self.cells.mask | self.skipped

    @property
    def programmed(self) -> Mask:
        """The cells that are to be programmed."""
        return self.cells.mask & ~self.skipped

    @property
    def reached(self) -> Mask:
        """Those that have a record."""
        return self.programmed & (self.standing.done_rows[:, None] | (self.pass_number > 0))

    @property
    def converged(self) -> Mask:
        """Those whose last code lies in their window."""
        return self.reached & self.cells.inside

    @property
    def rows_used(self) -> Mask:
        """bool (rows,): those with a cell to program."""
        return np.asarray(self.programmed.any(axis=1), np.bool_)

    @property
    def share_done(self) -> float:
        """Share of the rows of this pass that are done; 1 without any."""
        used = self.rows_used
        return float(np.mean(self.standing.done_rows[used])) if used.any() else 1.0


@dataclass(frozen=True)
class PassTotals:
    """What a pass did to an image.

    Attributes:
        pulsed: cells that got pulses in it.
        outside: cells outside of their window after it.
    """

    pulsed: int
    outside: int


@dataclass(frozen=True, eq=False)
class WearState:
    """Pulses that each cell has had in its life (rows, columns), and how many it may have; None: no limit.

    Attributes:
        charged: of these, what it may have had in runs that were killed.
    """

    pulses: Codes
    budget: int | None
    charged: int = 0


@dataclass(frozen=True, eq=False)
class ProgramState:
    """A run.

    Attributes:
        images, passes: by number of the image.
        status: running, done, interrupted or failed.
        reason: why it ended, if not well.
        bench_s: bench time so far.
        recognised, confusions: of images that went through the array then; counts (classes, classes).
        command: that programmed it.
    """

    info: ProgramInfo
    images: Mapping[int, ImageState]
    passes: Mapping[int, tuple[PassTotals, ...]]
    status: str = "running"
    reason: str = ""
    bench_s: float = 0.0
    wear: WearState | None = None
    recognised: Sequence[SummaryRow] = ()
    confusions: Mapping[str, IntArray] = field(default_factory=dict)
    command: str = "program"

    @property
    def is_running(self) -> bool:
        return self.status == "running"

    @property
    def share_done(self) -> float:
        """Share of the passes over all images that are done; the one that goes on counts by its rows."""
        shares = [(image.pass_number + image.share_done) / self.info.passes for image in self.images.values()]
        return min(1.0, sum(shares) / max(1, len(self.info.numbers)))

    def reached(self) -> ReachedCells:
        """The cells that have a record, of all images in a row."""
        images = [(image, image.reached) for image in self.images.values()]

        def over(values: Callable[[ImageState], NDArray[Any]], kind: type = np.int64) -> NDArray[Any]:
            return np.concatenate([np.zeros(0, kind), *(values(image)[reached] for image, reached in images)])

        cells = CellRecords(
            over(lambda image: image.reached, np.bool_),
            over(lambda image: image.cells.low),
            over(lambda image: image.cells.high),
            over(lambda image: image.cells.code),
            over(lambda image: image.cells.set_pulses),
            over(lambda image: image.cells.reset_pulses),
        )
        return ReachedCells(cells, over(lambda image: image.target_usiemens, np.float64), self.info.codes_per_usiemens)

    def pass_totals(self) -> list[PassTotals]:
        """Passes of all images together; an image that needed fewer stays as it was after its last."""
        histories = [passes for passes in self.passes.values() if passes]
        most = max(map(len, histories), default=0)
        return [
            PassTotals(
                sum(h[i].pulsed for h in histories if i < len(h)),
                sum(h[min(i, len(h) - 1)].outside for h in histories),
            )
            for i in range(most)
        ]


@dataclass(frozen=True, eq=False)
class ReachedCells:
    """Cells with a record; arrays (cells,), errors and their accepted ends in uS."""

    cells: CellRecords
    target_usiemens: FloatArray
    codes_per_usiemens: float

    def __len__(self) -> int:
        return len(self.target_usiemens)

    @property
    def error_usiemens(self) -> FloatArray:
        """Read-back minus target."""
        return self._errors(self.cells.code)

    @property
    def accepted_usiemens(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest error that the window accepts."""
        return self._errors(self.cells.low), self._errors(self.cells.high)

    def _errors(self, codes: Codes) -> FloatArray:
        return np.asarray(codes / self.codes_per_usiemens - self.target_usiemens, np.float64)


def program_summary(state: ProgramState) -> list[SummaryRow]:
    """The run in a dozen lines."""
    info, reached = state.info, state.reached()
    cells = reached.cells
    count, good = len(reached), int(np.count_nonzero(cells.inside))
    skipped = sum(int(np.count_nonzero(image.mask & image.skipped)) for image in state.images.values())
    asked = sum(int(np.count_nonzero(image.programmed)) for image in state.images.values())
    untouched = int(np.count_nonzero(cells.inside & (cells.pulses == 0)))
    pulses, errors = cells.pulses, reached.error_usiemens[cells.inside]
    pulse_note = (
        f"median {np.median(pulses):.0f}; 90 of 100 cells at most {np.percentile(pulses, 90):.0f}; "
        f"most {pulses.max()}; {pulses.sum()} in all"
        if count
        else ""
    )
    begun = f"{len(state.images)} of {len(info.numbers)} images begun" if state.is_running else _images(state)
    left = "to come" if state.is_running else "not reached"
    to_come = f"; {asked - count} cells {left}" if asked > count else ""
    passes = state.pass_totals()
    rows = [
        SummaryRow(
            f"Cells in their window, {info.origin}",
            percent(good / count if count else np.nan, 2),
            f"{good} of {count} programmed",
        ),
        SummaryRow("Array", info.serial, RUNGS.get(info.rung, info.rung)),
        SummaryRow("Recipe", info.recipe, f"window of ±{info.window_usiemens:g} µS around each target"),
        SummaryRow("Cells programmed", str(count), begun + to_come),
        SummaryRow("Left alone", str(untouched), "were in their window already: no pulse"),
        SummaryRow("Failed", str(count - good), "outside of their window at the last read"),
        SummaryRow("Skipped", str(skipped), "bad in the fault map: no pulse"),
        SummaryRow(
            f"Error in the window, {info.origin}",
            f"{errors.std():.2f} µS" if good else "none",
            f"standard deviation at verification; mean {errors.mean():+.2f} µS" if good else "",
        ),
        SummaryRow("Pulses a cell", f"{pulses.mean():.1f}" if count else "none", pulse_note),
        SummaryRow(
            "Passes", str(len(passes)), "cells pulsed: " + ", ".join(str(p.pulsed) for p in passes) if passes else ""
        ),
    ]
    if state.bench_s or state.is_running:  # a page made from the record does not know it
        rows.append(SummaryRow("Bench time", seconds(state.bench_s), _speed(count, state.bench_s)))
    if state.wear is not None:
        rows.append(_wear(state.wear))
    return [*state.recognised, *rows]


def _images(state: ProgramState) -> str:
    done = len(state.images)
    return f"on {counted(done, 'image')}" + (
        f" of {len(state.info.numbers)}" if done != len(state.info.numbers) else ""
    )


def _speed(cells: int, bench_s: float) -> str:
    text = "the FPGA's clock, waits for the link left out"
    return f"{cells / bench_s:.0f} cells/s; {text}" if bench_s > 0 else text


def _wear(wear: WearState) -> SummaryRow:
    worst, median = int(wear.pulses.max(initial=0)), float(np.median(wear.pulses))
    name, charged = "Wear", f"; up to {wear.charged} of them charged for killed runs" if wear.charged else ""
    if wear.budget is None:
        return SummaryRow(
            name, f"{worst} pulses", f"the most worn cell's life so far{charged}; median cell {median:.0f}"
        )
    return SummaryRow(
        name,
        percent(worst / wear.budget, 2),
        f"of its budget for the most worn cell: {worst} of {wear.budget} pulses{charged}; median cell {median:.0f}",
    )
