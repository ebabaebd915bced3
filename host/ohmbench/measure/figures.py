"""The figures of the pages that are measured again by `make bench`: which command says each, and where it is quoted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ohmbench.errors import DataError
from ohmbench.support.text_files import TextFileError, read_text

Better = Literal["higher", "lower"]
Verdict = Literal["better", "worse", "as before", "not measured"]


@dataclass(frozen=True)
class Quote:
    """How pages say a figure.

    Attributes:
        form: a format of the number, with enough words around it that it stands in a page once.
        times: what the figure is multiplied by there.
        pages: paths from the repository's root.
    """

    form: str
    times: float
    pages: tuple[str, ...]

    def text(self, value: float) -> str:
        return self.form.format(value * self.times)


@dataclass(frozen=True)
class Figure:
    """One figure and what it was when it was committed.

    Attributes:
        name: in the file of figures.
        command: of ohmbench, which prints it with --json.
        key: of the figure there.
        spread: relative; within it, runs of the same code differ. Figures by the FPGA's clock have little.
    """

    name: str
    command: str
    key: str
    unit: str
    better: Better
    spread: float
    value: float
    quote: Quote | None

    def verdict(self, measured: float | None) -> Verdict:
        """What a new value is, against the committed one."""
        if measured is None:
            return "not measured"
        gain = (measured - self.value) * (1 if self.better == "higher" else -1)
        if abs(gain) <= self.spread * abs(self.value):
            return "as before"
        return "better" if gain > 0 else "worse"


def load_figures(path: Path) -> list[Figure]:
    """The figures of a file such as docs/figures.json.

    Raises:
        DataError: it cannot be read, or is none.
    """
    try:
        return [_figure(name, entry) for name, entry in json.loads(read_text(path)).items()]
    except (TextFileError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not a file of figures: {error!r}.") from error


def _figure(name: str, entry: dict[str, Any]) -> Figure:
    quoted = entry.get("quoted")
    quote = None if quoted is None else Quote(quoted["as"], float(quoted["times"]), tuple(quoted["in"]))
    if entry["better"] not in ("higher", "lower"):
        raise ValueError(f"{name}: better is higher or lower")
    return Figure(
        name=name,
        command=entry["command"],
        key=entry.get("key", name),
        unit=entry["unit"],
        better=entry["better"],
        spread=float(entry["spread"]),
        value=float(entry["value"]),
        quote=quote,
    )


def table(figures: Iterable[Figure], measured: dict[str, float]) -> str:
    """Every figure as committed and as measured, and what became of it."""
    lines = [f"{'figure':26} {'committed':>12} {'measured':>12}  "]
    for figure in figures:
        value = measured.get(figure.name)
        said = "-" if value is None else f"{value:.5g}"
        lines.append(f"{figure.name:26} {figure.value:12.5g} {said:>12}  {figure.verdict(value)}")
    return "\n".join(lines)


def requote(text: str, figure: Figure, measured: float) -> str:
    """A page with the new value of a figure in the place of the committed one.

    Raises:
        DataError: the page does not say the committed one, once.
    """
    assert figure.quote is not None
    old = figure.quote.text(figure.value)
    if text.count(old) != 1:
        raise DataError(f"The page has {old!r} {text.count(old)} times, not once: {figure.name} was not written there.")
    return text.replace(old, figure.quote.text(measured))
