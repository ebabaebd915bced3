"""The figures of the pages: as docs/figures.json has them, and what `make bench` says of new ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ohmbench.cli.command_line import make_parser
from ohmbench.errors import DataError
from ohmbench.measure.figures import Figure, Quote, load_figures, requote, table
from ohmbench.operations import bench_figures
from ohmbench.operations.bench_figures import FIGURES, measure, update
from ohmbench.progress import Progress

REPO = Path(__file__).resolve().parents[3]
FIGURE = Figure("cells_per_s", "measure program", "cells_per_s", "cells/s", "higher", 0.01, 66_620.0, None)


@pytest.mark.parametrize("figure", load_figures(REPO / FIGURES), ids=lambda figure: figure.name)
def test_pages_say_the_figures_of_the_file(figure: Figure) -> None:
    make_parser().parse_args([*figure.command.split(), "--json"])
    for page in figure.quote.pages if figure.quote else ():
        text = (REPO / page).read_text(encoding="utf-8")
        assert text.count(figure.quote.text(figure.value)) == 1, page


@pytest.mark.parametrize(
    ("better", "measured", "verdict"),
    [
        ("higher", 66_000.0, "as before"),
        ("higher", 65_000.0, "worse"),
        ("higher", 70_000.0, "better"),
        ("lower", 65_000.0, "better"),
        ("lower", 70_000.0, "worse"),
        ("lower", None, "not measured"),
    ],
)
def test_a_new_value_is_better_worse_or_the_same(better: str, measured: float | None, verdict: str) -> None:
    figure = Figure("f", "measure program", "f", "", better, 0.01, 66_620.0, None)  # type: ignore[arg-type]
    assert figure.verdict(measured) == verdict
    assert verdict in table([figure], {} if measured is None else {"f": measured})


def test_what_was_measured_goes_into_the_file_and_the_pages(tmp_path: Path) -> None:
    entry = {"command": "c", "unit": "", "better": "higher", "spread": 0, "value": 66_620.0}
    quoted = {"as": "{:.0f},000 cells/s", "times": 0.001, "in": ["page.md"]}
    (tmp_path / "docs").mkdir()
    (tmp_path / FIGURES).write_text(json.dumps({"speed": entry | {"quoted": quoted}, "other": entry}))
    (tmp_path / "page.md").write_text("| speed | 67,000 cells/s |")
    update(load_figures(tmp_path / FIGURES), {"speed": 101_300.0}, tmp_path)
    assert (tmp_path / "page.md").read_text() == "| speed | 101,000 cells/s |"
    assert [figure.value for figure in load_figures(tmp_path / FIGURES)] == [101_300.0, 66_620.0]


def test_a_page_that_says_something_else_is_left_alone(tmp_path: Path) -> None:
    figure = Figure("f", "c", "f", "", "higher", 0.0, 1.0, Quote("{:.1f} ms", 1.0, ("page.md",)))
    for page in ("2.0 ms", "1.0 ms and 1.0 ms"):
        with pytest.raises(DataError, match="not once"):
            requote(page, figure, 3.0)


@pytest.mark.parametrize("text", ["", "[]", '{"f": {}}', '{"f": {"command": "c", "unit": "", "better": "both"}}'])
def test_a_file_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text(text)
    with pytest.raises(DataError, match="is not a file of figures"):
        load_figures(tmp_path / "figures.json")


def test_a_command_that_fails_is_told_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "ohmbench"
    command.write_text('#!/bin/sh\nif [ "$1" = good ]; then echo \'{"f": 2}\'; else echo "no MNIST" >&2; exit 3; fi\n')
    command.chmod(0o755)
    monkeypatch.setattr(bench_figures.sys, "executable", str(tmp_path / "python"))
    figures = [Figure(name, name, "f", "", "higher", 0.0, 1.0, None) for name in ("good", "bad")]
    assert measure(figures, Progress(quiet=True)) == ({"good": 2.0}, {"bad": "no MNIST"})
