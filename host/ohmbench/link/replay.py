"""Sends what a traced host sent to another bench, and says where that one answers differently; for reports of defects.

Each frame of the host leaves again in the order of the trace, but not before the FPGA has again said what it had said
by then. Acknowledges are given afresh, since the FPGA may cut its results into other frames. Compared is what does not
depend on the pace of line and host: the numbered frames of each session, as one stream of answers (`data`, `error`) and
one of results (each word, each `done`). A damaged line in the trace does no harm: what the host sent twice is a
duplicate again. What the FPGA says beyond a session's last line in the trace is not compared, since it need not have
reached that host. A program that was aborted in the middle may have got further here, and so may relaxation,
which goes by bench time.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ohmbench.errors import ArrayState, DataError, OhmbenchError, ProtocolError
from ohmbench.link.codec import Decoder, Frame, encode_frame
from ohmbench.link.messages import Result, without_session
from ohmbench.link.packing import RESULT_SIZES
from ohmbench.link.trace import Record, read_trace
from ohmbench.link.transport import SerialTransport, Transport
from ohmbench.support.words import counted
from ohmbench.tables import PROTOCOL_VERSION, FrameType, Register

_KEEPALIVE_S = 0.1  # feeds the guard's watchdog where the traced host did so in time that is now shorter
_POLL_S = 0.05
_SETTLE_S = 0.01  # after a change of the rate, for what the host waited then
_HALF = 128
_CREDITS = 64
_HELLO_S = 0.3
_STATUS = Frame(FrameType.STATUS)
_HELLO = Frame(FrameType.HELLO, 0, PROTOCOL_VERSION)


@dataclass(frozen=True)
class Outcome:
    """How a replay went.

    Attributes:
        frames_sent: of the traced host.
        compared: words and frames of the FPGA that came as in the trace.
        difference: the first one, in words, or None.
        notes: what differs and need not matter.
    """

    frames_sent: int
    compared: int
    difference: str | None
    notes: tuple[str, ...]

    def summary(self) -> dict[str, Any]:
        return asdict(self)

    def describe(self) -> str:
        end = self.difference or "the bench answered as in the trace"
        return "\n".join([f"{self.frames_sent} frames sent, {self.compared} answers compared", *self.notes, end])


def replay(
    trace: str | Path,
    port: Transport | str,
    *,
    patience_s: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Replays a trace on a bench that is as the traced one was at the start: fresh, with the same array.

    A board's array gets every pulse of the trace again, and no record knows of it: `ohmbench replay` refuses a board.

    Args:
        trace: file of `Trace`.
        port: where the bench is; left open if it was open.
        patience_s: longest wait for anything that the traced FPGA had said; then that is the difference.
        clock: seconds, monotonic.

    Raises:
        DataError: the file is no trace, damaged, or of another protocol version.
        PortError, LinkError: the port cannot be opened, or was lost.
    """
    if isinstance(port, Transport):
        return _Replay(port, clock, patience_s).run(trace)
    with SerialTransport(port) as transport:
        return _Replay(transport, clock, patience_s).run(trace)


class _Listener:
    """What a host knows of the FPGA from the frames it hears."""

    def __init__(self) -> None:
        self.items: dict[str, deque[str]] = {}
        self.info: Frame | None = None
        self.start()

    def start(self) -> None:
        """A `hello` was sent."""
        self.items = {"answers": deque(), "results": deque()}
        self.greeted = self.answered = False
        self.acked = 0  # numbered frames of the host, since the start
        self.limit = 0
        self.expected = 0
        self.owes_ack = False

    def hear(self, frame: Frame) -> None:
        if frame.type == FrameType.INFO:
            if not self.greeted:
                self.limit = frame.payload[15] if len(frame.payload) > 15 else 1
            self.greeted, self.info, self.expected = True, frame, 0
        elif not self.greeted:
            return
        elif frame.type in (FrameType.ACK, FrameType.NAK):
            ahead = (frame.seq - self.acked) & 0xFF
            if ahead < _HALF:
                self.acked += ahead
                self.limit = self.acked + frame.arg
        elif frame.type == FrameType.STATE:
            self.answered = True
        elif frame.numbered:
            self.owes_ack = True
            if frame.seq == self.expected:
                self.expected = (self.expected + 1) & 0xFF
                self._keep(frame)

    def _keep(self, frame: Frame) -> None:
        if frame.type in RESULT_SIZES:
            with suppress(ProtocolError):
                result = Result.parse(frame)
                numbered = enumerate(result.words.tolist(), result.first)
                self.items["results"] += [f"word {n & 0xFFFF}: {word:#010x}" for n, word in numbered]
                return
        kind = "answers" if frame.type in (FrameType.DATA, FrameType.ERROR) else "results"
        self.items[kind].append(str(frame._replace(seq=0)))


class _Replay:
    def __init__(self, transport: Transport, clock: Callable[[], float], patience_s: float) -> None:
        self._transport = transport
        self._clock = clock
        self._patience_s = patience_s
        self._decoder = Decoder()
        self._then, self._now = _Listener(), _Listener()  # the traced FPGA and this one
        self._sent = self._compared = self._damaged = 0
        self._beat = 0.0
        self._difference: str | None = None
        self._at = ""

    def run(self, trace: str | Path) -> Outcome:
        try:
            for number, record in enumerate(read_trace(trace), 2):
                self._at = f"{trace}, line {number}, {record.t_s:.6f} s"
                self._step(record)
                if self._difference is not None:
                    break
            else:
                self._wait_for_trace()
        except OhmbenchError as error:
            if error.array is None:
                error.array = ArrayState.UNKNOWN if self._sent else ArrayState.UNTOUCHED
            raise
        return Outcome(self._sent, self._compared, self._difference, tuple(self._notes()))

    def _step(self, record: Record) -> None:
        if record.what == "damaged":
            self._damaged += record.way == "rx"
        elif record.way == "rx":
            if record.frame is not None:
                self._then.hear(record.frame)
        elif record.what in ("open", "baud"):
            self._wait_for_trace()
            if record.values["baud"] != self._transport.baud:
                self._read(_SETTLE_S)
                self._transport.set_baud(record.values["baud"])
                self._decoder.reset()
        elif record.raw and (record.frame is None or record.frame.type not in (FrameType.ACK, FrameType.NAK)):
            self._send(record)

    def _send(self, record: Record) -> None:
        frame = record.frame
        if frame is not None and frame.type == FrameType.HELLO and frame.arg != PROTOCOL_VERSION:
            raise DataError(
                f"{self._at}: the trace is of protocol version {frame.arg}, this program speaks version "
                f"{PROTOCOL_VERSION}.",
                "Replay it with the ohmbench that wrote it.",
            )
        self._wait_for_trace()
        number = -1
        if frame is not None and frame.numbered:
            ahead = (frame.seq - self._now.acked) & 0xFF
            number = self._now.acked + ahead if ahead < _HALF else -1  # else it is one sent again
            self._wait(lambda: self._now.limit > number, "that it has room for the host's next frame")
        if self._difference is not None:
            return
        self._transport.write(record.raw)
        self._beat = self._clock() + _KEEPALIVE_S
        self._sent += frame is not None
        if frame is None:
            return
        if (frame.type, frame.arg) == (FrameType.REGISTER, Register.BAUD_DIVISOR):
            # Whatever the trace's host did next: a byte at the old rate would be a break once the FPGA has changed.
            self._beat = math.inf
            self._wait(lambda: self._now.acked > number, "its acknowledge of a new rate")
            self._read(_SETTLE_S)
        elif frame.type == FrameType.HELLO:
            self._then.start()
            self._now.start()
        elif frame.type in (FrameType.STATUS, FrameType.ABORT):
            self._then.answered = self._now.answered = False

    def _wait_for_trace(self) -> None:
        """Waits until this FPGA has said all that the traced one had said by now."""
        then, now = self._then, self._now
        self._wait(lambda: now.greeted or not then.greeted, "its `info`")
        self._wait(lambda: now.acked >= then.acked, f"its acknowledge of the host's frames before number {then.acked}")
        self._wait(lambda: now.answered or not then.answered, "its `state`")
        self._wait(lambda: not any(then.items.values()), "what comes next")

    def _wait(self, ready: Callable[[], bool], what: str) -> None:
        self._compare()
        deadline = self._clock() + self._patience_s
        while self._difference is None and not ready():
            if self._clock() >= deadline:
                missing = "".join(f"; the trace has {items[0]}" for items in self._then.items.values() if items)
                self._difference = f"{self._at}: the FPGA does not say {what} within {self._patience_s:.0f} s{missing}"
                return
            if self._clock() >= self._beat:
                # Noise may spoil the answer to a `hello` of which the trace's host needed no second one.
                self._transport.write(encode_frame(_STATUS) if self._now.greeted else b"\0" + encode_frame(_HELLO))
                self._beat = self._clock() + (_KEEPALIVE_S if self._now.greeted else _HELLO_S)
            if self._read(_POLL_S):
                deadline = self._clock() + self._patience_s

    def _read(self, timeout_s: float) -> bool:
        """Returns whether the FPGA got further."""
        before = self._compared, self._now.acked
        for frame in self._decoder.feed(self._transport.read(timeout_s)):
            self._now.hear(frame)
        if self._now.owes_ack and self._beat != math.inf:
            self._now.owes_ack = False
            self._transport.write(encode_frame(Frame(FrameType.ACK, self._now.expected, _CREDITS)))
        self._compare()
        return before != (self._compared, self._now.acked)

    def _compare(self) -> None:
        for kind, wanted in self._then.items.items():
            came = self._now.items[kind]
            while wanted and came and self._difference is None:
                want, have = wanted.popleft(), came.popleft()
                if want != have:
                    self._difference = f"{self._at}: {kind}: the trace has {want}, here came {have}"
                self._compared += 1

    def _notes(self) -> list[str]:
        notes = []
        if self._damaged:
            notes.append(f"{counted(self._damaged, 'damaged piece')} from the FPGA in the trace")
        if self._decoder.bad:
            notes.append(f"{counted(self._decoder.bad, 'damaged piece')} from the FPGA here")
        then, now = self._then.info, self._now.info
        if then and now and without_session(then.payload) != without_session(now.payload):
            notes.append("`info` differs: another build of the gateware, or another array type")
        return notes
