"""The command line as a process, for tests: its two outputs and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.system import forked


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "ohmbench", *map(str, arguments)]


_LAB = tempfile.TemporaryDirectory(prefix="ohmbench-lab-")


def environment(**more: str) -> dict[str, str]:
    """This process's, without the operator's own port, and with a record for tests in place of the operator's."""
    own = {name: value for name, value in os.environ.items() if name != "OHMBENCH_PORT"}
    return own | {"OHMBENCH_LAB": _LAB.name} | more


def run(*arguments: str | Path, timeout_s: float = 200, **more: str) -> subprocess.CompletedProcess[str]:
    env = environment(**more)
    if forked.can_fork(env):
        return forked.run([str(argument) for argument in arguments], env, timeout_s)
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=env, timeout=timeout_s)


def as_json(*arguments: str | Path, timeout_s: float = 200, **more: str) -> Any:
    done = run(*arguments, "--json", timeout_s=timeout_s, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(code: int, *arguments: str | Path, **more: str) -> str:
    """The message on stderr of a command that must fail with this code and print nothing else."""
    done = run(*arguments, **more)
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return done.stderr


@contextmanager
def ended_with_the_test(line: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process with its outputs piped, which does not outlive a test that fails."""
    piped = {"stdout": subprocess.PIPE, "text": True, "env": environment()} | options
    with subprocess.Popen(line, **piped) as process:
        try:
            yield process
        finally:
            process.kill()
