"""Where the results of commands go: to stdout, as text or as JSON, and to their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ohmbench.errors import ArrayState, UsageError
from ohmbench.support.writer import Paint, drop_stdout, json_text, message, result

if TYPE_CHECKING:
    from ohmbench.operations.result import Result


@dataclass(frozen=True)
class Output:
    """Prints what a command found.

    Attributes:
        as_json: JSON in place of text.
        before: called before anything is printed, so that it stands on a line of its own.
    """

    as_json: bool
    before: Callable[[], None] = lambda: None

    def show(self, result: Result, *, work: bool = False) -> None:
        """Print a result.

        Args:
            work: something was done to an array; that its result cannot be printed does not undo it.

        Raises:
            UsageError: stdout takes no more, and printing was all that was asked for.
        """
        self.print(result.summary(), result.describe(), work=work, paint=getattr(result, "paint", None))

    def save_and_show(
        self, result: Result, save: Callable[[Path], None], path: Path | None, *, work: bool = False
    ) -> None:
        """Write the file of a result, if there is a path for it, and print it: if one fails, the other is done still.

        Raises:
            UsageError: as `show`, or the file cannot be written.
        """
        self.save_all_and_show(result, [(save, path)], work=work)

    def save_all_and_show(
        self, result: Result, files: Sequence[tuple[Callable[[Path], None], Path | None]], *, work: bool = False
    ) -> None:
        """`save_and_show` of several files.

        Raises:
            UsageError: as `show`, or a file cannot be written.
        """
        with ExitStack() as stack:
            stack.callback(self.show, result, work=work)
            for save, path in files:
                if path is not None:
                    stack.callback(save, path)

    def print(self, summary: object, text: str, *, work: bool = False, paint: Paint | None = None) -> None:
        """Print either of the two; a reader that has gone, as `head` does, wants no more of it.

        Args:
            paint: puts colours into the text, for a terminal.

        Raises:
            UsageError: as `show`.
        """
        self.before()
        lost = result(json_text(summary)) if self.as_json else result(text, paint)
        if lost is None:
            return
        drop_stdout()
        if isinstance(lost, BrokenPipeError):
            return
        what = f"Cannot write the result: {lost.strerror or lost}."
        if not work:
            raise UsageError(what, "Free space there.", array=ArrayState.DONE)
        message(
            f"{what} The work is done, and the exit code says how it ended. The record has the result, if there is one."
        )
