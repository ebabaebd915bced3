"""Tables of shaded numbers: confusion matrices, and accuracy over two settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ohmbench.report.ink import RIGHT, WRONG, Colour, ink_on, shade
from ohmbench.support.array_types import IntArray


@dataclass(frozen=True)
class Square:
    """A number on its ground; "": none."""

    text: str
    ground: str
    ink: str


@dataclass(frozen=True)
class ShadedRow:
    """A row: its name, its squares and what stands at its end."""

    name: str
    squares: Sequence[Square]
    end: str = ""


@dataclass(frozen=True)
class Shades:
    """A table, as the macro `shaded` of report/templates/parts.html shows it; `ends_name` heads the last column."""

    name: str
    columns: Sequence[str]
    rows: Sequence[ShadedRow]
    corner: str = ""
    ends_name: str = ""

    @property
    def ends(self) -> bool:
        """Whether rows have something at their end."""
        return bool(self.ends_name)


def confusion_shades(counts: IntArray, name: str = "Confusion matrix") -> Shades:
    """Counts (classes, classes), row = label, column = prediction; the page's script saves it as files."""
    most = max(1, int(counts.max(initial=1)))
    rows = []
    for label, row in enumerate(counts.tolist()):
        squares = []
        for predicted, count in enumerate(row):
            colour, opacity = (RIGHT if predicted == label else WRONG), shade(count, most, predicted == label)
            squares.append(square(str(count or ""), colour, opacity))
        share = f"{100 * row[label] / sum(row):.0f} %" if sum(row) else ""
        rows.append(ShadedRow(str(label), squares, share))
    return Shades(name, [str(c) for c in range(len(counts))], rows, ends_name="right")


def confusion_tables(counts: Mapping[str, IntArray]) -> dict[str, Shades]:
    """Tables of several, by what they are of."""
    return {name: confusion_shades(one, f"Confusion matrix, {name.lower()}") for name, one in counts.items()}


def square(text: str, colour: Colour, opacity: float) -> Square:
    """A text on a colour over white, in black or white."""
    ground = f"rgba({','.join(map(str, colour))},{opacity:.2f})"
    return Square(text, ground, ink_on(colour, opacity))
