"""What all reports share: their template and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ohmbench.report.results import SummaryRow
from ohmbench.support.html import whole_page

RUNGS = {
    "board": "a board",
    "sim": "the RTL in Verilator, with models of the carrier and of the array",
    "twin": "the instruction-set model, with the model of the array",
}


def on_rung(command: str, rung: str) -> str:
    """What made a page, and on what: the line below its heading."""
    return f"{command} on {RUNGS.get(rung, rung)}"


def page(
    template: str,
    *,
    title: str,
    heading: str,
    rung: str,
    about: str = "",
    rows: Sequence[SummaryRow] = (),
    key: str = "",
    notices: Sequence[str] = (),
    provenance: Mapping[str, object],
    cells: str = "",
    refresh_s: int = 0,
    **values: Any,
) -> str:
    """A whole page.

    Args:
        template: its path in the package.
        title: of the browser's window.
        rung: board, sim or twin; tells measured from simulated values.
        about: the line below the heading.
        rows: of the summary; the one whose name begins with `key` stands out.
        notices: what a reader must not miss.
        provenance: names and values, as they are.
        cells: `heat_maps.cells_json` of the maps in it.
        refresh_s: how often a browser is to load it again; 0: never.
        values: what the template itself asks for.
    """
    return whole_page(
        template,
        title=title,
        heading=heading,
        is_simulated=rung != "board",
        about=about,
        rows=rows,
        key=key,
        notices=notices,
        provenance=provenance,
        cells=cells,
        refresh_s=refresh_s,
        **values,
    )
