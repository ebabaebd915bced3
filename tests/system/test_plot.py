"""The ten plots of docs/gallery.md: each by one command, as a picture that stands alone and its numbers."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.system.command_line import as_json, refused, run

from ohmbench.errors import StoreError, UsageError
from ohmbench.operations.plot import KINDS

SWEEP = """
[[grid]]
network = "digits-64-10"
images = 40
method = ["pairs", "lossless"]
array_seed = [1, 2]
"""
SOURCES = {"iv": "6", "retention": "7", "endurance": "8", "accuracy": "s.sqlite", "loss": "s.sqlite", "wear": "W1"}


@pytest.fixture(scope="module")
def lab(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs 1 to 5 are of `infer`, 6 to 8 of experiments; and results of a sweep."""
    folder = tmp_path_factory.mktemp("lab")
    array: list[str | Path] = ["--port", "twin", "--array", folder / "W1.ohma", "--lab", folder]
    as_json("infer", image, "--images", "50", *array)
    for name in ("iv", "retention", "endurance"):
        as_json("experiment", name, "--cells", "0,0:0,3", *array)
    (folder / "s.toml").write_text(SWEEP)
    run("sweep", folder / "s.toml", "--jobs", "1")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_every_plot(lab: Path, kind: str, tmp_path: Path) -> None:
    source = SOURCES.get(kind, "5")
    given = lab / source if source.endswith(".sqlite") else source
    said = as_json("plot", kind, given, "--lab", lab, "-o", tmp_path / "x.svg")
    assert [said["svg"], said["csv"]] == [str(tmp_path / "x.svg"), str(tmp_path / "x.csv")]
    picture = ElementTree.parse(tmp_path / "x.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    marks = [part for part in picture.iter() if part.tag.rpartition("}")[2] in ("path", "circle", "rect")]
    assert len(marks) > 5
    with (tmp_path / "x.csv").open() as file:
        head, *lines = csv.reader(file)
    assert len(lines) > 1
    assert {len(line) for line in lines} == {len(head)}
    if kind == "confusion":
        assert sum(int(line[2]) for line in lines) == 50
    if kind == "wear":
        assert sum(int(line[2]) for line in lines) > 1000


def test_a_sweep_has_a_confusion_matrix_too(lab: Path, tmp_path: Path) -> None:
    as_json("plot", "confusion", lab / "s.sqlite", "-o", tmp_path / "x.svg")
    with (tmp_path / "x.csv").open() as file:
        assert sum(int(line["images"]) for line in csv.DictReader(file)) == 2 * 40  # over the seeds of a setting


def test_what_cannot_be_drawn_is_refused(lab: Path, tmp_path: Path) -> None:
    out = ["--lab", lab, "-o", tmp_path / "x.svg"]
    assert "did you mean 'yield'" in refused(UsageError.exit_code, "plot", "yeild", "5", *out)
    assert "run 6 has nothing to draw as yield" in refused(UsageError.exit_code, "plot", "yield", "6", *out)
    assert "run 5 has nothing to draw as iv" in refused(UsageError.exit_code, "plot", "iv", "5", *out)
    assert "is not a number" in refused(UsageError.exit_code, "plot", "iv", "W1", *out)
    assert "written as .svg" in refused(UsageError.exit_code, "plot", "iv", "6", "-o", tmp_path / "x.png")
    assert "has no run 99" in refused(StoreError.exit_code, "plot", "iv", "99", *out)
    assert not list(tmp_path.iterdir())
