"""Serial ports: a pty with the model behind it, and what can go wrong on opening one."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ohmbench.errors import LinkError, PortError
from ohmbench.link import Done, Link, MockTransport, Result, SerialTransport, Transport

from .fpga_model import ECHO, FpgaModel

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no ptys")


class Pty:
    """A pty; `path` is what the host opens, `end` the descriptor of the other side."""

    def __init__(self) -> None:
        self.end, self._kept = os.openpty()
        self.path = os.ttyname(self._kept)

    def close(self) -> None:
        os.close(self.end)
        os.close(self._kept)


@pytest.fixture
def pty() -> Iterator[Pty]:
    pty = Pty()
    yield pty
    pty.close()


@pytest.fixture
def board(pty: Pty) -> Iterator[FpgaModel]:
    """A model of the FPGA that answers on the pty until the test ends."""
    model = FpgaModel(time.monotonic, frames_a_step=4)
    quit_read, quit_write = os.pipe()

    def serve() -> None:
        while True:
            ready, _, _ = select.select([pty.end, quit_read], [], [], 0.02)
            if quit_read in ready:
                return
            answer = model.receive(os.read(pty.end, 4096)) if ready else model.tick()
            model.rest_of_rate_change()
            while answer:
                answer = answer[os.write(pty.end, answer) :]

    thread = threading.Thread(target=serve)
    thread.start()
    yield model
    os.write(quit_write, b"q")
    thread.join()
    os.close(quit_read)
    os.close(quit_write)


def test_a_session_over_a_pty(pty: Pty, board: FpgaModel) -> None:
    vectors = np.random.default_rng(1).integers(0, 256, (500, 32)).astype(np.uint8)
    with Link.open(pty.path, baud=3_000_000) as link:
        assert link.baud == 3_000_000
        link.write_vectors(0, np.arange(64 * 32).reshape(64, 32))
        assert np.array_equal(link.read_vectors(0, 64), np.arange(64 * 32).reshape(64, 32))
        link.run(ECHO, [len(vectors)])
        link.send_vectors(vectors)
        *results, done = link.events()
    assert isinstance(done, Done)
    words = np.concatenate([result.words for result in results if isinstance(result, Result)])
    assert np.array_equal(words.reshape(-1, 32), vectors)
    assert board.baud == 115200


def test_bytes_go_both_ways_and_reads_wait_no_longer_than_told(pty: Pty) -> None:
    with SerialTransport(pty.path) as port:
        port.write(bytes(range(256)))
        assert os.read(pty.end, 1000) == bytes(range(256))
        os.write(pty.end, bytes(range(256)))
        assert port.read(1.0) == bytes(range(256))
        start = time.monotonic()
        assert port.read(0.05) == b""
        assert 0.04 < time.monotonic() - start < 1.0
        port.set_baud(12_000_000)
        assert port.baud == 12_000_000


def test_a_second_opener_is_told_that_the_port_is_in_use(pty: Pty) -> None:
    with SerialTransport(pty.path), pytest.raises(PortError, match=r"the port is in use.*Close the other program"):
        SerialTransport(pty.path)
    SerialTransport(pty.path).close()


def test_a_port_that_does_not_exist() -> None:
    with pytest.raises(PortError, match=r"/dev/no_such_port: no such port.*plugged in"):
        Link.open("/dev/no_such_port")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may open everything")
def test_a_port_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.touch()
    path.chmod(0)
    with pytest.raises(PortError, match=r"no permission.*dialout"):
        SerialTransport(str(path))


def test_no_permission_is_told_from_in_use(pty: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root passes every check of the file system, so the system's answer is put in its place.
    real = os.open

    def denied(path: str, flags: int, *rest: int) -> int:
        if path == pty.path:
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(PortError, match=r"no permission.*dialout"):
        SerialTransport(pty.path)


@pytest.mark.parametrize("name", ["/dev/null", __file__, "nonsense://x"])
def test_what_is_not_a_serial_port(name: str) -> None:
    with pytest.raises(PortError, match="not a serial port"):
        SerialTransport(name)


def test_nobody_listens_at_a_url() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(PortError, match="nothing listens there"):
            SerialTransport(f"socket://127.0.0.1:{unused.getsockname()[1]}")


def test_a_port_that_vanishes_ends_the_link() -> None:
    pty = Pty()
    port = SerialTransport(pty.path)
    pty.close()
    with pytest.raises(LinkError, match="lost /dev/"):
        port.read(1.0)
    with pytest.raises(LinkError, match="lost /dev/"):
        port.write(b"x")
    port.close()
    port.close()


def test_a_handler_without_a_descriptor_reads_too() -> None:
    with SerialTransport("loop://") as port:
        port.write(b"bytes")
        assert port.read(1.0) == b"bytes"
        assert port.read(0.01) == b""


def test_the_mock_answers_and_closes() -> None:
    waits: list[float] = []
    with MockTransport(bytes.upper, waits.append) as mock:
        mock.write(b"abc")
        mock.push(b"!")
        assert mock.read(1.0) == b"ABC!"
        assert mock.read(0.5) == b""
    assert waits == [0.5]
    assert mock.closed


def test_a_transport_needs_all_its_methods() -> None:
    assert Transport.__abstractmethods__ == {"read", "write", "set_baud", "close"}
