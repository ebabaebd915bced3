"""The traceback of the last defect that ended a command, kept for `ohmbench bug-report`."""

from __future__ import annotations

import traceback
from contextlib import suppress
from pathlib import Path

from ohmbench.errors import UsageError
from ohmbench.support.user_folders import cache_folder

_MOST_CHARACTERS = 100_000


def keep_traceback(error: BaseException) -> None:
    """Keep it, if there is a place: that there is none must not hide the defect."""
    with suppress(OSError, UsageError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(traceback.format_exception(error))[-_MOST_CHARACTERS:], encoding="utf-8", errors="replace"
        )


def kept_traceback() -> str | None:
    """What was kept; None if nothing was."""
    with suppress(OSError, UsageError):
        return _path().read_text(encoding="utf-8", errors="replace")
    return None


def _path() -> Path:
    return cache_folder() / "last-defect.txt"
