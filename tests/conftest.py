"""Options and fixtures that all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

# the same examples in every run: a red run can be repeated, and a green one stays green; a busy machine is no defect
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--port", default=None, help="serial port of a real board; tests/hardware is skipped without it")


@pytest.fixture
def port(request: pytest.FixtureRequest) -> str:
    """The port given with --port; a test that asks for it is skipped when there is none."""
    name = request.config.getoption("--port")
    if name is None:
        pytest.skip("needs a board: give its port with --port")
    return str(name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip all of tests/hardware without a board, fixtures or not."""
    if config.getoption("--port") is not None:
        return
    for item in items:
        if (config.rootpath / "tests/hardware") in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="needs a board: give its port with --port"))
