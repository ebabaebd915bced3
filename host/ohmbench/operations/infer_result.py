"""What `ohmbench infer` found: as numbers, as text and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench import __version__
from ohmbench.mapping.data_sets import CONTENT
from ohmbench.network.data import share_right
from ohmbench.operations.output_errors import OutputErrors
from ohmbench.operations.trim import (
    TrimResult,
)
from ohmbench.operations.twin_check import TwinCheck
from ohmbench.programming.result import ProgramResult
from ohmbench.report.infer import InferReport, render_infer
from ohmbench.report.results import SummaryRow, confusion, percent, seconds
from ohmbench.report.trimming import TrimmingSection, trimming_section
from ohmbench.support.array_types import IntArray
from ohmbench.tables import CLOCK_HZ


@dataclass(frozen=True, eq=False)
class InferResult:
    """Test images through the array, and through the same integers without one.

    Attributes:
        labels, predictions: empty if the network has no classes; then its `outputs` are judged, and accuracies None.
        accuracy_float: of the network before quantisation over its whole test set, if the image's provenance has it.
        accuracy_quantised: of the image in exact integers, over these images.
        content: of the data set, as `Dataset.content` has it.
        data_known: the image says that it was made of these data; one of an ohmbench of old does not say.
        predictions: of the array as it is.
        predictions_trimmed, trim: with its corrections, if it was trimmed, and these.
    """

    rung: str
    dataset: str
    labels: IntArray
    predictions: IntArray
    programmed: ProgramResult
    program_cycles: int
    infer_cycles: int
    accuracy_float: float | None
    accuracy_quantised: float | None
    content: str
    data_known: bool
    twin: TwinCheck | None = None
    predictions_trimmed: IntArray | None = None
    trim: TrimResult | None = None
    hint: str | None = None
    outputs: OutputErrors | None = None

    @property
    def images(self) -> int:
        return len(self.labels) if self.outputs is None else len(self.outputs.targets)

    @property
    def accuracy(self) -> float | None:
        """Of the array as it is."""
        return share_right(self.predictions, self.labels) if self.outputs is None else None

    @property
    def accuracy_trimmed(self) -> float | None:
        return None if self.predictions_trimmed is None else share_right(self.predictions_trimmed, self.labels)

    def summary(self) -> dict[str, Any]:
        twin = (
            {}
            if self.twin is None
            else {
                "accuracy_twin": self.twin.accuracy,
                "codes_compared": self.twin.codes,
                "codes_that_differ": self.twin.differ,
                "cycles_equal": self.twin.same_cycles,
            }
        )
        return {
            "rung": self.rung,
            "dataset": self.dataset,
            CONTENT: self.content,
            "data_known": self.data_known,
            "images": self.images,
            "accuracy": self.accuracy,
            "accuracy_trimmed": self.accuracy_trimmed,
            "accuracy_float": self.accuracy_float,
            "accuracy_quantised": self.accuracy_quantised,
            **({} if self.outputs is None else self.outputs.summary()),
            **twin,
            "converged_fraction": self.programmed.converged_fraction,
            "program_time_s": self.program_cycles / CLOCK_HZ,
            "infer_time_s": self.infer_cycles / CLOCK_HZ,
            "predictions": self.predictions.tolist(),
            "predictions_trimmed": None if self.predictions_trimmed is None else self.predictions_trimmed.tolist(),
            "trimming": None if self.trim is None else self.trim.summary(),
        }

    def describe(self) -> str:
        s = self.summary()
        lines = [
            *self._reached(),
            f"{100 * s['converged_fraction']:.2f} % of {self.programmed.cells} cells in their window",
            f"{s['program_time_s']:.3f} s programming, {s['infer_time_s']:.3f} s inference, bench time",
        ]
        if not self.data_known:
            lines.append("the weight image does not say which data it was made for: these may be others")
        if self.twin is not None:
            differ = f"{self.twin.differ} of {self.twin.codes} codes differ" if self.twin.differ else "all codes equal"
            clocks = "the same clocks" if self.twin.same_cycles else "other clocks"
            lines.append(f"twin: {_percent(self.twin.accuracy)}, {differ}, {clocks}")
        if self.trim is not None:
            lines.append(self.trim.describe())
        if self.hint is not None:
            lines.append(self.hint)
        return "\n".join(lines)

    def _reached(self) -> list[str]:
        raw = "" if self.trim is None else ", raw"
        if self.outputs is not None:
            head = f"{self.images} inputs of {self.dataset}, {self.outputs.targets.shape[1]} outputs each ({self.rung})"
            return [head, *(f"{row.name}: {row.value} ({row.note})" for row in self.outputs.rows())]
        beside = [f"{_percent(self.accuracy_quantised)} in exact integers"]
        if self.accuracy_float is not None:
            beside.append(f"{100 * self.accuracy_float:.2f} % in floating point (its whole test set)")
        return [
            f"{_percent(self.accuracy)} of {self.images} inputs of {self.dataset} recognised ({self.rung}{raw})",
            *([] if self.accuracy_trimmed is None else [f"{100 * self.accuracy_trimmed:.2f} % trimmed"]),
            ", ".join(beside),
        ]

    def render(self, path: Path) -> None:
        """Write a page with the accuracies, the confusion matrix and the trimming.

        Raises:
            UsageError: it cannot be written.
        """
        rows, confusions, reached = self._judged()
        section: TrimmingSection | None = None
        notices: list[str] = []
        if self.trim is not None:
            section = trimming_section(self.trim.image, self.trim.trimming, self.trim.worst)
            notices = [] if self.trim.stale is None else [f"The trimming is stale: {self.trim.stale}."]
        cells = self.programmed.cells
        rows += [
            SummaryRow("Cells in their window", percent(self.programmed.converged_fraction, 2), f"of {cells}"),
            SummaryRow("Programming", seconds(self.program_cycles / CLOCK_HZ), "bench time"),
            SummaryRow("Inference", seconds(self.infer_cycles / CLOCK_HZ), "bench time"),
        ]
        if self.trim is not None and self.trim.bench_time_s is not None:
            rows.append(SummaryRow("Trimming", seconds(self.trim.bench_time_s), "bench time"))
        origin = {"ohmbench": __version__, "rung": self.rung, "data set": self.dataset, "its content": self.content}
        if self.trim is not None:
            origin |= {"image sha256": self.trim.owned.image_sha256, "array": self.trim.owned.serial or "not recorded"}
        heading = f"{self.dataset}: {reached} through the array"
        render_infer(InferReport(self.rung, heading, rows, confusions, section, notices, origin), path)

    def _judged(self) -> tuple[list[SummaryRow], dict[str, IntArray], str]:
        """Rows and confusions of a page, and the best result in a few words."""
        if self.outputs is not None:
            s = self.outputs.summary()
            best = s["rmse"] if s["rmse_trimmed"] is None else s["rmse_trimmed"]
            return [*self.outputs.rows()], {}, f"an error of {best:.4g}"
        rows = [
            SummaryRow("Accuracy in integers", _percent(self.accuracy_quantised), "as an ideal array gives it"),
            SummaryRow("Accuracy through the array, raw", _percent(self.accuracy), f"of {self.images} test inputs"),
        ]
        confusions = {"Raw": confusion(self.labels, self.predictions)}
        if self.trim is None or self.predictions_trimmed is None:
            return rows, confusions, _percent(self.accuracy, 1)
        note = f"corrected as {self.trim.trimming.inputs} training inputs of {self.trim.owned.dataset} showed"
        rows.append(SummaryRow("Accuracy through the array, trimmed", _percent(self.accuracy_trimmed), note))
        confusions = {"Trimmed": confusion(self.labels, self.predictions_trimmed), **confusions}
        return rows, confusions, _percent(self.accuracy_trimmed, 1)


def _percent(share: float | None, digits: int = 2) -> str:
    return "none" if share is None else percent(share, digits)
