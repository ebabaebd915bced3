"""What a release says of itself: version, changes, citation, and the Pythons that it is tried on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ohmbench import __version__

REPO = Path(__file__).resolve().parents[2]
FORMS = sorted([*(REPO / ".github").rglob("*.yml"), REPO / "CITATION.cff"])


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms_and_workflows_are_yaml(path: Path) -> None:
    assert isinstance(loaded(path), dict)


def test_citation_and_core_are_of_the_last_release() -> None:
    """Before the first one, of what it is to be."""
    released = re.findall(r"^## (\d+\.\d+\.\d+) - ", (REPO / "CHANGELOG.md").read_text(), re.MULTILINE)
    version = released[0] if released else __version__.partition(".dev")[0]
    citation = loaded(REPO / "CITATION.cff")
    assert citation["version"] == version
    assert f"name: ohmbench:fpga:ohmbench:{version}\n" in (REPO / "ohmbench.core").read_text()
    assert citation["references"][0]["doi"] == "10.23919/ICS.2025.3597876"


def test_changes_begin_with_those_not_released() -> None:
    sections = re.findall(r"^## (.*)$", (REPO / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sections[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", section) for section in sections[1:])


def test_every_python_that_is_named_is_tried_before_a_release() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    named = [line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert loaded(REPO / ".github/workflows/release.yml")["jobs"]["try"]["strategy"]["matrix"]["python"] == named
