"""What a demo run found: numbers, arrays and where they came from, for the terminal and for the report."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ohmbench.mapping.image import Provenance
from ohmbench.network.data import share_right
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class DemoResult:
    """A network taken to the array and back.

    Arrays of cells have the shape (images, rows, columns).

    Attributes:
        rung: board, sim or twin. Only a board's codes are measurements.
        network: sizes, inputs first: "64-32-10".
        dataset: name of the data set.
        float_accuracy, quantised_accuracy: share of the test set, computed without an array; None: not known.
        labels, predictions: int64, (n,): the test set's classes and what the array's network said.
        predictions_trimmed: what it said with the corrections of a trimming.
        trim_inputs: training inputs that these were fitted to.
        cells: those that were to be programmed, with the codes read at verification.
        target_usiemens: float, what they were to become.
        codes_per_usiemens: ADC codes of one microsiemens at the read voltage.
        window_usiemens: half width of the accepted band.
        program_s, infer_s, trim_s: bench time.
        wall_s: what the operator waited, training and building included.
        provenance: seed, device preset, versions, command, port, ...
        layers: which layer each cell belongs to; -1 for none. None: not shown.
        pictures: (n, height, width) of 0..255, the test images. None: those that came out wrong are not shown.
    """

    rung: str
    network: str
    dataset: str
    float_accuracy: float | None
    quantised_accuracy: float
    labels: IntArray
    predictions: IntArray
    predictions_trimmed: IntArray
    trim_inputs: int
    cells: CellRecords
    target_usiemens: FloatArray
    codes_per_usiemens: float
    window_usiemens: float
    program_s: float
    infer_s: float
    trim_s: float
    wall_s: float
    provenance: Provenance = field(default_factory=dict)
    layers: IntArray | None = None
    pictures: IntArray | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether the array's values come from the model."""
        return self.rung != "board"

    @property
    def origin(self) -> str:
        """How to call the array's values: simulated or measured."""
        return "simulated" if self.is_simulated else "measured"

    @property
    def accuracy(self) -> float:
        """Share of the test set that the array's network got right as it is; nan for an empty set."""
        return share_right(self.predictions, self.labels) if len(self.labels) else math.nan

    @property
    def accuracy_trimmed(self) -> float:
        """The same with the corrections."""
        return share_right(self.predictions_trimmed, self.labels) if len(self.labels) else math.nan

    @property
    def read_usiemens(self) -> FloatArray:
        """Conductance read back at verification."""
        return np.asarray(self.cells.code / self.codes_per_usiemens, dtype=np.float64)

    @property
    def error_usiemens(self) -> FloatArray:
        """Read-back minus target."""
        return self.read_usiemens - self.target_usiemens

    def confusion(self) -> IntArray:
        """Counts (classes, classes) of the trimmed network: row = label, column = prediction."""
        return confusion(self.labels, self.predictions_trimmed)


def confusion(labels: IntArray, predictions: IntArray) -> IntArray:
    """Counts (classes, classes): row = label, column = prediction."""
    classes = 1 + int(max(labels.max(initial=0), predictions.max(initial=0)))
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


@dataclass(frozen=True)
class SummaryRow:
    """One line of the summary: what, how much, and what the reader should know about it."""

    name: str
    value: str
    note: str = ""


def summary(result: DemoResult) -> list[SummaryRow]:
    """The result in a dozen lines; terminal and report show the same."""
    mask, inside = result.cells.mask, result.cells.inside
    tests, cells = len(result.labels), int(np.count_nonzero(mask))
    converged = int(np.count_nonzero(inside))
    raw, trimmed = (
        int(np.count_nonzero(result.labels == said)) for said in (result.predictions, result.predictions_trimmed)
    )
    low, high = wilson_interval(trimmed, tests)
    lost = round(100 * (result.quantised_accuracy - result.accuracy_trimmed), 1) + 0.0  # no -0.0
    pulses, errors = result.cells.pulses[mask], result.error_usiemens[inside]
    pulse_note = f"most: {pulses.max(initial=0)}; {pulses.sum()} in all" if cells else ""
    of_what, without_array = f"{result.network} on {result.dataset}", []
    if result.float_accuracy is not None:
        without_array = [SummaryRow("Accuracy in floating point", percent(result.float_accuracy), of_what)]
        of_what = "the same network as an ideal array gives it"
    return [
        *without_array,
        SummaryRow("Accuracy in integers", percent(result.quantised_accuracy), of_what),
        SummaryRow(
            f"Accuracy through the array, {result.origin}",
            percent(result.accuracy),
            f"{raw} of {tests} test images; raw",
        ),
        SummaryRow(
            "The same, trimmed",
            percent(result.accuracy_trimmed),
            f"{trimmed} of {tests}; 95 % interval {100 * low:.1f} to {100 * high:.1f} %; corrected as "
            f"{result.trim_inputs} training images showed",
        ),
        SummaryRow("Lost by the array", f"{lost:.1f} points" if tests else "none", "integers minus array, trimmed"),
        SummaryRow("Arrays programmed", str(len(mask)), f"{cells} cells"),
        SummaryRow(
            "Cells in their window",
            percent(converged / cells if cells else math.nan, 2),
            f"{cells - converged} outside of ±{result.window_usiemens:g} µS",
        ),
        SummaryRow(
            f"Error in the window, {result.origin}",
            f"{errors.std():.2f} µS" if converged else "none",
            f"standard deviation at verification; mean {errors.mean():+.2f} µS" if converged else "",
        ),
        SummaryRow("Pulses a cell", f"{pulses.mean():.1f}" if cells else "none", pulse_note),
        SummaryRow(
            "Programming", seconds(result.program_s), "bench time: the FPGA's clock, waits for the link left out"
        ),
        SummaryRow("Inference", seconds(result.infer_s), f"bench time for {tests} images"),
        SummaryRow("Trimming", seconds(result.trim_s), f"bench time for {result.trim_inputs} training images"),
        SummaryRow("Whole run", seconds(result.wall_s), "wall clock, training and building included"),
    ]


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927); (0, 1) without trials.

    Unlike the textbook p +- 1.96 sigma it stays inside 0..1 near a perfect score.
    """
    if trials == 0:
        return 0.0, 1.0
    z = 1.96
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    return max(0.0, centre - half), min(1.0, centre + half)


def seconds(value: float) -> str:
    """A duration with a unit that keeps it readable: 84 ms, 1.23 s, 3 min 20 s, 27.8 h."""
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs"
    if value < 1.0:
        return f"{value * 1e3:.0f} ms"
    if value < 120.0:
        return f"{value:.3g} s"
    whole = round(value)  # before it is split: 3599.6 s is 1 h, not 59 min 60 s
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{value / 3600.0:.3g} h" if value < 259200.0 else f"{value / 86400.0:.4g} days"


def percent(share: float, digits: int = 1) -> str:
    """A share as text; "none" for nan, the share of nothing."""
    return f"{100 * share:.{digits}f} %" if math.isfinite(share) else "none"
