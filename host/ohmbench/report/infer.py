"""A data set through an array as one page: accuracies, confusion, and what a trimming found and corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ohmbench.report.page import on_rung, page
from ohmbench.report.results import SummaryRow
from ohmbench.report.shades import confusion_tables
from ohmbench.report.trimming import TrimmingSection
from ohmbench.support.array_types import IntArray
from ohmbench.support.files import write_result


@dataclass(frozen=True, eq=False)
class InferReport:
    """What the page shows.

    Attributes:
        rung: board, sim or twin.
        heading: the result in a line.
        rows: of the summary.
        confusions: counts (classes, classes) by what they are of; none of a network without classes.
        trimming: what a trimming found, if there was one.
        notices: what a reader must not miss.
    """

    rung: str
    heading: str
    rows: Sequence[SummaryRow]
    confusions: Mapping[str, IntArray]
    trimming: TrimmingSection | None
    notices: Sequence[str]
    provenance: Mapping[str, object]


def render_infer(report: InferReport, path: Path) -> None:
    """Write the page; an old file is replaced only when the new one is complete.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    write_result(path, infer_html(report).encode())


def infer_html(report: InferReport) -> str:
    """The page as text."""
    return page(
        "report/templates/infer.html",
        title=report.heading,
        heading=report.heading,
        about=on_rung("ohmbench infer", report.rung),
        rung=report.rung,
        rows=report.rows,
        key="Accuracy through",
        notices=report.notices,
        provenance=report.provenance,
        trimming=report.trimming,
        confusions=confusion_tables(report.confusions),
    )
