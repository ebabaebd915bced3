"""Supplies and meters on the command line: the real instruments' commands, through pyvisa-py and a socket."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from tests.system.command_line import as_json, command, environment, refused, run
from tests.unit.instruments.scpi_server import ScpiServer, serving

from ohmbench.errors import DataError, InstrumentError, PortError
from ohmbench.instruments.supervisor import SILENCE_S

SUPPLY = "TCPIP::e36312a::5025::SOCKET"
METER = "TCPIP::hp34401a::5025::SOCKET"
ON, OFF = "OUTPut 1", "OUTPut 0"
PATIENCE_S = 60.0  # of a busy machine


def supply_file(folder: Path, server: ScpiServer, volts: float = 5.0) -> Path:
    path = folder / "supply.toml"
    path.write_text(f'address = "{server.address}"\n[[output]]\nchannel = 1\nvolts = {volts}\nlimit_a = 0.5\n')
    return path


def test_a_command_has_its_supply_on_meanwhile(tmp_path: Path) -> None:
    with serving(SUPPLY) as server:
        done = run("info", "--port", "twin", "--supply", supply_file(tmp_path, server))
        assert done.returncode == 0, done.stderr
        assert "supply on: output 1 5.002 V 0.210 A" in done.stderr
        assert [text for _, text in server.commands("OUTPut")] == ["OUTPut 1, (@1)", "OUTPut 0, (@1)"]


def test_a_killed_command_leaves_no_supply_on(executable: Path, tmp_path: Path) -> None:
    with serving(SUPPLY) as server:
        asked = command("selftest", "--port", "sim", "--supply", supply_file(tmp_path, server))
        with subprocess.Popen(asked, env=environment(), stderr=subprocess.DEVNULL) as process:
            wait_for(server, "MEAS:CURRent?")
            assert server.commands(ON)
            killed = time.monotonic()
            process.kill()
            wait_for(server, OFF)
        assert server.commands(OFF)[0][0] - killed < SILENCE_S


def wait_for(server: ScpiServer, start: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not server.commands(start) and time.monotonic() < end:
        time.sleep(0.02)
    assert server.commands(start), start


def test_a_supply_that_does_not_do_it_ends_the_command(tmp_path: Path) -> None:
    with serving(SUPPLY) as server:
        said = refused(
            InstrumentError.exit_code, "info", "--port", "twin", "--supply", supply_file(tmp_path, server, 3.3)
        )
        assert "gives 5.002 V at 0.210 A, not 3.3 V" in said
        assert server.commands(OFF)


def test_safe_turns_the_supply_off_whatever_the_bench_does(tmp_path: Path) -> None:
    with serving(SUPPLY) as server:
        file = supply_file(tmp_path, server)
        assert as_json("safe", "--port", "twin", "--supply", file) == {"safe": True}
        assert (len(server.commands(OFF)), server.commands(ON)) == (1, [])
        refused(PortError.exit_code, "safe", "--port", "/dev/absent", "--supply", file)
        assert len(server.commands(OFF)) == 2


def test_what_a_supply_gives(tmp_path: Path) -> None:
    with serving(SUPPLY) as server:
        found = as_json("supply", supply_file(tmp_path, server))
        assert "E36312A" in found["identity"]
        assert found["outputs"] == [{"channel": 1, "volts": 5.0021, "amps": 0.2104}]
        assert not server.commands("OUTPut")
    refused(DataError.exit_code, "supply", tmp_path / "absent.toml")


def test_calibration_against_a_meter(tmp_path: Path) -> None:
    bench = ("--port", "twin", "--carrier-faults", "gain-spread=0.02,offset-spread=5,rail=cal:0.96,rail=bl_set:0.97")
    with serving(METER) as server:
        server.readings = [0.0, 0.96 * 0.17, 0.96 * 0.34]
        found = as_json("calibrate", *bench, "--meter", server.address, OHMBENCH_LAB=str(tmp_path))
        assert server.readings == []
    assert found["instrument"].startswith("HEWLETT-PACKARD,34401A")
    assert found["rails"]["cal"] == pytest.approx(0.96, abs=0.003)
    assert found["rails"]["bl_set"] == pytest.approx(0.97, abs=0.003)
    read = as_json("read", *bench, OHMBENCH_LAB=str(tmp_path))
    assert "against HEWLETT-PACKARD,34401A" in read["calibration"]


def test_a_meter_that_sees_something_else(tmp_path: Path) -> None:
    with serving(METER) as server:
        said = refused(
            InstrumentError.exit_code,
            *("calibrate", "--port", "twin", "--lab", tmp_path, "--meter", server.address),
        )
    assert "connected to test point CAL" in said


def test_nothing_at_the_address(tmp_path: Path) -> None:
    nothing = "TCPIP::127.0.0.1::1::SOCKET"
    said = refused(InstrumentError.exit_code, "calibrate", "--port", "twin", "--lab", tmp_path, "--meter", nothing)
    assert "No instrument at" in said
