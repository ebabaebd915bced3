"""Signals that end this program: all of them go Ctrl-C's way, which turns the array off and records what was done.

`kill`, a logout, a service manager and a lost ssh connection say SIGTERM or SIGHUP, for which Python would end at once
and leave the array to its watchdog. A script's job in the background inherits SIGINT ignored, and nothing would end it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

GRACE_S = 3.0
"""For so long after a signal the next ones change nothing: service managers and terminals send two at once, and the
second must not end what the first one has begun, which is to turn the array off."""


class EndedError(KeyboardInterrupt):
    """A signal asked this program to end.

    Attributes:
        exit_code: 128 and the signal's number, as shells have it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def taken_as_interrupts() -> Iterator[None]:
    """Within this, SIGINT, SIGTERM and SIGHUP raise EndedError, whatever this process inherited.

    Except SIGHUP where it is ignored: that is `nohup`, with which somebody asked that a logout changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():  # only that one may; it has done so
        yield
        return
    quiet_until = 0.0

    def end(number: int, frame: object) -> None:
        nonlocal quiet_until
        if time.monotonic() >= quiet_until:
            quiet_until = time.monotonic() + GRACE_S
            raise EndedError(number)

    before = {number: signal.getsignal(number) for number in _ENDING}
    if hasattr(signal, "SIGHUP") and before[signal.SIGHUP] == signal.SIG_IGN:
        del before[signal.SIGHUP]
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
