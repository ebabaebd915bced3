"""The supply goes off with the process that turned it on, in whatever way that ends."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.rounds import draws, rounds
from tests.unit.instruments.scpi_server import ScpiServer, serving

from ohmbench.errors import InstrumentError
from ohmbench.instruments.supervised import supplied
from ohmbench.instruments.supervisor import SILENCE_S
from ohmbench.instruments.supplies import Supply
from ohmbench.instruments.supply_file import Output, Reading, SupplyFile

SUPPLY = "TCPIP::e36312a::5025::SOCKET"
OFF = "OUTPut 0"
PATIENCE_S = 30.0  # of a busy machine
STARVED_S = 3.0  # by which one may be late

HOST = """
import json, sys, time
from ohmbench.instruments.supervised import supplied
from ohmbench.instruments.supply_file import SupplyFile
with supplied(SupplyFile.of_json(json.loads(sys.argv[1]))):
    print("on", flush=True)
    time.sleep(60)
"""


class Adapter:
    def write(self, text: str) -> None: ...
    def read(self) -> str:
        return ""


class FakeSupply(Supply):
    """One that does what it is told."""

    def __init__(self) -> None:
        super().__init__(Adapter(), "fake")  # type: ignore[arg-type]
        self.is_on: dict[int, bool] = {}

    def _prepare(self, output: Output) -> None: ...

    def _switch(self, channel: int, on: bool) -> None:
        self.is_on[channel] = on

    def _read(self, channel: int) -> Reading:
        return Reading(channel, 5.0, 0.2)


@pytest.fixture(autouse=True)
def by_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OHMBENCH_VISA", "@py")


def wanted(server: ScpiServer, volts: float = 5.0) -> SupplyFile:
    return SupplyFile(server.address, (Output(1, volts, 0.5), Output(2, volts, 0.5)))


def seconds_until_off(server: ScpiServer, since: float) -> float:
    """Until both outputs were told to go off; infinite if they were not."""
    end = time.monotonic() + PATIENCE_S
    while len(offs := server.commands(OFF)) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    if {text for _, text in offs} != {"OUTPut 0, (@1)", "OUTPut 0, (@2)"}:
        return math.inf
    return max(at for at, _ in offs) - since


def off_after(server: ScpiServer, since: float) -> float:
    seconds = seconds_until_off(server, since)
    assert seconds < PATIENCE_S
    return seconds


def host(server: ScpiServer) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, json.dumps(wanted(server).as_json())], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    return process


def test_on_within_and_off_at_the_end() -> None:
    with serving(SUPPLY) as server:
        with supplied(wanted(server)) as readings:
            assert [reading.channel for reading in readings] == [1, 2]
            assert not server.commands(OFF)
            assert [text for _, text in server.commands("OUTPut")] == ["OUTPut 1, (@1)", "OUTPut 1, (@2)"]
        assert [text for _, text in server.commands(OFF)] == ["OUTPut 0, (@2)", "OUTPut 0, (@1)"]


def test_off_after_an_error() -> None:
    with serving(SUPPLY) as server:
        with pytest.raises(ZeroDivisionError), supplied(wanted(server)):
            raise ZeroDivisionError
        assert len(server.commands(OFF)) == 2


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_off_when_the_host_dies(death: signal.Signals) -> None:
    """Within its watchdog, though a killed one has no time to say anything."""
    with serving(SUPPLY) as server, host(server) as process:
        killed = time.monotonic()
        process.send_signal(death)
        assert off_after(server, killed) < SILENCE_S


def test_off_when_the_host_is_stopped() -> None:
    with serving(SUPPLY) as server, host(server) as process:
        stopped = time.monotonic()
        process.send_signal(signal.SIGSTOP)
        seconds = off_after(server, stopped)
        process.kill()
        process.send_signal(signal.SIGCONT)
        assert SILENCE_S - 0.5 < seconds < SILENCE_S + STARVED_S


def test_a_killed_supervisor_is_noticed_and_its_supply_turned_off() -> None:
    with serving(SUPPLY) as server:
        with pytest.raises(InstrumentError, match="ended too early.*off now"), supplied(wanted(server)):
            kill_supervisor()
        assert len(server.commands(OFF)) == 2


def kill_supervisor(by: signal.Signals = signal.SIGKILL) -> None:
    for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
        if b"ohmbench.instruments.supervisor" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), by)


# what fails within `supplied` is hidden by what that raises: seconds are asserted after it


@pytest.mark.parametrize("after_s", [0.0, 0.5])
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_supervisor_that_is_told_to_end_turns_the_supply_off_first(by: signal.Signals, after_s: float) -> None:
    took_s: list[float] = []
    lost = pytest.raises(InstrumentError, match="ended too early.*off now")
    with serving(SUPPLY) as server, lost, supplied(wanted(server)):
        took_s.append(end_supervisor(server, by, after_s))
    assert took_s[0] < PATIENCE_S


def end_supervisor(server: ScpiServer, by: signal.Signals, after_s: float) -> float:
    time.sleep(after_s)
    kill_supervisor(by)
    return seconds_until_off(server, time.monotonic())


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full"])
def test_a_supply_that_misses_an_answer_goes_off_though_nobody_can_be_told(redirect: str) -> None:
    """Its supervisor says that it tries again, on a stderr that has gone: that must not be its end."""
    with serving(SUPPLY) as server:
        script = f"exec '{sys.executable}' -c '{HOST}' '{json.dumps(wanted(server).as_json())}' {redirect}"
        with subprocess.Popen(script, shell=True, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "on\n"
            server.is_deaf = True
            process.kill()
            off_after(server, time.monotonic())
            told = len(server.commands(OFF))
            server.is_deaf = False
            end = time.monotonic() + PATIENCE_S
            while len(server.commands(OFF)) < told + 2 and time.monotonic() < end:
                time.sleep(0.05)
            assert len(server.commands(OFF)) >= told + 2


@pytest.mark.parametrize("said", ["nan", "9.91E37", "inf"])
def test_no_number_is_no_good_voltage(said: str) -> None:
    class Supply(FakeSupply):
        def _read(self, channel: int) -> Reading:
            return Reading(channel, float(said), 0.2)

    supply = Supply()
    with pytest.raises(InstrumentError, match="not a measured value"):
        supply.on(SupplyFile("X", (Output(1, 5.0, 0.5),)))
    assert supply.is_on == {1: False}


def test_a_supply_that_no_longer_answers_is_turned_off() -> None:
    took_s: list[float] = []
    with serving(SUPPLY) as server, pytest.raises(InstrumentError, match="E36312A"), supplied(wanted(server)):
        took_s.append(go_deaf(server))
    assert took_s[0] < PATIENCE_S


def go_deaf(server: ScpiServer) -> float:
    server.is_deaf = True
    seconds = seconds_until_off(server, time.monotonic())
    server.is_deaf = False
    return seconds


def test_what_it_cannot_do_is_said_here_and_it_is_off() -> None:
    with serving(SUPPLY) as server:
        with pytest.raises(InstrumentError, match=r"not 3\.3 V"), supplied(wanted(server, 3.3)):
            pass
        assert len(server.commands(OFF)) == 2


def test_no_supply_there() -> None:
    gone = SupplyFile("TCPIP::127.0.0.1::1::SOCKET", (Output(1, 5.0, 0.5),))
    with pytest.raises(InstrumentError, match="No instrument at"), supplied(gone):
        pass


LOSSES = ("terminal", "answers", "life")


def campaign(server: ScpiServer, order: list[str], gaps_s: list[float], death: signal.Signals, stderr: str) -> float:
    """Losses one after the other; seconds from the host's death until both outputs were told to go off."""
    terminal, its_end = os.openpty()
    redirect = {"terminal": its_end, "full disk": os.open("/dev/full", os.O_WRONLY), "nothing": subprocess.DEVNULL}
    line = [sys.executable, "-c", HOST, json.dumps(wanted(server).as_json())]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=redirect[stderr], text=True) as process:
        os.close(its_end)
        os.close(redirect["full disk"])
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        died = 0.0
        for loss, gap_s in zip(order, gaps_s, strict=True):
            time.sleep(gap_s)
            if loss == "terminal":
                os.close(terminal)
                process.stdout.close()
            elif loss == "answers":
                server.is_deaf = True
            else:
                died = time.monotonic()
                process.send_signal(death)
        if "answers" in order[: order.index("life")]:  # the supply may have been turned off for that before
            died = min(died, next((at for at, _ in server.commands(OFF)), died))
        seconds = off_after(server, died)
        process.kill()
        process.send_signal(signal.SIGCONT)
    return seconds


@pytest.mark.slow
def test_off_in_time_in_whatever_order_all_is_lost() -> None:
    """Terminal, disk, the supply's answers and the host's life: outputs are on no longer than the watchdog says."""
    rng, took = draws(), []
    for _ in range(rounds(10)):
        order = [LOSSES[n] for n in rng.permutation(len(LOSSES))]
        gaps_s = rng.uniform(0.0, 0.6, len(order)).tolist()
        death = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSTOP)[int(rng.integers(4))]
        stderr = ("terminal", "full disk", "nothing")[int(rng.integers(3))]
        with serving(SUPPLY) as server:
            took.append(campaign(server, order, gaps_s, death, stderr))
        print(f"{', '.join(order)} by {death.name}, stderr {stderr}: off after {took[-1]:.2f} s", flush=True)
        assert took[-1] < SILENCE_S + STARVED_S
    print(f"\n{len(took)} orders: off after {max(took):.2f} s at most, {sum(took) / len(took):.2f} s in the mean")
