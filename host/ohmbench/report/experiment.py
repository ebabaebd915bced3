"""The page of an experiment: its results, its standard plots, and where they came from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.report.page import on_rung, page
from ohmbench.report.results import SummaryRow
from ohmbench.support.files import write_result


@dataclass(frozen=True)
class ExperimentPage:
    """What a page shows of an experiment.

    Attributes:
        begun: when, as people read it.
        done, steps: how far it came.
        cells: row and column of each.
        meaning: of each result, as `Experiment.meaning`.
        charts: its figures, as `report.charts` makes them.
    """

    name: str
    about: str
    rung: str
    serial: str
    begun: str
    done: int
    steps: int
    cells: Sequence[tuple[int, int]]
    results: Mapping[str, Any]
    meaning: Mapping[str, str]
    charts: Sequence[str]
    notes: Sequence[str]
    provenance: Mapping[str, Any]

    def html(self) -> str:
        """The page as text."""
        part = "" if self.done == self.steps else f": {self.done} of {self.steps} steps"
        return page(
            "report/templates/experiment.html",
            title=f"ohmbench: {self.name} on {self.serial}",
            heading=f"{self.name} on {self.serial}{part}",
            about=f"{on_rung(self.about + ';', self.rung)}, begun {self.begun}",
            rung=self.rung,
            rows=self._rows(),
            provenance={"array": self.serial, "rung": self.rung, **self.provenance},
            charts=[chart for chart in self.charts if chart],
            notes=self.notes,
        )

    def _rows(self) -> list[SummaryRow]:
        cells = SummaryRow("Cells", str(len(self.cells)), f"row, column: {_places(self.cells)}")
        return [cells, *(_line(name, value, self.meaning.get(name, "")) for name, value in self.results.items())]

    def save(self, path: Path) -> None:
        """Raises:
        UsageError: the file cannot be written.
        """
        write_result(path, self.html().encode())


_SOME = 20  # values of a list that the page shows
_UNITS = {"v": "V", "usiemens": "µS", "s": "s"}


def _line(name: str, value: Any, meaning: str) -> SummaryRow:
    words = name.split("_")
    unit = _UNITS.get(words[-1], "") if len(words) > 1 else ""
    title, _, about = re.sub(r"[,;] ", "\n", meaning or " ".join(words), count=1).partition("\n")
    title = title[:1].upper() + title[1:]
    if isinstance(value, list):
        some = ", ".join(f"{v:g}" for v in value[:_SOME]) + (", ..." if len(value) > _SOME else "")
        return SummaryRow(title, some or "none", about)
    return SummaryRow(title, "-" if value is None else f"{value:.4g} {unit}".strip(), about)


def _places(cells: Sequence[tuple[int, int]]) -> str:
    """Cells as `--cells` takes them: corner to corner if they fill a block, else one by one."""
    rows, columns = ([cell[i] for cell in cells] for i in (0, 1))
    if not cells:
        return "none"
    first, last = (min(rows), min(columns)), (max(rows), max(columns))
    if len(cells) == (last[0] - first[0] + 1) * (last[1] - first[1] + 1):
        return f"{first[0]},{first[1]}" + (f" to {last[0]},{last[1]}" if len(cells) > 1 else "")
    return "; ".join(f"{row},{column}" for row, column in cells[:_SOME]) + ("; ..." if len(cells) > _SOME else "")
