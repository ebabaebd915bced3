"""Reports that are written while a run goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import UsageError
from ohmbench.report.program import ImageState, PassTotals, ProgramInfo, ProgramState, WearState
from ohmbench.report.program_page import image_of, program_html
from ohmbench.support.array_types import IntArray
from ohmbench.support.files import replace_file

INTERVAL_S = 1.0
"""Least time between two versions of a live file."""

_HEARTBEAT_S = 5.0  # a new version comes this often even if nothing changed: a page that grows old is of a dead run


class LiveFile:
    """A file that follows a state: written by a thread of its own, so that the run never waits for the disk.

    Args:
        render: gives the file's text; called in the thread.

    Raises:
        UsageError: the file cannot be written; nothing was sent to the array yet.
    """

    def __init__(self, path: str | Path, render: Callable[[], str], interval_s: float = INTERVAL_S) -> None:
        self._path = Path(path)
        self._render, self._interval_s = render, interval_s
        self._changed, self._closing = threading.Event(), threading.Event()
        self._write(render())
        self._thread = threading.Thread(target=self._follow, name="ohmbench live file", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """Say that the state is another; returns at once."""
        self._changed.set()

    def close(self) -> None:
        """Write the last version.

        Raises:
            UsageError: it cannot be written.
        """
        self._closing.set()
        self._changed.set()
        self._thread.join()
        self._write(self._render(), "The run is not affected.")

    def _follow(self) -> None:
        while not self._closing.wait(self._interval_s):
            self._changed.wait(_HEARTBEAT_S)
            self._changed.clear()
            if self._closing.is_set():
                return
            # the run must not die of a full disk here: the next version, at the latest the last, reports it
            try:
                replace_file(self._path, self._render().encode())
            except OSError:
                continue

    def _write(self, text: str, kept: str = "") -> None:
        try:
            replace_file(self._path, text.encode())
        except OSError as error:
            raise UsageError(
                f"Cannot write the report {self._path}: {error.strerror or error}. {kept}".rstrip(),
                "Give a file in a folder that you may write.",
            ) from error


class ProgramReport:
    """The page of a programming run, kept up to date while the run goes on.

    A context manager: left by an exception, the page says that the run ended early, and why.

    Raises:
        UsageError: the file cannot be written; nothing was sent to the array yet.
    """

    def __init__(self, path: str | Path, info: ProgramInfo, interval_s: float = INTERVAL_S) -> None:
        self._lock = threading.Lock()
        self._state = ProgramState(info, {}, {})
        self._before: dict[int, IntArray] = {}  # pulses at the end of the pass before, by image
        self._texts: dict[int, tuple[ImageState, str]] = {}
        self._file = LiveFile(path, self._html, interval_s)

    @property
    def state(self) -> ProgramState:
        """The run so far; it does not change afterwards."""
        return self._state

    def update(self, number: int, image: ImageState, *, bench_s: float | None = None) -> None:
        """Say how an image stands; it is copied, so the caller may go on writing to its arrays.

        Args:
            number: of the image, from 0.
            image: its cells are those that it uses in every pass, whichever of them the pass takes up.
            bench_s: bench time of the run so far; None: as before.
        """
        image = deepcopy(image)
        with self._lock:
            state = self._state
            last = state.images.get(number)
            if last is not None and last.pass_number < image.pass_number:
                self._before[number] = last.cells.pulses
            before = self._before.get(number, np.zeros_like(image.cells.code))
            totals = PassTotals(
                int(np.count_nonzero(image.reached & (image.cells.pulses > before))),
                int(np.count_nonzero(image.reached & ~image.converged)),
            )
            history = (*state.passes.get(number, ())[: image.pass_number], totals)
            others = {n: i for n, i in state.images.items() if n != number}
            self._state = replace(
                state,
                images={**others, number: image},
                passes={**state.passes, number: history},
                bench_s=state.bench_s if bench_s is None else bench_s,
            )
        self._file.changed()

    def finish(
        self,
        status: str = "done",
        *,
        reason: str = "",
        bench_s: float | None = None,
        wear: NDArray[Any] | None = None,
        budget: int | None = None,
        charged: int = 0,
    ) -> None:
        """Write the page's last version, which does not renew itself.

        Args:
            status: done, interrupted or failed.
            reason: a sentence for the reader, if not done.
            wear: pulses that each cell has had in its life (rows, columns), with the budget of one if there is any.
            charged: of the most worn cell's, what it may have had in runs that were killed.

        Raises:
            UsageError: it cannot be written.
        """
        with self._lock:
            state = self._state
            ordered = {n: state.images[n] for n in sorted(state.images)}
            self._state = replace(
                state,
                images=ordered,
                status=status,
                reason=reason,
                bench_s=state.bench_s if bench_s is None else bench_s,
                wear=None if wear is None else WearState(np.array(wear, np.int64), budget, charged),
            )
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._state.is_running:
            return
        if error is None:
            self.finish()
            return
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        with suppress(UsageError):  # what ended the run is the news, not that its page cannot be written either
            self.finish(status, reason=str(error) or type(error).__name__)

    def _html(self) -> str:
        with self._lock:
            state = self._state
        return program_html(state, lambda number, image: self._text(state, number, image))

    def _text(self, state: ProgramState, number: int, image: ImageState) -> str:
        """An image's cells; those of an image that did not change are not written anew."""
        kept = self._texts.get(number)
        if kept is None or kept[0] is not image:
            kept = (image, image_of(state, image))
            self._texts[number] = kept
        return kept[1]
