"""The host side of the serial link: frames, ordered delivery, and the session with a bench."""

from __future__ import annotations

from ohmbench.link.client import Link
from ohmbench.link.messages import BoardInfo, Done, RefusedError, Result, State, Why
from ohmbench.link.runs import RunHandle
from ohmbench.link.trace import Trace
from ohmbench.link.transport import MockTransport, SerialTransport, Transport

__all__ = [
    "BoardInfo",
    "Done",
    "Link",
    "MockTransport",
    "RefusedError",
    "Result",
    "RunHandle",
    "SerialTransport",
    "State",
    "Trace",
    "Transport",
    "Why",
]
