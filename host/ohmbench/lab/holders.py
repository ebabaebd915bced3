"""Who has a port open, and how to make them let go: for `safe`, which has to turn a bench off whatever runs on it.

A port is known by the device that it is, not by the name that somebody gave for it.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ohmbench.errors import ArrayState, PortError
from ohmbench.link.transport import IN_USE
from ohmbench.progress import Say

PROC = Path("/proc")

LETS_GO_S = 5.0
"""For an ohmbench that goes safe and writes its record: some tenths of a second, more on a busy machine."""

_LOOK_S = 0.02


@dataclass(frozen=True)
class Holder:
    """A process that has a port open."""

    pid: int
    user: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} of user {self.user} ({self.command})"


def device_of(port: str) -> object:
    """What a port is, whatever it is called: equal for /dev/serial/by-id/... and the /dev/ttyUSB0 that it leads to."""
    if "://" in port:
        return port
    with suppress(OSError, ValueError):
        found = Path(port).stat()
        if stat.S_ISCHR(found.st_mode):
            return found.st_rdev
    return os.path.realpath(port) if "\0" not in port else port


def holders(port: str, proc: Path = PROC) -> list[Holder]:
    """The processes that keep others from opening a port, this one left out: who has locked it, or else has it open.

    As far as Linux says; elsewhere none.
    """
    if not sys.platform.startswith("linux") or "://" in port:
        return []
    # who only has it open, and did not lock it, keeps nobody out: the simulator itself at the other end of its pty
    found = list(_lockers(port, proc)) or list(openers(port, proc))
    return [_holder(pid, proc) for pid in found if pid != os.getpid()]


def openers(port: str, proc: Path = PROC) -> Iterator[int]:
    """Other processes that have a device open, those of other users only for root."""
    device, path = device_of(port), os.path.realpath(port)
    for process in proc.glob("[0-9]*"):
        # only devices are asked what they are: a file of a server that is gone would not answer
        if int(process.name) != os.getpid() and any(
            name == path or (name.startswith("/dev/") and device_of(name) == device) for name in _open_files(process)
        ):
            yield int(process.name)


def end_holders(port: str, say: Say, wait_s: float = LETS_GO_S) -> None:
    """Ask the programs that hold a port to end, as Ctrl-C does, and wait until they let go.

    An ohmbench turns the array off then and keeps what it did. One that takes no SIGINT gets SIGTERM.

    Raises:
        PortError: nobody is found, or one may not be ended, or does not let go; it says who and what to press.
    """
    found = holders(port)
    if not found:
        raise PortError(
            f"{port} is in use, and this system does not say by whom.",
            "End the other program with Ctrl-C in its terminal, or turn the carrier's supply off.",
            reason=IN_USE,
            array=ArrayState.OTHERS,
        )
    for holder in found:
        say(f"{port} is held by {holder}: asking it to end")
        for number in (signal.SIGINT, signal.SIGTERM):
            _send(holder, number, port)
            if _lets_go(holder, port, wait_s / 2):
                break
        else:
            raise _kept(holder, port, f"did not let go within {wait_s:g} s")


def _send(holder: Holder, number: signal.Signals, port: str) -> None:
    try:
        os.kill(holder.pid, number)
    except ProcessLookupError:  # it has just ended
        return
    except PermissionError as error:
        raise _kept(holder, port, "this user may not end") from error


def _kept(holder: Holder, port: str, why: str) -> PortError:
    return PortError(
        f"{port} is held by {holder}, which {why}.",
        f"Press Ctrl-C in its terminal, or give `kill -INT {holder.pid}` as {holder.user} or root. If it stays, "
        "turn the carrier's supply off.",
        reason=IN_USE,
        array=ArrayState.OTHERS,
    )


def _lets_go(holder: Holder, port: str, wait_s: float) -> bool:
    end = time.monotonic() + wait_s
    while holder.pid in (other.pid for other in holders(port)):
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_S)
    return True


def _lockers(port: str, proc: Path) -> Iterator[int]:
    """By the kernel's list, which has other users' processes too: pyserial locks a port that it opens exclusively."""
    with suppress(OSError, ValueError):
        found = Path(port).stat()
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        for line in (proc / "locks").read_text(encoding="utf-8", errors="replace").splitlines():
            parts = line.split()  # 1: FLOCK ADVISORY WRITE 4711 00:18:5 0 EOF
            if parts[1] == "FLOCK" and parts[5] == place and int(parts[4]) > 0:
                yield int(parts[4])


def _open_files(process: Path) -> Iterator[str]:
    with suppress(OSError):  # gone meanwhile, or another user's
        for entry in list((process / "fd").iterdir()):  # whoever has found one asks no further
            name = str(entry.readlink())
            if name.startswith("/"):
                yield name


def _holder(pid: int, proc: Path) -> Holder:
    user, command = "?", "?"
    with suppress(OSError):
        number = (proc / str(pid)).stat().st_uid
        user = str(number)
        with suppress(KeyError, ImportError):
            import pwd

            user = pwd.getpwuid(number).pw_name
        words = (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        command = words.strip()[:120] or "?"
    return Holder(pid, user, command)
