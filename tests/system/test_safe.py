"""`ohmbench safe` on a bench that another program has: that one ends as by Ctrl-C, and all is off."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.rounds import draws, rounds
from tests.system.command_line import as_json, command, ended_with_the_test, refused, run

from ohmbench.errors import PortError
from ohmbench.lab.setup import Setup
from ohmbench.model.simulator import Simulator
from ohmbench.operations.safe import make_safe
from ohmbench.progress import Progress
from ohmbench.record.store import Store

WORK = {
    "program": ("program", "IMAGE", "--all"),
    "experiment": ("experiment", "endurance", "--set", "cycles=100000", "--cells", "3,3:3,4"),
    "infer": ("infer", "IMAGE"),
}
IS_PULSING = {"program": "program image", "experiment": "endurance: ", "infer": "program"}

STUBBORN = """
import signal, sys, time
from ohmbench.link.transport import SerialTransport
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
port = SerialTransport(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


@pytest.fixture
def board(executable: Path) -> Iterator[str]:
    """A bench that stays, whoever opens it, as a board does."""
    with Simulator(executable=executable) as simulator:
        yield simulator.port


def _wait_for_a_run(record: Path) -> None:
    """Progress may be told just before the record has the run."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        if record.exists():
            with Store.open(record) as store:
                if store.find_runs(serial="W3-17"):
                    return
        time.sleep(0.05)
    raise AssertionError("no run was begun")


@pytest.mark.parametrize("name", WORK)
def test_a_running_program_ends_and_all_is_off(name: str, image: Path, board: str, tmp_path: Path) -> None:
    words = [str(image) if word == "IMAGE" else word for word in WORK[name]]
    line = command(*words, "--port", board, "--serial", "W3-17", "--new-array", "--lab", tmp_path)
    other_name = tmp_path / "by-id"
    other_name.symlink_to(board)
    with ended_with_the_test(line, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while IS_PULSING[name] not in (said := process.stderr.readline()):
            assert said, "it ended before it pulsed"
        _wait_for_a_run(tmp_path / "record.sqlite")
        began = time.monotonic()
        done = run("safe", "--port", other_name, "--json")
        took = time.monotonic() - began
        _, err = process.communicate(timeout=30)
    assert done.returncode == 0, done.stderr
    assert f"is held by process {process.pid} of user" in done.stderr
    assert process.returncode == 130, err
    assert took < 10  # both Pythons' start on a busy machine
    info = as_json("info", "--port", board)
    assert (info["armed"], info["fault"]) == (False, "none")
    with Store.open(tmp_path / "record.sqlite") as store:
        last = store.runs("W3-17")[0].status
    # infer may have been at its products by then, which are no run
    assert last == "interrupted" or (name, last) == ("infer", "done")


@pytest.mark.slow
def test_off_within_a_second_and_the_work_can_go_on(image: Path, board: str, tmp_path: Path) -> None:
    """At any moment of any work, on a bench that stays: from asking until all is off, Pythons' start left out."""
    rng, took = draws(), []
    names = [*WORK, "watch"]
    for number in range(rounds(4)):
        name, lab = names[number % len(names)], tmp_path / str(number)
        work = "program" if name == "watch" else name
        words = [str(image) if word == "IMAGE" else word for word in WORK[work]]
        bench = ("--port", board, "--serial", "W3-17", "--lab", lab)
        watching = command("watch", "--lab", lab, "--http", "0")
        with (
            ended_with_the_test(command(*words, *bench, "--new-array"), stderr=subprocess.PIPE) as process,
            ExitStack() as beside,
        ):
            assert process.stderr is not None
            while IS_PULSING[work] not in (said := process.stderr.readline()):
                assert said, "it ended before it pulsed"
            if name == "watch":
                beside.enter_context(ended_with_the_test(watching, stderr=subprocess.DEVNULL))
            time.sleep(rng.uniform(0.0, 2.0))
            began = time.monotonic()
            make_safe(Setup(board), Progress(quiet=True))
            took.append(time.monotonic() - began)
            print(f"{name}: off after {took[-1]:.2f} s", flush=True)
            process.communicate(timeout=30)
        assert process.returncode == 130
        assert as_json("info", "--port", board)["armed"] is False
        if work != "infer":
            assert run(*words[:2], *bench, "--resume", "--dry-run").returncode == 0
    print(f"\n{len(took)} times: off after {max(took):.2f} s at most, {sum(took) / len(took):.2f} s in the mean")
    assert max(took) < 1.0


def test_who_does_not_let_go_is_named(board: str) -> None:
    with ended_with_the_test([sys.executable, "-c", STUBBORN, board]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        said = refused(PortError.exit_code, "safe", "--port", board)
    assert f"held by process {process.pid} of user" in said
    assert "did not let go" in said
    assert "perhaps on. Press Ctrl-C in its terminal" in said
    assert f"kill -INT {process.pid}" in said


def test_nobody_else_is_ended(board: str) -> None:
    """The simulator at the other end of its pty has it open too, and goes on."""
    assert run("safe", "--port", board).returncode == 0
    assert as_json("info", "--port", board)["armed"] is False
