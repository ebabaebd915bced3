"""The serial ports that the system lists, each asked on its own: another device's oddity is no trouble of ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from serial.tools import list_ports

from ohmbench.lab.holders import device_of

_PATTERNS = ("ttyS*", "ttyUSB*", "ttyXRUSB*", "ttyACM*", "ttyAMA*", "rfcomm*", "ttyAP*", "ttyGS*")


def usb_ports(port: str | None = None) -> list[Any]:
    """What pyserial says of each serial port (device, vid, pid, serial_number, product), by device.

    One that is being unplugged, or whose strings are no text, is left out: pyserial asks all of them in one go, and one
    that fails there fails all.

    Args:
        port: of this one only, without a look at the others; none if it is no device of the system.
    """
    if port is not None and "://" in port:
        return []
    if port is not None and sys.platform.startswith("linux"):
        return _one_by_one([os.path.realpath(port)])
    try:
        found = list(list_ports.comports())
    except Exception:  # whatever a driver or a half-gone device makes of it
        if not sys.platform.startswith("linux"):
            return []
        found = _one_by_one(str(device) for pattern in _PATTERNS for device in Path("/dev").glob(pattern))
    if port is not None:
        found = [info for info in found if device_of(info.device) == device_of(port)]
    return sorted(found, key=lambda info: str(info.device))


def _one_by_one(devices: Iterable[str]) -> list[Any]:
    from serial.tools.list_ports_linux import SysFS

    found = []
    for device in devices:
        try:
            info = SysFS(device)
        except Exception:
            continue
        if info.subsystem != "platform":  # as pyserial: a port that the board has no hardware for
            found.append(info)
    return found
