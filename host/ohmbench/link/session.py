"""Opening, keeping and ending a session with the FPGA: who is there, at what rate, and the waiting in between.

Every wait ends: with what was waited for, with an error of the FPGA, with `LinkError` when the FPGA falls silent, or
with `LinkError` when it is alive but does not get there in time. While waiting, the guard's watchdog is fed; a
host that is busy elsewhere for longer than the watchdog's time lets an armed bench go off, as it should.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from ohmbench.errors import ArrayState, LinkError, OhmbenchError, ProtocolError
from ohmbench.link.channel import SILENCE_S, Channel
from ohmbench.link.codec import Frame
from ohmbench.link.messages import BoardInfo, Done, RefusedError, State, Why, malformed, parse_error
from ohmbench.link.packing import RESULT_SIZES
from ohmbench.link.rate import Rate
from ohmbench.link.runs import RunHandle
from ohmbench.link.trace import Trace
from ohmbench.link.transport import Transport
from ohmbench.tables import DEFAULT_BAUD, FrameError, FrameType

_GREET_S = 3.0
_CLOSE_S = 1.0
_ASK_AGAIN_S = 0.5
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
        patience: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens a session over `transport`, which is closed again if that fails; see `Link.open`."""
        self._transport = transport
        self._clock = clock
        self._timeout_s = timeout_s
        self._trace = trace
        self._patience = patience
        self._channel = Channel(transport, clock=clock, trace=trace, silence_s=SILENCE_S * patience)
        self._sources: deque[Iterator[Frame]] = deque()  # what is to be sent behind what the channel has
        self._runs: deque[RunHandle] = deque()  # in order, as far as they are not over
        self._to_number: deque[RunHandle] = deque()  # their `run` frame is still in a source
        self._unread: deque[RunHandle] = deque()  # in order, as far as not all was read
        self._taken = 0
        self._data: deque[Frame] = deque()
        self._refused: list[RefusedError] = []
        self._opened = False
        if trace is not None:
            trace.event("open", port=transport.name, baud=transport.baud)
        try:
            self._greet()
            if baud != transport.baud and transport.can_change_rate:
                self._rate().raise_to(baud)
            if self.status().running:
                self._add_run(RunHandle(self._wait_or_raise))
            else:
                # The end of a program of an earlier host, still on its way, must not pass for that of our first.
                self._greet()
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
        if error is not None:
            self._sources.clear()
        self.close()

    def close(self) -> None:
        """Returns the FPGA to the default rate and lets go of the port. A running program goes on, with the guard's
        watchdog running. What is queued still goes, as far as it does within a second."""
        try:
            # If this fails, the break at the start of the next session brings the rate back.
            with contextlib.suppress(OhmbenchError):
                if not self._settle() and self.baud != DEFAULT_BAUD:
                    self._greet(_CLOSE_S)  # a change of the rate needs an empty line
                if self.baud != DEFAULT_BAUD:
                    self._rate().leave(_CLOSE_S)
        finally:
            if self._trace is not None:
                self._trace.event("close")
            self._transport.close()

    def _settle(self) -> bool:
        """Returns whether all that was queued is acknowledged within a short time."""
        deadline = self._clock() + _CLOSE_S
        while (busy := bool(self._sources or self._channel.unacknowledged)) and self._clock() < deadline:
            self._pump(deadline)
        return not busy

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
        while True:
            self._channel.post(Frame(FrameType.ABORT))
            self._greet()
            state = self.status()  # what was on its way before `info` is gone, so this is after the abort
            if not state.running:
                self._greet()  # drops what the program had to say on its end
                return state
            if self._clock() >= deadline:
                raise self._late("end of the program", self._timeout_s)

    # Opening

    def _greet(self, timeout_s: float = _GREET_S) -> None:
        for run in self._unread:
            run.drop()
        self._sources.clear()
        self._runs.clear()
        self._to_number.clear()
        self._unread.clear()
        self._data.clear()
        self._refused.clear()
        frame = self._channel.greet(timeout_s * self._patience)
        name = self._transport.name
        if frame is None and self._channel.heard and not self._opened:
            raise ProtocolError(
                f"something answers on {name}, but it is not an ohmbench, or the line damages every frame: "
                f"{self._channel.heard!r}.",
                "Check --port, then the cable.",
                array=ArrayState.NOT_TOUCHED,
            )
        if frame is None:
            raise LinkError(
                f"nothing answers on {name}.",
                "Check that the board has power and that the gateware is loaded.",
                array=ArrayState.UNKNOWN,
            )
        self.info = BoardInfo.parse(frame, name)
        self._channel.begin(self.info.slots)

    def _rate(self) -> Rate:
        return Rate(self._channel, self._transport, self.info, self._greet, self._clock, self._patience)

    # Sending

    def _queue(self, frames: Iterable[Frame]) -> None:
        """Sends numbered frames behind all queued before, as far as there is room; later waits send the rest.

        `frames` is read as the line takes them, so a long stream is never in memory twice.
        """
        self._sources.append(iter(frames))
        self._pump(self._clock())

    def _stream(self, frames: Iterable[Frame]) -> None:
        """Sends numbered frames and returns when the last is on the line."""
        self._queue(frames)
        self._wait(lambda: not self._sources and not self._channel.unsent, "room for more frames")

    def _pump(self, deadline: float) -> None:
        while self._sources and self._channel.unsent < _QUEUED:
            frame = next(self._sources[0], None)
            if frame is None:
                self._sources.popleft()
                continue
            number = self._channel.send(frame)
            if frame.type == FrameType.RUN:
                self._to_number.popleft().number = number
        self._channel.pump(deadline)
        self._sort()

    def _add_run(self, run: RunHandle) -> None:
        self._runs.append(run)
        self._unread.append(run)

    def _oldest_unread(self) -> RunHandle | None:
        while self._unread and self._unread[0].finished:
            self._unread.popleft()
        return self._unread[0] if self._unread else None

    # Waiting

    def _wait_or_raise(self, ready: Callable[[], bool], what: str, timeout_s: float | None) -> None:
        self._wait(lambda: ready() or bool(self._refused), what, timeout_s)
        self._raise_refused()

    def _wait(self, ready: Callable[[], bool], what: str, timeout_s: float | None = None) -> None:
        """Pumps until `ready`; the time counts from the last progress in either direction."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = self._clock() + limit_s
        progress = self._progress()
        while not ready():
            self._pump(deadline)
            if progress != (progress := self._progress()):
                deadline = self._clock() + limit_s
            elif self._clock() >= deadline and not ready():
                raise self._late(what, limit_s)

    def _progress(self) -> tuple[int, int]:
        return self._taken, self._channel.acknowledged

    def _sort(self) -> None:
        """Takes over what came in."""
        received = self._channel.received
        while received:
            frame = received.popleft()
            self._taken += 1
            if frame.type == FrameType.DATA:
                self._data.append(frame)
            elif frame.type in RESULT_SIZES:
                if self._runs:
                    self._runs[0].take(frame)
            elif frame.type == FrameType.DONE:
                # `abort` has told its caller already, and what it ended may still report itself.
                if Done.parse(frame).why != Why.ABORT and self._runs:
                    self._runs.popleft().take(frame)
            elif frame.type == FrameType.ERROR:
                self._take_error(parse_error(frame))
            else:
                raise malformed(frame)

    def _take_error(self, error: RefusedError) -> None:
        # Vectors are sent only while a program runs: it ended early, and its `done` says more than this.
        if error.error == FrameError.NO_CONSUMER:
            return
        if error.frame_type == FrameType.RUN:
            # The newest first: sequence numbers repeat, and what was refused was executed only just now.
            for run in reversed(self._runs):
                if run.number is not None and run.number & 0xFF == error.seq:
                    run.over = True
                    self._runs.remove(run)
                    break
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
            f"endless loop, or wait for vectors that nobody sends.",
            "Abort it, or allow more time.",
        )
