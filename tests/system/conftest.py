"""Fixtures of the tests that run the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.system import forked
from tests.system.command_line import as_json

from ohmbench.mapping.image import WeightImage
from ohmbench.model.simulator import build


@pytest.fixture(scope="session", autouse=True)
def _environment_of_forks() -> None:
    """That of all tests, not what one of them sets for itself."""
    forked.server()


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits' network: five arrays."""
    path = tmp_path_factory.mktemp("map") / "digits.ohmw"
    summary = as_json("map", "-o", path)
    assert summary["images"] == WeightImage.load(path).images == 5
    assert summary["accuracy_quantised"] > 0.9
    return path


@pytest.fixture(scope="session")
def executable() -> Path:
    """The simulator, so that no command has to build it."""
    return build()
