"""Writing files so that a crash or a full disk never leaves half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ohmbench.errors import UsageError


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to a file beside `path`, then rename it: `path` holds the old bytes or all of the new ones.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full; nothing of the new file remains.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_result(path: Path, data: bytes, array: str = "The array is off") -> None:
    """Write a file of results, whole or not at all.

    Raises:
        UsageError: it cannot be written; it says so, and how the array is.
    """
    try:
        replace_file(path, data)
    except OSError as error:
        raise cannot_write(path.parent, error, array) from error


def check_writable(folder: Path) -> None:
    """Make the folder if absent and see that files can be made in it, before work whose results go there.

    Raises:
        UsageError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(folder, error, "Nothing was sent to the array") from error


def cannot_write(folder: Path, error: OSError, array: str = "The array is off") -> UsageError:
    """The error that says so, and how the array is."""
    return UsageError(
        f"Cannot write results to {folder}: {error.strerror or error}. {array}. Give a folder that you may write."
    )
