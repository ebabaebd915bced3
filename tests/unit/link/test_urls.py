"""A URL works wherever a port does: benches behind a terminal server."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import serial
from serial.rfc2217 import PortManager
from tests.unit.link.on_pty import Board, Pty

from ohmbench.bench.opening import open_bench
from ohmbench.link import Link

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no ptys")

Bytes = Callable[[bytes], bytes]


class _PtyPort(serial.Serial):  # type: ignore[misc]
    """A pty has no modem lines."""

    cts = dsr = ri = cd = property(lambda self: False)

    def _update_dtr_state(self) -> None: ...
    def _update_rts_state(self) -> None: ...


class _Sender:
    """What `PortManager` needs of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def _relay(server: socket.socket, port: serial.Serial, speaks_rfc2217: bool) -> None:
    """Serve one host as ser2net does, until it closes the connection."""
    connection, _ = server.accept()
    with connection:
        manager = PortManager(port, _Sender(connection)) if speaks_rfc2217 else None
        connection.settimeout(0.002)
        while True:
            with contextlib.suppress(TimeoutError):
                data = connection.recv(4096)
                if not data:
                    return
                port.write(b"".join(manager.filter(data)) if manager else data)
            answer = port.read(port.in_waiting)
            if answer:
                connection.sendall(b"".join(manager.escape(answer)) if manager else answer)


@contextmanager
def terminal_server(path: str, scheme: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server, _PtyPort(path, 115200, timeout=0) as port:
        thread = threading.Thread(target=_relay, args=(server, port, scheme == "rfc2217"))
        thread.start()
        yield f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def board() -> Iterator[tuple[Pty, Board]]:
    pty = Pty()
    board = Board(pty)
    yield pty, board
    board.stop()
    pty.close()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's handler of rfc2217
@pytest.mark.parametrize(("scheme", "baud"), [("socket", 115200), ("rfc2217", 1_000_000)])
def test_a_session_over_a_url(scheme: str, baud: int, board: tuple[Pty, Board]) -> None:
    """A plain socket has no way to change the rate of the line behind it, so the link stays at the default one."""
    vectors = np.arange(64 * 32).reshape(64, 32)
    with terminal_server(board[0].path, scheme) as url, Link.open(url, baud=1_000_000) as link:
        assert link.baud == baud
        link.write_vectors(0, vectors)
        assert np.array_equal(link.read_vectors(0, 64), vectors)


def test_a_bench_at_a_url(board: tuple[Pty, Board]) -> None:
    with terminal_server(board[0].path, "socket") as url, open_bench(url) as bench:
        assert bench.info.rung == "board"
        assert bench.info.port == url
        assert not bench.state().armed
