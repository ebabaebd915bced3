"""Where the results of commands go: to stdout, as text or as JSON, and to their files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ohmbench.errors import ArrayState, UsageError
from ohmbench.support.writer import drop_stdout, json_text, result

if TYPE_CHECKING:
    from ohmbench.operations.result import Result


@dataclass(frozen=True)
class Output:
    """Prints what a command found.

    Attributes:
        as_json: JSON in place of text.
    """

    as_json: bool

    def show(self, result: Result) -> None:
        """Print a result.

        Raises:
            UsageError: stdout takes no more.
        """
        self.print(result.summary(), result.describe())

    def save_and_show(self, result: Result, save: Callable[[Path], None], path: Path | None) -> None:
        """Write the file of a result, if there is a path for it, and print it: if one fails, the other is done still.

        Raises:
            UsageError: stdout takes no more, or the file cannot be written.
        """
        try:
            if path is not None:
                save(path)
        finally:
            self.show(result)

    def print(self, summary: object, text: str) -> None:
        """Print either of the two.

        Raises:
            UsageError: stdout takes no more.
            BrokenPipeError: its reader wants no more.
        """
        lost = result(json_text(summary) if self.as_json else text)
        if isinstance(lost, BrokenPipeError):
            raise lost
        if lost is not None:
            drop_stdout()
            raise UsageError(
                f"Cannot write the result: {lost.strerror or lost}.", "Free space there.", array=ArrayState.DONE
            )
