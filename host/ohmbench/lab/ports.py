"""Find benches: which serial ports there are, what is behind them, and which one a command means.

Looking disturbs nobody. A port that another program has open is not touched. One whose USB bridge is not of a kind that
bench boards have is not opened unless asked for, since opening alone resets some boards. The others are opened
exclusively, and get one `hello` at the default rate, which leaves a running program alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ohmbench.errors import LinkError, PortError, ProtocolError, UsageError
from ohmbench.lab.holders import PROC, device_of, openers
from ohmbench.lab.settings import Settings
from ohmbench.lab.usb_ports import usb_ports
from ohmbench.link import Link
from ohmbench.link.messages import BoardInfo
from ohmbench.link.transport import IN_USE
from ohmbench.tables import ARRAY_TYPES

BRIDGES = {0x0403: (0x6001, 0x6010, 0x6011, 0x6014, 0x6015)}
"""USB bridges of FPGA boards, product ids by vendor: FTDI's FT232R, FT2232H, FT4232H, FT232H and FT230X. FTDI's
technical note TN_100 lists them; udev/60-ohmbench.rules has the same ones."""

_AT_ONCE = 8


class PortState(StrEnum):
    """What was found behind a port."""

    BENCH = "bench"
    BUSY = "busy"
    NO_PERMISSION = "no permission"
    GONE = "no such port"
    OTHER = "other device"
    SILENT = "no answer"
    NOT_PROBED = "not probed"


_STATES = {
    "no such port": PortState.GONE,
    IN_USE: PortState.BUSY,
    "no permission": PortState.NO_PERMISSION,
    "nothing listens there": PortState.SILENT,
}

_FIXES = {
    PortState.BUSY: "another program has it open; `fuser -v PORT` names it",
    PortState.NO_PERMISSION: "`ohmbench doctor` says how to get permission",
    PortState.SILENT: "has the board power, and is the gateware loaded?",
    PortState.NOT_PROBED: "its bridge is not of a kind that bench boards have; --all looks there too",
}


@dataclass(frozen=True)
class FoundPort:
    """A port and what is behind it.

    Attributes:
        usb: VID:PID:serial in hexadecimal as USB has them, or "" for what is not on USB.
        product: name that the USB device gives itself.
        board: its handshake, if a bench answered.
        detail: what the port said when it did not open, for other devices.
    """

    port: str
    usb: str = ""
    product: str = ""
    state: PortState = PortState.NOT_PROBED
    board: BoardInfo | None = None
    detail: str = ""

    def summary(self) -> dict[str, Any]:
        board = self.board
        return {
            "port": self.port,
            "usb": self.usb,
            "product": self.product,
            "state": str(self.state),
            "build_id": None if board is None else f"{board.build_id:08x}",
            "protocol": None if board is None else board.version,
            "array": None if board is None else _geometry(board),
            "detail": self.detail or _FIXES.get(self.state, ""),
        }

    def describe(self) -> str:
        """One line."""
        s = self.summary()
        who = f"build {s['build_id']}  {s['array']}" if self.board is not None else s["detail"]
        return "  ".join(part for part in (f"{self.port:20}", f"{self.state:13}", self.usb, self.product, who) if part)


def _geometry(board: BoardInfo) -> str:
    return f"{board.rows}x{board.columns} {ARRAY_TYPES.get(board.array_type, f'type {board.array_type}')}"


@dataclass(frozen=True)
class Ports:
    """All ports of this machine and of the settings."""

    found: list[FoundPort] = field(default_factory=list)

    @property
    def benches(self) -> list[FoundPort]:
        return [port for port in self.found if port.state == PortState.BENCH]

    def summary(self) -> dict[str, Any]:
        return {"ports": [port.summary() for port in self.found]}

    def describe(self) -> str:
        lines = [port.describe() for port in self.found] or ["no serial port found; is the board plugged in?"]
        return "\n".join([*lines, "without a board: --port sim, --port twin"])


def list_ports_found(settings: Settings, *, probe_all: bool = False) -> Ports:
    """Look at every port, several at a time; a port where nothing answers takes three seconds.

    Args:
        settings: their `port` and `ports` are looked at as well.
        probe_all: open also those whose USB bridge bench boards do not have.
    """
    ports = list(_candidates(settings))
    chosen = {*settings.ports, *filter(None, [settings.port])}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return Ports(
            list(pool.map(lambda p: probe(p) if probe_all or p.port in chosen or _may_be_bench(p) else p, ports))
        )


def _candidates(settings: Settings) -> Iterator[FoundPort]:
    seen = set()
    for info in usb_ports():
        usb = "" if info.vid is None else f"{info.vid:04x}:{info.pid:04x}:{info.serial_number or ''}"
        seen.add(device_of(info.device))
        yield FoundPort(info.device, usb, info.product or "")
    for port in (*filter(None, [settings.port]), *settings.ports):
        if device_of(port) not in seen and port not in ("sim", "twin"):
            seen.add(device_of(port))
            yield FoundPort(port)


def _may_be_bench(port: FoundPort) -> bool:
    if not port.usb:
        return False
    vendor, product, _ = port.usb.split(":", 2)
    return int(product, 16) in BRIDGES.get(int(vendor, 16), ())


def probe(port: FoundPort) -> FoundPort:
    """Say what is behind a port, unless another program has it open."""
    if is_open_elsewhere(port.port):
        return replace(port, state=PortState.BUSY)
    try:
        with Link.open(port.port) as link:
            return replace(port, state=PortState.BENCH, board=link.info)
    except PortError as error:
        return replace(port, state=_STATES.get(error.reason, PortState.OTHER), detail=str(error))
    except ProtocolError as error:
        return replace(port, state=PortState.OTHER, detail=str(error))
    except LinkError:
        return replace(port, state=PortState.SILENT)


def is_open_elsewhere(port: str, proc: Path = PROC) -> bool:
    """Whether another process has a device open, as far as Linux says; elsewhere the lock must do.

    Most programs take no lock that the exclusive opening would run into.
    """
    if not sys.platform.startswith("linux") or "://" in port:
        return False
    return any(True for _ in openers(port, proc))


def choose_port(settings: Settings, look: Callable[[Settings], Ports] = list_ports_found) -> str:
    """The port that a command means which names none: that of the settings, or the only bench there is.

    Raises:
        UsageError: there is none, or more than one; the message lists the candidates.
    """
    if settings.port is not None:
        return settings.port
    ports = look(settings)
    if len(ports.benches) == 1:
        return ports.benches[0].port
    found: Iterable[FoundPort] = ports.benches or ports.found
    what = f"{len(ports.benches)} benches answer" if ports.benches else "no bench was found"
    listed = "".join(f"\n  {port.describe()}" for port in found)
    raise UsageError(
        f"No port was given, and {what}.",
        "Give --port sim, --port twin or a serial port, set OHMBENCH_PORT, or write port = ... into the settings."
        + (f" The ports are:{listed}" if listed else ""),
    )


def board_serial(port: str) -> str:
    """What stays with a board whatever array it has: the serial number of its USB bridge, or else the port's name."""
    for info in usb_ports(port):
        if info.serial_number:
            return str(info.serial_number)
    return os.path.realpath(port) if Path(port).exists() else port
