"""A stand-in for a board that takes bytes as fast as a line of 12 Mbaud carries them: what frames cost the host there.

The simulator's bench runs some twenty times slower than a board, so it wakes the host for each frame by itself, whose
caches are cold by then: five to ten times the time that a frame costs at the line's own pace.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from ohmbench.link.client import Link
from ohmbench.link.codec import Decoder, Frame, encode_frame
from ohmbench.link.transport import SerialTransport
from ohmbench.tables import CLOCK_HZ, COLUMNS, LANES, MAGIC, PROTOCOL_VERSION, ROWS, FrameType

BYTES_A_S = 1_200_000
_PIECE = 512  # what a bridge for USB hands over at once
_SLOTS = 15
_MEMORY_VECTORS = 256
_LEAST_WAIT_S = 1e-4
_INFO = struct.Struct("<4sIIBBBBHHIBB")  # as docs/link.md has it
_STATE_BYTES = 48


class StandIn:
    """Acknowledges frames one by one, answers reads with zeros, and executes nothing."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._taken = self._sent = 0

    def receive(self, data: bytes) -> bytes:
        """The bytes of the answers."""
        return b"".join(encode_frame(answer) for frame in self._decoder.feed(data) for answer in self._answers(frame))

    def _answers(self, frame: Frame) -> Iterator[Frame]:
        if frame.type == FrameType.HELLO:
            self._taken = self._sent = 0
            yield Frame(FrameType.INFO, 0, PROTOCOL_VERSION, _info())
        elif frame.type == FrameType.STATUS:
            yield Frame(FrameType.STATE, 0, 0, bytes(_STATE_BYTES))
        elif frame.numbered and frame.seq == self._taken & 0xFF:
            self._taken += 1
            yield Frame(FrameType.ACK, self._taken & 0xFF, _SLOTS)
            if frame.type == FrameType.READ:
                yield Frame(FrameType.DATA, self._sent & 0xFF, frame.arg, bytes(4 * LANES))
                self._sent += 1


def _info() -> bytes:
    sizes = (ROWS, COLUMNS, 0, _SLOTS, _MEMORY_VECTORS, 1024)
    return _INFO.pack(MAGIC, 0, CLOCK_HZ, *sizes, 1 << 16, 1, COLUMNS)


@contextmanager
def paced_link(baud: int) -> Iterator[Link]:
    """A link to a stand-in in a process of its own, which takes BYTES_A_S.

    Raises:
        LinkError: it does not answer.
    """
    end, device = os.openpty()
    try:
        tty.setraw(device)
        with subprocess.Popen(
            [sys.executable, "-m", __name__, str(end)], pass_fds=[end], stdin=subprocess.DEVNULL
        ) as board:
            try:
                with Link(SerialTransport(os.ttyname(device), baud), baud=baud) as link:
                    yield link
            finally:
                board.terminate()
    finally:
        os.close(end)
        os.close(device)


def serve(end: int) -> None:
    """Answers on the other end of a pty, at the line's pace, until this process is ended."""
    board = StandIn()
    free_s = time.monotonic()  # when the line has carried what was taken
    while True:
        wait_s = free_s - time.monotonic()
        if wait_s > _LEAST_WAIT_S:
            time.sleep(wait_s)
        select.select([end], [], [])
        data = os.read(end, _PIECE)
        free_s = max(free_s, time.monotonic() - _PIECE / BYTES_A_S) + len(data) / BYTES_A_S
        answer = board.receive(data)
        while answer:
            answer = answer[os.write(end, answer) :]


if __name__ == "__main__":
    serve(int(sys.argv[1]))
