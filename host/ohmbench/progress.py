"""Progress of long work on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from ohmbench.support.writer import STDERR, message

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is; `Progress` is one."""

Say = Callable[[str], None]
"""Called with a line before something that takes long; `Progress.say` is one."""

_LINES_S = 5.0  # between two lines about one piece of work, in a log


class Progress:
    """Shows one piece of work at a time; a new name ends the bar of the one before.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._name = ""
        self._bar: tqdm[Any] | None = None
        self._last_line = 0.0
        self._start = (0.0, 0)  # when the work began to be shown, and what of it was done by then

    def say(self, text: str) -> None:
        """One line, before something that takes long."""
        self._finish()
        if not self._quiet:
            message(text)

    def __call__(self, name: str, done: int, total: int) -> None:
        """Report that `done` of `total` of the work `name` is done."""
        if self._quiet:
            return
        if not STDERR.isatty():
            self._line(name, done, total)
            return
        if name != self._name:
            self._finish()
            self._name = name
            self._bar = tqdm(total=total, desc=name, file=STDERR, leave=False, unit_scale=True)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def _line(self, name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if name != self._name:
            self._start = now, done
        elif now - self._last_line < _LINES_S:
            return
        self._name, self._last_line = name, now
        began, already = self._start
        rest = ""
        if now > began and done > already:
            rate = (done - already) / (now - began)
            rest = f", {rate:.3g}/s, {(total - done) / rate:.0f} s left"
        message(f"{name}: {done} of {total}{rest}")

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._name, self._bar = "", None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
