"""The one place that writes to stdout and stderr. Nothing that it does can fail the work.

A terminal goes away, a disk under a log fills up, a name has letters that an encoding lacks, a script closed stderr
before it started this program. None of that may end a run in mid-pulse, or keep a supply on that is to go off. So what
cannot be spelled is escaped, what cannot be written is dropped, and only a result reports that it was lost.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import unicodedata
from collections.abc import Callable
from typing import Any, TextIO


class Stderr:
    """Stands in for sys.stderr, for whoever wants a file; writing to it never raises."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        _write(sys.stderr, text)
        return len(text)

    def flush(self) -> None:
        pass  # written at once

    def isatty(self) -> bool:
        return _is_terminal(sys.stderr)

    def can_spell(self, text: str) -> bool:
        """Whether what stderr is written in has these letters."""
        try:
            text.encode(getattr(sys.stderr, "encoding", None) or "utf-8")
        except (UnicodeEncodeError, LookupError):
            return False
        return True


STDERR = Stderr()


def message(text: str) -> None:
    """A line to the operator on stderr, if there is one."""
    _write(sys.stderr, f"ohmbench: {_without_controls(text)}\n")


Paint = Callable[[str], str]
"""Puts colours into a text."""


def result(text: str, paint: Paint | None = None) -> OSError | None:
    """Lines to stdout.

    Args:
        paint: used where `wants_colour` says so.

    Returns:
        Why they were not written; None if they were. A BrokenPipeError says that the reader wants no more.
    """
    clean = _without_controls(text)
    return _write(sys.stdout, f"{paint(clean) if paint is not None and wants_colour() else clean}\n")


def wants_colour() -> bool:
    """Whether stdout is to have colours: on a terminal, unless NO_COLOR says no (https://no-color.org).

    FORCE_COLOR says yes where stdout is no terminal, as into `less -R`.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (os.environ.get("TERM") != "dumb" and _is_terminal(sys.stdout))


def json_text(
    value: object,
    indent: int | None = 1,
    *,
    separators: tuple[str, str] | None = None,
    default: Callable[[Any], Any] | None = None,
) -> str:
    """JSON without NaN and infinity, which are not JSON: such a number is null. The others are as of json.dumps."""
    return json.dumps(_without_nan(value), indent=indent, separators=separators, default=default, allow_nan=False)


def drop_stdout() -> None:
    """Let Python end without another attempt to write what is left in its buffer."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, OSError, ValueError):  # it is closed
        return False


def _write(stream: TextIO | None, text: str) -> OSError | None:
    try:
        if stream is None:  # closed before this program began
            return OSError("it is closed")
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding, "replace"))
        stream.flush()
    except OSError as error:
        return error
    except (ValueError, LookupError) as error:  # closed since, or of an encoding that there is not
        return OSError(str(error))
    return None


def _without_controls(text: str) -> str:
    """A name in an old record or a file may have what a terminal obeys: shown, not sent."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") else ascii(c)[1:-1] for c in text)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return value
