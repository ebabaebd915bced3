"""A simulator while it runs: bytes, rates, sleep, statistics, replay, and how it ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.model.simulator.conftest import Client, Start, alive

from ohmbench.errors import LinkError, ModelError
from ohmbench.model.simulator import Simulator


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_bytes_come_back_unchanged_at_the_default_rate(start: Start) -> None:
    _, client = start()
    data = bytes(b for b in range(256) if b not in (0xA5, 0xA6, 0xED, 0xEE))
    assert client.echo(data) == data


def test_stream_at_12_mbaud_loses_nothing(start: Start) -> None:
    _, client = start()
    client.go_fast()
    generator = random.Random(3)
    for _ in range(20):
        data = bytes(generator.randrange(0xA0) for _ in range(4000))
        assert client.echo(data) == data


def test_host_at_the_wrong_rate_reads_garbage_and_recovers(start: Start) -> None:
    _, client = start()
    client.port.baudrate = 57_600
    client.port.timeout = 0.3
    client.port.write(b"at half the rate")
    assert b"half" not in client.port.read(64)
    client.port.baudrate = 115_200
    client.port.timeout = 5
    assert client.echo(b"back") == b"back"


def test_a_host_that_sends_more_than_fits_is_made_to_wait(start: Start) -> None:
    simulator, client = start()
    client.port.write_timeout = 0.2
    simulator._process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Exception, match="timeout"):
            client.port.write(bytes(1 << 20))
    finally:
        simulator._process.send_signal(signal.SIGCONT)


def test_sleeps_when_there_is_nothing_to_do(start: Start) -> None:
    simulator, client = start()
    client.echo(b"awake")
    time.sleep(0.1)
    before = simulator.speed()
    time.sleep(0.5)
    after = simulator.speed()
    assert after.cpu_s - before.cpu_s < 0.05
    # SIGUSR1 itself wakes it for some batches
    assert after.clocks - before.clocks < 100_000
    assert after.wall_s - after.awake_s > 0.4


def test_speed_counts_clocks(start: Start) -> None:
    simulator, client = start()
    before = simulator.speed().clocks
    client.echo(bytes(50))
    after = simulator.speed()
    # 51 characters of 10 bits of 417 clocks: the echo lags by one
    assert 51 * 4170 <= after.clocks - before < 51 * 4170 + 100_000
    assert after.clocks_per_s == pytest.approx(after.clocks / after.awake_s, rel=1e-3)


def test_replay_gives_the_same_bytes_at_the_same_clocks(start: Start, loopback: Path, tmp_path: Path) -> None:
    record = tmp_path / "session"
    simulator, client = start(record=record)
    client.echo(b"slow")
    client.go_fast()
    client.echo(bytes(3000))
    simulator.stop()
    replay = subprocess.run([loopback, "--replay", record], capture_output=True, text=True)
    assert (replay.returncode, replay.stderr) == (0, "")

    lines = record.read_text().splitlines()
    where = next(i for i, line in enumerate(lines) if " in " in line)
    lines[where] = lines[where][:-1] + ("1" if lines[where][-1] != "1" else "2")
    record.write_text("\n".join(lines) + "\n")
    replay = subprocess.run([loopback, "--replay", record], capture_output=True, text=True)
    assert replay.returncode == 1
    assert "other bytes" in replay.stderr


@pytest.mark.parametrize("text", ["", "ohmbench session 1\n5 in zz\n", "ohmbench session 1\n5 in 00\n"])
def test_damaged_session_is_refused(loopback: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "session").write_text(text)
    replay = subprocess.run([loopback, "--replay", tmp_path / "session"], capture_output=True, text=True)
    assert replay.returncode == 1
    assert str(tmp_path / "session") in replay.stderr


def provoke_model_error(loopback: Path, then: Exception | None = None, cause: bytes = b"\xee") -> None:
    """A session in which a chip model finds an error, and that itself ends with `then`."""
    with Simulator(executable=loopback) as simulator:
        client = Client(simulator.port)
        client.port.write(cause)
        assert wait_for(lambda: simulator._process.poll() == ModelError.exit_code)
        client.port.close()
        if then is not None:
            raise then


def test_error_of_a_chip_model_ends_with_what_the_model_said(loopback: Path) -> None:
    with pytest.raises(ModelError, match="loopback: EE received"):
        provoke_model_error(loopback)


def test_broken_assertion_of_the_rtl_ends_it_with_its_name(loopback: Path) -> None:
    with pytest.raises(ModelError, match=r"NeverED_A.*an assertion of the RTL failed"):
        provoke_model_error(loopback, cause=b"\xed")


def test_model_error_replaces_the_lost_link_that_it_caused(loopback: Path) -> None:
    with pytest.raises(ModelError) as caught:
        provoke_model_error(loopback, LinkError("lost the port"))
    assert isinstance(caught.value.__context__, LinkError)


def test_own_error_of_the_caller_is_not_replaced(loopback: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        provoke_model_error(loopback, ZeroDivisionError())


def test_killed_simulator_is_noticed(start: Start) -> None:
    simulator, _ = start()
    simulator._process.kill()
    simulator._process.wait()
    with pytest.raises(LinkError, match="signal SIGKILL"):
        simulator.speed()


def test_stop_leaves_no_process_and_may_be_repeated(loopback: Path) -> None:
    simulator = Simulator(executable=loopback)
    pid = simulator._process.pid
    simulator.stop()
    assert simulator._process.returncode == 0
    assert not alive(pid)
    simulator.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(start: Start, number: signal.Signals) -> None:
    simulator, _ = start()
    simulator._process.send_signal(number)
    assert simulator._process.wait(5) == 0


def test_killed_host_takes_the_simulator_with_it(loopback: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from ohmbench.model.simulator import Simulator\n"
        f"s = Simulator(executable=Path({str(loopback)!r})); print(s._process.pid, s.port, flush=True); time.sleep(60)"
    )
    host = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert host.stdout is not None
    pid = int(host.stdout.readline().split()[0])
    assert alive(pid)
    host.kill()
    host.communicate()
    assert wait_for(lambda: not alive(pid))


def test_ctrl_c_of_the_host_does_not_reach_it(start: Start) -> None:
    simulator, _ = start()
    assert os.getpgid(simulator._process.pid) != os.getpgid(0)


def test_port_can_be_opened_again_by_the_next_program(start: Start) -> None:
    simulator, client = start()
    assert client.echo(b"first") == b"first"
    client.port.close()
    second = Client(simulator.port)
    assert second.echo(b"second") == b"second"
    second.port.close()
