"""Which ports are looked at, what is said of each, and which one a command means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial
from tests.unit.link.on_pty import Board, Pty

from ohmbench.errors import UsageError
from ohmbench.lab.ports import (
    FoundPort,
    Ports,
    PortState,
    board_serial,
    choose_port,
    is_open_elsewhere,
    list_ports_found,
)
from ohmbench.lab.settings import Settings

FTDI, OTHER = (0x0403, 0x6015), (0x2341, 0x0043)


@pytest.fixture
def bench() -> Iterator[str]:
    pty = Pty()
    board = Board(pty)
    yield pty.path
    board.stop()
    pty.close()


@pytest.fixture
def silent() -> Iterator[Pty]:
    pty = Pty()
    yield pty
    pty.close()


def plugged_in(monkeypatch: pytest.MonkeyPatch, *devices: tuple[str, tuple[int, int] | None]) -> None:
    infos = [
        SimpleNamespace(
            device=device,
            vid=usb and usb[0],
            pid=usb and usb[1],
            serial_number="D0084" if usb else None,
            product="ULX3S" if usb else None,
        )
        for device, usb in devices
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: infos)


def test_a_bench_is_found_and_named(monkeypatch: pytest.MonkeyPatch, bench: str) -> None:
    plugged_in(monkeypatch, (bench, FTDI))
    (found,) = list_ports_found(Settings()).found
    summary = found.summary()
    assert found.state == PortState.BENCH
    assert summary["usb"] == "0403:6015:D0084"
    assert summary["array"] == "32x32 1T1R"
    assert len(summary["build_id"]) == 8
    assert all(part in found.describe() for part in (bench, "0403:6015:D0084", "ULX3S", summary["build_id"]))


def test_what_may_be_another_device_is_not_opened(monkeypatch: pytest.MonkeyPatch, silent: Pty) -> None:
    plugged_in(monkeypatch, (silent.path, OTHER))
    (found,) = list_ports_found(Settings()).found
    assert found.state == PortState.NOT_PROBED
    os.set_blocking(silent.end, False)
    with pytest.raises(BlockingIOError):
        os.read(silent.end, 1)
    (found,) = list_ports_found(Settings(), probe_all=True).found
    assert found.state == PortState.SILENT
    assert os.read(silent.end, 4096)


def test_nothing_is_sent_to_a_port_in_use(monkeypatch: pytest.MonkeyPatch, silent: Pty) -> None:
    plugged_in(monkeypatch, (silent.path, FTDI))
    with serial.Serial(silent.path, exclusive=True):
        (found,) = list_ports_found(Settings()).found
    assert found.state == PortState.BUSY
    os.set_blocking(silent.end, False)
    with pytest.raises(BlockingIOError):
        os.read(silent.end, 1)


def test_a_program_that_takes_no_lock_has_the_port_too(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    fds = tmp_path / "proc/4711/fd"
    fds.mkdir(parents=True)
    assert not is_open_elsewhere(str(device), tmp_path / "proc")
    (fds / "5").symlink_to(device)
    assert is_open_elsewhere(str(device), tmp_path / "proc")


def test_no_permission_and_no_such_port_are_told_apart(monkeypatch: pytest.MonkeyPatch, silent: Pty) -> None:
    real = os.open

    def denied(path: str, flags: int, *rest: int) -> int:
        if path == silent.path:
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", denied)
    plugged_in(monkeypatch, (silent.path, FTDI), ("/dev/ttyUSB97", FTDI))
    states = {found.port: found.state for found in list_ports_found(Settings()).found}
    assert states == {silent.path: PortState.NO_PERMISSION, "/dev/ttyUSB97": PortState.GONE}


def test_ports_of_the_settings_are_looked_at(monkeypatch: pytest.MonkeyPatch, bench: str) -> None:
    plugged_in(monkeypatch)
    found = list_ports_found(Settings(ports=(bench, "socket://127.0.0.1:9"))).found
    assert [port.state for port in found] == [PortState.BENCH, PortState.SILENT]


def found(*states: PortState) -> Ports:
    return Ports([FoundPort(f"/dev/ttyUSB{i}", state=state) for i, state in enumerate(states)])


def test_the_port_of_the_settings_goes_before_a_search() -> None:
    def no_search(settings: Settings) -> Ports:
        raise AssertionError

    assert choose_port(Settings(port="sim"), no_search) == "sim"


def test_the_only_bench_is_meant() -> None:
    ports = found(PortState.BUSY, PortState.BENCH, PortState.SILENT)
    assert choose_port(Settings(), lambda settings: ports) == "/dev/ttyUSB1"


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ((), "no bench was found"),
        ((PortState.BUSY, PortState.SILENT), r"no bench was found.*ttyUSB0 +busy.*ttyUSB1 +no answer"),
        ((PortState.BENCH, PortState.BUSY, PortState.BENCH), r"2 benches answer.*ttyUSB0.*ttyUSB2"),
    ],
)
def test_candidates_are_listed_otherwise(states: tuple[PortState, ...], said: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){said}"):
        choose_port(Settings(), lambda settings: found(*states))


def test_a_device_that_cannot_be_asked_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is being unplugged, or whose strings are not text, fails all of pyserial's listing."""

    def fail() -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd")

    class Odd:
        subsystem = "usb-serial"
        vid, pid, serial_number, product = 0x2341, 0x0043, "FT1", "board"

        def __init__(self, device: str) -> None:
            self.device = device
            if device == "/dev/ttyUSB0":
                raise TypeError("half gone")

    devices = [Path("/dev/ttyUSB0"), Path("/dev/ttyUSB1")]
    monkeypatch.setattr("serial.tools.list_ports.comports", fail)
    monkeypatch.setattr("serial.tools.list_ports_linux.SysFS", Odd)
    monkeypatch.setattr(Path, "glob", lambda path, pattern: devices if pattern == "ttyUSB*" else [])
    found = list_ports_found(Settings()).found
    assert [port.port for port in found] == ["/dev/ttyUSB1"]


def test_a_given_port_needs_no_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AssertionError("it was listed")

    monkeypatch.setattr("serial.tools.list_ports.comports", fail)
    assert board_serial("/dev/nothing") == "/dev/nothing"
    assert board_serial("socket://lab-3:4000") == "socket://lab-3:4000"
