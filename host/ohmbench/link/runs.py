"""One run of a program on the bench, from its start to its end, with what it puts out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from ohmbench.link.codec import Frame
from ohmbench.link.messages import Done, Result
from ohmbench.tables import FrameType


class Waiter(Protocol):
    """What a run needs of its session: to wait until something is true or a frame was refused."""

    def __call__(self, ready: Callable[[], bool], what: str, timeout_s: float | None) -> None: ...


class RunHandle:
    """A program that was started, or waits for its turn; `Link.start` makes them.

    Several may be open at once; the FPGA runs them in order. The events of each may be read in any order: those of
    other runs that come meanwhile are kept for their own handles.

    Attributes:
        over: nothing more comes: it has ended, was refused, or was aborted. What came before may still be unread.
        finished: and all of that was read.
        number: of its `run` frame in this session, None until that was sent, or if an earlier session sent it.
    """

    def __init__(self, wait: Waiter) -> None:
        self.over = False
        self.finished = False
        self.number: int | None = None
        self._wait = wait
        self._frames: deque[Frame] = deque()

    def events(self, timeout_s: float | None = None) -> Iterator[Result | Done]:
        """Yields the results of this run as they come, and at last its `Done`. Ends at once after `abort`.

        Args:
            timeout_s: longest wait for the next event; None for the session's.

        Raises:
            RefusedError: the FPGA refused a frame. Others may be on their way: `abort` starts afresh.
            LinkError: see `ohmbench.link.session`.
        """
        while not self.finished:
            self._wait(lambda: bool(self._frames) or self.over, "event of the program", timeout_s)
            if not self._frames:
                self.finished = True
                return
            frame = self._frames.popleft()
            if frame.type == FrameType.DONE:
                self.finished = True
                yield Done.parse(frame)
                return
            yield Result.parse(frame)

    def take(self, frame: Frame) -> None:
        """For the session: a `result` or `done` of this run came."""
        self._frames.append(frame)
        self.over = self.over or frame.type == FrameType.DONE

    def drop(self) -> None:
        """For the session: nothing of this run is of interest any more."""
        self._frames.clear()
        self.over = self.finished = True
