"""Options and fixtures that all tests share."""

from __future__ import annotations

import os
import shutil
import signal
import sysconfig
import threading

import pytest
from hypothesis import settings

# the same examples in every run: a red run can be repeated, and a green one stays green; a busy machine is no defect
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# with one process for each core, more threads only wait for each other; numpy reads it when it is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--port", default=None, help="serial port of a real board; tests/hardware is skipped without it")


def pytest_configure(config: pytest.Config) -> None:
    _share_compiled(config)
    _keep_bytecode()
    _take_signals_as_at_a_terminal()


def _share_compiled(config: pytest.Config) -> None:
    """Of what Verilator builds here, its own runtime is most of the work, and always the same: compile it once."""
    ccache = shutil.which("ccache", path=sysconfig.get_path("scripts"))
    if ccache is not None:
        os.environ.setdefault("OBJCACHE", ccache)  # what Verilator's makefiles put before the compiler
        os.environ.setdefault("CCACHE_DIR", str(config.rootpath / "build/ccache"))


def _keep_bytecode() -> None:
    """Hundreds of processes start here, and images of containers often forbid Python to keep what it has compiled.

    Each of them would compile the package again, which takes longer than most commands.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _take_signals_as_at_a_terminal() -> None:
    """Ctrl-C and a hang-up, for the tests that send them: jobs in the background ignore them."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup leaves it ignored, to this process and those that it starts


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
