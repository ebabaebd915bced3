"""That a command by fork is a command as any other, since most tests of the command line see only those."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.system import forked
from tests.system.command_line import command, environment


@pytest.mark.parametrize(
    "asked",
    [["--version"], ["info"], ["asm", "--nope"], ["asm", "missing.useq"], ["read", "--port", "twin"], ["export", "1"]],
    ids=" ".join,
)
def test_it_says_and_ends_as_a_start_does(asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = environment(OPENBLAS_NUM_THREADS="1", OHMBENCH_LAB=str(tmp_path / "lab"))
    assert forked.can_fork(own)
    started = subprocess.run(command(*asked), capture_output=True, text=True, env=own)
    done = forked.run(asked, own, 100)
    assert (done.returncode, done.stdout, done.stderr) == (started.returncode, started.stdout, started.stderr)


def test_it_is_killed_when_it_takes_too_long() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run(["read", "--port", "twin", "--quiet"], environment(OPENBLAS_NUM_THREADS="1"), 0.0)


@pytest.mark.parametrize("name", ["PYTHONPATH", "HOME", "LC_ALL", "OPENBLAS_NUM_THREADS"])
def test_what_is_read_at_a_start_needs_a_start(name: str) -> None:
    assert not forked.can_fork(environment() | {name: "another"})
