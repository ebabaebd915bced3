"""Progress on stderr: a bar on a terminal, a line now and then in a pipe, with the time that is left."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ohmbench.support.writer import STDERR, message

if TYPE_CHECKING:
    from tqdm import tqdm

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is; `Progress` is one."""

Say = Callable[[str], None]
"""Called with a line before something that takes long; `Progress.say` is one."""

_LINES_S = 10.0  # between two lines in a pipe
_FIRST_LEFT_S = 0.5  # before that a rate is none


@dataclass(frozen=True)
class Work:
    """A kind of work in a whole.

    Attributes:
        names: regular expression of what `Progress` is called with; the first kind that fits counts.
        units: how much there is of it, in the units that `Progress` is called with; all calls together.
        seconds: what one unit is expected to take. Only the ratio to other kinds of the whole counts.
        steps: what each unit takes, where they are not alike, in place of `seconds`.
    """

    names: str
    units: int
    seconds: float = 1.0
    steps: Sequence[float] = ()

    def took_s(self, done: float) -> float:
        """What so many units are expected to take."""
        units = min(done, self.units)
        return sum(self.steps[: int(units)]) if self.steps else self.seconds * units


class _Whole:
    """How much of all work is done, by the time that it was expected to take."""

    def __init__(self, name: str, work: Sequence[Work], before: int = 0) -> None:
        self.name = name
        self._work = work
        self._all_s = sum(kind.took_s(kind.units) for kind in work)
        self._began = time.monotonic()
        self._last = self._began  # call
        self._inside_s = [0.0] * len(work)  # by the clock, from the first call of a piece to its last
        self._inside_took_s = [0.0] * len(work)  # as expected, of the same
        self._gaps_s: list[list[float]] = [[] for _ in work]  # by the clock, before the first call of each piece
        self._gap_took_s = [0.0] * len(work)  # as expected, of what was done by then
        self._of = [0] * len(work)  # units of a piece
        self._took_s = [0.0] * len(work)  # as expected, of what is done
        self._before_s = work[0].took_s(before)
        self._done = [0.0] * len(work)  # units of pieces that have ended
        self._piece = ("", 0, 0)  # the last call
        self._now = ""
        self.share = 0.0

    def take(self, name: str, done: int, total: int) -> None:
        """A call of `Progress`."""
        self._now = f"{done} of {total}" if name == self.name else f"{name}: {done} of {total}"
        before, was, of = self._piece
        if self._kind(name) is None:
            return
        # another piece, or the same again: the one before is over, even if its last rows had nothing to do
        is_new = not before or name != before or done < was
        if before and is_new:
            kind = self._kind(before)
            assert kind is not None
            self._done[kind] += of
        self._piece = (name, done, total)
        here = self._kind(name)
        before_s = self._took_s
        self._took_s = [work.took_s(self._done[i] + (done if i == here else 0)) for i, work in enumerate(self._work)]
        self.share = max(self.share, min(1.0, sum(self._took_s) / self._all_s if self._all_s else 1.0))
        now = time.monotonic()
        assert here is not None
        if is_new:
            self._gaps_s[here].append(now - self._last)
            self._gap_took_s[here] += max(0.0, self._took_s[here] - before_s[here])
            self._of[here] = total
        else:
            self._inside_s[here] += now - self._last
            self._inside_took_s[here] += max(0.0, self._took_s[here] - before_s[here])
        self._last = now

    def goes_on(self, name: str, done: int, total: int) -> bool:
        """Whether a call is of the piece that was called last, and not of the same work again."""
        before, was, of = self._piece
        return (name, total) == (before, of) and done >= was

    def passed_s(self) -> float:
        """By the clock, since it began."""
        return time.monotonic() - self._began

    def left_s(self) -> float | None:
        """What the rest takes, each kind at its own rate until now; None while there is no rate yet.

        What passes before the first call of a piece, as to connect or to prepare an array, belongs to pieces and not to
        units: else a whole whose first tenth has one start in it would seem to have ten.
        """
        passed = self.passed_s()
        took = [t - (self._before_s if i == 0 else 0.0) for i, t in enumerate(self._took_s)]
        if passed < _FIRST_LEFT_S or sum(took) <= 0:
            return None
        inside = sum(self._inside_took_s)
        overall = sum(self._inside_s) / inside if inside > 0 else passed / sum(took)
        left = sum(self._kind_left_s(i, overall) for i in range(len(self._work)))
        return max(0.0, left - (time.monotonic() - self._last))

    def _kind_left_s(self, kind: int, overall: float) -> float:
        """What is left of a kind; at the overall rate while nothing is known of it."""
        work = self._work[kind]
        rest = work.took_s(work.units) - self._took_s[kind]
        gaps, inside = self._gaps_s[kind], self._inside_took_s[kind]
        if not gaps:
            return overall * rest
        pieces = max(0.0, work.units / max(1, self._of[kind]) - len(gaps))
        gap = median(gaps)  # what is done once, as to load a library, does not come again
        if inside > 0:
            rate = self._inside_s[kind] / inside
            return max(0.0, gap - rate * self._gap_took_s[kind] / len(gaps)) * pieces + rate * rest
        # a piece in one call has no inside; of one that is under way nothing is known yet
        return gap * pieces if self._piece[1] == self._piece[2] else overall * rest

    def beside(self) -> str:
        """The time that is left, the stage and its counts."""
        left = self.left_s()
        return self._now if left is None else f"{duration(left)} left, {self._now}"

    def _kind(self, name: str) -> int | None:
        return next((i for i, work in enumerate(self._work) if re.fullmatch(work.names, name)), None)


class Progress:
    """Shows one piece of work at a time, or after `expect` all of a command's work as one.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._shown: _Whole | None = None
        self._is_whole = False
        self._bar: tqdm[Any] | None = None
        self._last_line: float | None = None

    def say(self, text: str) -> None:
        """One line, before something that takes long."""
        self._close()
        if not self._quiet:
            message(text)

    def expect(self, name: str, work: Sequence[Work], before: int = 0) -> None:
        """Show what comes as one whole: how much of all of it is done, and how long the rest takes.

        What is called with a name that is none of `work` is shown beside, and counts nothing.

        Args:
            before: units of the first kind that were done before, by a run that this one resumes.
        """
        self._close()
        self._shown, self._is_whole = _Whole(name, work, before), True

    def end(self) -> None:
        """All that was shown is done: the bar goes away before results are printed, and a log is not left at 99 %."""
        self._close()
        shown, self._shown, self._is_whole = self._shown, None, False
        if shown is not None and self._last_line is not None:
            self._last_line = None
            message(f"{shown.name}: 100 %, {duration(shown.passed_s())} in all")

    def __call__(self, name: str, done: int, total: int) -> None:
        """Report that `done` of `total` of the work `name` is done."""
        if self._quiet:
            return
        if self._shown is None or not (self._is_whole or self._shown.goes_on(name, done, total)):
            self._close()
            self._shown = _Whole(name, [Work(re.escape(name), total)])
        self._shown.take(name, done, total)
        if STDERR.isatty():
            self._draw(self._shown)
        else:
            self._line(self._shown)

    def _draw(self, shown: _Whole) -> None:
        if self._bar is None:
            from tqdm import tqdm  # here: it takes as long to load as a short command

            form = "{desc}: {percentage:3.0f} %|{bar}| {postfix}"
            plain = not STDERR.can_spell("\u2588")
            self._bar = tqdm(total=1.0, desc=shown.name, file=STDERR, leave=False, bar_format=form, ascii=plain)
        self._bar.set_postfix_str(shown.beside(), refresh=False)
        self._bar.update(shown.share - self._bar.n)

    def _line(self, shown: _Whole) -> None:
        now = time.monotonic()
        if self._last_line is None or now - self._last_line >= _LINES_S:
            self._last_line = now
            message(f"{shown.name}: {100 * shown.share:.0f} %, {shown.beside()}")

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.end()
        else:
            self._close()


def duration(seconds: float) -> str:
    """A time to wait: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
