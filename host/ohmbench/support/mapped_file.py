"""A file mapped into memory: what is written there is in the file even if this process is killed."""

from __future__ import annotations

import mmap
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ohmbench.errors import DataError

_LOCK_WAIT_S = 2.0  # a simulator whose host was killed needs a moment to end
_MARK = 8  # bytes; written last, so that a file whose making was cut short is seen to be none


class MappedFile:
    """Open, lock and map a file; make it if it is absent, empty, or was never finished.

    Args:
        make: its bytes when new; the first 8 must not all be 0.
        what: what it holds, for messages.

    Raises:
        DataError: it cannot be opened or made, or another process has it.
    """

    memory: mmap.mmap

    def __init__(self, path: Path, make: Callable[[], bytes], what: str) -> None:
        try:
            self._file: BinaryIO = os.fdopen(
                os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b", buffering=0
            )
        except OSError as error:
            raise DataError(
                f"{path}: {error.strerror}. There is no {what} without its file.", "Name one that you may write."
            ) from error
        try:
            if not _lock(self._file):
                raise DataError(
                    f"{path}: another process uses this {what}.",
                    "Wait until that process has ended, or name another file.",
                )
            self._finish(make)
            self.memory = mmap.mmap(self._file.fileno(), 0)
        except OSError as error:
            self._file.close()
            raise DataError(
                f"{path}: {error.strerror}. The {what} cannot be kept there.", "Make room, or name another file."
            ) from error
        except BaseException:
            self._file.close()
            raise

    def _finish(self, make: Callable[[], bytes]) -> None:
        if self._file.read(_MARK).strip(b"\0"):
            return
        data = make()
        if os.fstat(self._file.fileno()).st_size > len(data):
            return  # not ours; whoever maps it will say so
        for start, part in ((_MARK, data[_MARK:]), (0, data[:_MARK])):
            self._file.seek(start)
            while part:
                part = part[self._file.write(part) :]

    def close(self) -> None:
        """Unmap and unlock. Closing twice does nothing."""
        self.memory.close()
        self._file.close()


def _lock(file: BinaryIO) -> bool:
    """Lock until the file is closed, however this process ends; False if another one has the lock."""
    if sys.platform == "win32":
        return True
    import fcntl  # not on Windows

    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
