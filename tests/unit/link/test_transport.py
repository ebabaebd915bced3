"""Serial ports: a pty with the model behind it, and what can go wrong on opening one."""

from __future__ import annotations

import errno
import os
import socket
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import serial
from tests.unit.link.fpga_model import ECHO, FpgaModel
from tests.unit.link.on_pty import Board, Pty

from ohmbench.errors import ArrayState, LinkError, PortError, ProtocolError, UsageError
from ohmbench.link import Done, Link, MockTransport, Result, SerialTransport, Transport

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no ptys")


@pytest.fixture
def pty() -> Iterator[Pty]:
    pty = Pty()
    yield pty
    pty.close()


@pytest.fixture
def served(pty: Pty) -> Iterator[Board]:
    board = Board(pty)
    yield board
    board.stop()


@pytest.fixture
def board(served: Board) -> FpgaModel:
    return served.model


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


@pytest.mark.parametrize("after", [0, 1000, 20_000])
def test_a_cable_pulled_in_the_middle_of_an_image_ends_the_link(pty: Pty, served: Board, after: int) -> None:
    link = Link.open(pty.path)
    served.pull_after = after
    start = time.monotonic()

    def write_images() -> None:
        for _ in range(100):
            link.write_vectors(0, np.ones((200, 32), np.uint32))

    with pytest.raises(LinkError, match=r"lost /dev/.*executed in part.* Check the cable") as lost:
        write_images()
    assert lost.value.array is ArrayState.GOES_OFF
    assert time.monotonic() - start < 5
    link.close()


def test_a_cable_pulled_while_results_are_awaited_ends_the_wait(pty: Pty, served: Board) -> None:
    link = Link.open(pty.path)
    link.run(ECHO, [5])
    served.pull_after = 0
    with pytest.raises(LinkError, match="lost /dev/"):
        list(link.events())
    link.close()


@pytest.mark.parametrize("call", [lambda port: port.set_baud(3_000_000), lambda port: port.read(1.0)])
def test_a_cable_pulled_is_no_fault_of_the_rate(call: Callable[[SerialTransport], object]) -> None:
    pty = Pty()
    port = SerialTransport(pty.path)
    pty.close()
    with pytest.raises(LinkError, match="lost /dev/"):
        call(port)
    port.close()


def limited(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the driver of all ports refuse rates above 3 Mbaud."""
    real = serial.Serial._reconfigure_port

    def reconfigure(self: serial.Serial, *rest: object, **named: object) -> None:
        if self._baudrate > 3_000_000:
            raise error
        real(self, *rest, **named)

    monkeypatch.setattr(serial.Serial, "_reconfigure_port", reconfigure)


@pytest.mark.parametrize(
    "error", [ValueError("Failed to set custom baud rate (4000000)"), termios.error(errno.EINVAL, "Invalid argument")]
)
def test_a_rate_that_the_cable_cannot_do(
    pty: Pty, board: FpgaModel, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limited(error, monkeypatch)
    with SerialTransport(pty.path) as port, pytest.raises(UsageError, match="cannot do 4000000 baud"):
        port.set_baud(4_000_000)
    with Link.open(pty.path, baud=6_000_000) as link:
        assert link.baud == 3_000_000
        assert link.read_vectors(0, 4).shape == (4, 32)
    assert "6000000 baud (the port cannot do it), 4000000 baud (the port cannot do it)" in caplog.text


def test_another_protocol_version_behind_a_port(pty: Pty, board: FpgaModel) -> None:
    board.version = 9
    with pytest.raises(ProtocolError, match="version 9, .* Update the host software"):
        Link.open(pty.path)
    SerialTransport(pty.path).close()  # it was let go of


def test_something_else_behind_a_port() -> None:
    with pytest.raises(ProtocolError, match="something answers on loop://, but it is not an ohmbench"):
        Link.open("loop://")


def test_a_second_session_on_a_port_leaves_the_first_one_alone(pty: Pty, board: FpgaModel) -> None:
    with Link.open(pty.path) as link:
        with pytest.raises(PortError, match=r"the port is in use.*Close the other program.*fuser -v PORT"):
            Link.open(pty.path)
        link.write_program(0, [1, 2, 3])
    assert board.program == {0: 1, 1: 2, 2: 3}


def test_the_driver_is_asked_for_low_latency_right_after_opening(pty: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(serial.Serial, "set_low_latency_mode", lambda self, on: asked.append(on), raising=False)
    SerialTransport(pty.path).close()
    assert asked == [True]


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
