"""The page of a recorded run that has none of its own kind: what it did, what happened, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ohmbench.report.confusion import confusions
from ohmbench.report.page import origin_note, page, provenance_table, summary_table
from ohmbench.report.results import SummaryRow
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
    events = "\n".join(f"<tr><td>{escape(at)}</td><td>{escape(what)}</td></tr>" for at, what in happened)
    body = [
        f"<h1>{escape(heading)}</h1>",
        origin_note(rung != "board"),
        summary_table(rows, "ended"),
        confusions(counts),
        f"<h2>What happened</h2>\n<table><tbody>\n{events}\n</tbody></table>",
        "<h2>Where this came from</h2>",
        provenance_table(provenance),
    ]
    return page(f"ohmbench: {heading}", "\n".join(body))
