"""Ways to carry the bytes of the link: a serial port (real, pty or URL), and a stand-in for tests.

A transport knows nothing of frames. `SerialTransport` opens whatever pyserial's `serial_for_url` does: a device,
the pty of the simulator, `socket://host:port`, `rfc2217://host:port`.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

import serial

from ohmbench.errors import ArrayState, LinkError, PortError, UsageError
from ohmbench.tables import DEFAULT_BAUD

try:
    from termios import error as TermiosError
except ImportError:  # Windows

    class TermiosError(Exception):  # type: ignore[no-redef]
        """Never raised there."""


log = logging.getLogger(__name__)

IN_USE = "the port is in use"
"""`PortError.reason` of a port that another program has."""

_CHUNK = 65536
_WRITE_BYTES = 1024  # what has to be taken within the time below: little, for a simulator on a busy machine
_WRITE_TIMEOUT_S = 10.0


class Transport(ABC):
    """Moves bytes both ways; `name` is what messages call it, `baud` the rate now set.

    can_change_rate: False where the line's rate is set elsewhere, as behind a plain TCP socket.
    """

    name: str
    baud: int = DEFAULT_BAUD
    can_change_rate: bool = True

    @abstractmethod
    def read(self, timeout_s: float) -> bytes:
        """Returns the bytes that are there; if none, waits up to `timeout_s` for some. Empty if none came.

        Raises:
            LinkError: the port has gone.
        """

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Hands over all of `data`.

        Raises:
            LinkError: the port has gone, or takes no bytes.
        """

    @abstractmethod
    def set_baud(self, baud: int) -> None:
        """Changes the rate once everything written has left.

        Raises:
            UsageError: the port cannot do this rate.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets go of the port. Closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SerialTransport(Transport):
    """A serial port, 8N1 without flow control, locked against a second program where the system can do that.

    Raises:
        PortError: there is no such port, it may not be opened, it is in use, or it is not a serial port.
    """

    def __init__(self, port: str, baud: int = DEFAULT_BAUD) -> None:
        self.name = port
        self.baud = baud
        self.can_change_rate = not port.lower().startswith("socket://")
        try:
            # pyserial's rfc2217 knows no time-out of writes; there TCP itself gives up
            limit = {} if port.lower().startswith("rfc2217://") else {"write_timeout": _WRITE_TIMEOUT_S}
            self._port = serial.serial_for_url(port, baudrate=baud, timeout=0, exclusive=True, **limit)
        except (serial.SerialException, OSError, ValueError) as error:
            raise _port_error(port, error) from error
        # FTDI's bridges hold small replies back for 16 ms unless told otherwise (ASYNC_LOW_LATENCY: 1 ms). Right after
        # opening, since a change while bytes move may cost 250 ms once. Ptys, sockets and some drivers know no such
        # mode.
        try:
            self._port.set_low_latency_mode(True)
        except (AttributeError, NotImplementedError, ValueError, OSError) as error:
            log.debug("%s: no low-latency mode: %s", port, error)
        try:
            self._fd: int | None = self._port.fileno()
            select.select([self._fd], [], [], 0)
        except (AttributeError, OSError, ValueError):  # Windows, and URL handlers without a descriptor
            self._fd = None
        # pyserial's own read and write take three system calls where one will do: half of what a frame costs the host
        self._direct = self._fd is not None and os.name == "posix" and isinstance(self._port, serial.Serial)

    def read(self, timeout_s: float) -> bytes:
        """See `Transport.read`."""
        try:
            if self._fd is None:
                self._port.timeout = timeout_s
                first = self._port.read(1)
                return bytes(first + self._port.read(self._port.in_waiting)) if first else b""
            if not select.select([self._fd], [], [], timeout_s)[0]:
                return b""
            if not self._direct:
                return bytes(self._port.read(_CHUNK))
            try:
                data = os.read(self._fd, _CHUNK)
            except BlockingIOError:
                return b""  # another reader was quicker
            if not data:
                raise OSError("the device reports data and has none")
            return data
        except (serial.SerialException, OSError, TypeError, ValueError) as error:
            raise self._gone(error) from error

    def write(self, data: bytes) -> None:
        """See `Transport.write`."""
        try:
            if self._direct:
                self._write_direct(data)
                return
            for start in range(0, len(data), _WRITE_BYTES):
                self._port.write(data[start : start + _WRITE_BYTES])
        except serial.SerialTimeoutException as error:
            raise LinkError(
                f"{self.name} took no bytes for {_WRITE_TIMEOUT_S:.0f} s.",
                "Check cable and power, then connect again.",
                array=ArrayState.GOES_OFF,
            ) from error
        except (serial.SerialException, OSError, TypeError, ValueError) as error:
            raise self._gone(error) from error

    def _write_direct(self, data: bytes) -> None:
        assert self._fd is not None
        rest = memoryview(data)
        while rest:
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._fd, rest) :]
                continue
            if not select.select([], [self._fd], [], _WRITE_TIMEOUT_S)[1]:
                raise serial.SerialTimeoutException("no room")

    def set_baud(self, baud: int) -> None:
        """See `Transport.set_baud`."""
        try:
            self._port.flush()
            self._port.baudrate = baud
        except (serial.SerialException, OSError, TypeError) as error:
            raise self._gone(error) from error
        except (ValueError, OverflowError, NotImplementedError, TermiosError) as error:
            if isinstance(error, TermiosError) and error.args[:1] != (errno.EINVAL,):
                raise self._gone(error) from error
            raise UsageError(f"{self.name} cannot do {baud} baud: {error}.", "Choose a lower --baud.") from error
        self.baud = baud

    def close(self) -> None:
        """See `Transport.close`."""
        with contextlib.suppress(OSError, serial.SerialException, TermiosError):
            self._port.close()

    def _gone(self, error: Exception) -> LinkError:
        return LinkError(
            f"lost {self.name}: {error}. What was sent may have been executed in part.",
            "Check the cable, then connect again.",
            array=ArrayState.GOES_OFF,
        )


class MockTransport(Transport):
    """Hands what is written to `device`, and gives back to be read what that returns; for tests and the loopback.

    Args:
        device: called with the bytes of each write; returns the bytes of the answer.
        sleep: called with the time in seconds, in place of waiting, when there is nothing to read. A test with a
            clock of its own passes the function that advances it; that one may `push` bytes.
    """

    def __init__(self, device: Callable[[bytes], bytes], sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = "mock"
        self.closed = False
        self._device = device
        self._sleep = sleep
        self._waiting = bytearray()

    def push(self, data: bytes) -> None:
        """Makes `data` ready to be read."""
        self._waiting += data

    def read(self, timeout_s: float) -> bytes:
        """See `Transport.read`."""
        if not self._waiting and timeout_s > 0:
            self._sleep(timeout_s)
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    def write(self, data: bytes) -> None:
        """See `Transport.write`."""
        self.push(self._device(data))

    def set_baud(self, baud: int) -> None:
        """See `Transport.set_baud`."""
        self.baud = baud

    def close(self) -> None:
        """See `Transport.close`."""
        self.closed = True


def _port_error(port: str, error: Exception) -> PortError:
    text = str(error)
    number = getattr(error, "errno", None)
    # On Windows pyserial gives no number, only the text of the cause; a port in use is a PermissionError there.
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "FileNotFoundError" in text:
        what = "no such port", "Is the board plugged in? `ohmbench list` lists the ports."
    elif number in (errno.EAGAIN, errno.EBUSY) or "PermissionError" in text:
        what = IN_USE, "Close the other program that has it open; on Linux `fuser -v PORT` names it."
    elif number in (errno.EACCES, errno.EPERM):
        what = "no permission", "On Linux add yourself to the group that owns the device, most often `dialout`."
    elif number in (errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EHOSTUNREACH) or "refused" in text:
        what = "nothing listens there", "Start the other end first."
    else:
        what = "not a serial port", f"The system says: {text}."
    return PortError(f"cannot open {port}: {what[0]}.", what[1], reason=what[0], array=ArrayState.NOT_TOUCHED)
