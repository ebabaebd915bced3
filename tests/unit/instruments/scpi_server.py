"""One of the instruments of instruments.yaml behind a socket, so that other processes see the same one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyvisa.rname import to_canonical_name
from pyvisa_sim.parser import get_devices

DEFINITIONS = Path(__file__).parent / "instruments.yaml"


class ScpiServer:
    """Attributes:
    address: its VISA address.
    heard: time (`time.monotonic`) and text of each command.
    readings: what a meter reads, one after another.
    is_deaf: questions get no answer; commands are done.
    """

    def __init__(self, resource: str) -> None:
        self._device = get_devices(DEFINITIONS, False)[to_canonical_name(resource)]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"TCPIP::127.0.0.1::{self._listener.getsockname()[1]}::SOCKET"
        self.heard: list[tuple[float, str]] = []
        self.readings: list[float] = []
        self.is_deaf = False
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                self.heard.append((time.monotonic(), line.decode().strip()))
                if line.startswith(b"READ?") and self.readings:
                    self._device.write(f"SIM:READING {self.readings.pop(0)}\n".encode())
                self._device.write(line)
                if b"?" in line and not self.is_deaf:
                    connection.sendall(self._response())

    def _response(self) -> bytes:
        response, ended = b"", False
        while not ended:
            byte, ended = self._device.read()
            response += byte
        return response

    def close(self) -> None:
        self._listener.close()

    def commands(self, start: str) -> list[tuple[float, str]]:
        """What was heard that starts so."""
        return [(at, text) for at, text in self.heard if text.startswith(start)]


@contextmanager
def serving(resource: str) -> Iterator[ScpiServer]:
    """An instrument that other processes can open."""
    server = ScpiServer(resource)
    try:
        yield server
    finally:
        server.close()
