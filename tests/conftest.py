"""Options and fixtures that all tests share."""

from __future__ import annotations

import signal
import threading

import pytest
from hypothesis import settings

# the same examples in every run: a red run can be repeated, and a green one stays green; a busy machine is no defect
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--port", default=None, help="serial port of a real board; tests/hardware is skipped without it")


def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C as at a terminal, for the tests that press it: a script's job in the background inherits it ignored."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
