"""The page of a recorded run that has none of its own kind: what it did, what happened, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ohmbench.report.page import page
from ohmbench.report.results import SummaryRow
from ohmbench.report.shades import confusion_tables
from ohmbench.support.array_types import IntArray


def run_html(
    heading: str,
    rung: str,
    rows: Sequence[SummaryRow],
    happened: Sequence[tuple[str, str]],
    provenance: Mapping[str, object],
    counts: Mapping[str, IntArray],
) -> str:
    """The page as text.

    Args:
        happened: time and event, in the order of time.
        counts: confusions, by what they are of.
    """
    return page(
        "report/templates/run.html",
        title=f"ohmbench: {heading}",
        heading=heading,
        rung=rung,
        rows=rows,
        key="ended",
        provenance=provenance,
        confusions=confusion_tables(counts),
        happened=happened,
    )
