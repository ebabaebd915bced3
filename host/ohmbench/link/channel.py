"""Ordered, exactly-once delivery of numbered frames over a line that loses and damages bytes.

Go-back-N both ways, with credits in each acknowledge. One thread does everything: whoever waits for something calls
`Channel.pump`, which moves bytes in both directions until a frame arrives. So sending never stops receiving,
and a stream whose results flow back while it is sent cannot deadlock.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from ohmbench.errors import ArrayState, LinkError
from ohmbench.link.codec import MAX_ENCODED, Decoder, Frame, encode_frame
from ohmbench.link.pace import Pace
from ohmbench.link.trace import Trace
from ohmbench.link.transport import Transport
from ohmbench.tables import PROTOCOL_VERSION, FrameType

SILENCE_S = 5.0
"""The link counts as lost when nothing good comes for so long while an answer is due."""
_CREDITS = 64  # the host has room without end; this only has to exceed what the FPGA's window buffer holds
_MAX_AHEAD = 127  # half of the sequence numbers, so that an old acknowledge is never taken for a new one
_MIN_RETRY_S = 0.05  # well above the 16 ms for which USB bridges may hold bytes back
_MAX_RETRY_S = 2.0
_MAX_TRIES = 20
_MAX_BACKOFF = 5
_BITS_A_BYTE = 10
_HEARD = 32


class Channel:
    """Delivers numbered frames both ways over `transport`; call `greet` before anything else.

    Args:
        transport: carries the bytes.
        clock: seconds, monotonic.
        trace: gets every byte both ways.
        silence_s: the link counts as lost when the FPGA owes an answer and sends no good frame for so long.
        keepalive_s: while pumping, `status` is asked for whenever nothing was sent for so long. This feeds the
            guard's watchdog and notices a lost link even when the FPGA has nothing to say by itself.

    Attributes:
        received: numbered frames from the FPGA, in order; the owner takes them out.
        heard: first bytes that came while greeting, to tell a silent device from a wrong one.
        resends: times that frames were sent again, for reports and tests.
        naks: times that the FPGA asked for that, since frames came damaged.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        trace: Trace | None = None,
        silence_s: float = SILENCE_S,
        keepalive_s: float = 0.1,
    ) -> None:
        self.received: deque[Frame] = deque()
        self.heard = b""
        self.resends = 0
        self.naks = 0
        self._transport = transport
        self._clock = clock
        self._trace = trace
        self._silence_s = silence_s
        self._keepalive_s = keepalive_s
        self._decoder = Decoder(None if trace is None else self._watch)
        self._replies: dict[int, Frame] = {}
        self._out = bytearray()
        self._greeting = False
        self._owed_since: float | None = None  # when the oldest frame that wants an answer left, None if answered
        self._last_write = -1e9
        self._reset_sending(0)
        self._reset_receiving()

    def _reset_sending(self, credits: int) -> None:
        # Numbers are absolute here, and taken modulo 256 only on the wire.
        self._queue: deque[Frame] = deque()  # frames numbered _base, _base + 1, ...
        self._wires: deque[bytes] = deque()  # their bytes, as far as they were ever put on the line
        self._flight = 0  # bytes on the line and not acknowledged
        self._pace = Pace()
        self._base = 0  # oldest not acknowledged
        self._next = 0  # next to be put on the line
        self._high = 0  # one past the highest ever put on the line
        self._limit = credits  # one past the highest that the FPGA has room for
        self._tries = 0
        self._backoff = 0
        self._probing = False  # one frame is out again, and the rest waits for what becomes of it
        self._timer: float | None = None

    def _reset_receiving(self) -> None:
        self._expected = 0
        self._answer: FrameType | None = None
        self._nak_sent = False

    @property
    def unsent(self) -> int:
        """Numbered frames that were never put on the line yet."""
        return self._base + len(self._queue) - self._high

    @property
    def unacknowledged(self) -> int:
        """Numbered frames that the FPGA has not acknowledged, `unsent` included."""
        return len(self._queue)

    @property
    def bad_frames(self) -> int:
        """Damaged frames received so far."""
        return self._decoder.bad

    @property
    def acknowledged(self) -> int:
        """Numbered frames that the FPGA has acknowledged since `greet`."""
        return self._base

    def send(self, frame: Frame) -> int:
        """Queues a numbered frame; `seq` is filled in. `pump` puts it on the line.

        Returns:
            Its number since `greet`, from 0 on.
        """
        number = self._base + len(self._queue)
        self._queue.append(Frame(frame.type, number & 0xFF, frame.arg, frame.payload))
        return number

    def send_once(self, frame: Frame, timeout_s: float) -> bool:
        """Sends a numbered frame when no other one is on its way, never again, and nothing else meanwhile.

        Returns:
            Whether it was acknowledged in time. If not, nothing is known of it: `greet` again.
        """
        self.send(frame)
        deadline = self._clock() + timeout_s
        self._put_next(self._clock())
        self._flush()
        while self._queue and (left_s := deadline - self._clock()) > 0:
            self._receive(self._transport.read(left_s))
        return not self._queue

    def pause(self, seconds: float) -> None:
        """Sends nothing for so long."""
        end = self._clock() + seconds
        while (left_s := end - self._clock()) > 0:
            self._receive(self._transport.read(left_s))

    def post(self, frame: Frame) -> None:
        """Puts an unnumbered frame on the line now."""
        if frame.type == FrameType.ABORT:
            self._put_break()  # Ctrl-C may have cut a write short, and this frame must not be lost with that one
        self._put(frame, encode_frame(frame))
        self._owe()
        self._flush()

    def take_reply(self, kind: FrameType) -> Frame | None:
        """Returns the latest unnumbered frame of this type since the last call, if there is one."""
        return self._replies.pop(kind, None)

    def greet(self, timeout_s: float, retry_s: float = 0.3, hellos: int = 1_000_000) -> Frame | None:
        """Starts a session: sends `hello` until `info` comes, and returns that, or None if none came in time.

        Args:
            timeout_s: from the first `hello` on.
            retry_s: between two of them.
            hellos: sends no more than these, and then only listens.

        Everything queued, in flight and received is dropped, and both directions number from 0 again. The 0x00 in
        front of each `hello` ends whatever half frame is on the line, and is a break to an FPGA at a higher rate.
        """
        self._replies.clear()
        self.received.clear()
        self.heard = b""
        self._reset_sending(0)
        self._owed_since = None
        self._greeting = True
        deadline = self._clock() + timeout_s
        bad = self._decoder.bad
        while self._clock() < deadline:
            if hellos > 0:
                hello = Frame(FrameType.HELLO, 0, PROTOCOL_VERSION)
                self._put_break()
                self._put(hello, encode_frame(hello))
                self._flush()
                hellos -= 1
            again = min(deadline, self._clock() + retry_s)
            while (left_s := again - self._clock()) > 0:
                data = self._transport.read(left_s)
                self.heard = (self.heard + data)[:_HEARD]
                self._receive(data)
                if not self._greeting:
                    return self._replies.pop(FrameType.INFO)
                if self._decoder.bad > bad:
                    # Most likely the answer, behind noise from before. Once only: other devices send noise without end.
                    bad = 1 << 62
                    break
        return None

    def change_rate(self, baud: int) -> None:
        """Changes the rate of the host's end; a frame that was coming is lost."""
        self._transport.set_baud(baud)
        self._decoder.reset()
        if self._trace is not None:
            self._trace.event("baud", baud=baud)

    def begin(self, credits: int) -> None:
        """Allows that many numbered frames in flight until the first acknowledge says more. Call after `greet`."""
        self._limit = credits

    def pump(self, deadline: float) -> bool:
        """Moves bytes both ways until a good frame came (True) or `deadline`, in `clock` seconds, passed (False).

        Raises:
            LinkError: the link is silent, or frames stay damaged after all retries.
        """
        while True:
            self._transmit()
            now = self._clock()
            wake = min(deadline, self._last_write + self._keepalive_s)
            if self._timer is not None:
                wake = min(wake, self._timer)
            if self._receive(self._transport.read(max(0.0, wake - now))):
                self._transmit()
                return True
            now = self._clock()
            if self._owed_since is not None and now - self._owed_since > self._silence_s:
                raise LinkError(
                    f"no good frame from {self._transport.name} for {self._silence_s:.0f} s.",
                    "Check cable and power, then connect again.",
                    array=ArrayState.GOES_OFF,
                )
            if self._timer is not None and now >= self._timer:
                self._go_back(now, probe=True)
            if now >= self._last_write + self._keepalive_s:
                self.post(Frame(FrameType.STATUS))
            if now >= deadline:
                return False

    # Sending

    def _transmit(self) -> None:
        now = self._clock()
        end = self._base + len(self._queue)
        stop = min(self._limit, self._base + _MAX_AHEAD, end)
        window = self._pace.window(self._transport.baud / _BITS_A_BYTE)
        while self._next < stop and self._flight < window and not self._probing:
            self._put_next(now)
        if self._next == end:
            self._pace.starved = True
        if self._answer is not None:
            answer = Frame(self._answer, self._expected & 0xFF, _CREDITS)
            self._put(answer, encode_frame(answer))
            self._answer = None
        # With frames queued and no room there is nothing to be acknowledged, and the acknowledge that opens the window
        # may get lost: the timer then sends one frame as a probe.
        if not self._queue:
            self._timer = None
        elif self._timer is None:
            self._timer = now + self._retry_s()
        self._flush()

    def _put_next(self, now: float) -> None:
        frame = self._queue[self._next - self._base]
        if self._next == self._high:
            self._wires.append(encode_frame(frame))
            self._high += 1
            self._pace.sent(self._high, now, idle=not self._flight)
        wire = self._wires[self._next - self._base]
        self._put(frame, wire)
        self._flight += len(wire)
        self._next += 1
        self._owe()

    def _go_back(self, now: float, *, probe: bool) -> None:
        """Makes all frames from the oldest not acknowledged leave again."""
        if self._next > self._base:
            self.resends += 1
        self._tries += self._limit > self._base  # a receiver that is full is not a damaged line
        if self._tries > _MAX_TRIES:
            raise LinkError(
                f"a frame to {self._transport.name} stays damaged after {_MAX_TRIES} resends. The frames before it "
                "were executed.",
                "Use a lower --baud or a better cable, then connect again.",
            )
        self._next = self._base
        self._flight = 0
        self._pace.forget()
        if probe:
            # The rest behind it may only be late, on a line slower than thought. All of it again at every timeout would
            # pile up there without end.
            self._probing = True
            # Kept up until a round trip was measured, or else a line slower than thought would never be (RFC 6298).
            self._backoff = min(self._backoff + 1, _MAX_BACKOFF)
            self._put_next(now)
        self._timer = now + self._retry_s()

    def _retry_s(self) -> float:
        """Time after which an acknowledge is overdue: RFC 6298, with the line time of what is in flight on top."""
        line_s = (self._next - self._base + 1) * MAX_ENCODED * _BITS_A_BYTE / self._transport.baud
        late_s = max(_MIN_RETRY_S, self._pace.late_s() + line_s)
        return min(_MAX_RETRY_S, late_s * 2.0**self._backoff)

    def _acknowledged(self, frame: Frame) -> None:
        advance = (frame.seq - self._base) & 0xFF
        if advance > self._high - self._base:
            return  # from before the last one, or of a former session
        now = self._clock()
        if advance:
            size = 0
            for _ in range(advance):
                self._queue.popleft()
                size += len(self._wires.popleft())
            self._base += advance
            self._next = max(self._next, self._base)
            self._flight = sum(map(len, islice(self._wires, self._next - self._base)))
            if self._pace.acknowledged(self._base, size, now):
                self._backoff = 0
            self._tries = 0
            self._timer = now + self._retry_s() if self._queue else None
        limit, self._limit = self._limit, self._base + frame.arg
        if advance or self._limit > limit:
            self._probing = False
        if not frame.arg:
            self._tries = 0
        if frame.type == FrameType.NAK:
            self.naks += 1
            self._probing = False
            if self._next > self._base:
                self._go_back(now, probe=False)

    def _put(self, frame: Frame, wire: bytes) -> None:
        self._out += wire
        if self._trace is not None:
            self._trace.frame("tx", frame, wire)

    def _put_break(self) -> None:
        self._out += b"\0"
        if self._trace is not None:
            self._trace.other("tx", b"\0")

    def _owe(self) -> None:
        if self._owed_since is None:
            self._owed_since = self._clock()

    def _flush(self) -> None:
        if self._out:
            data = bytes(self._out)
            self._out.clear()
            self._last_write = self._clock()
            self._transport.write(data)

    # Receiving

    def _watch(self, raw: bytes, frame: Frame | None) -> None:
        assert self._trace is not None
        if frame is None:
            self._trace.other("rx", raw)
        else:
            self._trace.frame("rx", frame, raw)

    def _receive(self, data: bytes) -> bool:
        frames = self._decoder.feed(data)
        if not frames:
            return False
        self._owed_since = None
        for frame in frames:
            self._take(frame)
        if self._next > self._base:
            self._owe()
        return True

    def _take(self, frame: Frame) -> None:
        if frame.type == FrameType.INFO:
            # A second `info` answers a `hello` sent twice: the FPGA numbers from 0 from here on.
            self._reset_receiving()
            self._replies[frame.type] = frame
            self._greeting = False
        elif self._greeting:
            return  # of the session before
        elif frame.type in (FrameType.ACK, FrameType.NAK):
            self._acknowledged(frame)
        elif frame.numbered:
            self._deliver(frame)
        else:
            self._replies[frame.type] = frame

    def _deliver(self, frame: Frame) -> None:
        ahead = (frame.seq - self._expected) & 0xFF
        if ahead == 0:
            self.received.append(frame)
            self._expected += 1
            self._nak_sent = False
            self._answer = FrameType.ACK
        elif ahead > _MAX_AHEAD:
            self._answer = self._answer or FrameType.ACK  # a duplicate: the acknowledge got lost
        elif not self._nak_sent:
            self._nak_sent = True
            self._answer = FrameType.NAK
