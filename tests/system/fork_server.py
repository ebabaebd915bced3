"""Starts `ohmbench` commands by fork, from a process that has imported the package, which takes longer than most.

A script, which tests/system/forked.py talks to through the socket on its stdin. A command is a process of its own, with
its arguments, environment, folder and streams, one thread, and Python's own end, as `python -m ohmbench` gives it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

# What all commands use, and no more: pyarrow and scikit-learn start threads, which a fork would lose.
for package in ("ohmbench.cli", "ohmbench.operations"):
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)
gc.collect()
gc.freeze()  # else each command looks through all this again when it ends, which takes three times as long as the rest
assert len(list(Path("/proc/self/task").iterdir())) == 1


def serve(requests: socket.socket) -> None:
    """Returns in the process of each command; this one ends with the tests."""
    while True:
        asked, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 4)
        with contextlib.suppress(ChildProcessError):  # there is none
            while os.waitpid(-1, os.WNOHANG)[0]:  # so that `time make test` has their times
                pass
        if not asked:
            os._exit(0)
        if os.fork() == 0:  # it waits, so that commands may run side by side
            requests.close()
            return begin(json.loads(asked), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def begin(asked: dict[str, Any], report: int, *streams: int) -> None:
    """Fork, report the pid and how it ended; returns in the new process, made ready."""
    if pid := os.fork():
        for stream in streams:
            os.close(stream)
        os.write(report, b"%d " % pid)
        os.write(report, b"%d" % os.waitpid(pid, 0)[1])
        os._exit(0)
    os.close(report)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    if not sys.flags.safe_path:
        sys.path[0] = str(asked["folder"])
    sys.argv[1:] = asked["arguments"]


with socket.socket(fileno=os.dup(0)) as requests:
    serve(requests)
runpy.run_module("ohmbench", run_name="__main__", alter_sys=True)
