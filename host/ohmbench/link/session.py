"""Opening, keeping and ending a session with the FPGA: who is there, at what rate, and the waiting in between.

Every wait ends: with what was waited for, with an error of the FPGA, with `LinkError` when the FPGA falls silent, or
with `LinkError` when it is alive but does not get there in time. While waiting, the guard's watchdog is fed; a
host that is busy elsewhere for longer than the watchdog's time lets an armed bench go off, as it should.
"""

from __future__ import annotations

import contextlib
import logging
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from ohmbench._tables import DEFAULT_BAUD, FrameError, FrameType, Register
from ohmbench.errors import LinkError, OhmbenchError, ProtocolError, UsageError
from ohmbench.link.channel import Channel, Trace
from ohmbench.link.codec import Frame
from ohmbench.link.messages import BoardInfo, Done, RefusedError, State, Why, malformed, parse_error
from ohmbench.link.transport import Transport

log = logging.getLogger(__name__)

_GREET_S = 3.0
_FAST_GREET_S = 1.0  # at a new rate; the FPGA falls back by itself after 250 ms without a good frame
_CLOSE_S = 1.0
_ASK_AGAIN_S = 0.5
_LEAST_RATIO = 3  # below three times the default rate, a 0x00 at the default rate is too short to be a break
_DIVISORS = range(4, 4096)
_RATE_TOLERANCE = 0.02
_RATE_CHECKS = 8
_RATE_TRIES = 2
_QUEUED = 32  # frames made ahead of the window: enough to keep the line busy, and no copy of a long stream


class Session:
    """An open session, as far as it is the same whatever is done with it; `Link` is the whole.

    Attributes:
        info: who is at the other end.
    """

    info: BoardInfo

    def __init__(
        self,
        transport: Transport,
        *,
        baud: int = DEFAULT_BAUD,
        trace: Trace | None = None,
        timeout_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens a session over `transport`, which is closed again if that fails; see `Link.open`."""
        self._transport = transport
        self._clock = clock
        self._timeout_s = timeout_s
        self._channel = Channel(transport, clock=clock, trace=trace)
        self._events: deque[Frame] = deque()
        self._data: deque[Frame] = deque()
        self._refused: list[RefusedError] = []
        self._opened = False
        self._aborts = 0
        self._open_runs = 0  # programs started whose `done` has not come
        try:
            self._greet(_GREET_S)
            if baud != transport.baud:
                self._negotiate(baud)
            self._open_runs = int(self.status().running)
            if not self._open_runs:
                # The end of a program of an earlier host, still on its way, must not pass for that of our first.
                self._greet(_GREET_S)
            self._opened = True
        except BaseException:
            transport.close()
            raise

    @property
    def baud(self) -> int:
        """The rate in force, in bits a second."""
        return self._transport.baud

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Returns the FPGA to the default rate and lets go of the port. A running program goes on, with the guard's
        watchdog running."""
        try:
            if self._transport.baud != DEFAULT_BAUD:
                # If this fails, the break at the start of the next session does it.
                with contextlib.suppress(OhmbenchError):
                    self._set_divisor(0, _CLOSE_S)
                    self._transport.set_baud(DEFAULT_BAUD)
        finally:
            self._transport.close()

    def status(self) -> State:
        """Returns the state of the bench, also while a program runs.

        Raises:
            LinkError: see `ohmbench.link.session`.
        """
        self._channel.take_reply(FrameType.STATE)
        deadline = self._clock() + self._timeout_s
        while self._clock() < deadline:
            self._channel.post(Frame(FrameType.STATUS))
            again = min(deadline, self._clock() + _ASK_AGAIN_S)
            while self._clock() < again:
                self._channel.pump(again)
                frame = self._channel.take_reply(FrameType.STATE)
                if frame is not None:
                    return State.parse(frame)
        raise self._late("state", self._timeout_s)

    def abort(self) -> State:
        """Ends the running program and all that wait for their turn, turns all outputs off, and starts a new session.

        Everything queued or on its way, results included, is dropped, so that nothing of it can start later.

        Returns:
            The state after that.

        Raises:
            LinkError: see `ohmbench.link.session`; the guard's watchdog then turns the array off.
        """
        deadline = self._clock() + self._timeout_s
        self._aborts += 1
        while True:
            self._channel.post(Frame(FrameType.ABORT))
            self._greet(_GREET_S)
            state = self.status()  # what was on its way before `info` is gone, so this is after the abort
            if not state.running:
                self._greet(_GREET_S)  # drops what the program had to say on its end
                self._open_runs = 0
                return state
            if self._clock() >= deadline:
                raise self._late("end of the program", self._timeout_s)

    # Opening

    def _greet(self, timeout_s: float) -> None:
        self._events.clear()
        self._data.clear()
        self._refused.clear()
        frame = self._channel.greet(timeout_s)
        name = self._transport.name
        if frame is None and self._channel.heard and not self._opened:
            raise ProtocolError(
                f"something answers on {name}, but it is no ohmbench: {self._channel.heard!r}. "
                f"The array was not touched. Check --port."
            )
        if frame is None:
            raise LinkError(
                f"nothing answers on {name}. The array is off, or goes off when its watchdog runs out. Check that "
                f"the board has power and that the gateware is loaded."
            )
        self.info = BoardInfo.parse(frame, name)
        self._channel.begin(self.info.slots)

    def _negotiate(self, baud: int) -> None:
        """Goes to `baud`, or stays at the default rate if the line does not carry that."""
        divisor = round(self.info.clock_hz / baud) if baud > 0 else 0
        exact = divisor in _DIVISORS and abs(self.info.clock_hz / divisor - baud) <= _RATE_TOLERANCE * baud
        if not exact or baud < _LEAST_RATIO * DEFAULT_BAUD:
            rates = ", ".join(f"{self.info.clock_hz // n}" for n in (4, 8, 12, 16, 24, 48))
            raise UsageError(f"the FPGA cannot do {baud} baud. The array was not touched. Rates that fit: {rates}.")
        for _ in range(_RATE_TRIES):
            self._set_divisor(divisor, self._timeout_s)
            self._transport.set_baud(baud)
            if self._rate_works():
                return
            self._transport.set_baud(DEFAULT_BAUD)
            self._greet(_GREET_S)
        log.warning("%s: %d baud does not work; staying at %d", self._transport.name, baud, DEFAULT_BAUD)

    def _rate_works(self) -> bool:
        try:
            self._greet(_FAST_GREET_S)
            damaged = self._channel.bad_frames
            for _ in range(_RATE_CHECKS):
                self.status()
            return self._channel.bad_frames == damaged
        except (LinkError, ProtocolError):
            return False

    def _set_divisor(self, divisor: int, timeout_s: float) -> None:
        self._channel.send(register_frame(Register.BAUD_DIVISOR, divisor))
        deadline = self._clock() + timeout_s
        while self._channel.unacknowledged:
            self._channel.pump(deadline)
            if self._clock() >= deadline:
                raise self._late("acknowledge", timeout_s)

    # Waiting

    def _stream(self, frames: Iterable[Frame], stop: Callable[[], bool] = lambda: False) -> None:
        """Sends numbered frames, until `stop`, and returns when the last is on the line.

        `frames` is not read far ahead of the line, so a long stream is never in memory twice.
        """
        for frame in frames:
            if stop():
                break
            self._channel.send(frame)
            if self._channel.unsent >= _QUEUED:
                self._wait(lambda: self._channel.unsent < _QUEUED // 2, "room for more frames")
        self._channel.pump(self._clock())
        self._sort()
        self._wait(lambda: not self._channel.unsent, "room for more frames")

    def _wait(self, ready: Callable[[], bool], what: str, timeout_s: float | None = None) -> None:
        """Pumps until `ready`; the time counts from the last progress in either direction."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = self._clock() + limit_s
        progress = self._progress()
        while not ready():
            self._channel.pump(deadline)
            self._sort()
            if progress != (progress := self._progress()):
                deadline = self._clock() + limit_s
            elif self._clock() >= deadline and not ready():
                raise self._late(what, limit_s)

    def _progress(self) -> tuple[int, int, int]:
        return len(self._events), len(self._data), self._channel.unacknowledged

    def _sort(self) -> None:
        """Takes over what came in."""
        received = self._channel.received
        while received:
            frame = received.popleft()
            if frame.type == FrameType.DATA:
                self._data.append(frame)
            elif frame.type == FrameType.RESULT:
                self._events.append(frame)
            elif frame.type == FrameType.DONE:
                self._take_done(frame)
            elif frame.type == FrameType.ERROR:
                self._take_error(parse_error(frame))
            else:
                raise malformed(frame)

    def _take_done(self, frame: Frame) -> None:
        # `abort` has told its caller already, and what it ended may still report itself.
        if Done.parse(frame).why != Why.ABORT:
            self._open_runs = max(0, self._open_runs - 1)
            self._events.append(frame)

    def _take_error(self, error: RefusedError) -> None:
        # Vectors are sent only while a program runs: it ended early, and its `done` says more than this.
        if error.error == FrameError.NO_CONSUMER:
            return
        if error.frame_type == FrameType.RUN:
            self._open_runs = max(0, self._open_runs - 1)
        self._refused.append(error)

    def _read_refused(self) -> bool:
        return any(error.frame_type == FrameType.READ for error in self._refused)

    def _raise_refused(self) -> None:
        if self._refused:
            first = self._refused[0]
            self._refused.clear()
            raise first

    def _late(self, what: str, timeout_s: float) -> LinkError:
        return LinkError(
            f"{self._transport.name} is alive, but no {what} came within {timeout_s:.0f} s. A program may run in an "
            f"endless loop, or wait for vectors that nobody sends. Abort it, or allow more time."
        )


def register_frame(register: int, value: int) -> Frame:
    """Returns the frame that writes `value`, taken modulo 2**32, to a register."""
    return Frame(FrameType.REGISTER, 0, register, struct.pack("<I", value & 0xFFFFFFFF))
