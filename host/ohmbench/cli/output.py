"""Where the results of commands go: to stdout, as text or as JSON, and to their files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ohmbench.errors import UsageError

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
        """
        try:
            # flushed here: at the end of Python it would be too late to say that it failed
            print(json.dumps(summary, indent=1) if self.as_json else text, flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            drop_stdout()
            raise UsageError(
                f"Cannot write the result: {error.strerror}. The array is off. Free space there."
            ) from error


def drop_stdout() -> None:
    """Let Python end without a second attempt to write what is left in its buffer."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
