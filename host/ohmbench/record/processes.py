"""The process of a run, so that one that was killed is told from one that still runs."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ENDED = ("Z", "X")  # states of one whose parent has not asked yet how it ended


def command_line() -> str:
    """What this process was started with, as a shell takes it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv else ""


@dataclass(frozen=True)
class Process:
    """A process: its number, its machine, and when it started, since numbers are used again."""

    pid: int
    host: str
    started: str

    @classmethod
    def own(cls) -> Process:
        return cls(os.getpid(), socket.gethostname(), _started(os.getpid()))

    @property
    def may_run(self) -> bool:
        """Whether it runs, or may: that of another machine cannot be asked."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:  # another user's
            pass
        return self.started == _started(self.pid)


def was_killed(pid: int | None, host: str | None, started: str | None) -> bool:
    """Whether the process of a run that did not end is gone; not that of a record of before, which does not name it."""
    return pid is not None and not Process(pid, host or "", started or "").may_run


def _started(pid: int) -> str:
    """The boot, and clock ticks since then; "" where there is no /proc, and of one that has ended."""
    with suppress(OSError, IndexError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        # after the name, which may have blanks and brackets in it: state is field 3, the start field 22
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if fields[0] in _ENDED else f"{boot} {fields[19]}"
    return ""
