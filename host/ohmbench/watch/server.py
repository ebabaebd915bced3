"""Serves the page: to this machine only, and nothing but reading. Changes go to it as server-sent events."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from ohmbench.errors import OhmbenchError, StoreError, UsageError
from ohmbench.support.writer import json_text
from ohmbench.watch.page import html
from ohmbench.watch.state import State, Watcher

HOST = "127.0.0.1"
POLL_S = 0.1
"""From one look at the record's version to the next."""

IDLE_S = 10.0
"""After so long a connection that asks nothing, or takes nothing, is closed."""
STREAMS = 16
CONNECTIONS = 48
"""At a time, streams included: each is a thread of the computer that may run a bench."""

_MOST_DIGITS = 12
_BEAT_S = 5.0  # an empty line so often: a browser that has gone is noticed when it is written to
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"


class WatchServer(ThreadingHTTPServer):
    """An open port of this machine; `serve_forever` answers until `shutdown`.

    Args:
        record: file of the record.
        port: 0 for any that is free.
        run: as `Watcher` takes it.

    Raises:
        UsageError: the port is in use.
        StoreError: the record cannot be read, or has no such run.
    """

    daemon_threads = True

    def __init__(self, record: Path, port: int = 0, run: int | None = None) -> None:
        self.record, self.run = record, run
        self.streams = BoundedSemaphore(STREAMS)
        self._connections = BoundedSemaphore(CONNECTIONS)
        watcher = Watcher.open(record, run)
        try:
            watcher.state()
        finally:
            watcher.close()
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            raise UsageError(
                f"Cannot serve on port {port} of {HOST}: {error.strerror}.", "Give another --http."
            ) from error

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for a connection, if there are not too many."""
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the thread; its place is free again at the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no news either."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """Answers GET of / and /cell (pages), /state (JSON), /changes (a stream of the same) and /convergence (SVG).

    All take ?run=N or ?array=SERIAL; /cell takes ?array=SERIAL&row=R&column=C.
    """

    server: WatchServer
    timeout = IDLE_S  # of every wait for a browser, reading and writing
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        # a page elsewhere whose name was made to point here must not read the record
        name = self.headers.get("Host", "").partition(":")[0]  # browsers leave port 80 out
        asked, self._has_begun = urlsplit(self.path), False
        self._asked = {key: values[-1] for key, values in parse_qs(asked.query).items()}
        if name not in (HOST, "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif asked.path in self._ANSWERS:
            kind, answer = self._ANSWERS[asked.path]
            self._with_watcher(lambda watcher: self._send(kind, answer(self, watcher).encode()))
        elif asked.path == "/changes":
            self._with_slot(self._stream)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    _ANSWERS: ClassVar[dict[str, tuple[str, Callable[[Handler, Watcher], str]]]] = {
        "/": ("text/html; charset=utf-8", lambda self, watcher: self.page(watcher.state())),
        "/state": ("application/json", lambda self, watcher: _json(watcher)),
        "/convergence": ("image/svg+xml", lambda self, watcher: watcher.convergence()),
        "/cell": ("text/html; charset=utf-8", lambda self, watcher: self._cell(watcher)),
    }

    def page(self, state: State) -> str:
        return html(state)

    def _cell(self, watcher: Watcher) -> str:
        return watcher.cell(self._asked.get("array", ""), self._number("row", -1), self._number("column", -1))

    def _number(self, name: str, otherwise: int) -> int:
        """Of the address; what is none is a number that nothing has."""
        said = self._asked.get(name)
        if said is None:
            return otherwise
        return int(said) if said.isdecimal() and said.isascii() and len(said) < _MOST_DIGITS else -1

    def _with_slot(self, answer: Callable[[Watcher], None]) -> None:
        """One of the streams that there may be at a time; a browser asks again by itself."""
        if not self.server.streams.acquire(blocking=False):
            self.close_connection = True
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages watch")
            return
        try:
            self._with_watcher(answer)
        finally:
            self.server.streams.release()

    def _with_watcher(self, answer: Callable[[Watcher], None]) -> None:
        run = self._number("run", 0) or self.server.run
        serial = self._asked.get("array")
        try:
            watcher = Watcher.open(self.server.record, None if serial else run, serial)
        except OhmbenchError:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            answer(watcher)
        except StoreError as error:
            self.close_connection = True  # a stream's browser asks again
            if not self._has_begun:
                self.send_error(HTTPStatus.NOT_FOUND, explain=str(error))
        except (OhmbenchError, OSError):
            self.close_connection = True  # the browser has gone, or asks again
        finally:
            watcher.close()

    def _head(self, kind: str, length: int | None) -> None:
        self._has_begun = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if length is not None:
            self.send_header("Content-Length", str(length))
        else:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send(self, kind: str, data: bytes) -> None:
        self._head(kind, len(data))
        self.wfile.write(data)

    def _stream(self, watcher: Watcher) -> None:
        self.close_connection = True
        self._head("text/event-stream", None)
        beat = time.monotonic()
        while True:
            if watcher.changed():
                self.wfile.write(b"data: " + _json(watcher).encode() + b"\n\n")
                beat = time.monotonic()
            elif time.monotonic() - beat > _BEAT_S:
                self.wfile.write(b":\n\n")
                beat = time.monotonic()
            time.sleep(POLL_S)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are no news."""


def _json(watcher: Watcher) -> str:
    return json_text(watcher.state(), None, separators=(",", ":"))
