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
        raise cannot_write(path, error, array) from error


def check_writable(file: Path) -> None:
    """See that a file can be written, before work whose results go there; its folder is made if absent.

    Raises:
        UsageError: it cannot, or it is a folder or a device.
    """
    try:
        if file.exists() and not file.is_file():
            raise OSError("it is a folder or a device")
        _try_folder(file.parent)
    except OSError as error:
        raise cannot_write(file, error, "Nothing was sent to the array") from error


def check_folder(folder: Path) -> None:
    """Make the folder if absent and see that files can be made in it, before work whose results go there.

    Raises:
        UsageError: they cannot.
    """
    try:
        _try_folder(folder)
    except OSError as error:
        raise cannot_write(folder, error, "Nothing was sent to the array") from error


def _try_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def cannot_write(path: Path, error: OSError, array: str = "The array is off") -> UsageError:
    """The error that says so, and how the array is."""
    return UsageError(
        f"Cannot write results to {path}: {error.strerror or error}. {array}. Give a folder that you may write, or a "
        "file in one."
    )
