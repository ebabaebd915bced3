"""Progress of long work on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm


class Progress:
    """Shows one piece of work at a time; a new name ends the bar of the one before.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._name = ""
        self._bar: tqdm[Any] | None = None

    def say(self, text: str) -> None:
        """One line, before something that takes long."""
        self._finish()
        if not self._quiet:
            print(f"ohmbench: {text}", file=sys.stderr, flush=True)

    def __call__(self, name: str, done: int, total: int) -> None:
        """Report that `done` of `total` of the work `name` is done."""
        if self._quiet:
            return
        if name != self._name:
            self._finish()
            self._name = name
            # a log file wants few lines, a terminal a smooth bar
            slow = 0.1 if sys.stderr.isatty() else 5.0
            self._bar = tqdm(total=total, desc=name, file=sys.stderr, mininterval=slow, leave=False, unit_scale=True)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

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
