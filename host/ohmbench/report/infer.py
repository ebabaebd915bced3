"""A data set through an array as one page: accuracies, confusion, and what a trimming found and corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ohmbench.report.confusion import confusions
from ohmbench.report.page import RUNGS, origin_note, page, provenance_table, summary_table
from ohmbench.report.results import SummaryRow
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
        trimming: HTML of `report.trimming`, if there is one.
        notices: what a reader must not miss.
    """

    rung: str
    heading: str
    rows: Sequence[SummaryRow]
    confusions: Mapping[str, IntArray]
    trimming: str
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
    notices = "".join(f'<p class="notice">{escape(notice)}</p>' for notice in report.notices)
    body = f"""<h1>{escape(report.heading)}</h1>
<p class="soft">ohmbench infer on {escape(RUNGS.get(report.rung, report.rung))}</p>
{origin_note(report.rung != "board")}
{notices}
{summary_table(report.rows, "Accuracy through")}
{report.trimming}
{confusions(report.confusions)}
<h2>Where this came from</h2>
{provenance_table(report.provenance)}"""
    return page(report.heading, body)
