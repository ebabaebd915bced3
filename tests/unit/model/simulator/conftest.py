"""A simulator around a loopback instead of the bench: its own behaviour, without the RTL's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial

from ohmbench.model import simulator
from ohmbench.model.simulator import Simulator

REPO = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def loopback_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A resource root that holds the repository's sim/ with a loopback in place of the bench."""
    root = tmp_path_factory.mktemp("loopback")
    (root / "fpga/rtl").mkdir(parents=True)
    (root / "sim").mkdir()
    (root / "fpga/carriers").mkdir()
    shutil.copy2(REPO / "fpga/carriers/carriers.toml", root / "fpga/carriers")
    shutil.copytree(REPO / "sim/array", root / "sim/array")
    for path in [
        *REPO.glob("sim/*.cpp"),
        *REPO.glob("sim/*.h"),
        *REPO.glob("tests/unit/model/simulator/loopback/*.sv"),
    ]:
        shutil.copy2(path, root / "sim" / path.name)
    return root


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def loopback(loopback_root: Path) -> Path:
    """The loopback's executable, built once and kept in build/."""
    with environment(XDG_CACHE_HOME=str(REPO / "build/loopback")):
        return simulator.build(root=loopback_root)


class Client:
    """A plain serial program."""

    def __init__(self, port: str) -> None:
        self.port = serial.Serial(port, 115200, timeout=5, write_timeout=5)

    def echo(self, data: bytes) -> bytes:
        self.port.write(data)
        return bytes(self.port.read(len(data)))

    def go_fast(self) -> None:
        """To 12 Mbaud, 4 clocks a bit, the fastest that the bench negotiates."""
        assert self.echo(b"\xa5") == b"\xa5"
        self.port.baudrate = 12_000_000


Start = Callable[..., tuple[Simulator, Client]]


@pytest.fixture
def start(loopback: Path) -> Iterator[Start]:
    """Starts simulators with a client each; what still runs at the end of the test is stopped."""
    started: list[tuple[Simulator, Client]] = []

    def start_one(**options: Any) -> tuple[Simulator, Client]:
        running = Simulator(executable=loopback, **options)
        started.append((running, Client(running.port)))
        return started[-1]

    yield start_one
    for running, client in started:
        client.port.close()
        running.stop()


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


__all__ = ["REPO", "Client", "Start", "alive", "environment"]
