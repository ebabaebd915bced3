"""The process of a run, so that one that was killed is told from one that still runs."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


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


def _started(pid: int) -> str:
    """The boot, and clock ticks since then; "" where there is no /proc."""
    with suppress(OSError, IndexError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        # after the name, which may have blanks and brackets in it: state is field 3, the start field 22
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return f"{boot} {fields[19]}"
    return ""
