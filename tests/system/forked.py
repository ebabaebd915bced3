"""`ohmbench` commands by fork, for tests that start hundreds of them: each saves the imports, 0.2 s of CPU."""

from __future__ import annotations

import atexit
import functools
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# Read when a command needs them. Python or a library may read any other when it is imported.
_READ_LATE = {"PATH", "MAKEFLAGS"}
_READ_LATE_PREFIXES = ("OHMBENCH_", "PYTEST_")


def can_fork(environment: dict[str, str]) -> bool:
    """Whether a fork is the same as a start in this environment."""
    differ = {name for name, _ in environment.items() ^ server().environment.items()} - _READ_LATE
    return all(name.startswith(_READ_LATE_PREFIXES) for name in differ)


def run(arguments: list[str], environment: dict[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """As subprocess.run of `python -m ohmbench ...` with capture_output and text."""
    reading, writing = zip(*(os.pipe() for _ in range(3)), strict=True)
    report, *outputs = reading
    got = dict.fromkeys(reading, b"")
    asked = {"arguments": arguments, "environment": environment, "folder": str(Path.cwd())}
    deadline = time.monotonic() + timeout_s
    socket.send_fds(server().requests, [json.dumps(asked).encode()], [writing[0], 0, *writing[1:]])
    for descriptor in writing:
        os.close(descriptor)
    got[report] = os.read(report, 64)  # its pid, and perhaps its end
    with selectors.DefaultSelector() as waiting:
        for descriptor in reading:
            waiting.register(descriptor, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                pid, *end = got[report].split()
                if not end:
                    os.kill(int(pid), signal.SIGKILL)
                raise subprocess.TimeoutExpired(["ohmbench", *arguments], timeout_s)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                got[key.fd] += data
                if not data:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
    code = os.waitstatus_to_exitcode(int(got[report].split()[1]))
    # as text=True reads it
    said = (io.TextIOWrapper(io.BytesIO(got[output])).read() for output in outputs)
    return subprocess.CompletedProcess(["ohmbench", *arguments], code, *said)


@dataclass(frozen=True)
class Server:
    """A process that forks the commands of this one, and ends when this one does."""

    requests: socket.socket
    environment: dict[str, str]


@functools.cache
def server() -> Server:
    """Starts it, in the environment of now, when it is asked for first."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # no thread may be there at a fork
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    line = [sys.executable, Path(__file__).with_name("fork_server.py")]
    with theirs:
        process = subprocess.Popen(line, stdin=theirs, stdout=subprocess.DEVNULL, env=environment)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return Server(ours, environment)
