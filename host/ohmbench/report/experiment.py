"""The page of an experiment: its results, its standard plots, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ohmbench.report.page import RUNGS, origin_note, page, provenance_table, summary_table
from ohmbench.report.results import SummaryRow
from ohmbench.support.files import write_result


@dataclass(frozen=True)
class ExperimentPage:
    """What a page shows of an experiment.

    Attributes:
        done, steps: how far it came.
        charts: HTML of its figures.
    """

    name: str
    about: str
    rung: str
    serial: str
    done: int
    steps: int
    cells: int
    results: Mapping[str, Any]
    charts: Sequence[str]
    notes: Sequence[str]
    provenance: Mapping[str, Any]

    def html(self) -> str:
        """The page as text."""
        part = "" if self.done == self.steps else f": {self.done} of {self.steps} steps"
        charts = "".join(chart for chart in self.charts if chart)
        body = [
            f"<h1>{escape(self.name)} on {escape(self.serial)}{part}</h1>",
            f'<p class="soft">{escape(self.about)}; on {escape(RUNGS.get(self.rung, self.rung))}</p>',
            origin_note(self.rung != "board"),
            summary_table([SummaryRow("cells", str(self.cells), ""), *map(_line, self.results.items())], "\0"),
            f'<h2>Plots</h2>\n<div class="charts">{charts}</div>',
            "<h2>What to know of these figures</h2>",
            *(f"<p>{escape(note)}</p>" for note in self.notes),
            "<h2>Where this came from</h2>",
            provenance_table({"array": self.serial, "rung": self.rung, **self.provenance}),
        ]
        return page(f"ohmbench: {self.name} on {self.serial}", "\n".join(body))

    def save(self, path: Path) -> None:
        """Raises:
        UsageError: the file cannot be written.
        """
        write_result(path, self.html().encode())


_UNITS = {"v": "V", "usiemens": "µS", "s": "s"}


def _line(item: tuple[str, Any]) -> SummaryRow:
    name, value = item
    words = name.split("_")
    unit = _UNITS.get(words[-1], "") if len(words) > 1 else ""
    text = " ".join(words[:-1] if unit else words)
    if isinstance(value, list):
        return SummaryRow(text, f"{len(value)}", ", ".join(f"{v:g}" for v in value[:20]))
    return SummaryRow(text, "-" if value is None else f"{value:.4g} {unit}".strip(), "")
