"""Signals that end a command: the array is off, what was done is recorded, and the exit code says which it was."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.system.command_line import as_json, command, ended_with_the_test, environment

from ohmbench.record.store import Store

BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDLESS = (
    "experiment",
    "endurance",
    "--set",
    "cycles=10_000_000",
    "--set",
    "points=4",
    "--cells",
    "3,3:3,4",
    "--wear-budget",
    "100000000",
)
IGNORED = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)  # as in a script's job in the background

AT_IMPORT = """
import os, sys
class Sender:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            sys.meta_path.remove(sender)
            os.kill(os.getpid(), int(sys.argv[2]))
sender = Sender()
sys.meta_path.insert(0, sender)
from ohmbench.cli import main
sys.exit(main(["read", "--port", "twin"]))
"""


@pytest.mark.parametrize("inherited", [None, IGNORED], ids=["default", "ignored"])
@pytest.mark.parametrize("port", ["twin", "sim"])
@pytest.mark.parametrize("by", BY)
def test_all_off_and_recorded(
    by: signal.Signals, port: str, inherited: Callable[[], object] | None, tmp_path: Path, executable: Path
) -> None:
    line = command(*ENDLESS, "--port", port, "--array", tmp_path / "S1.ohma", "--lab", tmp_path)
    with ended_with_the_test(line, stderr=subprocess.PIPE, preexec_fn=inherited, process_group=0) as process:
        assert process.stderr is not None
        while "endurance: " not in (said := process.stderr.readline()):
            assert said, "it ended before it pulsed"
        process.send_signal(by)
        process.send_signal(by)  # as service managers and impatient people do: it must not end the ending
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (128 + by, ""), err
    assert "interrupted" in err
    assert "The array is off; its cells keep what they hold." in err
    assert "--resume" in err
    assert "Traceback" not in err
    with Store.open(tmp_path / "record.sqlite") as store:
        (run,) = store.runs("S1")
    assert (run.status, run.most_pulses > 0) == ("interrupted", True)
    assert by.name in as_json("log", "events", "--lab", tmp_path)["events"][0]["what"]


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("module", ["ohmbench.cli.command_line", "numpy", "ohmbench.bench.opening"])
def test_while_modules_are_loaded(module: str, by: signal.Signals) -> None:
    line = [sys.executable, "-c", AT_IMPORT, module, str(int(by))]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(), timeout=60)
    assert (done.returncode, done.stdout) == (128 + by, "")
    assert done.stderr.startswith("ohmbench: interrupted"), done.stderr
    assert "Traceback" not in done.stderr


def test_a_logout_does_not_end_what_was_begun_with_nohup(tmp_path: Path) -> None:
    line = command(*ENDLESS, "--port", "twin", "--array", tmp_path / "N.ohma", "--lab", tmp_path)
    ignored = partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)
    with ended_with_the_test(line, stderr=subprocess.PIPE, preexec_fn=ignored) as process:
        assert process.stderr is not None
        while "endurance: " not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
